//! Each limit of the transport, reached: what the caller is told, and that the service goes on.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use taxproof_proto::v1::GetBankRequest;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_verifier::service::{Serving, Settings, serve_as};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::world::World;

async fn served(change: impl FnOnce(&mut Settings)) -> (World, Serving) {
    let world = World::new().await;
    let mut settings = Settings::plaintext(([127, 0, 0, 1], 0).into());
    change(&mut settings);
    let serving = serve_as(Arc::clone(&world.bank), settings).await.unwrap();
    (world, serving)
}

async fn channel(serving: &Serving) -> Channel {
    let uri = format!("http://{}", serving.address());
    Channel::from_shared(uri).unwrap().connect().await.unwrap()
}

async fn get_bank(channel: &Channel, timeout: Option<&str>) -> Result<(), Status> {
    let mut request = Request::new(GetBankRequest {});
    if let Some(timeout) = timeout {
        let timeout = timeout.parse().unwrap();
        request.metadata_mut().insert("grpc-timeout", timeout);
    }
    let mut client = TrustServiceClient::new(channel.clone());
    client.get_bank(request).await.map(|_| ())
}

/// Whether the other side ends a connection, in time.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    match end {
        Ok(Ok(_)) => true,
        Ok(Err(why)) => why.kind() == ErrorKind::ConnectionReset,
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_peer_that_calls_too_often_is_told_when_to_try_again() {
    let (world, serving) = served(|settings| {
        settings.limits.peer_calls_at_once = 3;
        settings.limits.peer_calls_per_second = 1;
    })
    .await;
    let channel = channel(&serving).await;
    let mut sheds = Vec::new();
    for _ in 0..20 {
        sheds.extend(get_bank(&channel, None).await.err());
    }
    assert!(sheds.len() >= 10, "{}", sheds.len());
    for status in &sheds {
        assert_eq!(status.code(), Code::ResourceExhausted);
        let retry = status
            .get_details_retry_info()
            .unwrap()
            .retry_delay
            .unwrap();
        assert!(retry <= Duration::from_secs(1));
    }
    let metrics = world.bank.metrics().to_text();
    assert!(
        metrics.contains("taxproof_sheds_total{reason=\"rate\"}"),
        "{metrics}"
    );
    assert!(metrics.contains("code=\"RESOURCE_EXHAUSTED\""));
}

#[tokio::test]
async fn a_timeout_that_is_none_is_refused() {
    let (_world, serving) = served(|_| {}).await;
    let channel = channel(&serving).await;
    for timeout in ["soon", "999999999S"] {
        let status = get_bank(&channel, Some(timeout)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{timeout}");
    }
    get_bank(&channel, Some("5S")).await.unwrap();
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_their_places_come_back() {
    let (_world, serving) = served(|settings| settings.limits.connections = 2).await;
    let first = TcpStream::connect(serving.address()).await.unwrap();
    let second = channel(&serving).await;
    get_bank(&second, None).await.unwrap();
    let mut third = TcpStream::connect(serving.address()).await.unwrap();
    assert!(is_closed(&mut third).await);
    drop(first);
    let mut again = false;
    for _ in 0..100 {
        let uri = format!("http://{}", serving.address());
        let attempt = Channel::from_shared(uri).unwrap().connect().await;
        if let Ok(channel) = attempt {
            again = get_bank(&channel, None).await.is_ok();
        }
        if again {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(again, "the place does not come back");
}

#[tokio::test]
async fn a_connection_ends_at_its_age() {
    let (_world, serving) = served(|settings| {
        settings.limits.connection_age = Duration::from_millis(100);
        settings.limits.connection_grace = Duration::from_millis(100);
    })
    .await;
    // A peer that never asks and never leaves.
    let mut idle = TcpStream::connect(serving.address()).await.unwrap();
    idle.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    assert!(is_closed(&mut idle).await);
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let (_world, serving) = served(|_| {}).await;
    let channel = channel(&serving).await;
    let mut request = Request::new(GetBankRequest {});
    let long = "x".repeat(20 * 1024).parse().unwrap();
    request.metadata_mut().insert("x-long", long);
    let refused = TrustServiceClient::new(channel.clone())
        .get_bank(request)
        .await;
    assert!(refused.is_err());
    get_bank(&channel, None).await.unwrap();
}
