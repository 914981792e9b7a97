//! Every target over its inputs, and that nothing that reads bytes of others is without a target.

mod decoders;
mod inputs;
mod listed;
mod parts;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Targets measure the memory of the process: whoever holds this is alone.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
