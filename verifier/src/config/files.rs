//! Reading and writing the files of a bank's folder.

use std::io::Write as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::ConfigError;

/// Reads a file that the bank goes by, and that not everybody can write.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, ConfigError> {
    ensure_trusted(path)?;
    std::fs::read(path).map_err(error(path))
}

/// As [`bytes`].
pub(super) fn text(path: &Path) -> Result<String, ConfigError> {
    ensure_trusted(path)?;
    std::fs::read_to_string(path).map_err(error(path))
}

fn ensure_trusted(path: &Path) -> Result<(), ConfigError> {
    match others_may(path, 0o002)? {
        true => Err(ConfigError::Writable(path.to_owned())),
        false => Ok(()),
    }
}

/// Reads a secret that not everybody can read.
pub(super) fn secret(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    ensure_private(path)?;
    text(path).map(Zeroizing::new)
}

/// Checks that a file is its owner's and, at most, its group's: a secret that a container or a
/// credential store hands in may belong to a group.
pub(super) fn ensure_private(path: &Path) -> Result<(), ConfigError> {
    match others_may(path, 0o007)? {
        true => Err(ConfigError::Exposed(path.to_owned())),
        false => Ok(()),
    }
}

/// Whether a file's mode has any of these bits.
fn others_may(path: &Path, bits: u32) -> Result<bool, ConfigError> {
    let metadata = std::fs::metadata(path).map_err(error(path))?;
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    #[cfg(not(unix))]
    let mode = {
        drop(metadata);
        0
    };
    Ok(mode & bits != 0)
}

/// Whether a text is a secret rather than the name of a file with one.
pub(super) fn looks_secret(text: &str) -> bool {
    ["-----BEGIN", "AGE-SECRET-KEY-", "\n"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Makes a folder that only its owner can read, unless it is there.
pub(super) fn private_folder(path: &Path) -> Result<(), ConfigError> {
    crate::store::private_folder(path).map_err(error(path))
}

/// Writes a file that only its owner can read and that is not there yet.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), ConfigError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(error(path))
}

fn error(path: &Path) -> impl FnOnce(std::io::Error) -> ConfigError {
    let path = path.to_owned();
    |why| ConfigError::File { path, why }
}
