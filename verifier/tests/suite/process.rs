//! The binary: it says where it listens, and stops in order when it is told to.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use taxproof_proto::v1::GetBankRequest;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;

use crate::running::Running;
use crate::world::{Authority, create, key_file};

#[tokio::test]
async fn the_service_stops_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &Authority::new(), &key_file(|_, _| {}), true).unwrap();
    let mut service = Command::new(env!("CARGO_BIN_EXE_taxproof-verifier"))
        .arg("--config")
        .arg(folder.path().join("bank.toml"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(service.stderr.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let address = lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
    let uri = format!("http://{}", address.unwrap());
    let mut client = TrustServiceClient::connect(uri.clone()).await.unwrap();
    let bank = client
        .get_bank(GetBankRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(bank.id, "bank-of-examples");
    drop(client);

    let id = service.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(told.success());
    assert!(ends(&mut service), "the service goes on");
    assert!(TrustServiceClient::connect(uri).await.is_err());
}

/// Whether a process ends by itself, successfully, in time; if not, it is ended.
fn ends(process: &mut Child) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(15) {
        if let Some(status) = process.try_wait().unwrap() {
            return status.success();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    false
}

/// `systemctl reload` sends SIGHUP, whether there are certificates or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_certificates_survives_a_hangup() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &Authority::new(), &key_file(|_, _| {}), true).unwrap();
    let mut service = Running::start(&folder.path().join("bank.toml"), &[]);
    service.signal("-HUP");
    service.says("no certificates to read again").await;
    let mut client = TrustServiceClient::new(service.channel().await);
    client.get_bank(GetBankRequest {}).await.unwrap();
    drop(client);
    service.signal("-TERM");
    assert!(service.ends(), "{}", service.log());
}

/// Whoever reads the log is not told that a service is ready because it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_was_never_ready_does_not_say_so_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &Authority::new(), &key_file(|_, _| {}), true).unwrap();
    let mut service = Running::start(&folder.path().join("bank.toml"), &[]);
    service.says("\"not ready\"").await;
    service.signal("-TERM");
    assert!(service.ends(), "{}", service.log());
    assert!(!service.log().contains("\"ready\""), "{}", service.log());
}
