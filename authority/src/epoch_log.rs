//! The log of epochs: every header that was published is an entry, in order, so that banks and
//! witnesses see one history (C2SP tlog-tiles).
//!
//! The log follows from the headers and the key alone: entry n − 1 is the signed header of epoch n.
//! What a crash left out is made up for by the next publication.

use std::path::PathBuf;

use taxproof_claims::epoch::{AuthorityId, SignedEpochHeader};
use taxproof_claims::signature::VerifyingKey;
use taxproof_log::{
    Checkpoint, Hash, Leaves, LogError, LogFolder, LogKey, NotAKey, Note, Quorum, SignatureLine,
    root,
};

use crate::custodians::Subject;
use crate::error::AuthorityError;
use crate::key::Key;
use crate::progress::Progress;

/// An authority's log.
#[derive(Debug)]
pub struct EpochLog {
    files: LogFolder,
    key: LogKey,
}

impl EpochLog {
    /// The log in a folder, of an authority with a key.
    pub(crate) fn new(
        folder: PathBuf,
        authority: &AuthorityId,
        key: VerifyingKey,
    ) -> Result<Self, NotAKey> {
        let key = LogKey::new(&authority.log_origin(), key)?;
        let files = LogFolder::new(folder);
        Ok(Self { files, key })
    }

    /// Its files, which are public.
    pub const fn files(&self) -> &LogFolder {
        &self.files
    }

    /// The key that its checkpoints are signed with, under its origin.
    pub const fn key(&self) -> &LogKey {
        &self.key
    }

    /// Appends the headers that are not in it yet and signs the new head; gives the head.
    ///
    /// A head is signed only over the headers of this folder, and only if they begin with those of
    /// the head before: a folder that was restored from a backup does not make a second history.
    ///
    /// # Errors
    /// The log is damaged or of other headers, or cannot be written.
    pub(crate) fn catch_up(
        &self,
        headers: &[SignedEpochHeader],
        secret: &Key,
        progress: &dyn Progress,
    ) -> Result<Note, AuthorityError> {
        let entries: Vec<_> = headers.iter().map(SignedEpochHeader::encode).collect();
        let known = match self.files.checkpoint()? {
            None => 0,
            Some(note) => {
                let head = self.held_against(&note, &entries)?;
                if head == entries.len() as u64 {
                    return Ok(note);
                }
                head
            }
        };
        let new = usize::try_from(known).map_or(&[][..], |known| &entries[known..]);
        let root = self.files.append(known, new)?;
        let shown = || Subject::head(headers);
        let sign = |text: &[u8]| secret.sign(text, shown, progress);
        let note = Checkpoint::sign_with(&self.key, entries.len() as u64, root, sign)?;
        self.files.publish(&note)?;
        Ok(note)
    }

    /// Puts a witness's cosignature to the head.
    ///
    /// # Errors
    /// There is no head, or it cannot be written.
    pub fn add_cosignature(&self, line: SignatureLine) -> Result<(), AuthorityError> {
        Ok(self.files.add_cosignature(line)?)
    }

    /// The size of a head, if it is ours and over the first entries.
    fn held_against(&self, note: &Note, entries: &[Vec<u8>]) -> Result<u64, AuthorityError> {
        let damaged = |detail: &str| AuthorityError::damaged(self.files.path(), detail);
        let head = Quorum::of(self.key.clone())
            .accept(note)
            .map_err(LogError::from)?;
        if head.size > entries.len() as u64 {
            return Err(damaged(
                "the log has more epochs than the folder: was an older backup restored?",
            ));
        }
        let leaves = Leaves(entries.iter().map(|entry| Hash::leaf(entry)).collect());
        let Ok(root) = root(&leaves, head.size);
        if root == head.root {
            Ok(head.size)
        } else {
            Err(damaged("the log is of other epochs than the folder"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use taxproof_claims::digest::{Digest, Profile};
    use taxproof_claims::epoch::EpochHeader;
    use taxproof_claims::schema::Schema;
    use taxproof_claims::signature::SigningKey;
    use tempfile::TempDir;

    struct Scene {
        folder: TempDir,
        secret: Key,
        log: EpochLog,
    }

    fn key() -> Key {
        Key::File(SigningKey::random(Profile::Sm).expect("randomness"))
    }

    impl Scene {
        fn new() -> Self {
            let folder = TempDir::new().expect("a folder");
            let secret = key();
            let id = "zhejiang".parse().expect("a name");
            let log = EpochLog::new(folder.path().join("log"), &id, secret.verifying_key());
            Self {
                folder,
                secret,
                log: log.expect("a name"),
            }
        }

        fn catch_up(&self, headers: &[SignedEpochHeader]) -> Result<Note, AuthorityError> {
            self.log.catch_up(headers, &self.secret, &())
        }

        fn headers(&self, leaves: u64, count: u64) -> Vec<SignedEpochHeader> {
            let header = |epoch| EpochHeader {
                profile: Profile::Sm,
                authority: "zhejiang".parse().expect("a name"),
                epoch,
                time: 1_790_000_000,
                newest_period: "2026Q3".parse().expect("a quarter"),
                schema: Schema::cn_tax().digest(),
                leaves,
                roots: vec![],
                previous: Digest([0; 32]),
            };
            let sign = |header: EpochHeader| SignedEpochHeader {
                signature: (self.secret.sign(&header.digest().0, || None, &())).expect("is signed"),
                header,
            };
            (1..=count).map(|epoch| sign(header(epoch))).collect()
        }
    }

    #[test]
    fn epochs_that_are_missing_are_appended_once() {
        let scene = Scene::new();
        let headers = scene.headers(1, 5);
        for count in [1, 1, 2, 5] {
            let note = scene.catch_up(&headers[..count]).expect("is written");
            let head = Quorum::of(scene.log.key().clone())
                .accept(&note)
                .expect("is signed");
            assert_eq!(head.size, count as u64);
            let last = scene
                .log
                .files()
                .entry(head.size - 1, head.size)
                .expect("is there");
            assert_eq!(last, headers[count - 1].encode());
        }
    }

    #[test]
    fn what_a_crash_left_behind_the_head_is_written_again() {
        let scene = Scene::new();
        let headers = scene.headers(1, 3);
        scene.catch_up(&headers[..1]).expect("is written");
        let head = fs::read(scene.folder.path().join("log/checkpoint")).expect("is there");
        // Cut off between the tiles and the head, of an epoch that never came to be.
        scene
            .log
            .files()
            .append(1, &[b"another epoch".to_vec()])
            .expect("is written");
        fs::write(scene.folder.path().join("log/checkpoint"), head).expect("is written");
        let note = scene.catch_up(&headers).expect("is written");
        let proof = scene.log.files().inclusion(1, &note).expect("is there");
        let quorum = Quorum::of(scene.log.key().clone());
        proof
            .verify(&quorum, &headers[1].encode())
            .expect("is in the log");
    }

    /// Somebody restores a backup without its last epochs and publishes on.
    #[test]
    fn no_second_history_is_signed() {
        let scene = Scene::new();
        let headers = scene.headers(1, 3);
        scene.catch_up(&headers).expect("is written");
        assert!(matches!(
            scene.catch_up(&headers[..2]),
            Err(AuthorityError::Damaged { .. })
        ));
        let mut others = headers[..2].to_vec();
        others.extend_from_slice(&scene.headers(2, 4)[2..]);
        assert!(matches!(
            scene.catch_up(&others),
            Err(AuthorityError::Damaged { .. })
        ));
        let stranger = key();
        let id = "zhejiang".parse().expect("a name");
        let log = EpochLog::new(
            scene.folder.path().join("log"),
            &id,
            stranger.verifying_key(),
        );
        let refused = log.expect("a name").catch_up(&headers, &stranger, &());
        assert!(matches!(refused, Err(AuthorityError::Log(_))));
    }
}
