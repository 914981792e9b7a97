//! `RequestService`.

use std::time::Duration;

use taxproof_proto::v1;
use taxproof_proto::v1::request_service_server::RequestService;
use taxproof_proto::v1::{
    CancelRequestRequest, CancelRequestResponse, CreateRequestRequest, CreateRequestResponse,
    GetRequestRequest, GetRequestResponse, ListRequestsRequest, ListRequestsResponse, RequestState,
};
use tonic::{Request, Response, Status, async_trait};

use super::{Service, caller, page};
use crate::bank::{ClientRequestId, NewRequest};
use crate::store::KeptRequest;

#[async_trait]
impl RequestService for Service {
    async fn create_request(
        &self,
        request: Request<CreateRequestRequest>,
    ) -> Result<Response<CreateRequestResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let new = NewRequest {
            policy: request.policy,
            parameters: request.parameters.into_iter().collect(),
            purpose: request.purpose,
            validity: Duration::from_secs(request.validity_seconds),
            authorities: request.authorities.into_iter().collect(),
            client_request_id: ClientRequestId::of(&caller, request.client_request_id),
        };
        let request = Some(self.message(self.0.create_request(new).await?));
        Ok(Response::new(CreateRequestResponse { request }))
    }

    async fn get_request(
        &self,
        request: Request<GetRequestRequest>,
    ) -> Result<Response<GetRequestResponse>, Status> {
        let request = Some(self.message(self.0.request(&request.get_ref().id).await?));
        Ok(Response::new(GetRequestResponse { request }))
    }

    async fn list_requests(
        &self,
        request: Request<ListRequestsRequest>,
    ) -> Result<Response<ListRequestsResponse>, Status> {
        let request = request.into_inner();
        let page = page::page(request.page_size, &request.page_token)?;
        let requests = self.0.requests(page).await?;
        let last = requests.last().map(|request| request.place);
        let short = |kept| v1::Request {
            signed_request: Vec::new(),
            ..self.message(kept)
        };
        Ok(Response::new(ListRequestsResponse {
            next_page_token: page::next(page, requests.len(), last),
            requests: requests.into_iter().map(short).collect(),
        }))
    }

    async fn cancel_request(
        &self,
        request: Request<CancelRequestRequest>,
    ) -> Result<Response<CancelRequestResponse>, Status> {
        let kept = self.0.cancel_request(&request.get_ref().id).await?;
        let request = Some(self.message(kept));
        Ok(Response::new(CancelRequestResponse { request }))
    }
}

impl Service {
    fn message(&self, kept: KeptRequest) -> v1::Request {
        let state = match (kept.receipt, kept.cancelled_at) {
            (Some(_), _) => RequestState::Decided,
            (None, Some(_)) => RequestState::Cancelled,
            (None, None) if self.0.is_expired(&kept) => RequestState::Expired,
            (None, None) => RequestState::Open,
        };
        v1::Request {
            id: kept.digest.to_string(),
            signed_request: kept.signed.encode(),
            expires_at: kept.signed.request.expires_at,
            policy: kept.policy.to_string(),
            state: state.into(),
        }
    }
}
