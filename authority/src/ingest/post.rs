//! The second pass: rows are put on the accounts that they touch, range by range.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::checkpoint::{self, Checkpoint, Stage};
use super::row::{self, Row, Sheet};
use super::spool::{self, Rows};
use super::{CHECKPOINT_FILE, Ingestion, Kind, REPORT, SEGMENT};
use crate::codec::Given;
use crate::error::AuthorityError;
use crate::ledger::{self, Account, Entry, Ledger, Posting};
use crate::mapping::UnknownEnterprise;
use crate::progress::Progress;
use crate::report::{Finding, Findings, Reason};
use crate::store::{Key, Located, Run, SegmentWriter, part};

/// Enterprises that a thread posts at once.
const AT_ONCE: usize = 256;
/// Bytes of input that are posted at once.
const IN_MEMORY: u64 = 64 << 20;

/// What came of some enterprises of a range.
#[derive(Default)]
struct Posted {
    accounts: Run,
    /// Of these, how many were not on record.
    new: u64,
    counts: Vec<Counts>,
    findings: Vec<(usize, Finding)>,
    /// Where accounts are written before their tables.
    buffer: Vec<u8>,
}

/// Rows of a file.
#[derive(Clone, Copy, Default)]
struct Counts {
    taken: u64,
    duplicates: u64,
}

/// What stands for a file's rows of enterprises that are not on record.
struct Unknown<'a> {
    refused: bool,
    column: Option<&'a str>,
}

/// Ranges are posted with this.
struct Desk<'a> {
    ledger: &'a Ledger,
    workplace: &'a Path,
    bits: u32,
    unknown: Vec<Unknown<'a>>,
    names: Given<'a>,
}

/// Where what came of ranges goes.
struct Writing<'a> {
    workplace: &'a Path,
    writer: SegmentWriter,
    findings: Findings,
    checkpoint: &'a mut Checkpoint,
    posting: checkpoint::Posting,
    /// Whether it is noted how far posting is.
    durable: bool,
}

/// Posts from where a checkpoint says to the last range; where that is to last, it is noted how far it
/// is.
pub(super) fn post(
    ledger: &Ledger,
    ingestion: &Ingestion<'_>,
    workplace: &Path,
    checkpoint: &mut Checkpoint,
    durable: bool,
    progress: &dyn Progress,
) -> Result<(), AuthorityError> {
    let Stage::Posting(posting) = checkpoint.stage.clone() else {
        return Ok(());
    };
    let desk = Desk {
        ledger,
        workplace,
        bits: posting.bits,
        unknown: unknown(ingestion),
        names: row::names(ingestion.mapping),
    };
    let (first, ranges) = (posting.range, 1u64 << posting.bits);
    let at_once = at_once(ingestion.sources.bytes() / ranges);
    let mut writing = Writing::open(workplace, checkpoint, posting, durable)?;
    progress.begin("posting rows", ranges);
    let mut ready = Vec::new();
    for start in (first..ranges).step_by(at_once as usize) {
        let window = start..ranges.min(start + at_once);
        let before = std::mem::take(&mut ready);
        // While some are written, the next are posted.
        let (written, posted) = rayon::join(
            || writing.append(before),
            || {
                let posted = window.into_par_iter().map(|range| {
                    let posted = desk.post_range(range);
                    progress.advance();
                    posted
                });
                posted.collect::<Result<Vec<_>, _>>()
            },
        );
        written?;
        ready = posted?;
    }
    writing.append(ready)?;
    writing.finish(ledger.len())
}

/// Ranges of so many bytes that are posted at once: many more than threads, so that few of these wait for
/// the one that has most to do, but no more than a little memory takes.
fn at_once(range: u64) -> u64 {
    let threads = rayon::current_num_threads() as u64;
    (IN_MEMORY / range.max(1)).clamp(threads, 16 * threads)
}

impl<'a> Writing<'a> {
    fn open(
        workplace: &'a Path,
        checkpoint: &'a mut Checkpoint,
        posting: checkpoint::Posting,
        durable: bool,
    ) -> Result<Self, AuthorityError> {
        let io = |error| AuthorityError::io(workplace, error);
        let segment = workplace.join(SEGMENT);
        let writer = match posting.mark {
            Some(mark) => SegmentWriter::resume(&segment, mark),
            None => SegmentWriter::create(&segment),
        };
        let findings = Findings::resume(&workplace.join(REPORT), checkpoint.report_bytes);
        Ok(Self {
            workplace,
            writer: writer.map_err(io)?,
            findings: findings.map_err(io)?,
            checkpoint,
            posting,
            durable,
        })
    }

    /// Writes the ranges that come next.
    fn append(&mut self, ranges: Vec<Vec<Posted>>) -> Result<(), AuthorityError> {
        let io = |error| AuthorityError::io(self.workplace, error);
        let written = self.posting.range..self.posting.range + ranges.len() as u64;
        for posted in ranges.into_iter().flatten() {
            self.writer.append(&posted.accounts).map_err(io)?;
            self.posting.new += posted.new;
            for (file, counts) in self.checkpoint.files.iter_mut().zip(posted.counts) {
                file.taken += counts.taken;
                file.duplicates += counts.duplicates;
            }
            for (file, finding) in posted.findings {
                let report = &mut self.checkpoint.files[file];
                self.findings.add(report, finding).map_err(io)?;
            }
        }
        self.posting.range = written.end;
        if written.is_empty() {
            return Ok(());
        }
        if self.durable {
            self.posting.mark = Some(self.writer.mark().map_err(io)?);
            self.checkpoint.report_bytes = self.findings.mark().map_err(io)?;
            self.checkpoint.stage = Stage::Posting(self.posting.clone());
            self.checkpoint
                .write(&self.workplace.join(CHECKPOINT_FILE))?;
        }
        self.forget(written)
    }

    /// Removes rows that are not needed again: after a crash, posting goes on after them, or all is read
    /// again.
    fn forget(&self, mut ranges: Range<u64>) -> Result<(), AuthorityError> {
        ranges.try_for_each(|range| spool::remove(self.workplace, range))
    }

    /// Everything is posted to a ledger of so many enterprises.
    fn finish(mut self, enterprises: u64) -> Result<(), AuthorityError> {
        let io = |error| AuthorityError::io(self.workplace, error);
        let keys = enterprises + self.posting.new;
        self.writer.finish(keys).map_err(io)?;
        self.checkpoint.report_bytes = self.findings.mark().map_err(io)?;
        self.checkpoint.stage = Stage::Posted;
        self.checkpoint.write(&self.workplace.join(CHECKPOINT_FILE))
    }
}

impl Desk<'_> {
    /// Posts a range, some enterprises at a time.
    fn post_range(&self, range: u64) -> Result<Vec<Posted>, AuthorityError> {
        let rows = Rows::read(self.workplace, range)?;
        let (first, last) = part(range, self.bits);
        let known = self.ledger.scan(first, last)?;
        let runs = rows.by_key()?;
        let enterprises: Vec<_> = runs.chunk_by(|(a, _), (b, _)| a == b).collect();
        let some = enterprises.par_chunks(AT_ONCE).with_max_len(1);
        let posted = some.map(|some| {
            let mut posted = Posted {
                counts: vec![Counts::default(); self.unknown.len()],
                ..Posted::default()
            };
            for runs in some {
                let at = known.binary_search_by_key(&runs[0].0, Located::key);
                let at = at.ok().and_then(|at| known.get(at));
                posted.post_enterprise(self, at, runs, || rows.damaged())?;
            }
            Ok(posted)
        });
        posted.collect()
    }

    /// Rows, or none in place of one that does not read.
    fn rows<'r>(&'r self, sheet: &'r [u8]) -> impl Iterator<Item = Option<Row<'r>>> {
        let sheet = Sheet::open(sheet, &self.names);
        let unread = sheet.is_none().then_some(None);
        let rows = sheet.into_iter().flatten().chain(unread);
        rows.map(|row| row.filter(|row| row.file < self.unknown.len()))
    }
}

impl Posted {
    fn post_enterprise(
        &mut self,
        desk: &Desk<'_>,
        at: Option<&Located>,
        runs: &[(Key, &[u8])],
        damaged: impl Fn() -> AuthorityError,
    ) -> Result<(), AuthorityError> {
        let ledger = desk.ledger;
        let kept = at.map(|at| ledger.read(at)).transpose()?;
        let mut account = None;
        let mut owner = None;
        let mut changed = false;
        for (_, mut rest) in runs.iter().copied() {
            while !rest.is_empty() {
                let (_, sheet) = Sheet::split(&mut rest).ok_or_else(&damaged)?;
                for row in desk.rows(sheet) {
                    let row = row.ok_or_else(&damaged)?;
                    if owner.is_none() {
                        let kept = kept.as_deref();
                        account = kept.map(|kept| ledger.decode(row.id, kept)).transpose()?;
                    }
                    if *owner.get_or_insert(row.id) != row.id {
                        return Err(damaged());
                    }
                    changed |= self.post_row(&mut account, row, &desk.unknown);
                }
            }
        }
        if let (Some(owner), Some(account), true) = (owner, account, changed) {
            let buffer = &mut self.buffer;
            let written = self.accounts.write(runs[0].0, |bytes| {
                ledger::encode(owner, &account, bytes, buffer);
            });
            written.map_err(|error| AuthorityError::io(desk.workplace, error))?;
            self.new += u64::from(at.is_none());
        }
        Ok(())
    }

    /// Posts a row, and says whether the account is another for it.
    fn post_row<'a>(
        &mut self,
        account: &mut Option<Account<'a>>,
        row: Row<'a>,
        unknown: &[Unknown<'_>],
    ) -> bool {
        let Row {
            file,
            line,
            id,
            entry,
        } = row;
        let mut find = |column: Option<&str>, reason| {
            let column = column.map(str::to_owned);
            self.findings.push((
                file,
                Finding {
                    line,
                    column,
                    reason,
                },
            ));
        };
        let of_unknown = &unknown[file];
        if account.is_none() && of_unknown.refused {
            find(of_unknown.column, Reason::UnknownEnterprise(id.to_owned()));
            return false;
        }
        let number = match &entry {
            Entry::Invoice(invoice) => Some(invoice.number.clone()),
            _ => None,
        };
        let posting = entry.post(account.get_or_insert_default());
        if posting == Posting::Ambiguous {
            let number = number.map(Cow::into_owned);
            find(None, number.map_or(Reason::Ambiguous, Reason::SameNumber));
        }
        let counts = &mut self.counts[file];
        if posting == Posting::Duplicate {
            counts.duplicates += 1;
            return false;
        }
        counts.taken += 1;
        true
    }
}

fn unknown<'a>(ingestion: &Ingestion<'a>) -> Vec<Unknown<'a>> {
    let mapping = ingestion.mapping;
    let refused = |unknown| unknown == UnknownEnterprise::Refuse;
    let of_kind = |kind| match kind {
        Kind::Taxpayers => None,
        Kind::Filings => mapping.filings.as_ref().map(|source| Unknown {
            refused: refused(source.unknown_enterprise),
            column: source.enterprise.column(),
        }),
        Kind::Invoices => mapping.invoices.as_ref().map(|source| Unknown {
            refused: refused(source.unknown_enterprise),
            column: source.enterprise.column(),
        }),
    };
    let files = ingestion.sources.files();
    let accepted = || Unknown {
        refused: false,
        column: None,
    };
    files
        .map(|(kind, _)| of_kind(kind).unwrap_or_else(accepted))
        .collect()
}
