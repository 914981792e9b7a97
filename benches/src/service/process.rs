//! A server in a process of its own, and what Linux says of it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use prost::bytes::Bytes;
use taxproof_verifier::config::FILE;
use tonic::Code;

use super::ServiceError;
use super::tls::{Clients, Server};
use super::wire::Connection;

/// What can be started.
#[derive(Debug, Clone)]
pub(super) struct Program {
    file: PathBuf,
    arguments: Vec<OsString>,
    tls: Option<Clients>,
    /// What people call it.
    pub(super) name: String,
}

impl Program {
    /// The service of a bank's folder: the program that is named, else the one beside this one,
    /// else this one's own command.
    pub(super) fn of_bank(
        named: Option<&Path>,
        folder: &Path,
        tls: Option<Clients>,
    ) -> Result<Self, ServiceError> {
        let this = std::env::current_exe()?;
        let beside = this.with_file_name("taxproof-verifier");
        let file = match named {
            Some(named) => named.to_owned(),
            None if beside.exists() => beside,
            None => {
                let arguments = ["bank".into(), "serve".into(), "--dir".into(), folder.into()];
                return Ok(Self {
                    file: this,
                    arguments: arguments.into(),
                    tls,
                    name: "taxproof bank serve".to_owned(),
                });
            }
        };
        let name = file.file_name().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            arguments: vec!["--config".into(), folder.join(FILE).into()],
            tls,
            file,
        })
    }

    /// The plain server, if it was built: an example of this crate.
    pub(super) fn hello() -> Result<Option<Self>, ServiceError> {
        let file = std::env::current_exe()?.with_file_name("examples/hello");
        Ok(file.exists().then(|| Self {
            file,
            arguments: Vec::new(),
            tls: None,
            name: "hello".to_owned(),
        }))
    }

    /// Bytes of its file.
    pub(super) fn size(&self) -> Result<u64, ServiceError> {
        Ok(fs::metadata(&self.file)?.len())
    }
}

/// A server that serves, ended when it is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pub(super) server: Server,
    /// From its start until it said that it serves.
    pub(super) began_in: Duration,
}

impl Process {
    /// Starts a program, and waits until its health is SERVING. What it logs goes to a file.
    pub(super) async fn start(program: &Program, log: &Path) -> Result<Self, ServiceError> {
        let begin = Instant::now();
        let mut child = Command::new(&program.file)
            .args(&program.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(log)?)
            .spawn()
            .map_err(|why| ServiceError::Program(program.file.clone(), why.to_string()))?;
        let mut serving = None;
        while serving.is_none() {
            if child.try_wait()?.is_some() || begin.elapsed() > PATIENCE {
                let said = fs::read_to_string(log).unwrap_or_default();
                // It may have ended by itself.
                let _ = child.kill();
                return Err(ServiceError::Program(program.file.clone(), said));
            }
            tokio::time::sleep(LOOK).await;
            serving = serves(log, program.tls.as_ref()).await;
        }
        let server = serving.ok_or(ServiceError::Answer(Code::Unavailable))?;
        Ok(Self {
            child,
            server,
            began_in: begin.elapsed(),
        })
    }

    /// What the kernel says of the process.
    pub(super) fn usage(&self) -> Result<Usage, ServiceError> {
        Usage::of(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a server serves, once it does.
async fn serves(log: &Path, tls: Option<&Clients>) -> Option<Server> {
    let said = fs::read_to_string(log).ok()?;
    let mut lines = said.split_inclusive('\n').filter(|l| l.ends_with('\n'));
    let address = lines.find_map(|line| line.strip_prefix("listening on "))?;
    let server = Server {
        address: address.trim_end().parse().ok()?,
        tls: tls.cloned(),
    };
    let connection = Connection::open(&server, 1, WINDOW).await.ok()?;
    let whole = Bytes::from_static(&[0; 5]);
    let answer = connection.call(HEALTH, [whole]).await.ok()?;
    // grpc.health.v1.HealthCheckResponse { status: SERVING }
    (answer.code == Code::Ok && answer.body() == [8, 1]).then_some(server)
}

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    /// On all cores.
    pub(super) cpu: Duration,
    /// Bytes.
    pub(super) resident: u64,
    /// Bytes, since its start.
    pub(super) peak: u64,
}

impl Usage {
    /// Of this process.
    pub(super) fn own() -> Result<Self, ServiceError> {
        Self::of("self")
    }

    fn of(process: &str) -> Result<Self, ServiceError> {
        let read = |name: &str| fs::read_to_string(format!("/proc/{process}/{name}"));
        let (stat, status) = (read("stat")?, read("status")?);
        // The second field, a name in parentheses, may hold spaces.
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let ticks = fields.split(' ').skip(USER_TIME).take(2);
        let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
        let bytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(kilobytes * 1024)
        };
        Ok(Self {
            cpu: Duration::from_millis(ticks * MILLISECONDS_A_TICK),
            resident: bytes("VmRSS:").unwrap_or_default(),
            peak: bytes("VmHWM:").unwrap_or_default(),
        })
    }
}

const HEALTH: &str = "/grpc.health.v1.Health/Check";
/// HTTP/2's default.
pub(super) const WINDOW: u32 = 65_535;
const LOOK: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(60);
/// The place of `utime` after the name, in `/proc/PID/stat`; `stime` follows.
const USER_TIME: usize = 11;
/// Linux counts in hundredths of a second there, whatever its own clock.
const MILLISECONDS_A_TICK: u64 = 10;
