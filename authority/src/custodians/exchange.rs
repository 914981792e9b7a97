//! The folder through which custodians and authority pass their files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{CustodianError, Sender};
use crate::error::AuthorityError;

/// A folder that all custodians and the authority can read and write.
#[derive(Debug, Clone)]
pub struct Exchange {
    folder: PathBuf,
}

impl Exchange {
    /// The exchange in a folder, which is there.
    ///
    /// # Errors
    /// It is not.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let folder = fs::canonicalize(folder)
            .ok()
            .filter(|folder| folder.is_dir())
            .ok_or_else(|| CustodianError::NoExchange(folder.to_owned()))?;
        Ok(Self { folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether a file is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.file(name).exists()
    }

    /// Writes a message whole, in place of what was there.
    pub(super) fn write<T: Serialize>(
        &self,
        name: &str,
        message: &T,
    ) -> Result<Vec<u8>, AuthorityError> {
        let path = self.file(name);
        let text = toml::to_string(message).map_err(|why| AuthorityError::damaged(&path, why))?;
        self.write_bytes(name, text.as_bytes())?;
        Ok(text.into_bytes())
    }

    /// Writes bytes whole, in place of what was there. The others read them: the umask says who.
    pub(super) fn write_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), AuthorityError> {
        let path = self.file(name);
        // Two processes, on two machines perhaps, do not write into one file.
        let partial = self.file(&format!(".partial-{name}-{:016x}", rand::random::<u64>()));
        let written = || {
            let mut file = File::create_new(&partial)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&partial, &path)
        };
        written().map_err(|error| {
            let _ = fs::remove_file(&partial);
            AuthorityError::io(&path, error)
        })
    }

    /// Reads a message, if it is there.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        name: &str,
        from: Sender,
    ) -> Result<Option<T>, AuthorityError> {
        let Some(bytes) = self.read_bytes(name, from)? else {
            return Ok(None);
        };
        self.parse(name, from, &bytes).map(Some)
    }

    /// A message of the bytes of its file.
    pub(super) fn parse<T: DeserializeOwned>(
        &self,
        name: &str,
        from: Sender,
        bytes: &[u8],
    ) -> Result<T, AuthorityError> {
        let path = self.file(name);
        let wrong = |why: String| CustodianError::message(&path, from, why);
        let text = std::str::from_utf8(bytes).map_err(|why| wrong(why.to_string()))?;
        toml::from_str(text).map_err(|why| wrong(why.message().to_owned()).into())
    }

    /// Reads the bytes of a file, if it is there.
    pub(super) fn read_bytes(
        &self,
        name: &str,
        from: Sender,
    ) -> Result<Option<Vec<u8>>, AuthorityError> {
        let path = self.file(name);
        let mut bytes = Vec::new();
        let read = regular(&path).and_then(|file| {
            let Some(file) = file else { return Ok(false) };
            file.take(MAX_MESSAGE + 1).read_to_end(&mut bytes)?;
            Ok(true)
        });
        match read {
            Ok(false) => Err(CustodianError::message(&path, from, "not a file").into()),
            Ok(_) if bytes.len() as u64 > MAX_MESSAGE => {
                Err(CustodianError::message(&path, from, "the file is too long").into())
            }
            Ok(_) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AuthorityError::io(&path, error)),
        }
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), AuthorityError> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(AuthorityError::io(&path, error))
            }
            _ => Ok(()),
        }
    }
}

/// Opens what is a file: to open a pipe would wait for whoever writes to it.
fn regular(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

/// Until when something is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    /// Without one it is waited for ever.
    until: Option<Instant>,
    whole: Duration,
}

impl Wait {
    pub(super) fn of(whole: Duration) -> Self {
        Self {
            until: Instant::now().checked_add(whole),
            whole,
        }
    }

    pub(super) const fn seconds(&self) -> u64 {
        self.whole.as_secs()
    }

    /// Looks again and again until there is something, once at least; `None` where time ran out. It looks some
    /// more times after that: a machine that was suspended gives the others time to wake up too.
    pub(super) fn until<T>(
        &self,
        mut look: impl FnMut() -> Result<Option<T>, AuthorityError>,
    ) -> Result<Option<T>, AuthorityError> {
        let mut late = 0;
        loop {
            let found = look()?;
            if self.until.is_some_and(|until| Instant::now() >= until) {
                late += 1;
            }
            if found.is_some() || late > LATE || PAUSE * late > self.whole {
                return Ok(found);
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// How long a file may be: more than the request for a log's head of 15,000 epochs.
const MAX_MESSAGE: u64 = 1 << 20;

/// How often it is looked after the time is over.
const LATE: u32 = 10;

/// Between two looks into the folder: short for people, long for a network share.
const PAUSE: Duration = Duration::from_millis(100);
