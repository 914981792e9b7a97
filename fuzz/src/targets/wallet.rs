//! The files of a wallet, and what it imports.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use taxproof_claims::credential::Credential;
use taxproof_claims::schema::Schema;
use taxproof_prover::wallet::{Answered, Wallet, write_private};
use tempfile::TempDir;

use crate::Target;
use crate::fixture::{NOW, commit, credential, folder, schema};
use crate::input::{Input, chosen};
use crate::targets::requests::with_credential;

/// The files that a wallet may find altered.
const FILES: [&str; 6] = [
    "wallet.toml",
    "secrets.toml",
    "trust.toml",
    "schemas/other.toml",
    "history.jsonl",
    KEPT,
];
/// The credential that a wallet holds of the authority.
pub(super) const KEPT: &str = "credentials/zhejiang.age";

/// A wallet one of whose files is another.
pub(super) const WALLET: Target = Target::new(
    "wallet",
    |bytes| {
        let mut input = Input::new(bytes);
        let file = FILES[input.below(FILES.len())];
        SAVED.with(|folder| {
            let path = folder.path().join(file);
            let written = "a file of the wallet can be written";
            let before = fs::read(&path).ok();
            write_private(&path, input.rest()).expect(written);
            use_wallet(folder.path());
            match before {
                Some(before) => write_private(&path, &before).expect(written),
                None => fs::remove_file(&path).expect(written),
            }
        });
    },
    || {
        let read = |(i, file): (usize, &&str)| {
            let path = SAVED.with(|folder| folder.path().join(file));
            let bytes = fs::read(path).unwrap_or_else(|_| match *file {
                "schemas/other.toml" => other_schema().into_bytes(),
                file => panic!("a wallet with a credential has {file}"),
            });
            chosen(i as u8, bytes)
        };
        FILES.iter().enumerate().map(read).collect()
    },
)
.mebibytes(24)
.mutations(500);

thread_local! {
    static SAVED: TempDir = saved();
}

/// The folder of a wallet that has every file but two that it need not have.
fn saved() -> TempDir {
    let folder = folder();
    let (wallet, epoch) = with_credential(folder.path());
    let answered = Answered {
        time: NOW,
        bank: "bank-of-examples".to_owned(),
        request: epoch.digest(),
        policy: epoch.digest(),
        authority: "zhejiang".to_owned(),
        epoch: 1,
        passed: false,
        band: Some(1),
        failed_rules: vec!["grade".to_owned()],
        id_disclosed: false,
    };
    wallet
        .note(&answered)
        .expect("a wallet's history can be written");
    folder
}

fn use_wallet(folder: &Path) {
    let Ok(wallet) = Wallet::open(folder, None) else {
        return;
    };
    let _ = wallet.history();
    let _ = wallet.credentials();
    wallet.registration();
}

fn other_schema() -> String {
    let mut json = serde_json::to_value(schema()).expect("a schema has text keys");
    json["id"] = "other-1".into();
    let other = Schema::from_json(&json.to_string()).expect("a schema by another name");
    toml::to_string(&other).expect("a schema is a table")
}

/// A credential as it arrives: plain, or encrypted to the wallet; or any that an authority commits
/// to.
pub(super) const IMPORT: Target = Target::new(
    "import",
    |bytes| {
        let mut input = Input::new(bytes);
        let committed = input.below(2) == 1;
        let given = input.rest();
        let held = IMPORTING.with_borrow_mut(|(wallet, folder)| {
            // What an earlier input left would refuse later ones as older.
            let _ = fs::remove_file(folder.path().join(KEPT));
            let registration = wallet.registration();
            let file = match Credential::decode(given, schema()) {
                Ok(c) if committed => {
                    let salt = c.salt.clone();
                    let header = c.epoch.header.clone();
                    commit(&registration, header, c.id.clone(), c.values.clone(), salt).encode()
                }
                _ => given.to_vec(),
            };
            wallet.import(&file, None).map(|held| (held, file))
        });
        if let Ok((held, file)) = held {
            let sealed = file.starts_with(b"age-encryption.org/");
            assert!(
                sealed || held.credential.encode() == file,
                "another credential is kept"
            );
        }
    },
    || {
        IMPORTING.with_borrow(|(wallet, _)| {
            let registration = wallet.registration();
            let credential = credential(&registration).encode();
            let sealed = taxproof_prover::seal::seal(&registration.recipient, &credential);
            vec![
                chosen(0, &credential),
                chosen(0, sealed.expect("anything can be encrypted")),
                chosen(1, credential),
            ]
        })
    },
)
.mebibytes(8)
.mutations(500);

thread_local! {
    static IMPORTING: RefCell<(Wallet, TempDir)> = RefCell::new(importing());
}

fn importing() -> (Wallet, TempDir) {
    let folder = folder();
    (with_credential(folder.path()).0, folder)
}
