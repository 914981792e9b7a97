//! Auditing an authority's log from outside: whoever has the authority's key and a copy of the log; and
//! its leaves from inside, because only the authority knows whose they are.
//!
//! What is found is the authority's doing, or that of whoever serves its log; a [`Fork`] convicts
//! the authority before anybody who has its key.

use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::{AuthorityId, EpochHeader, SignedEpochHeader};
use taxproof_claims::signature::VerifyingKey;
use taxproof_claims::subject::EnterpriseId;
use taxproof_log::{
    Checkpoint, CheckpointError, Files, Fork, LogError, LogKey, LogReader, NotAKey, Note, Quorum,
};

use crate::authority::Authority;
use crate::error::AuthorityError;

/// What an audit found wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// An entry is no header, or not one that the authority signed.
    #[error("entry {0} is no epoch header that the authority signed")]
    Entry(u64),
    /// An epoch is not where its number says, so that one is missing or there twice.
    #[error("entry {entry} is epoch {epoch}, where epoch {} must be", entry + 1)]
    Number {
        /// The entry's place, from 0.
        entry: u64,
        /// The epoch that is there.
        epoch: u64,
    },
    /// A header names another predecessor than the one before it.
    #[error("epoch {0} does not name the epoch before it")]
    Predecessor(u64),
    /// An epoch is older than the one before it, in time or in its newest period.
    #[error("epoch {0} is older than the one before it")]
    Older(u64),
    /// An enterprise has two leaves: it could prove from the record that suits it.
    #[error("`{0}` has two leaves in the newest epoch")]
    TwoLeaves(EnterpriseId),
    /// A leaf is not where its enterprise's is said to be, or not the hash of its record.
    #[error("the leaf of `{0}` is not the hash of its record, or another's")]
    Leaf(EnterpriseId),
    /// Leaves that are nobody's, or enterprises that have none.
    #[error("the newest epoch has {leaves} leaves, but is of {enterprises} enterprises")]
    Leaves {
        /// As the header says.
        leaves: u64,
        /// As the folder says.
        enterprises: u64,
    },
    /// A tree is not the one of the root.
    #[error(
        "the nodes over height {0} of a tree are not the hashes of those below, or not the root"
    )]
    Tree(usize),
    /// The log was longer when it was last seen.
    #[error(
        "the log was seen with {seen} epochs and has {now}: it was rewound, or an old copy is served"
    )]
    Rewound {
        /// How many it had.
        seen: u64,
        /// How many it has.
        now: u64,
    },
    /// The authority signed two histories.
    #[error("the authority signed two histories: one had {seen} epochs, the other has {now}")]
    Forked {
        /// The size of the one seen before.
        seen: u64,
        /// The size of this one.
        now: u64,
        /// The evidence.
        evidence: Box<Fork>,
    },
}

/// What an audit saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The log's head.
    pub head: Checkpoint,
    /// The head as it is signed: keep it for the next audit.
    pub note: Note,
    /// What is wrong; empty where nothing is.
    pub findings: Vec<Finding>,
}

/// An audit cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The log cannot be read, or is not signed by the authority: get it from elsewhere.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There is no log yet.
    #[error(
        "there is no log: it is an authority's folder `log`, or where that is served, and begins with the first epoch"
    )]
    Empty,
    /// A checkpoint seen before is not one of this authority: give the right one.
    #[error("a checkpoint seen before: {0}")]
    Seen(CheckpointError),
    /// The authority's name cannot be a log's.
    #[error(transparent)]
    Key(#[from] NotAKey),
}

/// Audits a log: its tiles against its head, every entry, and its head against those seen before.
///
/// # What is not checked
/// What the roots commit to: only the authority and each holder know that.
///
/// # Errors
/// The log cannot be read or is not the authority's, or what was seen before is not.
pub fn audit<F: Files>(
    log: &LogReader<F>,
    authority: &AuthorityId,
    key: &VerifyingKey,
    seen: &[Note],
) -> Result<Audit, AuditError> {
    let log_key = LogKey::new(&authority.log_origin(), key.clone())?;
    let quorum = Quorum::of(log_key.clone());
    let note = log.checkpoint()?.ok_or(AuditError::Empty)?;
    let head = quorum.accept(&note).map_err(LogError::from)?;
    let found = log.root(head.size)?;
    if found != head.root {
        let expected = head.root;
        return Err(LogError::Root { expected, found }.into());
    }
    let mut findings = Vec::new();
    let mut before = None;
    for entry in 0..head.size {
        let header = header(&log.entry(entry, head.size)?, authority, key);
        match &header {
            None => findings.push(Finding::Entry(entry)),
            Some(header) => findings.extend(misplaced(entry, header, before.as_ref())),
        }
        before = header;
    }
    for old in seen {
        let seen = quorum.accept(old).map_err(AuditError::Seen)?.size;
        let now = head.size;
        if seen > now {
            findings.push(Finding::Rewound { seen, now });
        } else if let Some(evidence) = log.fork(old, &note)? {
            let evidence = Box::new(evidence);
            findings.push(Finding::Forked {
                seen,
                now,
                evidence,
            });
        }
    }
    Ok(Audit {
        head,
        note,
        findings,
    })
}

impl Authority {
    /// Audits the newest epoch's leaves, for who has the authority's folder: every enterprise has one
    /// leaf, every leaf is the hash of an enterprise's record, and the leaves are those of the roots.
    ///
    /// # What is not checked
    /// Whether the records are true.
    ///
    /// # Errors
    /// The folder cannot be read, or what the epoch committed to is no longer there.
    pub fn audit_leaves(&self) -> Result<Vec<Finding>, AuthorityError> {
        let newest = self.headers().last().ok_or(AuthorityError::NoMembers)?;
        let commitment = self.epochs.newest()?.ok_or(AuthorityError::NoMembers)?;
        commitment.audit(&newest.header, &self.registrations, &self.schema)
    }
}

/// The header of an entry, if the authority signed it.
fn header(entry: &[u8], authority: &AuthorityId, key: &VerifyingKey) -> Option<EpochHeader> {
    let signed = SignedEpochHeader::decode(entry).ok()?;
    let header = signed.verify(key).ok()?;
    (header.authority == *authority).then(|| header.clone())
}

fn misplaced(entry: u64, header: &EpochHeader, before: Option<&EpochHeader>) -> Vec<Finding> {
    let epoch = header.epoch;
    let mut findings = Vec::new();
    if epoch != entry + 1 {
        findings.push(Finding::Number { entry, epoch });
    }
    let previous = before.map(EpochHeader::digest);
    let first = (entry == 0).then_some(Digest([0; 32]));
    if previous
        .or(first)
        .is_some_and(|previous| header.previous != previous)
    {
        findings.push(Finding::Predecessor(epoch));
    }
    let older = |before: &EpochHeader| {
        header.time < before.time || header.newest_period < before.newest_period
    };
    if before.is_some_and(older) {
        findings.push(Finding::Older(epoch));
    }
    findings
}
