//! Ready means ready: an epoch that can be used, a database that answers, a clock that is right.

use std::sync::Arc;
use std::time::Duration;

use taxproof_proto::v1::InvalidReason;
use taxproof_verifier::bank::{Bank, NewRequest, NotReady};
use taxproof_verifier::service::{LIVENESS, Serving, Settings, serve_as};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::postgres::Cluster;
use crate::running::get;
use crate::service::submit;
use crate::world::World;

pub(crate) async fn serve(bank: &Arc<Bank>) -> Serving {
    let loopback = ([127, 0, 0, 1], 0).into();
    let settings = Settings {
        metrics: Some(loopback),
        ..Settings::plaintext(loopback)
    };
    serve_as(Arc::clone(bank), settings).await.unwrap()
}

/// A service's probes.
struct Probes {
    channel: Channel,
    http: String,
}

impl Probes {
    async fn of(serving: &Serving) -> Self {
        let uri = format!("http://{}", serving.address());
        let channel = Channel::from_shared(uri).unwrap().connect().await.unwrap();
        let http = serving.operations_address().unwrap().to_string();
        Self { channel, http }
    }

    async fn health(&self, service: &str) -> ServingStatus {
        let service = service.to_owned();
        let check = HealthCheckRequest { service };
        let mut health = HealthClient::new(self.channel.clone());
        health.check(check).await.unwrap().into_inner().status()
    }

    async fn http(&self, path: &'static str) -> (String, String) {
        let address = self.http.clone();
        tokio::task::spawn_blocking(move || get(&address, path))
            .await
            .unwrap()
    }

    /// Waits until the service says that it is ready, or that it is not; over both ways the same.
    async fn become_ready(&self, ready: bool) -> String {
        let expected = match ready {
            true => (ServingStatus::Serving, "HTTP/1.1 200 OK"),
            false => (
                ServingStatus::NotServing,
                "HTTP/1.1 503 Service Unavailable",
            ),
        };
        for _ in 0..200 {
            let (status, why) = self.http("/readyz").await;
            if (self.health("").await, status.as_str()) == expected {
                assert_eq!(self.health(LIVENESS).await, ServingStatus::Serving);
                assert_eq!(self.http("/livez").await.0, "HTTP/1.1 200 OK");
                let gauge = format!("taxproof_ready {}", u8::from(ready));
                assert!(self.http("/metrics").await.1.contains(&gauge));
                return why;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("ready: {} {:?}", !ready, self.http("/readyz").await);
    }
}

fn new_request(validity: u64) -> NewRequest {
    NewRequest {
        policy: "ccb-limit".to_owned(),
        parameters: [("requested_amount".to_owned(), "500,000".to_owned())].into(),
        purpose: "a loan".to_owned(),
        validity: Duration::from_secs(validity),
        ..NewRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_ready_when_it_has_an_epoch_that_can_be_used() {
    let world = World::empty(None, "maximum_epoch_age = 7200\n").await;
    let serving = serve(&world.bank).await;
    let probes = Probes::of(&serving).await;
    assert!(probes.become_ready(false).await.contains("no epoch"));
    world.add_epoch().await;
    probes.become_ready(true).await;

    let asked = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    // A day later its request has not ended, but the epoch is too old.
    let long = world
        .bank
        .create_request(new_request(100_000))
        .await
        .unwrap();
    let long = crate::world::Asked::new(&long.signed.encode(), &world.epoch.header);
    world.advance(3600);
    let sealed = world.seal(&long.present());
    world.advance(86_400);
    assert!(probes.become_ready(false).await.contains("older"));
    let decision = submit(&probes.channel, sealed, "").await.unwrap();
    assert_eq!(decision.invalid_reason(), InvalidReason::EpochTooOld);
    let sealed = world.seal(&asked.present());
    let decision = submit(&probes.channel, sealed, "").await.unwrap();
    assert_eq!(decision.invalid_reason(), InvalidReason::Expired);
    let refused = world.bank.create_request(new_request(0)).await.unwrap_err();
    let refused = Status::from(refused);
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "EPOCH_TOO_OLD");

    let time = world.epoch.header.time + 90_000;
    let previous = world.epoch.header.digest();
    let newer = world.authority.epoch(2, |header| {
        header.time = time;
        header.previous = previous;
    });
    let proof = world
        .authority
        .logged(&[world.epoch.clone(), newer.clone()], 1, 1);
    world.bank.add_epoch(&newer.encode(), proof).await.unwrap();
    probes.become_ready(true).await;
    world.bank.create_request(new_request(0)).await.unwrap();
}

/// An epoch is taken until the second at which it is too old, and not after.
#[tokio::test]
async fn an_epoch_is_as_old_as_it_may_be_to_the_second() {
    let world = World::with(None, "maximum_epoch_age = 7200\n").await;
    let parameters = [("requested_amount", "500,000")];
    world.request("ccb-limit", &parameters).await;
    let made = world.epoch.header.time;
    let at = |time: u64| {
        world.now.store(time, std::sync::atomic::Ordering::Relaxed);
        world.bank.create_request(new_request(0))
    };
    at(made + 7200).await.unwrap();
    at(made + 7201).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_whose_database_is_away_is_not_ready_until_it_is_back() {
    let cluster = Cluster::start();
    let world = World::on(Some(&cluster.url())).await;
    let serving = serve(&world.bank).await;
    let probes = Probes::of(&serving).await;
    probes.become_ready(true).await;
    cluster.pause();
    assert!(probes.become_ready(false).await.contains("database"));
    let (_, metrics) = probes.http("/metrics").await;
    assert!(metrics.contains("taxproof_store_errors_total{reason=\"DATABASE_UNAVAILABLE\"}"));
    cluster.resume();
    probes.become_ready(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_there_is_to_read_is_answered() {
    let world = World::new().await;
    let serving = serve(&world.bank).await;
    let probes = Probes::of(&serving).await;
    assert_eq!(probes.http("/").await.0, "HTTP/1.1 404 Not Found");
    assert_eq!(
        probes.http("/metrics/../etc/passwd").await.0,
        "HTTP/1.1 404 Not Found"
    );
    let address = serving.operations_address().unwrap();
    // Whoever says nothing takes one of few places; there are enough for others.
    let mut idle = Vec::new();
    for _ in 0..8 {
        idle.push(std::net::TcpStream::connect(address).unwrap());
    }
    probes.become_ready(true).await;
    serving.stop().await.unwrap();
    assert!(std::net::TcpStream::connect(address).is_err());
}

/// As after a server that had not copied the last change took over from another; a command beside the
/// service had made it.
#[tokio::test]
async fn a_database_that_lost_a_change_makes_no_service_ready() {
    use sqlx::Connection as _;
    let world = World::new().await;
    let asked = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    let other = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    let id = |asked: &crate::world::Asked| asked.request.digest().to_string();
    let (beside, _) = crate::world::open(world.folder.path()).await;
    beside.cancel_request(&id(&asked)).await.unwrap();
    let file = world.folder.path().join("state/bank.sqlite");
    let url = format!("sqlite://{}", file.display());
    let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for sql in [
        "DROP TRIGGER cancellations_remain",
        "DELETE FROM cancellations",
    ] {
        sqlx::query(sql).execute(&mut database).await.unwrap();
    }
    assert_eq!(world.bank.readiness().await, Err(NotReady::RolledBack));
    // As many as before are there, but another one.
    world.bank.cancel_request(&id(&other)).await.unwrap();
    assert_eq!(world.bank.readiness().await, Err(NotReady::RolledBack));
}
