//! Evidence against a log: two checkpoints that it signed, of which one does not continue the other.

use std::fmt;
use std::str::FromStr;

use crate::checkpoint::{Checkpoint, CheckpointError, Quorum};
use crate::hash::Hash;
use crate::inclusion::MAX_HASHES;
use crate::key::LogKey;
use crate::note::{MAX_NOTE, Note};
use crate::verify::trees;

const FIRST_LINE: &str = "taxproof.log/fork@v1";

/// Two signed checkpoints, and what the tree of the larger had at the size of the smaller.
///
/// Anybody who has the log's key verifies it, without the log: hashes that lead to the larger root
/// fix the tree at the smaller size, and its root is not the one that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The smaller, or either of two of one size.
    pub smaller: Note,
    /// The larger.
    pub larger: Note,
    /// The consistency proof of the larger log for the smaller size, with the subtree that it
    /// begins at always first. Empty for two of one size.
    pub hashes: Vec<Hash>,
}

/// The checkpoints do not convict the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForkError {
    /// The text is no evidence.
    #[error("not a `taxproof.log/fork@v1`")]
    Text,
    /// A checkpoint is not this log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead to the larger root: nothing follows from them.
    #[error("the hashes do not lead to the root of the larger checkpoint")]
    Proof,
    /// The one continues the other.
    #[error("the checkpoints agree")]
    Agree,
}

impl Fork {
    /// Verifies that the log's key signed both and that they contradict each other.
    ///
    /// # Errors
    /// They do not, or nothing follows.
    pub fn verify(&self, log: &LogKey) -> Result<[Checkpoint; 2], ForkError> {
        let quorum = Quorum::of(log.clone());
        let [smaller, larger] = [&self.smaller, &self.larger].map(|note| quorum.accept(note));
        let (smaller, larger) = (smaller?, larger?);
        let agree = if smaller.size == larger.size {
            smaller.root == larger.root
        } else {
            let (first, rest) = self.hashes.split_first().ok_or(ForkError::Proof)?;
            let (old, _) = trees(smaller.size, larger.size, *first, rest)
                .filter(|(_, new)| *new == larger.root)
                .ok_or(ForkError::Proof)?;
            old == smaller.root
        };
        if agree {
            Err(ForkError::Agree)
        } else {
            Ok([smaller, larger])
        }
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{FIRST_LINE}\n{} {}",
            lines(&self.smaller),
            lines(&self.larger)
        )?;
        write!(f, "{}{}", self.smaller, self.larger)?;
        self.hashes
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))
    }
}

impl FromStr for Fork {
    type Err = ForkError;

    fn from_str(text: &str) -> Result<Self, ForkError> {
        if text.len() > 2 * MAX_NOTE + 64 * MAX_HASHES {
            return Err(ForkError::Text);
        }
        let mut rest: Vec<&str> = text.split_inclusive('\n').collect();
        let mut take =
            |count: usize| (count <= rest.len()).then(|| rest.drain(..count).collect::<String>());
        let first = take(1).filter(|line| line.trim_end() == FIRST_LINE);
        let counts = first.and_then(|_| take(1)).ok_or(ForkError::Text)?;
        let counts = counts.trim_end().split_once(' ');
        let (smaller, larger) = counts.ok_or(ForkError::Text)?;
        let count = |digits: &str| digits.parse().map_err(|_| ForkError::Text);
        let mut note = |count: usize| {
            let note = take(count).ok_or(ForkError::Text)?;
            note.parse::<Note>()
                .map_err(|e| ForkError::from(CheckpointError::from(e)))
        };
        let (smaller, larger) = (note(count(smaller)?)?, note(count(larger)?)?);
        let hashes = rest.iter().map(|line| Hash::from_base64(line.trim_end()));
        let hashes: Option<Vec<_>> = hashes.collect();
        let hashes = hashes
            .filter(|hashes| hashes.len() <= MAX_HASHES)
            .ok_or(ForkError::Text)?;
        let fork = Self {
            smaller,
            larger,
            hashes,
        };
        if fork.to_string() == text {
            Ok(fork)
        } else {
            Err(ForkError::Text)
        }
    }
}

fn lines(note: &Note) -> usize {
    note.to_string().lines().count()
}
