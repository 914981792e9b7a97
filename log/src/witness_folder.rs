//! A witness's folder: its key, the logs that it watches, and the head of each that it cosigned
//! last.
//!
//! | file | what |
//! |---|---|
//! | `witness.key` | the secret key (PKCS#8), mode 0600 |
//! | `witness` | the verifier key, for whoever trusts it |
//! | `logs` | the logs' verifier keys, a line each |
//! | `heads/<hash>` | a log's head; the name is the SHA-256 of its origin |
//! | `forks/<hash>` | two heads of one size that a log signed |

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use taxproof_claims::digest::Profile;
use taxproof_claims::signature::{SignatureError, SigningKey};
use zeroize::Zeroizing;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::durable::replace;
use crate::fork::Fork;
use crate::key::{LogKey, NotAKey, WitnessKey};
use crate::note::Note;
use crate::witness::{Latest, Refusal, Submission, Witness};

const SECRET: &str = "witness.key";
const PUBLIC: &str = "witness";
const LOGS: &str = "logs";
const HEADS: &str = "heads";
const FORKS: &str = "forks";
const LOCK: &str = "lock";

/// A witness's folder, open for one process.
#[derive(Debug)]
pub struct WitnessFolder {
    folder: PathBuf,
    /// Held from reading a log's head until its next one is stored.
    witness: Mutex<Witness>,
    /// Holds the lock until it is dropped.
    _lock: File,
}

/// A witness's work cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// A file cannot be read or written: the operator mends that.
    #[error("`{path}`: {why}")]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// There is something in the folder already.
    #[error("`{0}` is there already: a witness begins in a folder of its own")]
    NotEmpty(PathBuf),
    /// It is no witness's folder.
    #[error("`{0}` is no witness's folder: `taxproof witness init` makes one")]
    NotAWitness(PathBuf),
    /// Another process serves it.
    #[error("`{0}` is in use by another process")]
    InUse(PathBuf),
    /// A file is not what was written: the operator restores it from a backup, and not an older one
    /// of a head.
    #[error("`{0}` is damaged")]
    Damaged(PathBuf),
    /// A log of that name is watched under another key.
    #[error("`{0}` is watched already, under another key")]
    OtherKey(String),
    /// A name or key is none.
    #[error(transparent)]
    Key(#[from] NotAKey),
    /// No randomness.
    #[error(transparent)]
    Secret(#[from] SignatureError),
    /// The head is not cosigned.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl WitnessFolder {
    /// Begins a witness of no logs, with a fresh key.
    ///
    /// # Errors
    /// The folder is there already, or cannot be made.
    pub fn init(folder: &Path, name: &str) -> Result<WitnessKey, WitnessError> {
        let secret = SigningKey::random(Profile::International)?;
        let key = WitnessKey::new(name, secret.verifying_key())?;
        if folder.exists() {
            return Err(WitnessError::NotEmpty(folder.to_owned()));
        }
        for path in [folder.to_owned(), folder.join(HEADS), folder.join(FORKS)] {
            let made = DirBuilder::new().mode(0o700).create(&path);
            made.map_err(|why| WitnessError::Io { path, why })?;
        }
        write(&folder.join(SECRET), secret.to_pem()?.as_bytes())?;
        write(&folder.join(LOGS), b"")?;
        write(&folder.join(PUBLIC), format!("{key}\n").as_bytes())?;
        Ok(key)
    }

    /// Opens a witness's folder.
    ///
    /// # Errors
    /// It is none, damaged, or another process has it open.
    pub fn open(folder: &Path) -> Result<Self, WitnessError> {
        let path = folder.join(PUBLIC);
        // Before anything is made in it.
        if !path.exists() {
            return Err(WitnessError::NotAWitness(folder.to_owned()));
        }
        let lock = lock(folder)?;
        let key: WitnessKey = read(&path)?.trim_end().parse()?;
        let path = folder.join(SECRET);
        let secret = SigningKey::from_pem(&Zeroizing::new(read(&path)?))
            .ok()
            .filter(|secret| {
                WitnessKey::new(key.name(), secret.verifying_key()).as_ref() == Ok(&key)
            })
            .ok_or(WitnessError::Damaged(path))?;
        let logs = read(&folder.join(LOGS))?;
        let logs = logs.lines().map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self {
            folder: folder.to_owned(),
            witness: Mutex::new(Witness::new(key, secret, logs)),
            _lock: lock,
        })
    }

    /// Its key, for whoever trusts it.
    pub fn key(&self) -> WitnessKey {
        self.lock().key().clone()
    }

    /// The logs that it watches.
    pub fn logs(&self) -> Vec<LogKey> {
        self.lock().logs().to_vec()
    }

    /// Watches a log from its next head on.
    ///
    /// # Errors
    /// It is watched under another key, or the folder cannot be written.
    pub fn watch(&self, log: LogKey) -> Result<(), WitnessError> {
        let mut witness = self.lock();
        if let Some(known) = witness
            .logs()
            .iter()
            .find(|known| known.name() == log.name())
        {
            let same = *known == log;
            return same
                .then_some(())
                .ok_or(WitnessError::OtherKey(log.name().to_owned()));
        }
        let lines: String = witness
            .logs()
            .iter()
            .chain([&log])
            .map(|log| format!("{log}\n"))
            .collect();
        write(&self.folder.join(LOGS), lines.as_bytes())?;
        witness.watch(log);
        Ok(())
    }

    /// The head of a log that was cosigned last; none where there is none yet.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn latest(&self, origin: &str) -> Result<Option<Latest>, WitnessError> {
        let path = self.head(origin);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = || WitnessError::Damaged(path.clone());
        let note: Note = read(&path)?.parse().map_err(|_| damaged())?;
        let checkpoint: Checkpoint = note.text().parse().map_err(|_| damaged())?;
        let ours = checkpoint.origin == origin;
        ours.then_some(Some(Latest { note, checkpoint }))
            .ok_or_else(damaged)
    }

    /// Cosigns a submission at a time, in seconds since 1970-01-01T00:00:00Z, and gives the answer's
    /// body: a signature line. The new head is stored before.
    ///
    /// Two heads of one size are kept as evidence against their log.
    ///
    /// # Errors
    /// It is refused, or the folder cannot be read or written.
    pub fn add_checkpoint(&self, body: &str, time: u64) -> Result<String, WitnessError> {
        let submission: Submission = body.parse().map_err(WitnessError::Refused)?;
        let witness = self.lock();
        let origin = witness.origin(&submission)?;
        let latest = self.latest(&origin)?;
        match witness.cosign(&submission, latest.as_ref(), time) {
            Ok((line, head)) => {
                write(&self.head(&origin), head.note.to_string().as_bytes())?;
                Ok(format!("{line}\n"))
            }
            Err(refusal) => {
                if let (Refusal::OtherRoot(_), Some(latest)) = (&refusal, latest) {
                    self.keep_fork(latest.note, submission.checkpoint)?;
                }
                Err(refusal.into())
            }
        }
    }

    /// The evidence against logs that was kept.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn forks(&self) -> Result<Vec<Fork>, WitnessError> {
        let folder = self.folder.join(FORKS);
        let io = |why| WitnessError::Io {
            path: folder.clone(),
            why,
        };
        let mut forks = Vec::new();
        for entry in fs::read_dir(&folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            forks.push(
                read(&path)?
                    .parse()
                    .map_err(|_| WitnessError::Damaged(path))?,
            );
        }
        Ok(forks)
    }

    fn keep_fork(&self, smaller: Note, larger: Note) -> Result<(), WitnessError> {
        let fork = Fork {
            smaller,
            larger,
            hashes: Vec::new(),
        }
        .to_string();
        write(&self.folder.join(FORKS).join(name(&fork)), fork.as_bytes())
    }

    fn head(&self, origin: &str) -> PathBuf {
        self.folder.join(HEADS).join(name(origin))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Witness> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<CheckpointError> for WitnessError {
    fn from(error: CheckpointError) -> Self {
        Self::Refused(error.into())
    }
}

/// A name without slashes for any text.
fn name(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn read(path: &Path) -> Result<String, WitnessError> {
    fs::read_to_string(path).map_err(|why| WitnessError::Io {
        path: path.to_owned(),
        why,
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), WitnessError> {
    replace(path, bytes, 0o600).map_err(|why| WitnessError::Io {
        path: path.to_owned(),
        why,
    })
}

fn lock(folder: &Path) -> Result<File, WitnessError> {
    let path = folder.join(LOCK);
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path);
    let file = opened.map_err(|why| WitnessError::Io {
        path: path.clone(),
        why,
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(WitnessError::InUse(folder.to_owned())),
        Err(fs::TryLockError::Error(why)) => Err(WitnessError::Io { path, why }),
    }
}
