//! A witness: cosigns the heads of logs that only grow (C2SP tlog-witness).

use std::str::FromStr;

use taxproof_claims::signature::SigningKey;

use crate::checkpoint::{Checkpoint, CheckpointError, Quorum};
use crate::hash::Hash;
use crate::inclusion::decimal;
use crate::key::{LogKey, WitnessKey};
use crate::note::{MAX_NOTE, Note, SignatureLine};
use crate::verify::{ProofError, verify_consistency};

/// Most hashes that a submission may have.
const MAX_PROOF: usize = 63;

/// A witness: its key, and the logs that it watches.
#[derive(Debug)]
pub struct Witness {
    key: WitnessKey,
    secret: SigningKey,
    logs: Vec<LogKey>,
}

/// The head of a log that a witness cosigned last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// The checkpoint, as the log signed it.
    pub note: Note,
    /// What it says.
    pub checkpoint: Checkpoint,
}

/// What a log submits to be cosigned: the body of `add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The size of the head that was cosigned last.
    pub old: u64,
    /// That the new head continues it.
    pub proof: Vec<Hash>,
    /// The new head.
    pub checkpoint: Note,
}

/// Why a head is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The body is none.
    #[error("not `old SIZE`, hashes, a blank line and a checkpoint")]
    Body,
    /// The witness does not watch this log.
    #[error("unknown log `{0}`")]
    UnknownLog(String),
    /// The log has not signed it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The old size is larger than the checkpoint's.
    #[error("the old size is larger than the checkpoint's")]
    Shrunk,
    /// Another head was cosigned last.
    #[error("the head cosigned last has size {0}")]
    OtherSize(u64),
    /// The log signed two roots of one size: keep both checkpoints as evidence.
    #[error("the log signed another root of size {0} before")]
    OtherRoot(u64),
    /// The new head does not continue the old one as far as the proof shows.
    #[error("the consistency proof does not verify: {0}")]
    Proof(#[from] ProofError),
}

impl Witness {
    /// A witness of some logs.
    pub const fn new(key: WitnessKey, secret: SigningKey, logs: Vec<LogKey>) -> Self {
        Self { key, secret, logs }
    }

    /// Its key.
    pub const fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// The logs that it watches.
    pub fn logs(&self) -> &[LogKey] {
        &self.logs
    }

    /// Watches another log.
    pub fn watch(&mut self, log: LogKey) {
        self.logs.push(log);
    }

    /// The name of the log that a checkpoint says that it is of, before anything is verified: to
    /// look up what was cosigned last.
    ///
    /// # Errors
    /// The note holds no checkpoint, or of a log that the witness does not watch.
    pub fn origin(&self, submission: &Submission) -> Result<String, Refusal> {
        self.log(submission).map(|log| log.name().to_owned())
    }

    /// Cosigns a submission at a time, in seconds since 1970-01-01T00:00:00Z, if it continues the
    /// head that was cosigned last; none the first time.
    ///
    /// The caller holds a lock on the log from reading `latest` until it has stored what this
    /// gives, and answers only then: two answers to one `latest` could be two histories.
    ///
    /// # Errors
    /// It is not cosigned.
    pub fn cosign(
        &self,
        submission: &Submission,
        latest: Option<&Latest>,
        time: u64,
    ) -> Result<(SignatureLine, Latest), Refusal> {
        let quorum = Quorum::of(self.log(submission)?.clone());
        let checkpoint = quorum.accept(&submission.checkpoint)?;
        if submission.old > checkpoint.size {
            return Err(Refusal::Shrunk);
        }
        let (size, root) = latest.map_or((0, Hash::empty()), |latest| {
            (latest.checkpoint.size, latest.checkpoint.root)
        });
        if submission.old != size {
            return Err(Refusal::OtherSize(size));
        }
        if latest.is_some() && size == checkpoint.size && root != checkpoint.root {
            return Err(Refusal::OtherRoot(size));
        }
        verify_consistency(
            size,
            root,
            checkpoint.size,
            checkpoint.root,
            &submission.proof,
        )?;
        let line = self
            .key
            .cosign(&self.secret, submission.checkpoint.text(), time);
        Ok((
            line,
            Latest {
                note: submission.checkpoint.clone(),
                checkpoint,
            },
        ))
    }

    fn log(&self, submission: &Submission) -> Result<&LogKey, Refusal> {
        let checkpoint: Checkpoint = submission.checkpoint.text().parse()?;
        let known = self.logs.iter().find(|log| log.name() == checkpoint.origin);
        known.ok_or(Refusal::UnknownLog(checkpoint.origin))
    }
}

impl Refusal {
    /// The status of the answer over HTTP.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Body | Self::Shrunk => 400,
            Self::Checkpoint(CheckpointError::Note(_) | CheckpointError::Text) => 400,
            Self::Checkpoint(_) => 403,
            Self::UnknownLog(_) => 404,
            Self::OtherSize(_) | Self::OtherRoot(_) => 409,
            Self::Proof(_) => 422,
        }
    }

    /// The body of the answer over HTTP: the size alone where the submission was for another.
    pub fn body(&self) -> String {
        match self {
            Self::OtherSize(size) | Self::OtherRoot(size) => format!("{size}\n"),
            other => format!("{other}\n"),
        }
    }
}

impl std::fmt::Display for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Submission {
    type Err = Refusal;

    fn from_str(body: &str) -> Result<Self, Refusal> {
        if body.len() > MAX_NOTE + 64 * MAX_PROOF {
            return Err(Refusal::Body);
        }
        let (head, note) = body.split_once("\n\n").ok_or(Refusal::Body)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.and_then(decimal).ok_or(Refusal::Body)?;
        let proof: Option<Vec<_>> = lines.map(Hash::from_base64).collect();
        let proof = proof
            .filter(|proof| proof.len() <= MAX_PROOF)
            .ok_or(Refusal::Body)?;
        let checkpoint = note.parse().map_err(CheckpointError::from)?;
        Ok(Self {
            old,
            proof,
            checkpoint,
        })
    }
}
