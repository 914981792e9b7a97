//! The labels of what is counted. None is a caller's to choose.

use prometheus_client::encoding::EncodeLabelSet;
use taxproof_claims::key::KeyHeader;
use tonic::Code;

/// A method and how a call of it ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) code: &'static str,
}

/// A method.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Method {
    pub(super) method: &'static str,
}

/// A reason of this program.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Reason {
    pub(super) reason: &'static str,
}

/// A reason of the interface's, as it was told to a caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Told {
    pub(super) reason: String,
}

/// A verdict; the reason is empty unless it is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Verdict {
    pub(super) verdict: &'static str,
    pub(super) reason: &'static str,
}

/// An authority of the trust list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Authority {
    pub(super) authority: String,
}

/// A certificate of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Certificate {
    pub(super) certificate: &'static str,
}

/// A verifying key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Key {
    fingerprint: String,
    shape: String,
    curve: String,
}

impl Key {
    #[cfg(test)]
    pub(super) fn example() -> Self {
        Self {
            fingerprint: "00".to_owned(),
            shape: "Q16".to_owned(),
            curve: "bn254".to_owned(),
        }
    }

    pub(super) fn of(header: &KeyHeader) -> Self {
        Self {
            fingerprint: header.fingerprint.to_string(),
            shape: header.shape.to_string(),
            curve: header.curve.to_string(),
        }
    }
}

/// A step of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Taking up presentations that were handed in one by one, which only waits.
    Turn,
    /// Decrypting presentations that were handed in one by one.
    Open,
    /// Reading a request, its policy and its epoch from the database.
    Lookup,
    /// Verifying presentations that were handed in one by one.
    Verify,
    /// Keeping a receipt, until it is on the disk.
    Keep,
    /// Reading a policy, or compiling one for a new request.
    Compile,
    /// Decrypting a batch.
    OpenBatch,
    /// Verifying a batch.
    VerifyBatch,
    /// Verifying an evidence file.
    VerifyEvidence,
}

impl Step {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Open => "open",
            Self::Lookup => "lookup",
            Self::Verify => "verify",
            Self::Keep => "keep",
            Self::Compile => "compile",
            Self::OpenBatch => "open_batch",
            Self::VerifyBatch => "verify_batch",
            Self::VerifyEvidence => "verify_evidence",
        }
    }
}

/// The label of a [`Step`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct InStep {
    pub(super) step: &'static str,
}

impl From<Step> for InStep {
    fn from(step: Step) -> Self {
        Self { step: step.name() }
    }
}

/// The code's name as gRPC writes it.
pub(super) const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
