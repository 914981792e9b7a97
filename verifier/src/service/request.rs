//! `RequestService`.

use std::time::Duration;

use taxproof_proto::v1;
use taxproof_proto::v1::request_service_server::RequestService;
use taxproof_proto::v1::{
    CreateRequestRequest, CreateRequestResponse, GetRequestRequest, GetRequestResponse,
};
use tonic::{Request, Response, Status, async_trait};

use super::Service;
use crate::bank::NewRequest;
use crate::store::KeptRequest;

#[async_trait]
impl RequestService for Service {
    async fn create_request(
        &self,
        request: Request<CreateRequestRequest>,
    ) -> Result<Response<CreateRequestResponse>, Status> {
        let request = request.into_inner();
        let new = NewRequest {
            policy: request.policy,
            parameters: request.parameters.into_iter().collect(),
            purpose: request.purpose,
            validity: Duration::from_secs(request.validity_seconds),
            client_request_id: request.client_request_id,
        };
        let request = Some(message(self.0.create_request(new).await?));
        Ok(Response::new(CreateRequestResponse { request }))
    }

    async fn get_request(
        &self,
        request: Request<GetRequestRequest>,
    ) -> Result<Response<GetRequestResponse>, Status> {
        let request = Some(message(self.0.request(&request.get_ref().id).await?));
        Ok(Response::new(GetRequestResponse { request }))
    }
}

fn message(kept: KeptRequest) -> v1::Request {
    v1::Request {
        id: kept.digest.to_string(),
        signed_request: kept.signed.encode(),
        expires_at: kept.signed.request.expires_at,
    }
}
