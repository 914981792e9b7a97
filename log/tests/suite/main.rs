//! The log from outside.

#![allow(clippy::unwrap_used)] // Helpers of tests are outside of `#[test]` functions.

mod azul;
mod folder;
mod notes;
mod proofs;
mod vectors;
mod witness;

use taxproof_claims::digest::Profile;
use taxproof_claims::signature::SigningKey;
use taxproof_log::{Checkpoint, Hash, LogFolder, LogKey, Note};

const ORIGIN: &str = "taxproof.epochs/zhejiang";

/// A log with its key in a temporary folder.
struct Log {
    folder: tempfile::TempDir,
    secret: SigningKey,
    key: LogKey,
    size: u64,
}

impl Log {
    fn new(profile: Profile) -> Self {
        let secret = SigningKey::random(profile).unwrap();
        let key = LogKey::new(ORIGIN, secret.verifying_key()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            secret,
            key,
            size: 0,
        }
    }

    fn files(&self) -> LogFolder {
        LogFolder::new(self.folder.path())
    }

    /// Another log under the same key that begins alike.
    fn fork(&self) -> Self {
        let fork = Self {
            folder: tempfile::tempdir().unwrap(),
            secret: self.secret.clone(),
            key: self.key.clone(),
            size: 0,
        };
        let begun: Vec<_> = (0..self.size)
            .map(|i| self.files().entry(i, self.size).unwrap())
            .collect();
        Self {
            size: self.size,
            ..fork
        }
        .with(&begun)
    }

    fn with(self, entries: &[Vec<u8>]) -> Self {
        self.files().append(0, entries).unwrap();
        self
    }

    fn grow(&mut self, entries: &[Vec<u8>]) -> Note {
        let root = self.files().append(self.size, entries).unwrap();
        self.size += entries.len() as u64;
        let note = self.sign(self.size, root);
        self.files().publish(&note).unwrap();
        note
    }

    fn sign(&self, size: u64, root: Hash) -> Note {
        Checkpoint::sign(&self.key, &self.secret, size, root)
    }
}

fn entries(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(|i| format!("entry {i}").into_bytes()).collect()
}
