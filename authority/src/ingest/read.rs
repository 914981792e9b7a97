//! The first pass: rows are read, parsed and laid down by ranges of enterprises.

use std::path::Path;

use rayon::prelude::*;
use taxproof_claims::subject::EnterpriseId;

use super::checkpoint::{Checkpoint, Posting, Stage};
use super::spool::Spool;
use super::{CHECKPOINT_FILE, Ingestion, Kind, REPORT};
use crate::codec::Encoder;
use crate::error::AuthorityError;
use crate::ledger::Entry;
use crate::progress::Progress;
use crate::report::{Finding, Findings};
use crate::store::{Key, key};
use crate::table::{Batch, Columns, Refused, Row, Table};

/// What a row says, if it is one.
type Parse<'a> = dyn Fn(&Row<'_>) -> Result<Option<(EnterpriseId, Entry)>, Refused> + Sync + 'a;

/// Rows that a thread parses at once.
const CHUNK: usize = 256;
/// Bytes of input that are one step of progress.
const STEP: u64 = 1 << 16;

/// What came of some rows.
#[derive(Default)]
struct Parsed {
    rows: Vec<(Key, usize)>,
    /// The rows' bytes; each ends where it says.
    bytes: Vec<u8>,
    no_filing: u64,
    findings: Vec<Finding>,
}

/// Reads from where a checkpoint says to the end of all files.
pub(super) fn read(
    ingestion: &Ingestion<'_>,
    workplace: &Path,
    checkpoint: &mut Checkpoint,
    interval: u64,
    progress: &dyn Progress,
) -> Result<(), AuthorityError> {
    let Stage::Reading(mut reading) = checkpoint.stage.clone() else {
        return Ok(());
    };
    let io = |error| AuthorityError::io(workplace, error);
    let mut spool = Spool::open(workplace, reading.bits, &reading.ranges).map_err(io)?;
    let mut findings =
        Findings::resume(&workplace.join(REPORT), checkpoint.report_bytes).map_err(io)?;
    let files: Vec<_> = ingestion.sources.files().collect();
    let bytes = ingestion.sources.bytes();
    progress.begin("reading files", bytes / STEP);
    let mut since = 0;
    let mut resumed = reading.position.clone();
    for (ordinal, (kind, path)) in files.iter().enumerate().skip(reading.file) {
        let mut table = open(ingestion, *kind, path)?;
        if let Some(position) = resumed.take() {
            table.seek(position)?;
        }
        let parse = parser(ingestion, *kind)?;
        let columns = table.columns();
        let mut next = table.read();
        loop {
            let batch = next?;
            if batch.rows.is_empty() {
                break;
            }
            let parsed;
            (parsed, next) = rayon::join(
                || parse_all(&batch, &columns, &*parse, ordinal),
                || table.read(),
            );
            let report = &mut checkpoint.files[ordinal];
            report.rows += batch.rows.len() as u64;
            for part in parsed {
                report.no_filing += part.no_filing;
                for finding in part.findings {
                    findings.add(report, finding).map_err(io)?;
                }
                let mut start = 0;
                for (key, end) in part.rows {
                    spool.push(key, &part.bytes[start..end]).map_err(io)?;
                    start = end;
                }
            }
            (0..batch.bytes / STEP + 1).for_each(|_| progress.advance());
            since += batch.bytes;
            if since >= interval {
                since = 0;
                reading.file = ordinal;
                reading.position = Some(batch.end.clone());
                reading.ranges = spool.mark().map_err(io)?;
                checkpoint.report_bytes = findings.mark().map_err(io)?;
                checkpoint.stage = Stage::Reading(reading.clone());
                checkpoint.write(&workplace.join(CHECKPOINT_FILE))?;
            }
        }
    }
    checkpoint.stage = Stage::Posting(Posting {
        bits: reading.bits,
        range: 0,
        mark: None,
        new: 0,
    });
    if bytes < interval {
        checkpoint.report_bytes = findings.flush().map_err(io)?;
        return spool.flush().map_err(io);
    }
    spool.mark().map_err(io)?;
    checkpoint.report_bytes = findings.mark().map_err(io)?;
    checkpoint.write(&workplace.join(CHECKPOINT_FILE))
}

fn parse_all(batch: &Batch, columns: &Columns, parse: &Parse<'_>, file: usize) -> Vec<Parsed> {
    let chunks = batch.rows.par_chunks(CHUNK);
    let parsed = chunks.map(|rows| {
        let mut parsed = Parsed::default();
        for row in rows {
            let outcome = columns.row(row).and_then(|row| parse(&row));
            parsed.take(file, row.line, outcome);
        }
        parsed
    });
    parsed.collect()
}

impl Parsed {
    fn take(
        &mut self,
        file: usize,
        line: u64,
        outcome: Result<Option<(EnterpriseId, Entry)>, Refused>,
    ) {
        match outcome {
            Ok(None) => self.no_filing += 1,
            Ok(Some((id, entry))) => {
                let mut encoder = Encoder::default();
                encoder.count(file);
                encoder.unsigned(line);
                encoder.text(id.as_str());
                entry.encode(&mut encoder);
                self.bytes.extend(encoder.finish());
                self.rows.push((key(id.as_str()), self.bytes.len()));
            }
            Err(Refused { column, reason }) => self.findings.push(Finding {
                line,
                column,
                reason,
            }),
        }
    }
}

fn open(ingestion: &Ingestion<'_>, kind: Kind, path: &Path) -> Result<Table, AuthorityError> {
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

fn parser<'a>(ingestion: &Ingestion<'a>, kind: Kind) -> Result<Box<Parse<'a>>, AuthorityError> {
    let Ingestion {
        mapping,
        schema,
        from,
        ..
    } = *ingestion;
    Ok(match kind {
        Kind::Taxpayers => {
            let source = section(mapping.taxpayers.as_ref(), "taxpayers")?;
            Box::new(move |row| {
                let (id, as_of, facts) = source.read(row, schema)?;
                Ok(Some((id, Entry::Facts(as_of.unwrap_or(from), facts))))
            })
        }
        Kind::Filings => {
            let source = section(mapping.filings.as_ref(), "filings")?;
            Box::new(move |row| {
                let read = source.read(row, schema)?;
                Ok(read.map(|(id, filing, voiding)| (id, Entry::Filing(filing, voiding))))
            })
        }
        Kind::Invoices => {
            let source = section(mapping.invoices.as_ref(), "invoices")?;
            Box::new(move |row| {
                let (id, invoice) = source.read(row, schema)?;
                Ok(Some((id, Entry::Invoice(invoice))))
            })
        }
    })
}

fn section<'a, T>(section: Option<&'a T>, name: &'static str) -> Result<&'a T, AuthorityError> {
    section.ok_or(AuthorityError::NoSection(name))
}
