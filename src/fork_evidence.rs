//! Files of evidence that an authority signed two histories.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use taxproof_claims::digest::Profile;
use taxproof_log::Fork;

/// What ends a command that found something wrong.
pub(crate) const FOUND: u8 = 3;

/// Writes evidence into a folder, which is made where it is missing. Its name is its contents', so that
/// no other evidence is lost.
pub(crate) fn write(folder: &Path, fork: &Fork) -> anyhow::Result<PathBuf> {
    let text = fork.to_string();
    let digest = Profile::International.digest("taxproof/fork-file/1", &[text.as_bytes()]);
    let path = folder.join(format!("fork-{}.txt", &digest.to_string()[..16]));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, text))
        .with_context(|| format!("`{}`", path.display()))?;
    Ok(path)
}

/// Says what to do with it.
pub(crate) fn hint() {
    eprintln!(
        "hint: anybody verifies this with `taxproof authority audit --verify FILE --trust FILE`"
    );
}
