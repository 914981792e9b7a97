//! Epochs that are in their authority's log (C2SP tlog-proof): what a bank takes.

use std::ops::RangeInclusive;

use taxproof_claims::epoch::{AuthorityId, SignedEpochHeader};
use taxproof_claims::signature::{SigningKey, VerifyingKey};
use taxproof_claims::trust::TrustList;
use taxproof_log::{
    Checkpoint, Files, Hash, InclusionError, InclusionProof, LogError, LogKey, LogReader, Note,
    Quorum, WitnessKey, verify_consistency,
};

use crate::epoch::{TrustedEpoch, UntrustedEpoch};

/// Who must have cosigned the head of an authority's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witnessing {
    /// The witnesses, each key once.
    pub witnesses: Vec<WitnessKey>,
    /// How many of them must have cosigned.
    pub required: usize,
}

/// What is handed in with a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// That the header is in the log, and the log's signed head.
    pub inclusion: InclusionProof,
    /// That this head continues the one that the bank saw last (RFC 9162, section 2.1.4).
    pub consistency: Vec<Hash>,
}

impl LogProof {
    /// The log that has one epoch and no more, its head signed with the authority's secret: what a
    /// bank is told that an experiment makes up.
    pub fn of_only(signed: &SignedEpochHeader, secret: &SigningKey) -> Self {
        let key = log_key(&signed.header.authority, secret.verifying_key());
        let root = Hash::leaf(&signed.encode());
        Self {
            inclusion: InclusionProof {
                index: 0,
                hashes: Vec::new(),
                checkpoint: Checkpoint::sign(&key, secret, 1, root),
            },
            consistency: Vec::new(),
        }
    }

    /// What shows that entry `index` is in the log of a head, and that this continues the one of
    /// `seen` epochs; 0 where none was seen.
    ///
    /// # Errors
    /// The log cannot be read, or its files are not those of the head.
    pub fn of<F: Files>(
        log: &LogReader<F>,
        note: &Note,
        index: u64,
        seen: u64,
    ) -> Result<Self, LogError> {
        Ok(Self {
            inclusion: log.inclusion(index, note)?,
            consistency: log.consistency(seen, note)?,
        })
    }
}

fn log_key(authority: &AuthorityId, key: VerifyingKey) -> LogKey {
    LogKey::new(&authority.log_origin(), key).expect("letters, digits and hyphens make a name")
}

/// Why an epoch is not taken to be in its authority's log. Whoever hands it in is at fault, or the
/// authority, which published it elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotLogged {
    /// The epoch itself is not trusted.
    #[error(transparent)]
    Epoch(#[from] UntrustedEpoch),
    /// The head does not count, or the header is not where the proof says.
    #[error(transparent)]
    Proof(#[from] InclusionError),
    /// An authority's log has epoch n as entry n − 1.
    #[error("epoch {epoch} must be entry {} of its authority's log, not entry {index}", epoch - 1)]
    Place {
        /// The epoch.
        epoch: u64,
        /// Where it is.
        index: u64,
    },
}

/// A head does not continue the one that was seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadConflict {
    /// The log was longer. Whoever hands the head in has an old copy, or the log was rewound.
    #[error("the authority's log was seen with {seen} epochs, and this head has {size}")]
    Rewound {
        /// Epochs that were seen.
        seen: u64,
        /// Epochs of this head.
        size: u64,
    },
    /// The authority signed two heads of one size. Both are kept as evidence.
    #[error("the authority signed two heads of {size} epochs; both are kept as evidence")]
    Forked {
        /// Their size.
        size: u64,
    },
    /// Nothing shows that the log only grew.
    #[error(
        "nothing shows that the head of {size} epochs continues the one of {seen} that was seen last"
    )]
    Inconsistent {
        /// Epochs that were seen.
        seen: u64,
        /// Epochs of this head.
        size: u64,
    },
}

/// A trusted epoch that is in its authority's log: only [`Self::verify`] makes one.
///
/// # What is not checked
/// That the log's head continues the one seen last: [`Self::continues`] does, and only whoever
/// keeps heads can ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEpoch {
    epoch: TrustedEpoch,
    note: Note,
    head: Checkpoint,
    consistency: Vec<Hash>,
}

impl LoggedEpoch {
    /// Verifies the header's signature, the head's signatures, those of witnesses from within some
    /// times (seconds since 1970-01-01T00:00:00Z), and that the header is where its number says.
    ///
    /// # Errors
    /// One of these does not hold.
    pub fn verify(
        signed: SignedEpochHeader,
        proof: LogProof,
        trust: &TrustList,
        witnessing: &Witnessing,
        times: RangeInclusive<u64>,
    ) -> Result<Self, NotLogged> {
        let id = signed.header.authority.clone();
        let authority = trust.authority(&id);
        let authority = authority.ok_or_else(|| UntrustedEpoch::Authority(id.clone()))?;
        let quorum = Quorum {
            log: log_key(&id, authority.key.clone()),
            witnesses: witnessing.witnesses.clone(),
            required: witnessing.required,
        };
        let (epoch, index) = (signed.header.epoch, proof.inclusion.index);
        let entry = signed.encode();
        let trusted = TrustedEpoch::verify(signed, trust)?;
        if index.checked_add(1) != Some(epoch) {
            return Err(NotLogged::Place { epoch, index });
        }
        Ok(Self {
            epoch: trusted,
            head: proof.inclusion.verify_within(&quorum, times, &entry)?,
            note: proof.inclusion.checkpoint,
            consistency: proof.consistency,
        })
    }

    /// The epoch.
    pub const fn epoch(&self) -> &TrustedEpoch {
        &self.epoch
    }

    /// The epoch, without its log.
    pub fn into_epoch(self) -> TrustedEpoch {
        self.epoch
    }

    /// The log's head.
    pub const fn head(&self) -> &Checkpoint {
        &self.head
    }

    /// The head as it is signed.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Whether the log's head continues the one that was seen last.
    ///
    /// # Errors
    /// It does not.
    pub fn continues(&self, seen: &Checkpoint) -> Result<(), HeadConflict> {
        let (old, size) = (seen.size, self.head.size);
        if size < old {
            return Err(HeadConflict::Rewound { seen: old, size });
        }
        if size == old {
            return match self.head.root == seen.root {
                true => Ok(()),
                false => Err(HeadConflict::Forked { size }),
            };
        }
        verify_consistency(old, seen.root, size, self.head.root, &self.consistency)
            .map_err(|_| HeadConflict::Inconsistent { seen: old, size })
    }
}
