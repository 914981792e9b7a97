//! Files that only their owner may read, replaced whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::wallet::WalletError;

const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;

pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> WalletError {
    let path = path.to_owned();
    move |source| WalletError::Io { path, source }
}

/// Makes a folder that only its owner may enter, unless it is there.
pub(crate) fn private_folder(path: &Path) -> Result<(), WalletError> {
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE_FOLDER)
        .create(path)
        .map_err(at(path))
}

/// Replaces a file in one step: a reader, and a crash, sees the old contents or the new.
pub fn write_private(path: &Path, contents: &[u8]) -> Result<(), WalletError> {
    write_private_by(path, |file| file.write_all(contents))
}

/// As [`write_private`], by a function that writes the contents.
pub(crate) fn write_private_by<T>(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> Result<T, WalletError> {
    write_atomically(path, write).map_err(at(path))
}

fn write_atomically<T>(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> io::Result<T> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE_FILE)
        .open(&new)
        .and_then(|mut file| {
            file.set_permissions(fs::Permissions::from_mode(PRIVATE_FILE))?;
            let result = write(&mut file)?;
            file.sync_all()?;
            Ok(result)
        })
        .and_then(|result| fs::rename(&new, path).map(|()| result));
    if written.is_err() {
        // What is left of a failed write holds secrets; that it cannot be removed adds nothing to
        // the error that is returned.
        let _ = fs::remove_file(&new);
    }
    let result = written?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all()?,
        _ => {}
    }
    Ok(result)
}

/// Appends a line in one write.
pub(crate) fn append_private(path: &Path, line: &str) -> Result<(), WalletError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(PRIVATE_FILE)
        .open(path)
        .and_then(|mut file| {
            file.write_all(line.as_bytes())?;
            file.sync_all()
        })
        .map_err(at(path))
}

/// The contents, or `None` where there is no such file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, WalletError> {
    match fs::read(path) {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path)(error)),
    }
}

/// The contents, refused where they are longer than `limit`: the file is somebody else's.
pub fn read_limited(path: &Path, limit: usize) -> Result<Vec<u8>, WalletError> {
    let mut contents = Vec::new();
    let file = File::open(path).map_err(at(path))?;
    file.take(limit as u64 + 1)
        .read_to_end(&mut contents)
        .map_err(at(path))?;
    if contents.len() > limit {
        let path = path.to_owned();
        return Err(WalletError::TooLong { path, limit });
    }
    Ok(contents)
}

/// Refuses a file that others than its owner may read or write.
pub(crate) fn check_private(path: &Path) -> Result<(), WalletError> {
    check_mode(path, 0o077)
}

/// Refuses a file that everybody may write, if it is there.
pub(crate) fn check_unwritable(path: &Path) -> Result<(), WalletError> {
    if path.exists() {
        check_mode(path, 0o002)?;
    }
    Ok(())
}

fn check_mode(path: &Path, refused: u32) -> Result<(), WalletError> {
    let mode = fs::metadata(path).map_err(at(path))?.permissions().mode();
    if mode & refused == 0 {
        Ok(())
    } else {
        Err(WalletError::Exposed(path.to_owned()))
    }
}
