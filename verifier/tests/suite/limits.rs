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

use crate::callers::Guarded;
use crate::running::{Running, get};
use crate::service::submit;
use crate::world::World;

pub(crate) async fn served(change: impl FnOnce(&mut Settings)) -> (World, Serving) {
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

pub(crate) async fn get_bank(channel: &Channel, timeout: Option<&str>) -> Result<(), Status> {
    let mut request = Request::new(GetBankRequest {});
    if let Some(timeout) = timeout {
        let timeout = timeout.parse().unwrap();
        request.metadata_mut().insert("grpc-timeout", timeout);
    }
    let mut client = TrustServiceClient::new(channel.clone());
    client.get_bank(request).await.map(|_| ())
}

fn retry_after(status: &Status) -> Duration {
    let retry = status.get_details_retry_info().unwrap();
    retry.retry_delay.unwrap()
}

/// Whether the other side ends a connection, in time.
pub(crate) async fn is_closed(stream: &mut TcpStream) -> bool {
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
    for call in 0..20 {
        let answer = get_bank(&channel, None).await;
        assert!(call >= 3 || answer.is_ok(), "so many at once");
        sheds.extend(answer.err());
    }
    assert!(sheds.len() >= 10, "{}", sheds.len());
    let mut wait = Duration::ZERO;
    for status in &sheds {
        assert_eq!(status.code(), Code::ResourceExhausted);
        wait = retry_after(status);
        assert!(wait <= Duration::from_secs(1));
    }
    tokio::time::sleep(wait).await;
    get_bank(&channel, None).await.unwrap();
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

/// Keeps writers out of a world's database until it is dropped: what is to be kept waits.
pub(crate) struct Locked(sqlx::SqliteConnection);

impl Locked {
    pub(crate) async fn new(world: &World) -> Self {
        use sqlx::Connection as _;
        let file = world.folder.path().join("state/bank.sqlite");
        let url = format!("sqlite://{}", file.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let lock = sqlx::query("BEGIN IMMEDIATE");
        lock.execute(&mut connection).await.unwrap();
        Self(connection)
    }

    pub(crate) async fn unlock(self) {
        use sqlx::Connection as _;
        self.0.close().await.unwrap();
    }
}

/// As many presentations as may wait do; one more is told when to try again, by which time there is
/// room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_presentation_more_than_may_wait_is_told_when_to_try_again() {
    let (world, serving) = served(|_| {}).await;
    let asked = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    let sealed = world.seal(&asked.present());
    let locked = Locked::new(&world).await;
    let mut waiting = Vec::new();
    let mut channels = Vec::new();
    // Each connection has room for 4 calls at least.
    for _ in 0..64 {
        let channel = channel(&serving).await;
        channels.push(channel.clone());
        for _ in 0..4 {
            let (channel, sealed) = (channel.clone(), sealed.clone());
            waiting.push(tokio::spawn(
                async move { submit(&channel, sealed, "").await },
            ));
        }
    }
    let full = |metrics: String| metrics.contains("taxproof_presentations 256\n");
    while !full(world.bank.metrics().to_text()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let channel = channel(&serving).await;
    let refused = submit(&channel, sealed.clone(), "").await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(retry_after(&refused) <= Duration::from_secs(1));
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "BUSY");
    let metrics = world.bank.metrics().to_text();
    assert!(
        metrics.contains("taxproof_sheds_total{reason=\"queue\"} 1"),
        "{metrics}"
    );
    locked.unlock().await;
    let mut decisions = Vec::new();
    for waiting in waiting {
        decisions.push(waiting.await.unwrap().unwrap());
    }
    assert!(decisions.iter().all(|decision| *decision == decisions[0]));
    submit(&channel, sealed, "").await.unwrap();
    assert!(
        world
            .bank
            .metrics()
            .to_text()
            .contains("taxproof_presentations 0\n")
    );
}

#[tokio::test]
async fn a_peer_that_does_not_shake_hands_is_closed_and_others_are_not() {
    let guarded = Guarded::with_limits("handshake = 0.2").await;
    let mut silent = TcpStream::connect(guarded.serving.address()).await.unwrap();
    let mut slow = TcpStream::connect(guarded.serving.address()).await.unwrap();
    // A record of TLS that never ends.
    slow.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    assert!(is_closed(&mut silent).await);
    assert!(is_closed(&mut slow).await);
    let metrics = guarded.world.bank.metrics().to_text();
    let late = "taxproof_connections_refused_total{reason=\"handshake_late\"} 2";
    assert!(metrics.contains(late), "{metrics}");
    guarded.calls_as("admin.bank.example").await.unwrap();
}

/// A connection without calls is told that the service ends, and keeps it from nothing.
#[tokio::test]
async fn an_idle_connection_does_not_keep_a_service_that_stops() {
    let (_world, serving) = served(|settings| {
        settings.limits.drain = Duration::from_secs(600);
    })
    .await;
    let channel = channel(&serving).await;
    get_bank(&channel, None).await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(30), serving.stop()).await;
    stopped.expect("it waits for nobody").unwrap();
}

/// A call that hangs beyond the drain limit ends with the process; its request can be answered
/// afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_told_to_stop_waits_no_longer_than_it_may() {
    let world = crate::kills::world(None).await;
    let config = world.folder.path().join("bank.toml");
    let drain = [
        ("TAXPROOF_LIMITS__DRAIN", "0.2"),
        ("TAXPROOF_METRICS__LISTEN", "127.0.0.1:0"),
    ];
    let mut process = Running::start(&config, &drain);
    let asked = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    let sealed = world.seal(&asked.present());
    let locked = Locked::new(&world).await;
    let channel = process.channel().await;
    let hanging = {
        let sealed = sealed.clone();
        tokio::spawn(async move { submit(&channel, sealed, "").await })
    };
    let verified = "taxproof_step_seconds_count{step=\"verify\"} 1\n";
    while !process.metrics().await.contains(verified) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.signal("-TERM");
    assert!(process.ends(), "{}", process.log());
    assert!(process.log().contains("end with the process"));
    // The connection broke: the service did not answer.
    let broken = hanging.await.unwrap().unwrap_err();
    assert!(broken.get_details_error_info().is_none(), "{broken:?}");
    locked.unlock().await;
    let again = Running::start(&config, &drain);
    submit(&again.channel().await, sealed, "").await.unwrap();
}

/// While calls in progress end, nobody is told that the service is ready, however often it looks;
/// and the calls are answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_drains_is_not_ready_and_answers_what_is_in_progress() {
    let (world, serving) = served(|settings| {
        settings.metrics = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let asked = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    let sealed = world.seal(&asked.present());
    let locked = Locked::new(&world).await;
    let channel = channel(&serving).await;
    let hanging = tokio::spawn(async move { submit(&channel, sealed, "").await });
    let verified = "taxproof_step_seconds_count{step=\"verify\"} 1\n";
    while !world.bank.metrics().to_text().contains(verified) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let address = serving.operations_address().unwrap().to_string();
    let ready = || {
        let address = address.clone();
        tokio::task::spawn_blocking(move || get(&address, "/readyz").1)
    };
    assert_eq!(ready().await.unwrap(), "ready\n");
    let stopping = tokio::spawn(serving.stop());
    while ready().await.unwrap() != "stopping\n" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Longer than it takes until the service looks again.
    for _ in 0..50 {
        assert_eq!(ready().await.unwrap(), "stopping\n");
        let metrics = world.bank.metrics().to_text();
        assert!(metrics.contains("taxproof_ready 0\n"), "{metrics}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    locked.unlock().await;
    match hanging.await.unwrap() {
        Ok(decision) => assert_eq!(decision.request_id, asked.request.digest().to_string()),
        // The machine was too slow, and the database locked for too long.
        Err(status) => assert!(status.get_details_error_info().is_some(), "{status:?}"),
    }
    stopping.await.unwrap().unwrap();
}
