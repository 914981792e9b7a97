use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use taxproof_claims::amount::Value;
use taxproof_claims::credential::{Credential, CredentialError};
use taxproof_claims::digest::Digest;
use taxproof_claims::record::Values;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Q32;
use taxproof_claims::signature::SigningKey;
use taxproof_claims::subject::IdScheme;
use taxproof_prover::seal::{SealError, seal};
use taxproof_prover::wallet::{ImportError, Passphrase, Wallet, WalletError};
use tempfile::TempDir;

use crate::bureau::{Bureau, ENTERPRISE, NEWEST_VAT, record};

pub(crate) fn wallet_of(bureau: &Bureau) -> (TempDir, Wallet) {
    let folder = tempfile::tempdir().unwrap();
    let id = IdScheme::Uscc.parse(ENTERPRISE).unwrap();
    let mut wallet =
        Wallet::create(&folder.path().join("wallet"), id, IdScheme::Uscc, None).unwrap();
    wallet.add_trust(&bureau.trust()).unwrap();
    (folder, wallet)
}

pub(crate) fn folder_of(temporary: &TempDir) -> std::path::PathBuf {
    temporary.path().join("wallet")
}

pub(crate) fn sealed(wallet: &Wallet, credential: &Credential) -> Vec<u8> {
    seal(&wallet.registration().recipient, &credential.encode()).unwrap()
}

fn each_file(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        visit(&path);
        if path.is_dir() {
            each_file(&path, visit);
        }
    }
}

#[test]
fn everything_in_a_wallet_is_its_owners_alone() {
    let bureau = Bureau::new();
    let (folder, mut wallet) = wallet_of(&bureau);
    let credential = bureau.issue(&wallet.registration(), &record(), 1, Digest([0; 32]));
    wallet.import(&sealed(&wallet, &credential), None).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = folder_of(&folder);
    assert_eq!(mode(&folder), 0o700);
    let mut files = 0;
    each_file(&folder, &mut |path| {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), expected, "{}", path.display());
        files += usize::from(path.is_file());
    });
    assert!(files >= 4);

    fs::set_permissions(
        folder.join("secrets.toml"),
        fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    assert!(matches!(
        Wallet::open(&folder, None),
        Err(WalletError::Exposed(_))
    ));
}

#[test]
fn amounts_and_salts_are_nowhere_in_plain() {
    let bureau = Bureau::new();
    let (folder, mut wallet) = wallet_of(&bureau);
    let credential = bureau.issue(&wallet.registration(), &record(), 1, Digest([0; 32]));
    let plain = credential.encode();
    wallet.import(&plain, None).unwrap();
    let secrets = [&NEWEST_VAT.to_be_bytes()[..], &credential.salt.expose()[..]];
    for secret in secrets {
        assert!(plain.windows(secret.len()).any(|w| w == secret));
        each_file(&folder_of(&folder), &mut |path| {
            if path.is_file() {
                let contents = fs::read(path).unwrap();
                let found = contents.windows(secret.len()).any(|w| w == secret);
                assert!(!found, "{}", path.display());
            }
        });
    }
}

#[test]
fn secrets_do_not_show_in_debug_or_errors() {
    let bureau = Bureau::new();
    let (folder, mut wallet) = wallet_of(&bureau);
    let credential = bureau.issue(&wallet.registration(), &record(), 1, Digest([0; 32]));
    let held = wallet.import(&credential.encode(), None).unwrap();
    let path = folder_of(&folder).join("secrets.toml");
    let text = fs::read_to_string(&path).unwrap();
    let hidden: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    assert_eq!(hidden.len(), 3);
    fs::write(&path, text.replace("nullifying", "nullify")).unwrap();
    let error = Wallet::open(&folder_of(&folder), None).unwrap_err();
    let shown = format!("{wallet:?} {held:?} {error} {error:?}");
    for secret in hidden {
        assert!(!shown.contains(secret));
    }
    assert!(!shown.contains(&NEWEST_VAT.to_string()));
    assert!(!shown.contains(&format!("{:?}", credential.salt.expose())));
}

#[test]
fn a_wallet_opens_as_it_was_and_is_never_made_twice() {
    let bureau = Bureau::new();
    let (folder, wallet) = wallet_of(&bureau);
    let again = Wallet::open(&folder_of(&folder), None).unwrap();
    assert_eq!(again.registration(), wallet.registration());
    assert_eq!(again.trust(), wallet.trust());
    let id = IdScheme::Uscc.parse(ENTERPRISE).unwrap();
    let twice = Wallet::create(&folder_of(&folder), id, IdScheme::Uscc, None);
    assert!(matches!(twice, Err(WalletError::Exists(_))));
    let none = Wallet::open(&folder.path().join("other"), None);
    assert!(matches!(none, Err(WalletError::NotAWallet(_))));
}

#[test]
fn a_passphrase_is_needed_and_hides_the_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let id = IdScheme::Uscc.parse(ENTERPRISE).unwrap();
    let right = Passphrase::from("correct horse".to_owned());
    let made = Wallet::create(folder.path(), id, IdScheme::Uscc, Some(&right)).unwrap();
    let opened = Wallet::open(folder.path(), Some(&right)).unwrap();
    assert_eq!(opened.registration(), made.registration());
    let error = |passphrase| Wallet::open(folder.path(), passphrase).unwrap_err();
    assert!(matches!(error(None), WalletError::PassphraseNeeded));
    let wrong = Passphrase::from("battery staple".to_owned());
    assert!(matches!(error(Some(&wrong)), WalletError::PassphraseWrong));
    assert!(!folder.path().join("secrets.toml").exists());
    let sealed = fs::read(folder.path().join("secrets.age")).unwrap();
    assert!(!sealed.windows(4).any(|w| w == b"null"));

    // Secrets in plain beside them would be read by whoever removes the others.
    fs::write(folder.path().join("secrets.toml"), "").unwrap();
    assert!(matches!(error(Some(&right)), WalletError::TwoSecrets(_)));
}

/// A passphrase that protects nothing is refused, and does not make a second file of secrets.
#[test]
fn a_passphrase_does_not_fit_a_wallet_without_one() {
    let bureau = Bureau::new();
    let (folder, _) = wallet_of(&bureau);
    let folder = folder_of(&folder);
    let some = Passphrase::from("correct horse".to_owned());
    let refused = Wallet::open(&folder, Some(&some)).unwrap_err();
    assert!(matches!(refused, WalletError::NoPassphrase));
    assert!(!folder.join("secrets.age").exists());
}

#[test]
fn a_trust_list_that_everybody_may_write_is_refused() {
    let bureau = Bureau::new();
    let (folder, _) = wallet_of(&bureau);
    let (folder, mode) = (folder_of(&folder), fs::Permissions::from_mode);
    let list = folder.join("trust.toml");
    fs::set_permissions(&list, mode(0o644)).unwrap();
    assert!(Wallet::open(&folder, None).is_ok());
    fs::set_permissions(&list, mode(0o666)).unwrap();
    let refused = Wallet::open(&folder, None).unwrap_err();
    assert!(matches!(refused, WalletError::Exposed(path) if path == list));
}

#[test]
fn only_a_trusted_authority_s_credential_for_this_wallet_is_taken() {
    let (bureau, stranger) = (Bureau::new(), Bureau::new());
    let (_folder, mut wallet) = wallet_of(&bureau);
    let registration = wallet.registration();
    let first = Digest([0; 32]);

    let forged = stranger.issue(&registration, &record(), 1, first);
    let refused = wallet.import(&sealed(&wallet, &forged), None);
    assert!(matches!(refused, Err(ImportError::Signature(_))));

    let mut unknown = Bureau::new();
    unknown.id = "jiangsu".parse().unwrap();
    let refused = wallet.import(
        &unknown.issue(&registration, &record(), 1, first).encode(),
        None,
    );
    assert!(matches!(refused, Err(ImportError::UnknownAuthority(_))));

    let (_other_folder, other) = wallet_of(&bureau);
    let foreign = bureau.issue(&other.registration(), &record(), 1, first);
    let refused = wallet.import(&sealed(&other, &foreign), None);
    assert!(matches!(refused, Err(ImportError::Seal(SealError::Open))));
    let refused = wallet.import(&foreign.encode(), None);
    assert!(matches!(
        refused,
        Err(ImportError::Credential(CredentialError::NotUnderRoot))
    ));

    let mut renamed = registration.clone();
    renamed.enterprise = "914403001922038216".to_owned();
    let refused = wallet.import(&bureau.issue(&renamed, &record(), 1, first).encode(), None);
    assert!(matches!(refused, Err(ImportError::OtherEnterprise(_))));

    let good = bureau.issue(&registration, &record(), 1, first);
    let mut moved = good.clone();
    moved.paths[3].children[9].swap(0, 1);
    assert!(wallet.import(&moved.encode(), None).is_err());
    let mut pathless = good.clone();
    pathless.paths.clear();
    assert!(wallet.import(&pathless.encode(), None).is_err());
    let encoded = good.encode();
    for cut in (0..encoded.len()).step_by(97) {
        assert!(wallet.import(&encoded[..cut], None).is_err());
    }
    assert!(wallet.credentials().unwrap().is_empty());
    assert!(wallet.import(&sealed(&wallet, &good), None).is_ok());
    assert_eq!(wallet.credentials().unwrap()[0].credential, good);
}

#[test]
fn a_record_that_its_schema_does_not_allow_is_refused() {
    let bureau = Bureau::new();
    let (_folder, mut wallet) = wallet_of(&bureau);
    let schema = Schema::cn_tax();
    let (grade, _) = schema.attribute("grade").unwrap();
    let attributes: Vec<Value> = (0..=grade)
        .map(|i| Value::try_from(if i == grade { 9 } else { 0 }).unwrap())
        .collect();
    let values = Values::new(Q32.layout(), &attributes, &[]).unwrap();
    let credential = bureau.issue(&wallet.registration(), &values, 1, Digest([0; 32]));
    let refused = wallet.import(&credential.encode(), None);
    assert!(matches!(refused, Err(ImportError::Values(_))));
}

#[test]
fn a_credential_of_an_unknown_schema_waits_for_it() {
    let bureau = Bureau::new();
    let (folder, mut wallet) = wallet_of(&bureau);
    let text = taxproof_claims::schema::CN_TAX.replacen("cn-tax-1", "cn-tax-x", 1);
    let mut credential = bureau.issue(&wallet.registration(), &record(), 1, Digest([0; 32]));
    credential.epoch.header.schema = Schema::from_toml(&text).unwrap().digest();
    let refused = wallet.import(&credential.encode(), None);
    assert!(matches!(refused, Err(ImportError::UnknownSchema)));
    wallet.add_schema(&text).unwrap();
    wallet.add_schema(&text).unwrap();
    let refused = wallet.import(&credential.encode(), None);
    assert!(matches!(refused, Err(ImportError::Signature(_))));
    assert_eq!(
        Wallet::open(&folder_of(&folder), None)
            .unwrap()
            .schemas()
            .len(),
        2
    );
}

#[test]
fn older_epochs_and_second_histories_are_refused() {
    let bureau = Bureau::new();
    let (_folder, mut wallet) = wallet_of(&bureau);
    let registration = wallet.registration();
    let issue = |epoch, previous| bureau.issue(&registration, &record(), epoch, previous);
    let fifth = issue(5, Digest([5; 32]));
    let digest = fifth.epoch.header.digest();
    let mut import = |credential: &Credential| wallet.import(&credential.encode(), None);
    import(&fifth).unwrap();
    import(&fifth).unwrap();

    assert!(matches!(
        import(&issue(4, Digest([4; 32]))),
        Err(ImportError::Rollback { held: 5, found: 4 })
    ));
    let mut other = issue(5, Digest([5; 32]));
    assert_ne!(other.epoch.header.digest(), digest);
    match import(&other) {
        Err(ImportError::Equivocation {
            epoch: 5,
            held,
            found,
            ..
        }) => {
            assert_eq!((held, found), (digest, other.epoch.header.digest()));
        }
        unexpected => panic!("{unexpected:?}"),
    }
    other = issue(6, other.epoch.header.digest());
    assert!(matches!(
        import(&other),
        Err(ImportError::Equivocation { epoch: 5, .. })
    ));

    import(&issue(6, digest)).unwrap();
    import(&issue(9, Digest([8; 32]))).unwrap();
    assert_eq!(
        wallet.credentials().unwrap()[0]
            .credential
            .epoch
            .header
            .epoch,
        9
    );
}

#[test]
fn a_name_never_changes_its_key_in_silence() {
    let bureau = Bureau::new();
    let (folder, mut wallet) = wallet_of(&bureau);
    let mut list = bureau.trust();
    wallet.add_trust(&list).unwrap();
    list.authorities[0].key = SigningKey::random(taxproof_claims::digest::Profile::Sm)
        .unwrap()
        .verifying_key();
    assert!(matches!(
        wallet.add_trust(&list),
        Err(WalletError::OtherKey(_))
    ));
    let opened = Wallet::open(&folder_of(&folder), None).unwrap();
    assert_eq!(*opened.trust(), bureau.trust());
}

#[test]
fn a_rotated_secret_is_kept_until_the_next_epoch_and_then_erased() {
    let bureau = Bureau::new();
    let (folder, mut wallet) = wallet_of(&bureau);
    let before = wallet.registration();
    let first = bureau.issue(&before, &record(), 1, Digest([0; 32]));
    wallet.import(&first.encode(), None).unwrap();
    wallet.rotate(None).unwrap();
    let after = wallet.registration();
    assert_ne!(after.recipient, before.recipient);
    for (old, new) in before.holder.iter().zip(&after.holder) {
        assert_ne!(old.authorising, new.authorising);
        assert_eq!(old.nullifying, new.nullifying);
    }
    let mut wallet = Wallet::open(&folder_of(&folder), None).unwrap();
    assert_eq!(wallet.credentials().unwrap().len(), 1);

    // What is on its way is encrypted to the identity of before.
    let sealed = |recipient: &str| seal(recipient, &first.encode()).unwrap();
    wallet.import(&sealed(&before.recipient), None).unwrap();

    let second = bureau.issue(&after, &record(), 2, first.epoch.header.digest());
    wallet.import(&second.encode(), None).unwrap();
    // Whoever took the old identity opens nothing that comes, and neither does the wallet with it.
    assert!(matches!(
        wallet.import(&sealed(&before.recipient), None),
        Err(ImportError::Seal(SealError::Open))
    ));
    let third = bureau.issue(&before, &record(), 3, second.epoch.header.digest());
    assert!(matches!(
        wallet.import(&third.encode(), None),
        Err(ImportError::Credential(CredentialError::NotUnderRoot))
    ));
}
