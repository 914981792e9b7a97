//! Bundles of credentials, and credentials with the key to later ones.

use std::cell::RefCell;
use std::fs;

use chacha20poly1305::aead::{AeadInPlace as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use taxproof_claims::bundle::{Branches, Bundle, Issued, Refresh};
use taxproof_claims::credential::Credential;
use taxproof_claims::digest::Profile;
use taxproof_claims::shape::Q16;
use taxproof_prover::wallet::{Wallet, write_private};
use tempfile::TempDir;

use crate::Target;
use crate::fixture::{authority_key, commit, credential, folder, registration, schema};
use crate::input::{Input, chosen};
use crate::property::canonical;
use crate::targets::requests::with_credential;
use crate::targets::wallet::KEPT;

/// A key to entries, the same in every process, so that committed bundles open.
fn refresh() -> Refresh {
    Refresh::from_bytes([3; Refresh::LENGTH])
}

pub(super) const ISSUED: Target = Target::new(
    "issued",
    |bytes| {
        let read = |bytes: &[u8]| Issued::decode(bytes, schema());
        if canonical(bytes, read, Issued::encode).is_some() {
            assert!(Issued::is_one(bytes));
        }
    },
    || vec![issued(credential(&registration())).encode()],
);

fn issued(credential: Credential) -> Issued {
    Issued {
        credential,
        refresh: refresh(),
    }
}

/// A bundle as its authority wrote it; one of which the entries are what is encrypted; and one whose
/// authority commits to what is in them.
pub(super) const BUNDLE: Target = Target::new(
    "credential_bundle",
    |bytes| {
        let mut input = Input::new(bytes);
        let kind = input.below(3);
        let Some(mut bundle) = canonical(input.rest(), Bundle::decode, Bundle::encode) else {
            return;
        };
        if kind > 0 {
            bundle
                .entries
                .iter_mut()
                .for_each(|entry| encrypt(entry, &bundle.nonce));
            bundle.epoch = bundle.epoch.header.sign(authority_key());
        }
        let opened = bundle.open(&refresh(), schema());
        IMPORTING.with_borrow_mut(|importing| {
            let opened = match opened {
                Ok(Some(credential)) if kind == 2 => {
                    Some(importing.commit(&mut bundle, credential))
                }
                _ => None,
            };
            let file = bundle.encode();
            let again = Bundle::decode(&file);
            assert!(
                again.is_ok_and(|again| again == bundle),
                "a bundle is read as another"
            );
            let held = importing.import(&file);
            if let (Some(held), Some(opened)) = (held, opened) {
                assert!(held == opened, "another credential is kept");
            }
        });
    },
    || {
        let registration = registration();
        let credential = credential(&registration);
        let plain = bundle_of(&credential, |entry| entry.extend([0; MAC]));
        let sealed = bundle_of(&credential, |_| ());
        let sealed = Bundle {
            entries: vec![Bundle::seal(
                &refresh(),
                &sealed.nonce,
                &credential.id,
                &credential.salt,
                &credential.values,
            )],
            ..sealed
        };
        vec![
            chosen(0, sealed.encode()),
            chosen(1, plain.encode()),
            chosen(2, plain.encode()),
        ]
    },
)
.mebibytes(8)
.mutations(600);

/// What the cipher adds to an entry.
const MAC: usize = 16;

/// Encrypts all of an entry but its last bytes, as an authority does with whatever it likes.
fn encrypt(entry: &mut Vec<u8>, nonce: &[u8; 32]) {
    let key = Profile::International.digest("taxproof/entry/1", &[refresh().expose(), nonce]);
    entry.truncate(entry.len().saturating_sub(MAC));
    let tag = ChaCha20Poly1305::new(Key::from_slice(&key.0)).encrypt_in_place_detached(
        &Nonce::default(),
        b"",
        entry,
    );
    entry.extend(tag.expect("an entry is shorter than what the cipher takes"));
}

/// A bundle with one entry: what it holds of a credential, not encrypted, and then ended.
fn bundle_of(credential: &Credential, end: impl Fn(&mut Vec<u8>)) -> Bundle {
    let id = credential.id.as_str().as_bytes();
    let mut entry = [&[id.len() as u8], id, &[0; 30][id.len()..]].concat();
    entry.extend(credential.salt.expose());
    let values = &credential.values;
    let all = values
        .attributes()
        .iter()
        .chain(values.rows().iter().flatten());
    all.for_each(|value| entry.extend(value.to_be_bytes()));
    end(&mut entry);
    Bundle {
        epoch: credential.epoch.clone(),
        first: 0,
        nonce: [9; 32],
        layout: Q16.layout(),
        branches: branches(credential),
        entries: vec![entry],
    }
}

fn branches(credential: &Credential) -> Vec<Branches> {
    let of_path = |path: &taxproof_claims::credential::MembershipPath| Branches {
        curve: path.curve,
        layout: path.layout,
        levels: std::array::from_fn(|level| path.children[level].to_vec()),
    };
    credential.paths.iter().map(of_path).collect()
}

thread_local! {
    static IMPORTING: RefCell<Importing> = RefCell::new(Importing::new());
}

/// A wallet that holds a credential with the key to later ones.
struct Importing {
    wallet: Wallet,
    /// The credential's file.
    kept: Vec<u8>,
    folder: TempDir,
}

impl Importing {
    fn new() -> Self {
        let folder = folder();
        let (mut wallet, _) = with_credential(folder.path());
        let path = folder.path().join(KEPT);
        let made = "a wallet takes a credential";
        fs::remove_file(&path).expect(made);
        let issued = issued(credential(&wallet.registration()));
        wallet.import(&issued.encode(), None).expect(made);
        Self {
            wallet,
            kept: fs::read(path).expect(made),
            folder,
        }
    }

    /// The credential that is held after a bundle was imported.
    fn import(&mut self, file: &[u8]) -> Option<Credential> {
        let held = self.wallet.import_bundle(file, None).ok()?;
        let written = write_private(&self.folder.path().join(KEPT), &self.kept);
        written.expect("a file of the wallet can be written");
        Some(held.credential)
    }

    /// Has the authority commit to a credential, and put it in a bundle.
    fn commit(&self, bundle: &mut Bundle, opened: Credential) -> Credential {
        let header = bundle.epoch.header.clone();
        let registration = self.wallet.registration();
        let Credential {
            id, values, salt, ..
        } = opened;
        let committed = commit(&registration, header, id, values, salt);
        bundle.epoch = committed.epoch.clone();
        bundle.first = 0;
        bundle.entries.truncate(1);
        bundle.branches = branches(&committed);
        committed
    }
}
