//! How far the chain of receipts was seen to reach, and how many other changes there were that stay,
//! in a file beside the database.
//!
//! Whoever puts back an older database puts back nonces that were used since, requests that were
//! cancelled and policies that were retired. A database cannot tell that of itself; this file can, as
//! long as it is not put back with it. It is written after a receipt or a change is on the disk, so
//! that it never says too much, and in place, in two slots in turn, so that a machine that loses
//! power halfway through one leaves the other.

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
    noted: Noted,
}

/// What a slot says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Noted {
    seen: Option<Seen>,
    changes: u64,
}

impl Noted {
    fn sequence(&self) -> u64 {
        self.seen.map_or(0, |seen| seen.sequence)
    }
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
                    noted: newest.1,
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
        self.lock().noted.seen
    }

    /// How many changes there were that stay and are no receipts, at least, as far as this process or a
    /// command beside it noted them.
    pub fn changes(&self) -> u64 {
        let mut state = self.lock();
        self.refresh(&mut state);
        state.noted.changes
    }

    /// Takes a database's changes as those that there were. It is written with what is noted next.
    pub fn begin(&self, changes: u64) {
        self.lock().noted.changes = changes;
    }

    /// Notes a newer receipt, which is on the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&self, seen: Seen) -> Result<(), StoreError> {
        let mut state = self.lock();
        let seen = Some(seen);
        let noted = Noted {
            seen,
            ..state.noted
        };
        self.write(&mut state, noted)
    }

    /// Notes how many changes there are, which are on the disk; fewer than are noted change nothing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn reach(&self, changes: u64) -> Result<(), StoreError> {
        let mut state = self.lock();
        self.refresh(&mut state);
        let changes = state.noted.changes.max(changes);
        let noted = Noted {
            changes,
            ..state.noted
        };
        self.write(&mut state, noted)
    }

    /// Takes what the file says that is newer: a command may run beside the service.
    fn refresh(&self, state: &mut State) {
        let file = std::fs::read(&self.path).ok();
        if let Some((slot, noted)) = file.and_then(|bytes| newest(&bytes)) {
            if noted.sequence() > state.noted.sequence() {
                state.noted.seen = noted.seen;
            }
            state.noted.changes = state.noted.changes.max(noted.changes);
            state.slot = slot;
        }
    }

    fn write(&self, state: &mut State, noted: Noted) -> Result<(), StoreError> {
        if state.file.is_none() {
            state.file = Some(open(&self.path).map_err(error(&self.path))?);
        }
        let slot = (state.slot + 1) % SLOTS;
        let file = state.file.as_ref().expect("the file was opened above");
        write_at(file, &encode(noted), slot * SLOT).map_err(error(&self.path))?;
        (state.slot, state.noted) = (slot, noted);
        Ok(())
    }

    /// Forgets what the file says, and notes this instead, on the disk.
    ///
    /// # Errors
    /// The file cannot be removed or written.
    pub fn replace(&self, seen: Option<Seen>, changes: u64) -> Result<(), StoreError> {
        match std::fs::remove_file(&self.path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                return Err(error(&self.path)(why));
            }
            _ => *self.lock() = State::default(),
        }
        let noted = Noted { seen, changes };
        if noted != Noted::default() {
            self.write(&mut self.lock(), noted)?;
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
const TAG: &str = "taxproof/mark/2";
/// The number, the digest, the changes, and the digest of these. The number is 0 and the digest zeros
/// where there is no receipt.
const LENGTH: usize = WHAT + 32;
const WHAT: usize = 8 + 32 + 8;

/// Files that know receipts only: the number, the digest, and the digest of both.
const FORMER_TAG: &str = "taxproof/mark/1";
const FORMER_LENGTH: usize = FORMER_WHAT + 32;
const FORMER_WHAT: usize = 8 + 32;

fn encode(noted: Noted) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    if let Some(seen) = noted.seen {
        bytes[..8].copy_from_slice(&seen.sequence.to_be_bytes());
        bytes[8..40].copy_from_slice(&seen.digest.0);
    }
    bytes[40..WHAT].copy_from_slice(&noted.changes.to_be_bytes());
    let check = check(TAG, &bytes[..WHAT]);
    bytes[WHAT..].copy_from_slice(&check.0);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Noted> {
    let number = |place: usize| {
        let bytes = bytes.get(place..place + 8)?;
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    };
    let whole = |tag, what: usize, length| {
        let check = check(tag, bytes.get(..what)?);
        (bytes.get(what..length)? == check.0).then_some(())
    };
    let changes = match whole(TAG, WHAT, LENGTH) {
        Some(()) => number(40)?,
        None => whole(FORMER_TAG, FORMER_WHAT, FORMER_LENGTH).map(|()| 0)?,
    };
    let seen = Seen {
        sequence: number(0)?,
        digest: Digest(bytes.get(8..40)?.try_into().ok()?),
    };
    Some(Noted {
        seen: (seen.sequence > 0).then_some(seen),
        changes,
    })
}

fn check(tag: &str, what: &[u8]) -> Digest {
    Profile::International.digest(tag, &[what])
}

/// The newest of the slots that are whole, and where it is.
fn newest(bytes: &[u8]) -> Option<(u64, Noted)> {
    let slots = bytes.chunks(SLOT as usize).take(SLOTS as usize);
    let whole = (0..)
        .zip(slots)
        .filter_map(|(slot, b)| Some((slot, decode(b)?)));
    whole.max_by_key(|(_, noted)| (noted.sequence(), noted.changes))
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
        open().replace(Some(seen(2)), 7).expect("replaced");
        assert_eq!((open().seen(), open().changes()), (Some(seen(2)), 7));
        open().replace(None, 0).expect("replaced");
        assert_eq!(open().seen(), None);
        assert!(!path.exists());
        for bad in [vec![], vec![0; 2000], whole[..LENGTH - 1].to_vec()] {
            std::fs::write(&path, bad).expect("written");
            assert!(Mark::open(&path).is_err());
        }
    }

    #[test]
    fn changes_are_counted_beside_receipts_and_before_there_are_any() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mark");
        let open = || Mark::open(&path).expect("opens");
        let mark = open();
        mark.begin(5);
        mark.reach(6).expect("written");
        assert_eq!((open().seen(), open().changes()), (None, 6));
        mark.set(seen(1)).expect("written");
        mark.reach(8).expect("written");
        for _ in 0..SLOTS {
            mark.reach(7).expect("written");
            assert_eq!(mark.changes(), 8);
        }
        assert_eq!((open().seen(), open().changes()), (Some(seen(1)), 8));
        // As a command beside the service does.
        open().reach(10).expect("written");
        for _ in 0..SLOTS {
            mark.reach(9).expect("written");
        }
        assert_eq!((open().seen(), open().changes()), (Some(seen(1)), 10));
    }

    #[test]
    fn a_mark_of_the_version_before_knows_receipts_and_no_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mark");
        let mut former = [0; FORMER_LENGTH];
        former[..8].copy_from_slice(&300_u64.to_be_bytes());
        former[8..40].copy_from_slice(&seen(300).digest.0);
        let check = check(FORMER_TAG, &former[..40]);
        former[40..].copy_from_slice(&check.0);
        std::fs::write(&path, former).expect("written");
        let mark = Mark::open(&path).expect("opens");
        assert_eq!((mark.seen(), mark.changes()), (Some(seen(300)), 0));
        mark.begin(4);
        mark.set(seen(301)).expect("written");
        let mark = Mark::open(&path).expect("opens");
        assert_eq!((mark.seen(), mark.changes()), (Some(seen(301)), 4));
    }
}
