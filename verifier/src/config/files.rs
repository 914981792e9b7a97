//! Reading and writing the files of a bank's folder.

use std::io::Write as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::ConfigError;

pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(error(path))
}

pub(super) fn text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(error(path))
}

/// Reads a secret that not everybody can read.
pub(super) fn secret(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    ensure_private(path)?;
    text(path).map(Zeroizing::new)
}

/// Checks that a file is its owner's and, at most, its group's: a secret that a container or a
/// credential store hands in may belong to a group.
pub(super) fn ensure_private(path: &Path) -> Result<(), ConfigError> {
    let metadata = std::fs::metadata(path).map_err(error(path))?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o007 != 0 {
        return Err(ConfigError::Exposed(path.to_owned()));
    }
    #[cfg(not(unix))]
    drop(metadata);
    Ok(())
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
