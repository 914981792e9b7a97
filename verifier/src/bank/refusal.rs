//! Why the bank does not do what it is asked.

use std::sync::Arc;

use taxproof_claims::encoding::DecodeError;
use taxproof_claims::policy::{CompileError, ParameterError, PolicyErrors};
use taxproof_claims::shape::Shape;
use taxproof_log::InclusionError;

use super::Untimely;
use crate::epoch::UntrustedEpoch;
use crate::epoch_log::NotLogged;
use crate::evidence::CannotExport;
use crate::limits::BATCH;
use crate::presentation::{CannotJudge, NotAQuestion};
use crate::seal::CannotOpen;
use crate::store::{EpochConflict, NotDecided, Replay, RequestRefused, StoreError};

/// Why the bank does not do what it is asked. What becomes of each over gRPC is one table, in
/// [`crate::service`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The text is no policy. Its author must mend it.
    #[error("{0}")]
    Policy(PolicyErrors),
    /// The policy's format is not said.
    #[error("say whether the policy is TOML or JSON")]
    PolicyFormat,
    /// A parameter does not fit the policy. The caller must mend it.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The purpose cannot be shown to an applicant. The caller must mend it.
    #[error("a purpose has 1 to 512 bytes and no control characters")]
    Purpose,
    /// The validity is too long. The caller must shorten it.
    #[error("a request is valid for at most a week")]
    Validity,
    /// The bank does not trust an authority that is named. The caller must name another, or whoever runs the
    /// bank puts it into the trust list.
    #[error("`{0}` is no authority of the bank's trust list")]
    UnknownAuthority(String),
    /// Not an id that a caller may choose.
    #[error("a client_request_id has at most 64 printable ASCII characters")]
    ClientRequestId,
    /// Not the id of a request.
    #[error("a request's id is 64 hexadecimal digits")]
    RequestId,
    /// The presentation cannot be decrypted. The applicant is at fault.
    #[error(transparent)]
    Sealed(#[from] CannotOpen),
    /// The presentation or header does not parse. Whoever made it is at fault.
    #[error(transparent)]
    Encoding(#[from] DecodeError),
    /// No such policy was registered.
    #[error("no such policy is registered")]
    UnknownPolicy,
    /// Several policies have the id. The caller must name one by its digest.
    #[error("several policies have this id: name one by its digest")]
    AmbiguousPolicy,
    /// No such request was made.
    #[error("no such request was made")]
    UnknownRequest,
    /// The bank has no verifying key for the policy's shape. Whoever runs it must add one.
    #[error("the bank has no verifying key for the shape {0}")]
    NoKey(Shape),
    /// The bank no longer has the key that the request names.
    #[error("the bank no longer has the verifying key of this request")]
    UnknownKey,
    /// The bank has no epoch of the policy's schema. Somebody must add one.
    #[error("the bank has no epoch that the policy can be proven about")]
    NoEpoch,
    /// The bank's epochs cannot be used now.
    #[error(transparent)]
    Untimely(#[from] Untimely),
    /// The bank's clock went back. Whoever runs it must look at the machine's clock.
    #[error(
        "the bank's clock went back by {behind} seconds: nothing is asked or decided until it \
             is right"
    )]
    ClockWentBack {
        /// By how many seconds.
        behind: u64,
    },
    /// The bank has not the epoch that the presentation names.
    #[error("the bank has not the epoch of this presentation")]
    UnknownEpoch,
    /// The epoch is not a trusted authority's.
    #[error(transparent)]
    UntrustedEpoch(#[from] UntrustedEpoch),
    /// The proof that the epoch is in its authority's log does not parse. Whoever made it is at
    /// fault.
    #[error("the log's proof: {0}")]
    LogProof(InclusionError),
    /// A hash of the proof that the log only grew is none.
    #[error("a hash of `consistency_proof` has 32 bytes, and there are at most 64")]
    ConsistencyProof,
    /// The epoch is not in its authority's log.
    #[error(transparent)]
    NotLogged(#[from] NotLogged),
    /// The epoch does not continue what its authority said before.
    #[error(transparent)]
    EpochConflict(#[from] EpochConflict),
    /// The policy does not compile for an epoch's date.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The bank's key, policy and epoch do not go together.
    #[error(transparent)]
    CannotJudge(#[from] CannotJudge),
    /// What the bank kept of the request does not go together.
    #[error(transparent)]
    NotAQuestion(#[from] NotAQuestion),
    /// The presentation decides nothing.
    #[error(transparent)]
    NotDecided(#[from] NotDecided),
    /// The request is not made.
    #[error(transparent)]
    RequestRefused(#[from] RequestRefused),
    /// The request was decided before, and so cannot be cancelled.
    #[error("the request was decided and cannot be cancelled")]
    Decided,
    /// Nobody has answered the request, so that there is no receipt.
    #[error("the request was not decided")]
    NoReceipt,
    /// The bank has not all that evidence holds.
    #[error(transparent)]
    CannotExport(#[from] CannotExport),
    /// Not where a page ended.
    #[error("the page token is none that this service gave")]
    PageToken,
    /// More presentations than a batch holds. The caller must send several batches.
    #[error("a batch has at most {BATCH} presentations")]
    BatchTooLong,
    /// The service stops. Try again, at another replica or later.
    #[error("the service stops: come back with the last cursor")]
    Stopping,
    /// Too many presentations at once. Try again.
    #[error("too many presentations at once: try again")]
    Busy,
    /// The database does not do what it should.
    #[error("{0}")]
    Store(Arc<StoreError>),
    /// The operating system has no randomness to give.
    #[error("no randomness from the operating system")]
    Randomness,
    /// A verification ended without an answer.
    #[error("the verification ended without an answer")]
    Aborted,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<Replay> for Refusal {
    fn from(replay: Replay) -> Self {
        Self::NotDecided(replay.into())
    }
}
