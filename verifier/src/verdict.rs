//! What presentations come to.

use taxproof_claims::digest::Digest;
use taxproof_claims::policy::CompileError;
use taxproof_claims::subject::EnterpriseId;

use crate::prepared::{CannotPrepare, OtherNumbers};
use crate::proof::NotAProof;

/// What a presentation shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The policy holds.
    Passed(Shown),
    /// The policy does not hold.
    Failed {
        /// What else the applicant showed.
        shown: Shown,
        /// The rules that the applicant agreed to name as failed.
        rules: Vec<String>,
    },
    /// Nothing.
    Invalid(InvalidReason),
}

/// What a presentation shows besides the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The enterprise's pseudonym at this bank, 32 big-endian bytes.
    pub pseudonym: Digest,
    /// The enterprise's tag in the policy's shared registry, if the policy names one.
    pub scope_tag: Option<Digest>,
    /// The enterprise's id, if the policy asks for it.
    pub id: Option<EnterpriseId>,
    /// The score's band, if the policy asks for it and the applicant agreed.
    pub band: Option<u32>,
}

/// Why a presentation shows nothing. Whoever made it is at fault, or came too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidReason {
    /// It answers another request.
    #[error("it answers another request")]
    OtherRequest,
    /// The request has expired.
    #[error("the request has expired")]
    Expired,
    /// The request is of the future. The bank's clock is wrong, or was.
    #[error("the request is of the future: the bank's clock is wrong, or was")]
    NotYetValid,
    /// The bank cancelled the request.
    #[error("the request was cancelled")]
    Cancelled,
    /// The proof is about an epoch that the request does not accept.
    #[error("the request does not accept the epoch")]
    EpochNotAccepted,
    /// The epoch is older than the bank takes.
    #[error("the epoch is older than the bank takes")]
    EpochTooOld,
    /// The epoch is of the future.
    #[error("the epoch is of the future")]
    EpochInFuture,
    /// The consent names what the policy may not disclose, or what there is not.
    #[error("the consent goes beyond what the policy may disclose")]
    ConsentNotAllowed,
    /// No proof with this consent can have this outcome.
    #[error("the outcome says more than the consent, or what cannot be")]
    ImpossibleOutcome,
    /// The policy asks for the id and there is none.
    #[error("the enterprise's id is missing")]
    IdMissing,
    /// The policy asks for no id and there is one.
    #[error("the policy asks for no id")]
    IdNotAsked,
    /// The id is not one of the schema's scheme.
    #[error("the enterprise's id is malformed")]
    IdMalformed,
    /// The pseudonym or the scope tag is not the canonical encoding of a field element.
    #[error("the pseudonym or the scope tag is no field element")]
    TagNotCanonical,
    /// The proof is not three canonical points.
    #[error(transparent)]
    ProofMalformed(#[from] NotAProof),
    /// The proof does not verify.
    #[error("the proof does not verify")]
    ProofWrong,
}

impl InvalidReason {
    /// Its name in the interface, without what all of them begin with.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherRequest => "OTHER_REQUEST",
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::Cancelled => "CANCELLED",
            Self::EpochNotAccepted => "EPOCH_NOT_ACCEPTED",
            Self::EpochTooOld => "EPOCH_TOO_OLD",
            Self::EpochInFuture => "EPOCH_IN_FUTURE",
            Self::ConsentNotAllowed => "CONSENT_NOT_ALLOWED",
            Self::ImpossibleOutcome => "IMPOSSIBLE_OUTCOME",
            Self::IdMissing => "ID_MISSING",
            Self::IdNotAsked => "ID_NOT_ASKED",
            Self::IdMalformed => "ID_MALFORMED",
            Self::TagNotCanonical => "TAG_NOT_CANONICAL",
            Self::ProofMalformed(_) => "PROOF_MALFORMED",
            Self::ProofWrong => "PROOF_WRONG",
        }
    }
}

/// Why a presentation cannot be judged at all. The bank is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotJudge {
    /// The request names another verifying key.
    #[error("the request names another verifying key")]
    OtherKey,
    /// The epoch's records are of another schema than the policy's.
    #[error("the epoch is of another schema than the policy")]
    OtherSchema,
    /// The policy does not compile for the epoch's date.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Key, policy and epoch do not go together.
    #[error(transparent)]
    Prepare(#[from] CannotPrepare),
    /// The policy that was prepared is not this one.
    #[error(transparent)]
    OtherNumbers(#[from] OtherNumbers),
}
