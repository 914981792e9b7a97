//! `PresentationService`.

use taxproof_proto::v1;
use taxproof_proto::v1::presentation_result::Result as Outcome;
use taxproof_proto::v1::presentation_service_server::PresentationService;
use taxproof_proto::v1::{
    PresentationResult, SubmitPresentationRequest, SubmitPresentationResponse,
    SubmitPresentationsRequest, SubmitPresentationsResponse,
};
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{Service, account, caller, decision, status};
use crate::bank::{ClientRequestId, Refusal, Submission};
use crate::limits::BATCH_PAUSE;

#[async_trait]
impl PresentationService for Service {
    async fn submit_presentation(
        &self,
        request: Request<SubmitPresentationRequest>,
    ) -> Result<Response<SubmitPresentationResponse>, Status> {
        let (caller, account) = (caller(&request)?, account(&request));
        let request = request.into_inner();
        let (sealed, id) = (request.sealed_presentation, request.client_request_id);
        let id = ClientRequestId::of(&caller, id);
        let decision = self.0.submit_as(&account, sealed, id).await?;
        let decision = Some(decision::message(decision));
        Ok(Response::new(SubmitPresentationResponse { decision }))
    }

    async fn submit_presentations(
        &self,
        request: Request<Streaming<SubmitPresentationsRequest>>,
    ) -> Result<Response<SubmitPresentationsResponse>, Status> {
        let caller = caller(&request)?;
        let mut stream = request.into_inner();
        let (mut batch, mut ids) = (self.0.batch(), Vec::new());
        while let Some(next) = next(&mut stream).await? {
            ids.push(next.client_request_id.clone());
            batch.add(Submission {
                sealed: next.sealed_presentation,
                client_request_id: ClientRequestId::of(&caller, next.client_request_id),
            })?;
        }
        let answers = self.0.submit_all(batch).await;
        let result = |(client_request_id, answer)| PresentationResult {
            client_request_id,
            result: Some(match answer {
                Ok(decision) => Outcome::Decision(decision::without_receipt(decision)),
                Err(refusal) => Outcome::Refusal(self.refused(&refusal)),
            }),
        };
        let results = ids.into_iter().zip(answers).map(result).collect();
        Ok(Response::new(SubmitPresentationsResponse { results }))
    }
}

/// The next presentation of a batch; `None` after the last.
async fn next(
    stream: &mut Streaming<SubmitPresentationsRequest>,
) -> Result<Option<SubmitPresentationsRequest>, Status> {
    let next = tokio::time::timeout(BATCH_PAUSE, stream.message()).await;
    next.unwrap_or_else(|_| {
        let message = "the next presentation of the batch did not come in time";
        Err(Status::deadline_exceeded(message))
    })
}

impl Service {
    /// A refusal of one presentation of a batch.
    fn refused(&self, refusal: &Refusal) -> v1::Refusal {
        let row = status::row(refusal);
        self.0.metrics().refusal(row.reason);
        v1::Refusal {
            code: row.code.into(),
            reason: row.reason.to_owned(),
            message: status::message(refusal),
        }
    }
}
