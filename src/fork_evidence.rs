//! Files of evidence that an authority signed two histories.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use taxproof_log::Fork;

/// What ends a command that found something wrong.
pub(crate) const FOUND: u8 = 3;

/// Writes evidence into a folder, which is made where it is missing.
pub(crate) fn write(folder: &Path, number: usize, fork: &Fork) -> anyhow::Result<PathBuf> {
    let path = folder.join(format!("fork-{number}.txt"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, fork.to_string()))
        .with_context(|| format!("`{}`", path.display()))?;
    Ok(path)
}

/// Says what to do with it.
pub(crate) fn hint() {
    eprintln!("hint: anybody verifies this with `taxproof authority audit --verify`");
}
