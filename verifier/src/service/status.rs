//! What becomes of a refusal over gRPC: one table.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::bank::{Refusal, Untimely};
use crate::epoch_log::NotLogged;
use crate::limits::RETRY;
use crate::store::{EpochConflict, NotDecided, Replay, RequestRefused};

/// The domain of every reason, in google.rpc.ErrorInfo.
pub(super) const DOMAIN: &str = "taxproof.v1";

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// The code.
    pub(super) code: Code,
    /// The reason of the google.rpc.ErrorInfo.
    pub(super) reason: &'static str,
    /// What else the details say.
    detail: Detail,
}

/// What the details say besides the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Nothing.
    Nothing,
    /// google.rpc.BadRequest: which field is wrong.
    Field(&'static str),
    /// google.rpc.ResourceInfo: what there is not, or is already.
    Resource(&'static str),
    /// google.rpc.PreconditionFailure: what the bank lacks or has.
    Precondition(&'static str),
    /// google.rpc.RetryInfo: when to try again.
    Retry,
}

/// The table. INVALID_ARGUMENT: send something else. NOT_FOUND: it was never there.
/// FAILED_PRECONDITION: the bank lacks something, or has something that contradicts it.
/// ALREADY_EXISTS: it was said before, otherwise. RESOURCE_EXHAUSTED and UNAVAILABLE: try again.
/// INTERNAL: whoever runs the service must look into it.
pub(super) fn row(refusal: &Refusal) -> Row {
    use Detail::{Field, Nothing, Precondition, Resource, Retry};
    let (code, reason, detail) = match refusal {
        Refusal::Policy(_) => (Code::InvalidArgument, "POLICY_INVALID", Field("text")),
        Refusal::PolicyFormat => (
            Code::InvalidArgument,
            "POLICY_FORMAT_UNSAID",
            Field("format"),
        ),
        Refusal::Parameter(_) => (
            Code::InvalidArgument,
            "PARAMETER_INVALID",
            Field("parameters"),
        ),
        Refusal::Purpose => (Code::InvalidArgument, "PURPOSE_INVALID", Field("purpose")),
        Refusal::Validity => (
            Code::InvalidArgument,
            "VALIDITY_TOO_LONG",
            Field("validity_seconds"),
        ),
        Refusal::UnknownAuthority(_) => (
            Code::InvalidArgument,
            "AUTHORITY_UNKNOWN",
            Field("authorities"),
        ),
        Refusal::ClientRequestId => (
            Code::InvalidArgument,
            "CLIENT_REQUEST_ID_INVALID",
            Field("client_request_id"),
        ),
        Refusal::RequestId => (Code::InvalidArgument, "REQUEST_ID_INVALID", Field("id")),
        Refusal::Sealed(_) => (
            Code::InvalidArgument,
            "PRESENTATION_NOT_OURS",
            Field("sealed_presentation"),
        ),
        Refusal::Encoding(_) => (Code::InvalidArgument, "ENCODING_INVALID", Nothing),
        Refusal::LogProof(_) => (
            Code::InvalidArgument,
            "LOG_PROOF_INVALID",
            Field("inclusion_proof"),
        ),
        Refusal::ConsistencyProof => (
            Code::InvalidArgument,
            "LOG_PROOF_INVALID",
            Field("consistency_proof"),
        ),
        Refusal::PageToken => (
            Code::InvalidArgument,
            "PAGE_TOKEN_INVALID",
            Field("page_token"),
        ),
        Refusal::BatchTooLong => (Code::InvalidArgument, "BATCH_TOO_LONG", Nothing),

        Refusal::UnknownPolicy => (Code::NotFound, "POLICY_UNKNOWN", Resource("Policy")),
        Refusal::UnknownRequest => (Code::NotFound, "REQUEST_UNKNOWN", Resource("Request")),
        Refusal::NoReceipt => (Code::NotFound, "RECEIPT_UNKNOWN", Resource("Receipt")),

        Refusal::AmbiguousPolicy => (
            Code::FailedPrecondition,
            "POLICY_AMBIGUOUS",
            Precondition("policy"),
        ),
        Refusal::RequestRefused(RequestRefused::Retired) => (
            Code::FailedPrecondition,
            "POLICY_RETIRED",
            Precondition("policy"),
        ),
        Refusal::NoKey(_) => (
            Code::FailedPrecondition,
            "KEY_MISSING",
            Precondition("verifying key"),
        ),
        Refusal::UnknownKey => (
            Code::FailedPrecondition,
            "KEY_GONE",
            Precondition("verifying key"),
        ),
        Refusal::NoEpoch => (
            Code::FailedPrecondition,
            "EPOCH_MISSING",
            Precondition("epoch"),
        ),
        Refusal::Untimely(Untimely::Old) => (
            Code::FailedPrecondition,
            "EPOCH_TOO_OLD",
            Precondition("epoch"),
        ),
        Refusal::Untimely(Untimely::Early) => (
            Code::FailedPrecondition,
            "EPOCH_IN_FUTURE",
            Precondition("epoch"),
        ),
        Refusal::UnknownEpoch => (
            Code::FailedPrecondition,
            "EPOCH_GONE",
            Precondition("epoch"),
        ),
        Refusal::NotLogged(NotLogged::Proof(_) | NotLogged::Place { .. }) => (
            Code::FailedPrecondition,
            "EPOCH_NOT_LOGGED",
            Precondition("epoch"),
        ),
        Refusal::UntrustedEpoch(_) | Refusal::NotLogged(_) => (
            Code::FailedPrecondition,
            "EPOCH_UNTRUSTED",
            Precondition("epoch"),
        ),
        Refusal::EpochConflict(EpochConflict::Log(_)) => (
            Code::FailedPrecondition,
            "LOG_CONFLICT",
            Precondition("log"),
        ),
        Refusal::EpochConflict(_) => (
            Code::FailedPrecondition,
            "EPOCH_CONFLICT",
            Precondition("epoch"),
        ),
        Refusal::Compile(_) => (
            Code::FailedPrecondition,
            "POLICY_NOT_COMPILED",
            Precondition("policy"),
        ),
        Refusal::CannotJudge(_) | Refusal::NotAQuestion(_) => (
            Code::FailedPrecondition,
            "REQUEST_NOT_JUDGEABLE",
            Precondition("request"),
        ),
        Refusal::Decided => (
            Code::FailedPrecondition,
            "REQUEST_DECIDED",
            Precondition("request"),
        ),
        Refusal::NotDecided(NotDecided::Cancelled) => (
            Code::FailedPrecondition,
            "REQUEST_CANCELLED",
            Precondition("request"),
        ),
        Refusal::CannotExport(_) => (
            Code::FailedPrecondition,
            "EVIDENCE_INCOMPLETE",
            Precondition("receipt"),
        ),

        Refusal::NotDecided(NotDecided::Replay(Replay::Decided)) => (
            Code::AlreadyExists,
            "REQUEST_DECIDED_BY_ANOTHER",
            Resource("Decision"),
        ),
        Refusal::NotDecided(NotDecided::Replay(Replay::ClientRequestId))
        | Refusal::RequestRefused(RequestRefused::Conflict) => (
            Code::AlreadyExists,
            "CLIENT_REQUEST_ID_USED",
            Resource("client_request_id"),
        ),

        Refusal::Busy => (Code::ResourceExhausted, "BUSY", Retry),
        Refusal::Stopping => (Code::Unavailable, "STOPPING", Retry),
        Refusal::ClockWentBack { .. } => (Code::Unavailable, "CLOCK_WENT_BACK", Retry),
        Refusal::Store(error) if error.is_transient() => (Code::Unavailable, error.reason(), Retry),
        Refusal::Store(error) => (Code::Internal, error.reason(), Nothing),
        Refusal::Randomness | Refusal::Aborted => (Code::Internal, "INTERNAL", Nothing),
    };
    Row {
        code,
        reason,
        detail,
    }
}

/// What a caller is told in words; nothing of the inside.
pub(super) fn message(refusal: &Refusal) -> String {
    let row = row(refusal);
    match (row.code, row.reason) {
        (Code::Internal, _) => "the service cannot do this now; its log says why".to_owned(),
        (_, "DATABASE_UNAVAILABLE") => "the database cannot be reached: try again".to_owned(),
        (_, "DATABASE_FULL") => {
            "the database has no room: nothing was kept, and somebody must make some".to_owned()
        }
        _ => refusal.to_string(),
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let row = row(&refusal);
        if matches!(refusal, Refusal::Store(_)) || row.code == Code::Internal {
            tracing::error!(%refusal, reason = row.reason, "cannot");
        }
        let message = message(&refusal);
        let details = details(row, &refusal, &message);
        Self::with_error_details(row.code, message, details)
    }
}

fn details(row: Row, refusal: &Refusal, message: &str) -> ErrorDetails {
    let mut details = ErrorDetails::new();
    details.set_error_info(row.reason, DOMAIN, []);
    match (row.detail, refusal) {
        (Detail::Field(field), Refusal::Policy(errors)) => {
            for error in errors.iter() {
                details.add_bad_request_violation(field, error.to_string());
            }
        }
        (Detail::Field(field), _) => {
            details.add_bad_request_violation(field, message);
        }
        (Detail::Resource(kind), _) => {
            details.set_resource_info(format!("{DOMAIN}.{kind}"), "", "", message);
        }
        (Detail::Precondition(subject), _) => {
            details.add_precondition_failure_violation(row.reason, subject, message);
        }
        (Detail::Retry, _) => {
            details.set_retry_info(Some(RETRY));
        }
        (Detail::Nothing, _) => {}
    }
    details
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use taxproof_claims::encoding::DecodeError;
    use taxproof_claims::policy::ParameterError;
    use taxproof_claims::shape::Q16;
    use taxproof_log::InclusionError;

    use super::*;
    use crate::epoch::UntrustedEpoch;
    use crate::epoch_log::HeadConflict;
    use crate::evidence::CannotExport;
    use crate::seal::CannotOpen;
    use crate::store::StoreError;

    /// Every refusal that can be made without a world around it, and its row.
    fn rows() -> Vec<(Refusal, Code, &'static str)> {
        use Code::{
            AlreadyExists, FailedPrecondition, Internal, InvalidArgument, NotFound,
            ResourceExhausted, Unavailable,
        };
        let replay = |replay: Replay| Refusal::NotDecided(replay.into());
        let gone = || sqlx::Error::PoolTimedOut;
        vec![
            (
                Refusal::PolicyFormat,
                InvalidArgument,
                "POLICY_FORMAT_UNSAID",
            ),
            (
                Refusal::Parameter(ParameterError::Unknown("x".to_owned())),
                InvalidArgument,
                "PARAMETER_INVALID",
            ),
            (Refusal::Purpose, InvalidArgument, "PURPOSE_INVALID"),
            (Refusal::Validity, InvalidArgument, "VALIDITY_TOO_LONG"),
            (
                Refusal::ClientRequestId,
                InvalidArgument,
                "CLIENT_REQUEST_ID_INVALID",
            ),
            (Refusal::RequestId, InvalidArgument, "REQUEST_ID_INVALID"),
            (
                Refusal::Sealed(CannotOpen),
                InvalidArgument,
                "PRESENTATION_NOT_OURS",
            ),
            (
                Refusal::Encoding(DecodeError::Truncated),
                InvalidArgument,
                "ENCODING_INVALID",
            ),
            (Refusal::PageToken, InvalidArgument, "PAGE_TOKEN_INVALID"),
            (Refusal::BatchTooLong, InvalidArgument, "BATCH_TOO_LONG"),
            (Refusal::UnknownPolicy, NotFound, "POLICY_UNKNOWN"),
            (Refusal::UnknownRequest, NotFound, "REQUEST_UNKNOWN"),
            (Refusal::NoReceipt, NotFound, "RECEIPT_UNKNOWN"),
            (
                Refusal::AmbiguousPolicy,
                FailedPrecondition,
                "POLICY_AMBIGUOUS",
            ),
            (
                Refusal::RequestRefused(RequestRefused::Retired),
                FailedPrecondition,
                "POLICY_RETIRED",
            ),
            (Refusal::NoKey(Q16), FailedPrecondition, "KEY_MISSING"),
            (Refusal::UnknownKey, FailedPrecondition, "KEY_GONE"),
            (Refusal::NoEpoch, FailedPrecondition, "EPOCH_MISSING"),
            (
                Refusal::Untimely(Untimely::Old),
                FailedPrecondition,
                "EPOCH_TOO_OLD",
            ),
            (
                Refusal::Untimely(Untimely::Early),
                FailedPrecondition,
                "EPOCH_IN_FUTURE",
            ),
            (Refusal::UnknownEpoch, FailedPrecondition, "EPOCH_GONE"),
            (
                Refusal::EpochConflict(EpochConflict::Old { newest: 2 }),
                FailedPrecondition,
                "EPOCH_CONFLICT",
            ),
            (
                Refusal::EpochConflict(HeadConflict::Forked { size: 2 }.into()),
                FailedPrecondition,
                "LOG_CONFLICT",
            ),
            (
                Refusal::NotLogged(NotLogged::Place { epoch: 1, index: 4 }),
                FailedPrecondition,
                "EPOCH_NOT_LOGGED",
            ),
            (
                Refusal::NotLogged(UntrustedEpoch::Time.into()),
                FailedPrecondition,
                "EPOCH_UNTRUSTED",
            ),
            (
                Refusal::LogProof(InclusionError::Text),
                InvalidArgument,
                "LOG_PROOF_INVALID",
            ),
            (
                Refusal::ConsistencyProof,
                InvalidArgument,
                "LOG_PROOF_INVALID",
            ),
            (Refusal::Decided, FailedPrecondition, "REQUEST_DECIDED"),
            (
                Refusal::NotDecided(NotDecided::Cancelled),
                FailedPrecondition,
                "REQUEST_CANCELLED",
            ),
            (
                Refusal::CannotExport(CannotExport::Key),
                FailedPrecondition,
                "EVIDENCE_INCOMPLETE",
            ),
            (
                replay(Replay::Decided),
                AlreadyExists,
                "REQUEST_DECIDED_BY_ANOTHER",
            ),
            (
                replay(Replay::ClientRequestId),
                AlreadyExists,
                "CLIENT_REQUEST_ID_USED",
            ),
            (
                Refusal::RequestRefused(RequestRefused::Conflict),
                AlreadyExists,
                "CLIENT_REQUEST_ID_USED",
            ),
            (Refusal::Busy, ResourceExhausted, "BUSY"),
            (Refusal::Stopping, Unavailable, "STOPPING"),
            (
                Refusal::ClockWentBack { behind: 301 },
                Unavailable,
                "CLOCK_WENT_BACK",
            ),
            (
                StoreError::Unavailable(gone()).into(),
                Unavailable,
                "DATABASE_UNAVAILABLE",
            ),
            (
                StoreError::Full(gone()).into(),
                Unavailable,
                "DATABASE_FULL",
            ),
            (
                StoreError::Database(gone()).into(),
                Internal,
                "DATABASE_FAILED",
            ),
            (
                StoreError::RolledBack { seen: 2, found: 1 }.into(),
                Internal,
                "DATABASE_ROLLED_BACK",
            ),
            (Refusal::Randomness, Internal, "INTERNAL"),
            (Refusal::Aborted, Internal, "INTERNAL"),
        ]
    }

    #[test]
    fn every_row_has_its_code_reason_and_details() {
        let mut codes = BTreeMap::new();
        for (refusal, code, reason) in rows() {
            let shown = format!("{refusal:?}");
            let status = Status::from(refusal);
            assert_eq!(status.code(), code, "{shown}");
            let details = status.get_error_details();
            let info = details.error_info().expect("a reason");
            assert_eq!(
                (info.reason.as_str(), info.domain.as_str()),
                (reason, DOMAIN)
            );
            assert_eq!(
                *codes.entry(reason).or_insert(code),
                code,
                "one reason has one code"
            );
            let expected = match code {
                Code::InvalidArgument => {
                    details.has_bad_request_violations()
                        || ["ENCODING_INVALID", "BATCH_TOO_LONG"].contains(&reason)
                }
                Code::NotFound | Code::AlreadyExists => details.resource_info().is_some(),
                Code::FailedPrecondition => details.has_precondition_failure_violations(),
                Code::ResourceExhausted | Code::Unavailable => details.retry_info().is_some(),
                _ => details.retry_info().is_none(),
            };
            assert!(expected, "{shown}: {details:?}");
        }
    }

    #[test]
    fn what_is_inside_is_not_told() {
        let why = || std::io::Error::other("/secret/path is full");
        for error in [
            StoreError::File(why()),
            StoreError::Unavailable(sqlx::Error::Io(why())),
            StoreError::Full(sqlx::Error::Io(why())),
        ] {
            let status = Status::from(Refusal::from(error));
            assert!(!format!("{status:?}").contains("secret"));
        }
    }
}
