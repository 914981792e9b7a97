//! Provers of others, as commands on exported files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use taxproof_interop::r1cs::R1cs;
use taxproof_interop::zkey::Zkey;
use taxproof_interop::{SnarkjsCurve, proof, wtns};
use tempfile::TempDir;

use super::BenchError;
use super::contestant::{Contestant, Described, Made};
use super::workload::Workload;
use taxproof_claims::curve::NamedPairing;

/// A prover of others: `NAME=COMMAND`.
///
/// The shell runs the command with {r1cs}, {zkey} and {wtns} replaced by names of files to read,
/// {proof} and {public} by those of files to write, and {threads} by the number of threads. It is
/// also confined to as many processors where `taskset` is there. Its time is that of the whole
/// process, from its start to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    name: String,
    command: String,
}

/// Not a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a peer is NAME='command with {{zkey}} {{wtns}} {{proof}}'; {{proof}} must be in it")]
pub struct NotAPeer;

impl FromStr for Peer {
    type Err = NotAPeer;

    fn from_str(text: &str) -> Result<Self, NotAPeer> {
        let (name, command) = text.split_once('=').ok_or(NotAPeer)?;
        if name.is_empty() || !command.contains("{proof}") {
            return Err(NotAPeer);
        }
        Ok(Self {
            name: name.to_owned(),
            command: command.to_owned(),
        })
    }
}

impl Peer {
    pub(super) fn described<E: NamedPairing + SnarkjsCurve>(
        &self,
        workload: &Workload<E>,
    ) -> Result<Described<E>, BenchError> {
        Ok(Described {
            prover: self.name.clone(),
            kernels: None,
            budget: None,
            tables: None,
            preparation: None,
            contestant: Box::new(Process {
                peer: self.clone(),
                files: Files::write(workload)?,
            }),
        })
    }
}

/// The exported files, in a folder that goes when this does.
struct Files(TempDir);

impl Files {
    fn write<E: NamedPairing + SnarkjsCurve>(workload: &Workload<E>) -> Result<Self, BenchError> {
        let files = Self(tempfile::tempdir()?);
        let [a, b, _] = &workload.matrices;
        let circuit = R1cs::new(
            workload.matrices.clone(),
            workload.instance(),
            workload.private_inputs,
            workload.assignment.len(),
        );
        fs::write(files.path("r1cs"), circuit.write())?;
        fs::write(
            files.path("zkey"),
            Zkey::new(&workload.key, [a, b])?.write(),
        )?;
        fs::write(files.path("wtns"), wtns::write(&workload.assignment))?;
        Ok(files)
    }

    fn path(&self, kind: &str) -> PathBuf {
        self.0.path().join(match kind {
            "proof" | "public" => format!("{kind}.json"),
            kind => format!("circuit.{kind}"),
        })
    }
}

struct Process {
    peer: Peer,
    files: Files,
}

impl Process {
    fn command(&self, threads: usize) -> Command {
        let mut line = self.peer.command.clone();
        for kind in ["r1cs", "zkey", "wtns", "proof", "public"] {
            let path = self.files.path(kind);
            line = line.replace(&format!("{{{kind}}}"), &path.display().to_string());
        }
        let line = line.replace("{threads}", &threads.to_string());
        let confined = Path::new("/usr/bin/taskset").exists();
        let mut command = Command::new(if confined { "taskset" } else { "sh" });
        if confined {
            command.args(["-c", &format!("0-{}", threads - 1), "sh"]);
        }
        command.args(["-c", &line]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.env("RAYON_NUM_THREADS", threads.to_string());
        command.env("OMP_NUM_THREADS", threads.to_string());
        command.env("GOMAXPROCS", threads.to_string());
        command
    }

    fn failed(&self, why: impl ToString) -> BenchError {
        BenchError::Peer {
            name: self.peer.name.clone(),
            why: why.to_string(),
        }
    }
}

impl<E: NamedPairing + SnarkjsCurve> Contestant<E> for Process {
    fn prove(&mut self, threads: usize) -> Result<Made<E>, BenchError> {
        let written = self.files.path("proof");
        // One of an earlier run must not pass for this one's.
        if written.exists() {
            fs::remove_file(&written)?;
        }
        let start = Instant::now();
        let mut child = self.command(threads).spawn()?;
        let peak = watch(&mut child)?;
        let (time, status) = (start.elapsed(), child.wait()?);
        if !status.success() {
            return Err(self.failed(status));
        }
        let text = fs::read_to_string(&written).map_err(|_| self.failed("it wrote no proof"))?;
        Ok(Made {
            proof: proof::read(&text).map_err(|error| self.failed(error))?,
            time,
            peak,
        })
    }
}

/// Waits for a process, and looks at the memory of it and of its children's from time to time.
fn watch(child: &mut Child) -> Result<Option<u64>, BenchError> {
    let mut peak = None;
    while child.try_wait()?.is_none() {
        peak = peak.max(crate::machine::memory_of_family(child.id()));
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(peak)
}
