//! The binary, as a process of a test's own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tonic::transport::Channel;

/// A service that is ended when it is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// Begins with more variables than the test's own.
    pub(crate) fn start(config: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = verifier()
            .arg("--config")
            .arg(config)
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let mut address = None;
        for line in lines.by_ref().map_while(Result::ok) {
            address = line.strip_prefix("listening on ").map(str::to_owned);
            log.lock().unwrap().push_str(&format!("{line}\n"));
            if address.is_some() {
                break;
            }
        }
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let said = log.lock().unwrap().clone();
        Self {
            child,
            address: address.unwrap_or_else(|| panic!("it does not begin: {said}")),
            log,
            reader: Some(reader),
        }
    }

    pub(crate) async fn channel(&self) -> Channel {
        let uri = format!("http://{}", self.address);
        Channel::from_shared(uri).unwrap().connect().await.unwrap()
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// What it counts, where it serves that.
    pub(crate) async fn metrics(&self) -> String {
        loop {
            let log = self.log();
            let line = log
                .lines()
                .find_map(|l| l.strip_prefix("metrics on http://"));
            if let Some(address) = line.and_then(|l| l.strip_suffix("/metrics")) {
                let address = address.to_owned();
                let answer = tokio::task::spawn_blocking(move || get(&address, "/metrics"));
                return answer.await.unwrap().1;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(told.success());
    }

    /// Waits until it says something.
    pub(crate) async fn says(&self, what: &str) {
        for _ in 0..600 {
            if self.log().contains(what) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not say {what}: {}", self.log());
    }

    /// Whether it ends by itself, successfully, in time; if not, it is ended. If so, its log is whole.
    pub(crate) fn ends(&mut self) -> bool {
        let ended = ends(&mut self.child);
        if let (Some(_), Some(reader)) = (ended, self.reader.take()) {
            reader.join().unwrap();
        }
        ended.is_some_and(|status| status.success())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary with the test's variables, those of the service aside.
pub(crate) fn verifier() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taxproof-verifier"));
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("TAXPROOF_"))
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs one of its commands to the end, which must come by itself.
pub(crate) fn run(config: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut child = verifier()
        .args(arguments)
        .arg("--config")
        .arg(config)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ended = ends(&mut child);
    if ended.is_none() {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(ended.is_some(), "it goes on: {output:?}");
    output
}

/// How a process ends by itself, if it does in time.
fn ends(child: &mut Child) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(30) {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

/// Asks an HTTP server: the status line, and the body.
pub(crate) fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}
