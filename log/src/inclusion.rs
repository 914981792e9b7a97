//! Proofs that an entry is in a log, to be verified by themselves (C2SP tlog-proof).

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::checkpoint::{Checkpoint, CheckpointError, Quorum};
use crate::hash::Hash;
use crate::note::{MAX_NOTE, Note, NoteError};
use crate::verify::{ProofError, verify_inclusion};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Most hashes of a proof: the levels of a tree of 2^64 entries.
pub const MAX_HASHES: usize = 64;

/// That some entry is in the log of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The entry's place, from 0.
    pub index: u64,
    /// The siblings from its leaf up.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

/// Why an entry is not taken to be in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InclusionError {
    /// The text is no proof.
    #[error("not a `c2sp.org/tlog-proof@v1`")]
    Text,
    /// The checkpoint does not count.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the checkpoint's tree at this place.
    #[error("the entry is not in the log: {0}")]
    Proof(#[from] ProofError),
}

impl InclusionProof {
    /// Verifies that an entry is at [`Self::index`] of the log, and gives the log's head.
    ///
    /// # What is not checked
    /// That the head continues the one seen last, how old it is, and that no other entry says
    /// otherwise.
    ///
    /// # Errors
    /// The checkpoint does not count, or the entry is not there.
    pub fn verify(&self, quorum: &Quorum, entry: &[u8]) -> Result<Checkpoint, InclusionError> {
        self.verify_within(quorum, 0..=u64::MAX, entry)
    }

    /// The same where the witnesses must have cosigned the head within some times
    /// ([`Quorum::accept_within`]).
    ///
    /// # What is not checked
    /// That the head continues the one seen last, and that no other entry says otherwise.
    ///
    /// # Errors
    /// The checkpoint does not count, or the entry is not there.
    pub fn verify_within(
        &self,
        quorum: &Quorum,
        times: RangeInclusive<u64>,
        entry: &[u8],
    ) -> Result<Checkpoint, InclusionError> {
        let head = quorum.accept_within(&self.checkpoint, times)?;
        let leaf = Hash::leaf(entry);
        verify_inclusion(leaf, self.index, head.size, head.root, &self.hashes)?;
        Ok(head)
    }
}

impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nindex {}", self.index)?;
        self.hashes
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for InclusionProof {
    type Err = InclusionError;

    fn from_str(text: &str) -> Result<Self, InclusionError> {
        if text.len() > MAX_NOTE + 64 * MAX_HASHES {
            return Err(CheckpointError::from(NoteError::Long).into());
        }
        let (proof, note) = text.split_once("\n\n").ok_or(InclusionError::Text)?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(InclusionError::Text);
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(decimal).ok_or(InclusionError::Text)?;
        let hashes: Option<Vec<_>> = lines.map(Hash::from_base64).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= MAX_HASHES);
        Ok(Self {
            index,
            hashes: hashes.ok_or(InclusionError::Text)?,
            checkpoint: note.parse().map_err(CheckpointError::from)?,
        })
    }
}

/// A number in decimal digits as it is written, without zeros or signs before it.
pub(crate) fn decimal(digits: &str) -> Option<u64> {
    digits
        .parse()
        .ok()
        .filter(|number: &u64| number.to_string() == digits)
}
