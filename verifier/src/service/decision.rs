//! `DecisionService`, and decisions as messages.

use std::pin::Pin;

use taxproof_proto::v1;
use taxproof_proto::v1::decision_service_server::DecisionService;
use taxproof_proto::v1::{
    GetDecisionRequest, GetDecisionResponse, ListDecisionsRequest, ListDecisionsResponse,
    RequestState, WatchDecisionsRequest, WatchDecisionsResponse,
};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, async_trait};

use super::{Service, page};
use crate::bank::{Decision, Standing};
use crate::presentation::InvalidReason;

#[async_trait]
impl DecisionService for Service {
    async fn get_decision(
        &self,
        request: Request<GetDecisionRequest>,
    ) -> Result<Response<GetDecisionResponse>, Status> {
        let standing = self.0.standing(&request.get_ref().request_id).await?;
        let (state, decision) = match standing {
            Standing::Open => (RequestState::Open, None),
            Standing::Expired => (RequestState::Expired, None),
            Standing::Cancelled => (RequestState::Cancelled, None),
            Standing::Decided(decision) => (RequestState::Decided, Some(message(decision))),
        };
        Ok(Response::new(GetDecisionResponse {
            state: state.into(),
            decision,
        }))
    }

    async fn list_decisions(
        &self,
        request: Request<ListDecisionsRequest>,
    ) -> Result<Response<ListDecisionsResponse>, Status> {
        let request = request.into_inner();
        let page = page::page(request.page_size, &request.page_token)?;
        let decisions = self.0.decisions(page).await?;
        let decisions: Vec<_> = decisions.into_iter().map(message).collect();
        let last = decisions.last().map(|decision| decision.sequence);
        Ok(Response::new(ListDecisionsResponse {
            next_page_token: page::next(page, decisions.len(), last),
            decisions,
        }))
    }

    type WatchDecisionsStream = Watch;

    async fn watch_decisions(
        &self,
        request: Request<WatchDecisionsRequest>,
    ) -> Result<Response<Watch>, Status> {
        let decisions = self.0.watch(request.get_ref().after_sequence);
        let watched = decisions.map(|decision| {
            let decision = Some(message(decision?));
            Ok(WatchDecisionsResponse { decision })
        });
        Ok(Response::new(Box::pin(watched)))
    }
}

type Watch = Pin<Box<dyn Stream<Item = Result<WatchDecisionsResponse, Status>> + Send>>;

/// A decision as a message.
pub(super) fn message(decision: Decision) -> v1::Decision {
    let receipt = match &decision {
        Decision::Decided { kept, .. } => kept.signed.encode(),
        Decision::Invalid { .. } => Vec::new(),
    };
    v1::Decision {
        receipt,
        ..without_receipt(decision)
    }
}

/// The same where the receipt is fetched otherwise.
pub(super) fn without_receipt(decision: Decision) -> v1::Decision {
    let (kept, scope_tag) = match decision {
        Decision::Decided { kept, scope_tag } => (kept, scope_tag),
        Decision::Invalid { request, reason } => {
            return v1::Decision {
                request_id: request.to_string(),
                verdict: v1::Verdict::Invalid.into(),
                invalid_reason: invalid_reason(reason).into(),
                ..v1::Decision::default()
            };
        }
    };
    let kept = kept.signed.receipt;
    let verdict = if kept.passed {
        v1::Verdict::Passed
    } else {
        v1::Verdict::Failed
    };
    v1::Decision {
        request_id: kept.presentation.request.to_string(),
        verdict: verdict.into(),
        failed_rules: kept.failed_rules,
        band: kept.band,
        pseudonym: kept.presentation.pseudonym.to_string(),
        scope_tag: scope_tag.map(|tag| tag.to_string()).unwrap_or_default(),
        disclosed_id: kept.presentation.disclosed_id,
        invalid_reason: v1::InvalidReason::Unspecified.into(),
        authority: kept.presentation.epoch.authority.into(),
        epoch: kept.epoch,
        decided_at: kept.decided_at,
        receipt: Vec::new(),
        sequence: kept.sequence,
    }
}

const fn invalid_reason(reason: InvalidReason) -> v1::InvalidReason {
    match reason {
        InvalidReason::OtherRequest => v1::InvalidReason::OtherRequest,
        InvalidReason::Cancelled => v1::InvalidReason::Cancelled,
        InvalidReason::Expired => v1::InvalidReason::Expired,
        InvalidReason::NotYetValid => v1::InvalidReason::NotYetValid,
        InvalidReason::EpochTooOld => v1::InvalidReason::EpochTooOld,
        InvalidReason::EpochInFuture => v1::InvalidReason::EpochInFuture,
        InvalidReason::EpochNotAccepted => v1::InvalidReason::EpochNotAccepted,
        InvalidReason::ConsentNotAllowed => v1::InvalidReason::ConsentNotAllowed,
        InvalidReason::ImpossibleOutcome => v1::InvalidReason::ImpossibleOutcome,
        InvalidReason::IdMissing => v1::InvalidReason::IdMissing,
        InvalidReason::IdNotAsked => v1::InvalidReason::IdNotAsked,
        InvalidReason::IdMalformed => v1::InvalidReason::IdMalformed,
        InvalidReason::TagNotCanonical => v1::InvalidReason::TagNotCanonical,
        InvalidReason::ProofMalformed(_) => v1::InvalidReason::ProofMalformed,
        InvalidReason::ProofWrong => v1::InvalidReason::ProofWrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::NotAProof;

    #[test]
    fn a_reason_has_one_name_in_metrics_and_in_the_interface() {
        use InvalidReason as R;
        for reason in [
            R::OtherRequest,
            R::Expired,
            R::NotYetValid,
            R::Cancelled,
            R::EpochNotAccepted,
            R::EpochTooOld,
            R::EpochInFuture,
            R::ConsentNotAllowed,
            R::ImpossibleOutcome,
            R::IdMissing,
            R::IdNotAsked,
            R::IdMalformed,
            R::TagNotCanonical,
            R::ProofMalformed(NotAProof::Length {
                found: 0,
                expected: 128,
            }),
            R::ProofWrong,
        ] {
            let name = invalid_reason(reason).as_str_name();
            assert_eq!(name.strip_prefix("INVALID_REASON_"), Some(reason.code()));
        }
    }
}
