//! The service killed while it is at work, and a disk that is full: what was acknowledged is there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::Rng as _;
use taxproof_claims::digest::Digest;
use taxproof_claims::presentation::Presentation;
use taxproof_proto::v1::presentation_service_client::PresentationServiceClient;
use taxproof_proto::v1::{Decision, SubmitPresentationRequest, Verdict};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::postgres::Cluster;
use crate::world::{Asked, World};

/// A service as a process of its own.
struct Process {
    child: Child,
    channel: Channel,
}

impl Process {
    /// Starts it, under a limit of the shell's, if any.
    async fn start(config: &Path, limit: &str) -> Self {
        let mut child = Command::new("bash")
            .args(["-c", &format!("{limit} exec \"$0\" --config \"$1\"")])
            .arg(env!("CARGO_BIN_EXE_taxproof-verifier"))
            .arg(config)
            .env("RUST_LOG", "off")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = lines.by_ref().map_while(Result::ok);
        let address = said
            .into_iter()
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .expect("the service begins");
        // What it still has to say must not fill a pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let uri = format!("http://{address}");
        let channel = Channel::from_shared(uri).unwrap().connect().await.unwrap();
        Self { child, channel }
    }

    /// As `kill -9` does.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

async fn submit(channel: Channel, sealed: Vec<u8>) -> Result<Decision, Status> {
    let request = SubmitPresentationRequest {
        sealed_presentation: sealed,
        client_request_id: String::new(),
    };
    let mut client = PresentationServiceClient::new(channel);
    let answer = client.submit_presentation(request).await?;
    Ok(answer.into_inner().decision.unwrap())
}

/// A world whose clock is the machine's, since the processes' are, and whose epoch never gets old.
pub(crate) async fn world(database: Option<&str>) -> World {
    let world = World::with(database, "maximum_epoch_age = 4000000000\n").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.unwrap().as_secs();
    world.now.store(now, std::sync::atomic::Ordering::Relaxed);
    world
}

async fn limit(world: &World) -> Asked {
    world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await
}

/// Rounds of: start the replicas, submit two presentations of each of some requests at all of them at
/// once, kill one at any moment.
async fn kill_rounds(database: Option<&str>, replicas: usize, rounds: usize) {
    let world = world(database).await;
    let config = world.folder.path().join("bank.toml");
    let mut acknowledged: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut submitted: Vec<(Digest, [Presentation; 2])> = Vec::new();
    for _ in 0..rounds {
        let mut processes = Vec::new();
        for _ in 0..replicas {
            processes.push(Process::start(&config, "").await);
        }
        let mut tasks = Vec::new();
        for _ in 0..8 {
            let asked = limit(&world).await;
            let rivals = [asked.present(), asked.present()];
            for presentation in &rivals {
                for process in &processes {
                    let sealed = world.seal(presentation);
                    tasks.push(tokio::spawn(submit(process.channel.clone(), sealed)));
                }
            }
            submitted.push((asked.request.digest(), rivals));
        }
        let moment = rand::thread_rng().gen_range(0..25);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        processes.pop().unwrap().kill();
        for task in tasks {
            if let Ok(decision) = task.await.unwrap() {
                assert_eq!(decision.verdict(), Verdict::Passed);
                acknowledge(&mut acknowledged, decision);
            }
        }
        processes.into_iter().for_each(Process::kill);
    }
    // What was not acknowledged can be submitted again, and what was gets the same answer; of two
    // presentations of a request one has decided it, and the other never does.
    let last = Process::start(&config, "").await;
    for (_, rivals) in &submitted {
        let mut refused = 0;
        for presentation in rivals {
            match submit(last.channel.clone(), world.seal(presentation)).await {
                Ok(decision) => acknowledge(&mut acknowledged, decision),
                Err(status) => {
                    assert_eq!(status.code(), Code::AlreadyExists, "{status:?}");
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 1);
    }
    last.kill();
    let chain = world.bank.audit().await.unwrap().unwrap();
    assert_eq!(chain.length() as usize, submitted.len());
    for (request, _) in submitted {
        let kept = world.bank.store().receipt(request).await.unwrap().unwrap();
        assert_eq!(acknowledged[&request.to_string()], kept.signed.encode());
    }
}

/// A decision was told; whoever tells it again must tell the same.
fn acknowledge(acknowledged: &mut BTreeMap<String, Vec<u8>>, decision: Decision) {
    let receipt = acknowledged
        .entry(decision.request_id)
        .or_insert_with(|| decision.receipt.clone());
    assert_eq!(*receipt, decision.receipt);
}

#[tokio::test]
async fn killed_on_a_file() {
    kill_rounds(None, 1, 5).await;
}

#[tokio::test]
async fn killed_as_one_of_two_replicas_on_postgres() {
    let cluster = Cluster::start();
    kill_rounds(Some(&cluster.url()), 2, 5).await;
}

/// `cargo test --release -p taxproof-verifier -- --ignored killed_two_hundred_times`
#[tokio::test]
#[ignore = "takes minutes"]
async fn killed_two_hundred_times() {
    kill_rounds(None, 1, 100).await;
    let cluster = Cluster::start();
    kill_rounds(Some(&cluster.url()), 2, 100).await;
}

/// The file may not grow any more: the service says so, and keeps what it said it kept.
#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing() {
    let world = world(None).await;
    let config = world.folder.path().join("bank.toml");
    let mut open = Vec::new();
    for _ in 0..60 {
        open.push(limit(&world).await);
    }
    let file = world.folder.path().join("state/bank.sqlite-wal");
    let size = std::fs::metadata(&file).unwrap().len();
    // In units of 1024 bytes: room for some receipts. A file that grows beyond it fails to be
    // written, as on a full disk, where the signal that says so is ignored.
    let blocks = size / 1024 + 120;
    let limit = format!("trap '' XFSZ; ulimit -f {blocks};");
    let process = Process::start(&config, &limit).await;
    let mut kept = Vec::new();
    let mut refused = None;
    for asked in &open {
        let sealed = world.seal(&asked.present());
        match submit(process.channel.clone(), sealed).await {
            Ok(decision) => kept.push(decision),
            Err(status) => {
                refused = Some(status);
                break;
            }
        }
    }
    process.kill();
    let refused = refused.expect("the limit is reached");
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "DATABASE_FULL");
    assert!(!kept.is_empty());
    let chain = world.bank.audit().await.unwrap().unwrap();
    assert_eq!(chain.length() as usize, kept.len());
    for decision in kept {
        let request = decision.request_id.parse().unwrap();
        let found = world.bank.store().receipt(request).await.unwrap().unwrap();
        assert_eq!(found.signed.encode(), decision.receipt);
    }
    // With room again, it goes on.
    let process = Process::start(&config, "").await;
    let asked = open.last().unwrap();
    let sealed = world.seal(&asked.present());
    assert!(submit(process.channel.clone(), sealed).await.is_ok());
    process.kill();
}
