//! What becomes of a refusal over gRPC: one table.

use tonic::{Code, Status};

use crate::bank::Refusal;
use crate::limits::RETRY;
use crate::store::Replay;
use crate::transport::exhausted;

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match code(&refusal) {
            Code::Internal => {
                tracing::error!(%refusal, "internal");
                Self::internal("the service cannot do this now; its log says why")
            }
            Code::ResourceExhausted => exhausted(&refusal.to_string(), RETRY),
            code => Self::new(code, refusal.to_string()),
        }
    }
}

/// INVALID_ARGUMENT: send something else. FAILED_PRECONDITION: the bank lacks something, or has
/// something that contradicts it. ALREADY_EXISTS: it was said before, otherwise.
/// RESOURCE_EXHAUSTED: try again. INTERNAL: whoever runs the service must look into it.
const fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::Policy(_)
        | Refusal::PolicyFormat
        | Refusal::Parameter(_)
        | Refusal::Purpose
        | Refusal::Validity
        | Refusal::ClientRequestId
        | Refusal::RequestId
        | Refusal::Sealed(_)
        | Refusal::Encoding(_) => Code::InvalidArgument,

        Refusal::UnknownPolicy
        | Refusal::AmbiguousPolicy
        | Refusal::UnknownRequest
        | Refusal::NoKey(_)
        | Refusal::UnknownKey
        | Refusal::NoEpoch
        | Refusal::UnknownEpoch
        | Refusal::UntrustedEpoch(_)
        | Refusal::EpochConflict(_)
        | Refusal::Compile(_)
        | Refusal::CannotJudge(_)
        | Refusal::NotAQuestion(_) => Code::FailedPrecondition,

        Refusal::Replay(Replay::Decided | Replay::ClientRequestId)
        | Refusal::RequestConflict(_) => Code::AlreadyExists,

        Refusal::Busy => Code::ResourceExhausted,

        Refusal::Store(_) | Refusal::Randomness | Refusal::Aborted => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn what_is_internal_is_not_told() {
        let why = std::io::Error::other("/secret/path is full");
        let status = Status::from(Refusal::Store(StoreError::File(why)));
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("secret"));
    }
}
