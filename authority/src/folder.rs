//! Files of the state folder: private, and written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::AuthorityError;

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, AuthorityError> {
    fs::read(path).map_err(|error| AuthorityError::io(path, error))
}

/// Reads a text.
pub(crate) fn read_text(path: &Path) -> Result<String, AuthorityError> {
    fs::read_to_string(path).map_err(|error| AuthorityError::io(path, error))
}

/// Makes a folder that only its owner enters.
pub(crate) fn make_dir(path: &Path) -> Result<(), AuthorityError> {
    let made = DirBuilder::new().mode(0o700).create(path);
    made.map_err(|error| AuthorityError::io(path, error))
}

/// Makes a file durable that only its owner reads and that was not there.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), AuthorityError> {
    let written = || {
        let mut file = private(path, true)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    written().map_err(|error| AuthorityError::io(path, error))
}

/// Locks a folder while a process works on it, until the file is dropped.
pub(crate) fn lock(folder: &Path) -> Result<File, AuthorityError> {
    let path = folder.join(LOCK);
    let file = private(&path, false).map_err(|error| AuthorityError::io(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(AuthorityError::InUse(folder.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(AuthorityError::io(&path, error)),
    }
}

/// Replaces a file, or makes it, so that a crash leaves the old one or the new one.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut io::BufWriter<File>) -> io::Result<()>,
) -> Result<(), AuthorityError> {
    let partial = partial(path);
    let written = || {
        let mut writer = io::BufWriter::new(private(&partial, false)?);
        write(&mut writer)?;
        writer.into_inner()?.sync_all()?;
        fs::rename(&partial, path)
    };
    written().map_err(|error| AuthorityError::io(path, error))?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), AuthorityError> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|error| AuthorityError::io(path, error))
}

/// The name under which something is written before it is whole.
pub(crate) fn partial(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".partial-{name}"))
}

/// Opens a file for writing that only its owner reads.
pub(crate) fn private(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if new {
        options.create_new(true);
    } else {
        options.create(true).truncate(true);
    }
    options.open(path)
}

const LOCK: &str = "lock";

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn files_are_private_and_replaced_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        create(&path, b"one").expect("is made");
        assert!(create(&path, b"two").is_err());
        let mode = fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let failed = replace(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("the power went"))
        });
        assert!(failed.is_err());
        assert_eq!(read_text(&path).expect("is there"), "one");
        replace(&path, |file| file.write_all(b"two")).expect("is replaced");
        assert_eq!(read_text(&path).expect("is there"), "two");
    }
}
