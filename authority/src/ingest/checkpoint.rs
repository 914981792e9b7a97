//! How far ingestion is.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Profile;

use super::{Ingestion, SEGMENT, Sources};
use crate::error::AuthorityError;
use crate::folder::{read, replace};
use crate::report::FileReport;
use crate::store::Mark;
use crate::table::Position;

/// What the workplace's files hold, as of the last time that they were made durable.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Which files and mapping it is about.
    pub(super) of: String,
    /// The changes of the ledger that it continues.
    pub(super) changes: u64,
    /// Where the report is to be.
    pub(super) report: PathBuf,
    pub(super) report_bytes: u64,
    pub(super) files: Vec<FileReport>,
    pub(super) stage: Stage,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Stage {
    Reading(Reading),
    Posting(Posting),
    Posted,
}

/// Where reading goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reading {
    /// `2^bits` ranges of enterprises.
    pub(super) bits: u32,
    /// The file, by its place among all.
    pub(super) file: usize,
    /// Where in it; none at its beginning.
    pub(super) position: Option<Position>,
    /// Bytes of each range's rows; none before the first checkpoint.
    pub(super) ranges: Vec<u64>,
}

/// Where posting goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Posting {
    pub(super) bits: u32,
    /// The next range.
    pub(super) range: u64,
    /// None before the first checkpoint.
    pub(super) mark: Option<Mark>,
    /// Enterprises that were not on record.
    pub(super) new: u64,
}

/// Most ranges, as a power of two: each is an open file.
const MOST_BITS: u32 = 9;

impl Stage {
    pub(super) fn begin(sources: &Sources, range: u64) -> Self {
        let ranges = sources.bytes().div_ceil(range).max(1).next_power_of_two();
        Self::Reading(Reading {
            bits: ranges.trailing_zeros().min(MOST_BITS),
            file: 0,
            position: None,
            ranges: Vec::new(),
        })
    }
}

impl Checkpoint {
    pub(super) fn read(path: &Path) -> Result<Option<Self>, AuthorityError> {
        if !path.exists() {
            return Ok(None);
        }
        // Written by another version: its files are read again from the beginning.
        Ok(serde_json::from_slice(&read(path)?).ok())
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), AuthorityError> {
        replace(path, |file| Ok(serde_json::to_writer(file, self)?))
    }

    /// Whether the ledger has it already, and only the report is left to be put in place.
    pub(super) fn is_adopted(&self, workplace: &Path) -> bool {
        matches!(self.stage, Stage::Posted) && !workplace.join(SEGMENT).exists()
    }
}

/// Names mapping and files. A file that was written to meanwhile is another.
pub(super) fn fingerprint(ingestion: &Ingestion<'_>) -> Result<String, AuthorityError> {
    let mut files = Vec::new();
    for (_, path) in ingestion.sources.files() {
        let metadata = fs::metadata(path).map_err(|error| AuthorityError::io(path, error))?;
        let written = metadata.modified().ok();
        files.push(format!("{path:?} {} {written:?}", metadata.len()));
    }
    let Ingestion { mapping, from, .. } = ingestion;
    let text = format!("{mapping:?} {from:?} {files:?}");
    let digest = Profile::International.digest("taxproof/ingestion/1", &[text.as_bytes()]);
    Ok(digest.to_string())
}
