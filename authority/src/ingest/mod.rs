//! Ingestion: rows of files onto the ledger, in two passes and in bounded memory.
//!
//! 1. *Reading* ([`read`]): rows are read and parsed, in parallel, and laid down by ranges of
//!    enterprises ([`spool`]). Rows that do not read go to the report.
//! 2. *Posting* ([`post`]): range by range, the rows are put on the accounts that they touch, and these
//!    are written to a new file of the ledger's store.
//!
//! How far it is, is kept ([`checkpoint`]): the same files, ingested again after a crash, go on from
//! there. The ledger changes by one rename at the end, so that all rows are on it or none.

mod checkpoint;
mod post;
mod read;
mod row;
mod spool;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;

use crate::authority::Authority;
use crate::error::AuthorityError;
use crate::folder::{make_dir, sync_dir};
use crate::ledger::Ledger;
use crate::mapping::Mapping;
use crate::progress::Progress;
use crate::report::{FileReport, Findings, IngestReport};
use checkpoint::{Checkpoint, Stage};

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

/// What is ingested, and how.
#[derive(Debug, Clone, Copy)]
pub struct Ingestion<'a> {
    /// Which columns mean what.
    pub mapping: &'a Mapping,
    /// What records are.
    pub schema: &'a Schema,
    /// The files.
    pub sources: &'a Sources,
    /// The day from which a register without a column for that holds.
    pub from: Date,
    /// Where the report is to be, a file that is not there yet.
    pub report: &'a Path,
}

/// What a file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Taxpayers,
    Filings,
    Invoices,
}

/// How much is done at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Bytes of input after which it is noted how far reading is. Less than that in all is done again
    /// after a crash, which is sooner done than noted.
    checkpoint: u64,
    /// Bytes of input that a range of enterprises is to have: it is held in memory when it is posted.
    range: u64,
}

const PACE: Pace = Pace {
    checkpoint: 1 << 30,
    range: 8 << 20,
};

const CHECKPOINT_FILE: &str = "checkpoint.json";
const REPORT: &str = "report.csv";
const SEGMENT: &str = "segment";

/// Everything is posted; the ledger is as before.
#[derive(Debug)]
pub(crate) struct Posted(Checkpoint);

impl Sources {
    /// Each file with what it is about, in the order of reading.
    fn files(&self) -> impl Iterator<Item = (Kind, &Path)> {
        let kinds = [
            (Kind::Taxpayers, &self.taxpayers),
            (Kind::Filings, &self.filings),
            (Kind::Invoices, &self.invoices),
        ];
        kinds
            .into_iter()
            .flat_map(|(kind, paths)| paths.iter().map(move |path| (kind, path.as_path())))
    }

    /// Bytes of all files.
    fn bytes(&self) -> u64 {
        let sizes = self.files().map(|(_, path)| fs::metadata(path));
        sizes.map(|meta| meta.map_or(0, |meta| meta.len())).sum()
    }
}

impl Ledger {
    /// Reads files onto the ledger. A file that does not read at all stops it; a row that does not is
    /// reported.
    ///
    /// # Errors
    /// A file does not open, lacks a column, or the mapping has no section for it: the ledger is as it
    /// was.
    pub fn ingest(
        &mut self,
        ingestion: &Ingestion<'_>,
        progress: &dyn Progress,
    ) -> Result<IngestReport, AuthorityError> {
        let posted = self.prepare(ingestion, PACE, progress)?;
        self.finish(posted)
    }

    /// Everything but the change of the ledger.
    pub(crate) fn prepare(
        &mut self,
        ingestion: &Ingestion<'_>,
        pace: Pace,
        progress: &dyn Progress,
    ) -> Result<Posted, AuthorityError> {
        let of = checkpoint::fingerprint(ingestion)?;
        let workplace = self.workplace();
        let known = Checkpoint::read(&workplace.join(CHECKPOINT_FILE))?;
        let mut checkpoint = match known {
            Some(known) if known.is_adopted(&workplace) => {
                if known.of == of {
                    return Ok(Posted(known));
                }
                self.finish(Posted(known))?;
                self.begin(ingestion, of, pace)?
            }
            Some(known) if known.of == of && known.changes == self.accounts.changes() => known,
            _ => self.begin(ingestion, of, pace)?,
        };
        if let Stage::Reading(_) = checkpoint.stage {
            read::read(
                ingestion,
                &workplace,
                &mut checkpoint,
                pace.checkpoint,
                progress,
            )?;
        }
        if let Stage::Posting(_) = checkpoint.stage {
            let durable = ingestion.sources.bytes() >= pace.checkpoint;
            post::post(
                self,
                ingestion,
                &workplace,
                &mut checkpoint,
                durable,
                progress,
            )?;
        }
        Ok(Posted(checkpoint))
    }

    /// A fresh workplace; what is there is of other files, or of an older ledger, and nothing of it is
    /// on the ledger.
    fn begin(
        &self,
        ingestion: &Ingestion<'_>,
        of: String,
        pace: Pace,
    ) -> Result<Checkpoint, AuthorityError> {
        let workplace = self.workplace();
        if workplace.exists() {
            let removed = fs::remove_dir_all(&workplace);
            removed.map_err(|error| AuthorityError::io(&workplace, error))?;
        }
        if !self.folder().exists() {
            make_dir(self.folder())?;
        }
        make_dir(&workplace)?;
        let report = workplace.join(REPORT);
        let findings = Findings::create(&report);
        let findings = findings.map_err(|error| AuthorityError::io(&report, error))?;
        let sources = ingestion.sources.files();
        let checkpoint = Checkpoint {
            of,
            changes: self.accounts.changes(),
            report: ingestion.report.to_owned(),
            report_bytes: findings.bytes(),
            files: sources.map(|(_, path)| FileReport::new(path)).collect(),
            stage: Stage::begin(ingestion.sources, pace.range),
        };
        checkpoint.write(&workplace.join(CHECKPOINT_FILE))?;
        Ok(checkpoint)
    }

    /// Changes the ledger and puts the report in its place.
    pub(crate) fn finish(&mut self, posted: Posted) -> Result<IngestReport, AuthorityError> {
        let workplace = self.workplace();
        let segment = workplace.join(SEGMENT);
        if segment.exists() {
            self.accounts.adopt(&segment)?;
        }
        let Posted(checkpoint) = posted;
        let written = workplace.join(REPORT);
        if written.exists() {
            let place = &checkpoint.report;
            fs::rename(&written, place).map_err(|error| AuthorityError::io(place, error))?;
            place.parent().map_or(Ok(()), sync_dir)?;
        }
        let removed = fs::remove_dir_all(&workplace);
        removed.map_err(|error| AuthorityError::io(&workplace, error))?;
        Ok(IngestReport {
            files: checkpoint.files,
            enterprises: self.len(),
        })
    }
}

impl Authority {
    /// Ingests files, and keeps the mapping's derivation rules if the authority has none yet.
    ///
    /// `from` is the day from which a register without a column for that holds; one read later for
    /// the same day replaces it. The report, whose path is given back, names every row that was
    /// refused.
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
        let report = self.next_report();
        let ingestion = Ingestion {
            mapping,
            schema: &self.schema,
            sources,
            from,
            report: &report,
        };
        let posted = self.ledger.prepare(&ingestion, PACE, progress)?;
        if let Some(derive) = &mapping.derive {
            self.keep_derivations(derive)?;
        }
        let path = posted.0.report.clone();
        Ok((self.ledger.finish(posted)?, path))
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
        let folder = self.folder.join(crate::authority::REPORTS);
        let mut paths = (1u64..).map(|number| folder.join(format!("ingest-{number}.csv")));
        let free = paths.find(|path| !path.exists());
        free.expect("a folder holds fewer than 2^64 files")
    }
}
