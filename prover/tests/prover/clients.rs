use std::net::SocketAddr;

use ark_bn254::Bn254;
use taxproof_claims::request::SignedRequest;
use taxproof_proto::v1::presentation_service_server::{
    PresentationService, PresentationServiceServer,
};
use taxproof_proto::v1::request_service_server::{RequestService, RequestServiceServer};
use taxproof_proto::v1::{self, GetRequestResponse};
use taxproof_prover::client::{Client, ClientError};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::answers::Scene;
use crate::bank::{POLICY, policy};

/// A service that has one request whatever it is asked for, and takes no presentation.
struct Stubborn(Vec<u8>);

#[tonic::async_trait]
impl RequestService for Stubborn {
    async fn create_request(
        &self,
        _: Request<v1::CreateRequestRequest>,
    ) -> Result<Response<v1::CreateRequestResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_request(
        &self,
        request: Request<v1::GetRequestRequest>,
    ) -> Result<Response<GetRequestResponse>, Status> {
        let request = v1::Request {
            id: request.into_inner().id,
            signed_request: self.0.clone(),
            ..v1::Request::default()
        };
        Ok(Response::new(GetRequestResponse {
            request: Some(request),
        }))
    }

    async fn list_requests(
        &self,
        _: Request<v1::ListRequestsRequest>,
    ) -> Result<Response<v1::ListRequestsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn cancel_request(
        &self,
        _: Request<v1::CancelRequestRequest>,
    ) -> Result<Response<v1::CancelRequestResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl PresentationService for Stubborn {
    async fn submit_presentation(
        &self,
        _: Request<v1::SubmitPresentationRequest>,
    ) -> Result<Response<v1::SubmitPresentationResponse>, Status> {
        Err(Status::already_exists("decided\u{1b}[2J before"))
    }

    async fn submit_presentations(
        &self,
        _: Request<Streaming<v1::SubmitPresentationsRequest>>,
    ) -> Result<Response<v1::SubmitPresentationsResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

async fn serve(request: &SignedRequest) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bytes = request.encode();
    let server = Server::builder()
        .add_service(RequestServiceServer::new(Stubborn(bytes.clone())))
        .add_service(PresentationServiceServer::new(Stubborn(bytes)))
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(server);
    address
}

#[tokio::test]
async fn a_bank_s_answers_are_checked_and_its_words_tamed() {
    let scene = Scene::new();
    let request = scene.bank.ask::<Bn254>(&policy(POLICY), &scene.header);
    let id = request.digest().to_string();
    let signed = request.sign(&scene.bank.key);
    let address = serve(&signed).await;
    let client = Client::connect(&format!("http://{address}"), None)
        .await
        .unwrap();
    assert_eq!(client.request(&id).await.unwrap(), signed.encode());
    let other = client.request(&"0".repeat(64)).await;
    assert!(matches!(other, Err(ClientError::OtherRequest)));
    match client.submit(vec![0; 100]).await {
        Err(ClientError::Refused {
            code: Code::AlreadyExists,
            message,
        }) => {
            assert_eq!(message.as_str(), "decided\u{fffd}[2J before");
        }
        unexpected => panic!("{unexpected:?}"),
    }
    let long = client.submit(vec![0; 4097]).await;
    assert!(matches!(long, Err(ClientError::TooLong)));
}

#[tokio::test]
async fn where_no_service_is_the_error_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::connect(&address, None).await.unwrap_err();
    let ClientError::Unreachable { address: at, why } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*at, address);
    assert!(why.contains("refused"), "{why}");
    for text in ["no address", "localhost:7480", "ftp://localhost:7480"] {
        let error = Client::connect(text, None).await.unwrap_err();
        assert!(matches!(error, ClientError::Address(_)), "{text}");
    }
}
