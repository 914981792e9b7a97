//! How far the chain of receipts was seen to reach, in a file beside the database.
//!
//! Whoever puts back an older database puts back nonces that were used since. A database cannot
//! tell that of itself; this file can, as long as it is not put back with it. It is written after
//! a receipt is on the disk, so that it never says too much, and in place, in two slots in turn, so
//! that a machine that loses power halfway through one leaves the other.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use taxproof_claims::digest::{Digest, Profile};

use crate::store::{StoreError, private_folder};

/// The newest receipt that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
}

/// The file.
#[derive(Debug)]
pub struct Mark {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    file: Option<File>,
    /// Where the newest is.
    slot: u64,
    seen: Option<Seen>,
}

impl Mark {
    /// Reads a file; one that is missing has seen nothing, and is made when there is something.
    ///
    /// # Errors
    /// It cannot be read, or is none. Somebody must look why, and remove it only to say that the
    /// database is the newest.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let state = match std::fs::read(path) {
            Ok(bytes) => {
                let newest = newest(&bytes).ok_or_else(|| {
                    let why = "no slot of it is whole: it is damaged, or not what it should be";
                    error(path)(io::Error::new(io::ErrorKind::InvalidData, why))
                })?;
                State {
                    file: None,
                    slot: newest.0,
                    seen: Some(newest.1),
                }
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => State::default(),
            Err(why) => return Err(error(path)(why)),
        };
        Ok(Self {
            path: path.to_owned(),
            state: Mutex::new(state),
        })
    }

    /// Makes the folder that the file is to be in, unless it is there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make_folder(&self) -> Result<(), StoreError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        private_folder(folder).map_err(error(&self.path))
    }

    /// A mark that has seen nothing, whatever the file says, until it is set.
    pub fn fresh(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            state: Mutex::default(),
        }
    }

    /// The newest receipt that was kept, if any.
    pub fn seen(&self) -> Option<Seen> {
        self.lock().seen
    }

    /// Notes a newer receipt, which is on the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&self, seen: Seen) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.file.is_none() {
            state.file = Some(open(&self.path).map_err(error(&self.path))?);
        }
        let slot = (state.slot + 1) % SLOTS;
        let file = state.file.as_ref().expect("the file was opened above");
        write_at(file, &encode(seen), slot * SLOT).map_err(error(&self.path))?;
        (state.slot, state.seen) = (slot, Some(seen));
        Ok(())
    }

    /// Forgets what the file says, and notes this instead, on the disk.
    ///
    /// # Errors
    /// The file cannot be removed or written.
    pub fn replace(&self, seen: Option<Seen>) -> Result<(), StoreError> {
        match std::fs::remove_file(&self.path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                return Err(error(&self.path)(why));
            }
            _ => *self.lock() = State::default(),
        }
        if let Some(seen) = seen {
            self.set(seen)?;
        }
        match &self.lock().file {
            Some(file) => file.sync_all().map_err(error(&self.path)),
            None => Ok(()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn error(path: &Path) -> impl Fn(io::Error) -> StoreError {
    let path = path.to_owned();
    move |why| StoreError::Mark {
        path: path.clone(),
        why,
    }
}

const SLOTS: u64 = 2;
/// A disk's sector, which is written wholly or not.
const SLOT: u64 = 512;
const TAG: &str = "taxproof/mark/1";
/// The number, the digest, and the digest of both.
const LENGTH: usize = 8 + 32 + 32;

fn encode(seen: Seen) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..8].copy_from_slice(&seen.sequence.to_be_bytes());
    bytes[8..40].copy_from_slice(&seen.digest.0);
    let check = Profile::International.digest(TAG, &[&bytes[..40]]);
    bytes[40..].copy_from_slice(&check.0);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Seen> {
    let bytes = bytes.get(..LENGTH)?;
    let seen = Seen {
        sequence: u64::from_be_bytes(bytes[..8].try_into().ok()?),
        digest: Digest(bytes[8..40].try_into().ok()?),
    };
    (encode(seen) == *bytes).then_some(seen)
}

/// The newest of the slots that are whole, and where it is.
fn newest(bytes: &[u8]) -> Option<(u64, Seen)> {
    let slots = bytes.chunks(SLOT as usize).take(SLOTS as usize);
    let whole = (0..)
        .zip(slots)
        .filter_map(|(slot, b)| Some((slot, decode(b)?)));
    whole.max_by_key(|(_, seen)| seen.sequence)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], place: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, place)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], place: u64) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom, Write as _};
    file.seek(SeekFrom::Start(place))?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sequence: u64) -> Seen {
        let digest = Digest([sequence as u8; 32]);
        Seen { sequence, digest }
    }

    #[test]
    fn what_was_seen_is_remembered_and_a_torn_slot_leaves_the_one_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mark");
        let open = || Mark::open(&path).expect("opens");
        assert_eq!(open().seen(), None);
        assert!(!path.exists());
        for sequence in [1, 2, 300] {
            let mark = open();
            mark.set(seen(sequence)).expect("written");
            assert_eq!(open().seen(), Some(seen(sequence)));
        }
        let whole = std::fs::read(&path).expect("the file");
        // The third is in the slot of the first.
        for place in 512..512 + LENGTH {
            let mut torn = whole.clone();
            torn[place] ^= 1;
            std::fs::write(&path, &torn).expect("written");
            assert_eq!(open().seen(), Some(seen(2)), "byte {place}");
        }
        open().replace(Some(seen(2))).expect("replaced");
        assert_eq!(open().seen(), Some(seen(2)));
        open().replace(None).expect("replaced");
        assert_eq!(open().seen(), None);
        for bad in [vec![], vec![0; 2000], whole[..LENGTH - 1].to_vec()] {
            std::fs::write(&path, bad).expect("written");
            assert!(Mark::open(&path).is_err());
        }
    }
}
