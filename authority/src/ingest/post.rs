//! The second pass: rows are put on the accounts that they touch, range by range.

use std::iter::Peekable;
use std::path::Path;
use std::vec::IntoIter;

use rayon::prelude::*;

use super::checkpoint::{Checkpoint, Stage};
use super::spool::Rows;
use super::{CHECKPOINT_FILE, Ingestion, Kind, REPORT, SEGMENT};
use crate::codec::Decoder;
use crate::error::AuthorityError;
use crate::ledger::{self, Account, Entry, Ledger, Posting};
use crate::mapping::UnknownEnterprise;
use crate::progress::Progress;
use crate::report::{Finding, Findings, Reason};
use crate::store::{Key, Located, SegmentWriter, part};

/// What came of a range.
#[derive(Default)]
struct Posted {
    accounts: Vec<(Key, Vec<u8>)>,
    /// Of these, how many were not on record.
    new: u64,
    counts: Vec<Counts>,
    findings: Vec<(usize, Finding)>,
}

/// Rows of a file.
#[derive(Clone, Copy, Default)]
struct Counts {
    taken: u64,
    duplicates: u64,
}

/// A row on its way to an account.
struct Row<'a> {
    file: usize,
    line: u64,
    id: &'a str,
    entry: Entry,
}

/// What stands for a file's rows of enterprises that are not on record.
struct Unknown<'a> {
    refused: bool,
    column: Option<&'a str>,
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
    let Stage::Posting(mut posting) = checkpoint.stage.clone() else {
        return Ok(());
    };
    let io = |error| AuthorityError::io(workplace, error);
    let report = workplace.join(REPORT);
    let mut findings = Findings::resume(&report, checkpoint.report_bytes).map_err(io)?;
    let segment = workplace.join(SEGMENT);
    let writer = match posting.mark {
        Some(mark) => SegmentWriter::resume(&segment, mark),
        None => SegmentWriter::create(&segment),
    };
    let mut writer = writer.map_err(io)?;
    let unknown = unknown(ingestion);
    let ranges = 1u64 << posting.bits;
    progress.begin("posting rows", ranges);
    let at_once = rayon::current_num_threads() as u64;
    while posting.range < ranges {
        let window = posting.range..ranges.min(posting.range + at_once);
        let posted = window.clone().into_par_iter().map(|range| {
            let posted = post_range(ledger, workplace, range, posting.bits, &unknown);
            progress.advance();
            posted
        });
        for posted in posted.collect::<Result<Vec<_>, _>>()? {
            for (key, account) in &posted.accounts {
                writer.push(*key, account).map_err(io)?;
            }
            posting.new += posted.new;
            for (file, counts) in checkpoint.files.iter_mut().zip(posted.counts) {
                file.taken += counts.taken;
                file.duplicates += counts.duplicates;
            }
            for (file, finding) in posted.findings {
                let report = &mut checkpoint.files[file];
                findings.add(report, finding).map_err(io)?;
            }
        }
        posting.range = window.end;
        if !durable {
            continue;
        }
        posting.mark = Some(writer.mark().map_err(io)?);
        checkpoint.report_bytes = findings.mark().map_err(io)?;
        checkpoint.stage = Stage::Posting(posting.clone());
        checkpoint.write(&workplace.join(CHECKPOINT_FILE))?;
    }
    writer.finish(ledger.len() + posting.new).map_err(io)?;
    checkpoint.report_bytes = findings.mark().map_err(io)?;
    checkpoint.stage = Stage::Posted;
    checkpoint.write(&workplace.join(CHECKPOINT_FILE))
}

fn post_range(
    ledger: &Ledger,
    workplace: &Path,
    range: u64,
    bits: u32,
    unknown: &[Unknown<'_>],
) -> Result<Posted, AuthorityError> {
    let rows = Rows::read(workplace, range)?;
    let (first, last) = part(range, bits);
    let mut known = ledger.scan(first, last)?.into_iter().peekable();
    let mut posted = Posted {
        counts: vec![Counts::default(); unknown.len()],
        ..Posted::default()
    };
    for of_one in rows.by_key()?.chunk_by(|(a, _), (b, _)| a == b) {
        let at = skip_to(&mut known, of_one[0].0);
        posted.post_enterprise(ledger, at, of_one, unknown, || rows.damaged())?;
    }
    Ok(posted)
}

/// Where a key's account is, of those that are left.
fn skip_to(known: &mut Peekable<IntoIter<Located>>, key: Key) -> Option<Located> {
    while known.next_if(|at| at.key() < key).is_some() {}
    known.next_if(|at| at.key() == key)
}

impl Posted {
    fn post_enterprise(
        &mut self,
        ledger: &Ledger,
        at: Option<Located>,
        rows: &[(Key, &[u8])],
        unknown: &[Unknown<'_>],
        damaged: impl Fn() -> AuthorityError,
    ) -> Result<(), AuthorityError> {
        let mut rows = rows.iter().map(|(key, bytes)| {
            let row = Row::decode(bytes).filter(|row| row.file < unknown.len());
            row.map(|row| (*key, row)).ok_or_else(&damaged)
        });
        let Some((key, mut row)) = rows.next().transpose()? else {
            return Ok(());
        };
        let owner = row.id.to_owned();
        let mut account = match &at {
            Some(at) => Some(ledger.read(&owner, at)?),
            None => None,
        };
        let mut changed = false;
        loop {
            if row.id != owner {
                return Err(damaged());
            }
            changed |= self.post_row(&mut account, row, unknown);
            match rows.next().transpose()? {
                Some((_, next)) => row = next,
                None => break,
            }
        }
        if let Some(account) = account.filter(|_| changed) {
            self.accounts.push((key, ledger::encode(&owner, &account)));
            self.new += u64::from(at.is_none());
        }
        Ok(())
    }

    /// Posts a row, and says whether the account is another for it.
    fn post_row(
        &mut self,
        account: &mut Option<Account>,
        row: Row<'_>,
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

impl<'a> Row<'a> {
    fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        let row = Self {
            file: usize::try_from(decoder.unsigned().ok()?).ok()?,
            line: decoder.unsigned().ok()?,
            id: decoder.text().ok()?,
            entry: Entry::decode(&mut decoder).ok()?,
        };
        decoder.finish().ok()?;
        Some(row)
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
