//! The first pass: rows are read, parsed and laid down by ranges of enterprises.

use std::path::Path;

use rayon::prelude::*;
use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;
use taxproof_claims::subject::EnterpriseId;

use super::checkpoint::{Checkpoint, Posting, Reading, Stage};
use super::row::{self, Sheet};
use super::spool::Spool;
use super::{CHECKPOINT_FILE, Ingestion, Kind, REPORT};
use crate::codec::Given;
use crate::error::AuthorityError;
use crate::ledger::Entry;
use crate::mapping::{EnterpriseColumn, FilingSource, InvoiceSource, TaxpayerSource};
use crate::progress::Progress;
use crate::report::{Finding, Findings};
use crate::store::{Key, key, part_of};
use crate::table::{Batch, Block, Columns, Position, Refused, Row as Cells, Table};

/// Bytes of input that are one step of progress.
const STEP: u64 = 1 << 16;

/// How rows of a file are parsed.
struct Parser<'a> {
    source: Source<'a>,
    schema: &'a Schema,
    /// The file, by its place among all.
    file: usize,
    names: &'a Given<'a>,
    /// There are `2^bits` ranges.
    bits: u32,
}

/// What a file is about, and which columns say what.
enum Source<'a> {
    /// With the day from which a row holds that does not say it.
    Taxpayers(&'a TaxpayerSource, Date),
    Filings(&'a FilingSource),
    Invoices(&'a InvoiceSource),
}

/// What came of some rows.
#[derive(Default)]
struct Parsed {
    rows: u64,
    /// The rows that read, as they are laid down.
    bytes: Vec<u8>,
    /// Of these bytes, those that follow each other and are of one range: which, and where they end.
    runs: Vec<(u64, usize)>,
    no_filing: u64,
    findings: Vec<Finding>,
    /// The enterprise of the row before.
    last: Option<(EnterpriseId, Key)>,
    /// Where its sheet is, which the bytes end with.
    sheet: Option<usize>,
}

/// A batch that is parsed, and where it ends.
struct ParsedBatch {
    parts: Vec<Parsed>,
    bytes: u64,
    end: Position,
}

/// Where parsed rows go.
struct Desk<'a> {
    workplace: &'a Path,
    spool: Spool,
    findings: Findings,
    checkpoint: &'a mut Checkpoint,
    reading: Reading,
    /// Bytes of input after which it is noted how far reading is, and how many there were since.
    interval: u64,
    since: u64,
    progress: &'a dyn Progress,
}

/// Reads from where a checkpoint says to the end of all files.
pub(super) fn read(
    ingestion: &Ingestion<'_>,
    workplace: &Path,
    checkpoint: &mut Checkpoint,
    interval: u64,
    progress: &dyn Progress,
) -> Result<(), AuthorityError> {
    let Stage::Reading(reading) = checkpoint.stage.clone() else {
        return Ok(());
    };
    let io = |error| AuthorityError::io(workplace, error);
    let bytes = ingestion.sources.bytes();
    progress.begin("reading files", bytes / STEP);
    let (first, mut resumed) = (reading.file, reading.position.clone());
    let mut desk = Desk {
        workplace,
        spool: Spool::open(workplace, reading.bits, &reading.ranges).map_err(io)?,
        findings: Findings::resume(&workplace.join(REPORT), checkpoint.report_bytes).map_err(io)?,
        checkpoint,
        reading,
        interval,
        since: 0,
        progress,
    };
    let names = row::names(ingestion.mapping);
    for (file, (kind, path)) in ingestion.sources.files().enumerate().skip(first) {
        let mut table = open(ingestion, kind, path)?;
        if let Some(position) = resumed.take() {
            table.seek(position)?;
        }
        let parser = Parser {
            source: source(ingestion, kind)?,
            schema: ingestion.schema,
            file,
            names: &names,
            bits: desk.reading.bits,
        };
        desk.read_file(&mut table, &parser)?;
    }
    desk.finish(bytes)
}

impl Desk<'_> {
    fn read_file(
        &mut self,
        table: &mut Table<'_>,
        parser: &Parser<'_>,
    ) -> Result<(), AuthorityError> {
        let columns = table.columns();
        let mut batch = table.read()?;
        let mut before = None;
        while !batch.blocks.is_empty() {
            // While a batch is parsed, the one before is laid down and the next one is read.
            let (parts, next) = rayon::join(
                || parser.parse(&batch, &columns),
                || -> Result<_, AuthorityError> {
                    before.take().map_or(Ok(()), |b| self.lay(b, parser.file))?;
                    Ok(table.read()?)
                },
            );
            let Batch { bytes, end, .. } = batch;
            before = Some(ParsedBatch { parts, bytes, end });
            batch = next?;
        }
        before.map_or(Ok(()), |before| self.lay(before, parser.file))
    }

    fn lay(&mut self, batch: ParsedBatch, file: usize) -> Result<(), AuthorityError> {
        let io = |error| AuthorityError::io(self.workplace, error);
        let report = &mut self.checkpoint.files[file];
        for part in batch.parts {
            report.rows += part.rows;
            report.no_filing += part.no_filing;
            for finding in part.findings {
                self.findings.add(report, finding).map_err(io)?;
            }
            let mut start = 0;
            for (range, end) in part.runs {
                let rows = &part.bytes[start..end];
                self.spool.push(range, rows).map_err(io)?;
                start = end;
            }
        }
        (0..batch.bytes / STEP + 1).for_each(|_| self.progress.advance());
        self.since += batch.bytes;
        if self.since < self.interval {
            return Ok(());
        }
        self.since = 0;
        self.reading.file = file;
        self.reading.position = Some(batch.end);
        self.reading.ranges = self.spool.mark().map_err(io)?;
        self.checkpoint.report_bytes = self.findings.mark().map_err(io)?;
        self.checkpoint.stage = Stage::Reading(self.reading.clone());
        self.checkpoint.write(&self.workplace.join(CHECKPOINT_FILE))
    }

    /// Everything is read, of so many bytes.
    fn finish(mut self, bytes: u64) -> Result<(), AuthorityError> {
        let io = |error| AuthorityError::io(self.workplace, error);
        self.checkpoint.stage = Stage::Posting(Posting {
            bits: self.reading.bits,
            range: 0,
            mark: None,
            new: 0,
        });
        if bytes < self.interval {
            self.checkpoint.report_bytes = self.findings.flush().map_err(io)?;
            return self.spool.flush().map_err(io);
        }
        self.spool.mark().map_err(io)?;
        self.checkpoint.report_bytes = self.findings.mark().map_err(io)?;
        self.checkpoint.write(&self.workplace.join(CHECKPOINT_FILE))
    }
}

impl Parser<'_> {
    fn parse(&self, batch: &Batch, columns: &Columns<'_>) -> Vec<Parsed> {
        // One by one, so that no thread waits long for another at a batch's end.
        let blocks = batch.blocks.par_iter().with_max_len(1);
        blocks
            .map(|block| self.parse_block(block, columns))
            .collect()
    }

    fn parse_block(&self, block: &Block, columns: &Columns<'_>) -> Parsed {
        let mut parsed = Parsed {
            // About as many as they were.
            bytes: Vec::with_capacity(block.bytes()),
            ..Parsed::default()
        };
        block.for_each(columns, |line, row| {
            parsed.rows += 1;
            let taken = row.and_then(|row| parsed.take(self, line, &row));
            if let Err(Refused { column, reason }) = taken {
                parsed.findings.push(Finding {
                    line,
                    column,
                    reason,
                });
            }
        });
        parsed
    }
}

impl Parsed {
    fn take(&mut self, by: &Parser<'_>, line: u64, row: &Cells<'_>) -> Result<(), Refused> {
        let (column, id) = row.enterprise(by.source.enterprise())?;
        let key = self.key(column, &id, by.schema)?;
        let Some(entry) = by.source.read(row, by.schema)? else {
            self.no_filing += 1;
            return Ok(());
        };
        let bytes = &mut self.bytes;
        let sheet = self.sheet.filter(|start| Sheet::has_place(*start, bytes));
        let sheet = sheet.unwrap_or_else(|| Sheet::begin(key, by.file, &id, bytes));
        Sheet::append(sheet, line, &entry, by.names, bytes);
        self.sheet = Some(sheet);
        let (range, end) = (part_of(key, by.bits), self.bytes.len());
        match self.runs.last_mut() {
            Some((last, ends)) if *last == range => *ends = end,
            _ => self.runs.push((range, end)),
        }
        Ok(())
    }

    /// The key of an enterprise, whose id is checked unless it is the one of the row before.
    fn key(&mut self, column: &str, id: &str, schema: &Schema) -> Result<Key, Refused> {
        if let Some((last, key)) = &self.last
            && last.as_str() == id
        {
            return Ok(*key);
        }
        let id = schema.id_scheme.parse(id);
        let id = id.map_err(|error| Refused::cell(column, error))?;
        let key = key(id.as_str());
        (self.last, self.sheet) = (Some((id, key)), None);
        Ok(key)
    }
}

impl Source<'_> {
    const fn enterprise(&self) -> &EnterpriseColumn {
        match self {
            Self::Taxpayers(source, _) => &source.enterprise,
            Self::Filings(source) => &source.enterprise,
            Self::Invoices(source) => &source.enterprise,
        }
    }

    /// What a row says, if it is one.
    fn read<'r>(
        &'r self,
        row: &'r Cells<'_>,
        schema: &Schema,
    ) -> Result<Option<Entry<'r>>, Refused> {
        Ok(match self {
            Self::Taxpayers(source, from) => {
                let (as_of, facts) = source.read(row, schema)?;
                Some(Entry::Facts(as_of.unwrap_or(*from), facts))
            }
            Self::Filings(source) => {
                let filing = source.read(row, schema)?;
                filing.map(|(filing, voiding)| Entry::Filing(filing, voiding))
            }
            Self::Invoices(source) => Some(Entry::Invoice(source.read(row, schema)?)),
        })
    }
}

fn open<'a>(
    ingestion: &Ingestion<'a>,
    kind: Kind,
    path: &Path,
) -> Result<Table<'a>, AuthorityError> {
    let mapping = ingestion.mapping;
    Ok(match kind {
        Kind::Taxpayers => {
            let source = section(mapping.taxpayers.as_ref(), "taxpayers")?;
            Table::open(path, &source.csv, &source.columns())?
        }
        Kind::Filings => {
            let source = section(mapping.filings.as_ref(), "filings")?;
            Table::open(path, &source.csv, &source.columns())?
        }
        Kind::Invoices => {
            let source = section(mapping.invoices.as_ref(), "invoices")?;
            Table::open(path, &source.csv, &source.columns())?
        }
    })
}

fn source<'a>(ingestion: &Ingestion<'a>, kind: Kind) -> Result<Source<'a>, AuthorityError> {
    let Ingestion { mapping, from, .. } = *ingestion;
    Ok(match kind {
        Kind::Taxpayers => {
            Source::Taxpayers(section(mapping.taxpayers.as_ref(), "taxpayers")?, from)
        }
        Kind::Filings => Source::Filings(section(mapping.filings.as_ref(), "filings")?),
        Kind::Invoices => Source::Invoices(section(mapping.invoices.as_ref(), "invoices")?),
    })
}

fn section<'a, T>(section: Option<&'a T>, name: &'static str) -> Result<&'a T, AuthorityError> {
    section.ok_or(AuthorityError::NoSection(name))
}
