//! Ingestion: rows of files onto the ledger.

use std::path::{Path, PathBuf};

use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;
use taxproof_claims::subject::EnterpriseId;

use crate::authority::{Authority, REPORTS};
use crate::error::AuthorityError;
use crate::folder::replace;
use crate::ledger::{Ledger, Posting};
use crate::mapping::{FilingSource, InvoiceSource, Mapping, TaxpayerSource, UnknownEnterprise};
use crate::progress::Progress;
use crate::report::{FileReport, Finding, IngestReport, Reason};
use crate::table::{Refused, Row, Table, TableError};

/// Files to ingest. The register is read first, whatever the order here.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Registers of taxpayers.
    pub taxpayers: Vec<PathBuf>,
    /// Filings.
    pub filings: Vec<PathBuf>,
    /// Invoices.
    pub invoices: Vec<PathBuf>,
}

/// What a row brought.
enum Taken {
    Posted(Posting),
    NoFiling,
    SameNumber(String),
}

impl Ledger {
    /// Reads files onto the ledger. A file that does not read at all stops it; a row that does not
    /// is reported. `from` is the day from which a register without a column for that holds.
    ///
    /// # Errors
    /// A file does not open, lacks a column, or the mapping has no section for it.
    pub fn ingest(
        &mut self,
        mapping: &Mapping,
        schema: &Schema,
        sources: &Sources,
        from: Date,
        progress: &dyn Progress,
    ) -> Result<IngestReport, AuthorityError> {
        let files = sources.taxpayers.len() + sources.filings.len() + sources.invoices.len();
        progress.begin("reading files", files as u64);
        let mut report = IngestReport::default();
        let mut add = |file: Result<FileReport, TableError>| -> Result<(), AuthorityError> {
            report.files.push(file?);
            progress.advance();
            Ok(())
        };
        for path in &sources.taxpayers {
            let source = section(mapping.taxpayers.as_ref(), "taxpayers")?;
            add(self.ingest_taxpayers(path, source, schema, from))?;
        }
        for path in &sources.filings {
            let source = section(mapping.filings.as_ref(), "filings")?;
            add(self.ingest_filings(path, source, schema))?;
        }
        for path in &sources.invoices {
            let source = section(mapping.invoices.as_ref(), "invoices")?;
            add(self.ingest_invoices(path, source, schema))?;
        }
        report.enterprises = self.len();
        Ok(report)
    }

    fn ingest_taxpayers(
        &mut self,
        path: &Path,
        source: &TaxpayerSource,
        schema: &Schema,
        from: Date,
    ) -> Result<FileReport, TableError> {
        let table = Table::open(path, &source.csv, &source.columns())?;
        read(table, path, |row| {
            let (id, as_of, facts) = source.read(row, schema)?;
            let posting = self.open_account(id).note(as_of.unwrap_or(from), facts);
            Ok(Taken::Posted(posting))
        })
    }

    fn ingest_filings(
        &mut self,
        path: &Path,
        source: &FilingSource,
        schema: &Schema,
    ) -> Result<FileReport, TableError> {
        let table = Table::open(path, &source.csv, &source.columns())?;
        let column = source.enterprise.column();
        read(table, path, |row| {
            let Some((id, filing, voiding)) = source.read(row, schema)? else {
                return Ok(Taken::NoFiling);
            };
            self.check_known(&id, source.unknown_enterprise, column)?;
            let posting = self.open_account(id).file(filing, voiding);
            Ok(Taken::Posted(posting))
        })
    }

    fn ingest_invoices(
        &mut self,
        path: &Path,
        source: &InvoiceSource,
        schema: &Schema,
    ) -> Result<FileReport, TableError> {
        let table = Table::open(path, &source.csv, &source.columns())?;
        let column = source.enterprise.column();
        read(table, path, |row| {
            let (id, invoice) = source.read(row, schema)?;
            self.check_known(&id, source.unknown_enterprise, column)?;
            let number = invoice.number.clone();
            Ok(match self.open_account(id).invoice(invoice) {
                Posting::Ambiguous => Taken::SameNumber(number),
                posting => Taken::Posted(posting),
            })
        })
    }

    fn check_known(
        &self,
        id: &EnterpriseId,
        unknown: UnknownEnterprise,
        column: Option<&str>,
    ) -> Result<(), Refused> {
        if unknown == UnknownEnterprise::Accept || self.account(id).is_some() {
            return Ok(());
        }
        Err(Refused {
            column: column.map(str::to_owned),
            reason: Reason::UnknownEnterprise(id.to_string()),
        })
    }
}

fn section<'a, T>(section: Option<&'a T>, name: &'static str) -> Result<&'a T, AuthorityError> {
    section.ok_or(AuthorityError::NoSection(name))
}

fn read(
    mut table: Table,
    path: &Path,
    mut take: impl FnMut(&Row<'_>) -> Result<Taken, Refused>,
) -> Result<FileReport, TableError> {
    let mut report = FileReport::new(path.display().to_string());
    table.for_each(|line, row| {
        report.rows += 1;
        match row.and_then(|row| take(&row)) {
            Ok(Taken::Posted(Posting::New)) => report.taken += 1,
            Ok(Taken::Posted(Posting::Duplicate)) => report.duplicates += 1,
            Ok(Taken::NoFiling) => report.no_filing += 1,
            Ok(Taken::Posted(Posting::Ambiguous)) => {
                report.taken += 1;
                report.findings.push(Finding {
                    line,
                    column: None,
                    reason: Reason::Ambiguous,
                });
            }
            Ok(Taken::SameNumber(number)) => {
                report.taken += 1;
                report.findings.push(Finding {
                    line,
                    column: None,
                    reason: Reason::SameNumber(number),
                });
            }
            Err(Refused { column, reason }) => report.findings.push(Finding {
                line,
                column,
                reason,
            }),
        }
    })?;
    Ok(report)
}

impl Authority {
    /// Ingests files, and keeps the mapping's derivation rules if the authority has none yet.
    ///
    /// `from` is the day from which a register without a column for that holds; one read later for
    /// the same day replaces it. The report names every row that was refused and is also written to the folder `reports`.
    ///
    /// # Errors
    /// A file does not read at all, or the mapping derives quantities otherwise than before. The
    /// ledger then stays as it was.
    pub fn ingest(
        &mut self,
        mapping: &Mapping,
        sources: &Sources,
        from: Date,
        progress: &dyn Progress,
    ) -> Result<(IngestReport, PathBuf), AuthorityError> {
        self.settle_derivations(mapping)?;
        let mut ledger = self.ledger()?;
        let report = ledger.ingest(mapping, &self.schema, sources, from, progress)?;
        self.keep_ledger(&ledger)?;
        if let Some(derive) = &mapping.derive {
            self.keep_derivations(derive)?;
        }
        let path = self.next_report();
        replace(&path, |file| report.write_csv(file))?;
        Ok((report, path))
    }

    /// Checks that a mapping's rules are the authority's, or that it feeds the authority's.
    fn settle_derivations(&self, mapping: &Mapping) -> Result<(), AuthorityError> {
        match (&mapping.derive, self.derivations()?) {
            (Some(derive), Some(known)) if *derive != known => {
                Err(AuthorityError::OtherDerivations)
            }
            (Some(_), _) => Ok(()),
            (None, Some(known)) => Ok(mapping.check_used(&known, &self.schema)?),
            (None, None) => Err(AuthorityError::NoDerivations),
        }
    }

    fn next_report(&self) -> PathBuf {
        let folder = self.folder.join(REPORTS);
        let mut number = 1;
        loop {
            let path = folder.join(format!("ingest-{number}.csv"));
            if !path.exists() {
                return path;
            }
            number += 1;
        }
    }
}
