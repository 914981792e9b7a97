//! The binary under what should not end it: no file descriptors left, peers that do not read.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prost::bytes::Bytes;
use taxproof_proto::v1::GetBankRequest;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use tokio::net::TcpStream;

use crate::streams::Told;
use crate::world::{Authority, create, key_file};

/// A service in a process of its own, ended when it is dropped.
struct Process {
    child: Child,
    address: String,
    log: Arc<Mutex<String>>,
    _folder: tempfile::TempDir,
}

impl Process {
    /// Begins, with at most so many file descriptors.
    fn begin(descriptors: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        create(folder.path(), &Authority::new(), &key_file(|_, _| {}), true).unwrap();
        let limited = format!("ulimit -n {descriptors}; exec \"$0\" --config \"$1\"");
        let mut child = Command::new("sh")
            .args(["-c", &limited, env!("CARGO_BIN_EXE_taxproof-verifier")])
            .arg(folder.path().join("bank.toml"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut listening = lines.by_ref().map_while(Result::ok);
        let address = listening.find_map(|l| l.strip_prefix("listening on ").map(str::to_owned));
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push_str(&line);
            }
        });
        Self {
            child,
            address: address.unwrap(),
            log,
            _folder: folder,
        }
    }

    async fn answers(&self) -> bool {
        let uri = format!("http://{}", self.address);
        for _ in 0..100 {
            if let Ok(mut client) = TrustServiceClient::connect(uri.clone()).await
                && client.get_bank(GetBankRequest {}).await.is_ok()
            {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Resident memory, bytes.
    fn memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
        let kilobytes = line.split_whitespace().nth(1).unwrap();
        kilobytes.parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// RUSTSEC-2024-0376: an error of `accept` ended the server.
#[tokio::test]
async fn a_service_without_file_descriptors_goes_on_when_there_are_some() {
    let mut process = Process::begin(48);
    assert!(process.answers().await);
    let mut taken = Vec::new();
    for _ in 0..100 {
        taken.push(TcpStream::connect(&process.address).await.unwrap());
    }
    for _ in 0..100 {
        if process
            .log
            .lock()
            .unwrap()
            .contains("cannot take a connection")
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        process
            .log
            .lock()
            .unwrap()
            .contains("cannot take a connection")
    );
    assert!(process.child.try_wait().unwrap().is_none(), "it ended");
    drop(taken);
    assert!(process.answers().await);
}

/// Peers that ask as much as they may and read nothing: their answers wait, in bounded memory.
#[tokio::test]
async fn slow_readers_take_little_memory() {
    let process = Process::begin(1024);
    assert!(process.answers().await);
    let before = process.memory();
    let (mut slow, mut connections) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let mut told = Told::connect(process.address.parse().unwrap(), 1, 0).await;
        for _ in 0..told.streams {
            let whole = Bytes::from_static(&[0; 5]);
            slow.push(told.begin("TrustService/GetBank", whole, true));
        }
        connections.push(told);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(slow.len() >= 100 * 4);
    let grown = process.memory().saturating_sub(before);
    // What a call holds, its headers and its place in each layer.
    let most = slow.len() as u64 * (48 << 10);
    assert!(grown < most, "{grown} bytes for {} calls", slow.len());
    assert!(process.answers().await);
}
