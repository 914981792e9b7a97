//! `PresentationService`.

use taxproof_proto::v1::presentation_service_server::PresentationService;
use taxproof_proto::v1::{SubmitPresentationRequest, SubmitPresentationResponse};
use tonic::{Request, Response, Status, async_trait};

use super::{Service, decision};

#[async_trait]
impl PresentationService for Service {
    async fn submit_presentation(
        &self,
        request: Request<SubmitPresentationRequest>,
    ) -> Result<Response<SubmitPresentationResponse>, Status> {
        let request = request.into_inner();
        let (sealed, id) = (request.sealed_presentation, &request.client_request_id);
        let decision = self.0.submit(sealed, id).await?;
        let decision = Some(decision::message(decision));
        Ok(Response::new(SubmitPresentationResponse { decision }))
    }
}
