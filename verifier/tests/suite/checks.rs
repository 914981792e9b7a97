//! `config check`: everything that is wrong with a folder, without starting or making anything, and
//! no secret in what it says.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use taxproof_claims::digest::Profile;
use taxproof_claims::trust::TrustList;
use taxproof_verifier::config::{ConfigError, Environment, Folder, NewFolder};

use crate::certificates::{Certified, Issuer};
use crate::running::run;
use crate::world::{Authority, create, key_file};

/// A bank's folder that is as it should be, with certificates.
struct Bank(tempfile::TempDir);

impl Bank {
    fn new() -> Self {
        let bank = Self(tempfile::tempdir().unwrap());
        create(bank.path(), &Authority::new(), &key_file(|_, _| {}), true).unwrap();
        let (servers, clients) = (Issuer::new(), Issuer::new());
        servers.server().write(bank.path());
        std::fs::write(bank.file("clients.pem"), clients.pem()).unwrap();
        bank.append(
            "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n\
             client_authorities = \"clients.pem\"\n[roles]\n\"admin\" = \"admin\"\n",
        );
        bank
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.file("bank.toml")
    }

    fn append(&self, text: &str) {
        let config = std::fs::read_to_string(self.config()).unwrap();
        std::fs::write(self.config(), config + text).unwrap();
    }

    fn prepend(&self, text: &str) {
        let config = std::fs::read_to_string(self.config()).unwrap();
        std::fs::write(self.config(), text.to_owned() + &config).unwrap();
    }

    fn check(&self, variables: &[(&str, &str)]) -> Output {
        run(&self.config(), &["config", "check"], variables)
    }
}

/// What everybody can write is nothing to go by.
#[test]
fn files_that_everybody_can_write_are_refused() {
    for name in ["bank.toml", "trust.toml", "keys/q16.vk"] {
        let bank = Bank::new();
        let open = || Folder::open(&bank.config());
        assert!(open().is_ok());
        let path = bank.file(name);
        std::fs::set_permissions(&path, Permissions::from_mode(0o646)).unwrap();
        let refused = open();
        assert!(matches!(refused, Err(ConfigError::Writable(found)) if found == path));
    }
}

#[test]
fn a_bank_is_made_whole_or_not_at_all() {
    let bank = Bank::new();
    let again = create(bank.path(), &Authority::new(), &key_file(|_, _| {}), true);
    assert!(matches!(again, Err(ConfigError::Exists(_))));

    let outside = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = outside.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let key = key_file(|_, _| {});
    let keys = [put("a/q16.vk", &key), put("b/q16.vk", &key)];
    let trust = |list: &TrustList| put("trust.toml", list.to_toml().as_bytes());
    let authorities = TrustList {
        authorities: vec![Authority::new().trusted()],
        banks: vec![],
    };
    let (folder, listed) = (outside.path().join("bank"), trust(&authorities));
    let new = NewFolder {
        id: "bank",
        name: "Bank",
        profile: Profile::Sm,
        listen: ([127, 0, 0, 1], 0).into(),
        keys: &keys,
        allow_dev_keys: true,
        ceremony_keys: &[],
        trust: &listed,
        schemas: &[],
    };
    assert!(matches!(new.create(&folder), Err(ConfigError::SameName(_))));
    let of_nobody = NewFolder {
        keys: &keys[..1],
        trust: &put("nobody.toml", b""),
        ..new
    };
    assert!(matches!(
        of_nobody.create(&folder),
        Err(ConfigError::NoAuthorities(_))
    ));
    assert!(!folder.exists(), "nothing was made");
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_folder_that_is_good_is_shown_as_it_is_in_force() {
    let bank = Bank::new();
    let before: Vec<_> = std::fs::read_dir(bank.path()).unwrap().collect();
    let signing = std::fs::read_to_string(bank.file("signing.pem")).unwrap();
    let identity = std::fs::read_to_string(bank.file("identity.txt")).unwrap();
    let password = "correct horse";
    let output = bank.check(&[
        ("TAXPROOF_LIMITS__CONNECTIONS", "77"),
        ("TAXPROOF_DATABASE", "postgres://bank@db.example/bank"),
        ("TAXPROOF_SECRET_DATABASE_PASSWORD", password),
        ("TAXPROOF_SECRET_SIGNING_KEY", &signing),
        ("TAXPROOF_PORT", "tcp://10.0.0.1:7480"),
    ]);
    let (stdout, stderr) = said(&output);
    assert!(output.status.success(), "{stderr}");
    let table: toml::Table = stdout.parse().unwrap();
    assert_eq!(table["limits"]["connections"].as_integer(), Some(77));
    assert_eq!(table["limits"]["presentations"].as_integer(), Some(256));
    assert_eq!(table["maximum_epoch_age"].as_float(), Some(8_640_000.0));
    assert_eq!(
        table["database"].as_str(),
        Some("postgres://bank@db.example/bank")
    );
    for line in [
        "# from the variable TAXPROOF_LIMITS__CONNECTIONS",
        "# a secret, not shown, from TAXPROOF_SECRET_SIGNING_KEY",
    ] {
        assert!(stdout.contains(line), "{stdout}");
    }
    for good in [
        "ok: key Q16 bn254",
        "ok: authorities zhejiang",
        "the service's certificate: until",
    ] {
        assert!(stderr.contains(good), "{good}: {stderr}");
    }
    assert!(stderr.contains("warning: the variable TAXPROOF_PORT"));
    let secrets = [
        signing.lines().nth(1).unwrap(),
        identity.lines().last().unwrap(),
        password,
    ];
    for secret in secrets {
        assert!(!stdout.contains(secret) && !stderr.contains(secret));
    }
    // What is shown is a configuration, and nothing was made.
    std::fs::write(bank.config(), &stdout).unwrap();
    let output = bank.check(&[("TAXPROOF_SECRET_DATABASE_PASSWORD", password)]);
    assert!(output.status.success(), "{output:?}");
    let after: Vec<_> = std::fs::read_dir(bank.path()).unwrap().collect();
    assert_eq!(before.len(), after.len());
}

/// Each thing that can be wrong, and what must be said of it.
#[test]
fn what_is_wrong_is_said_with_who_is_at_fault() {
    type Break = fn(&Bank);
    let cases: [(Break, &[&str]); 14] = [
        (
            |bank| std::fs::write(bank.file("keys/q16.vk"), b"short").unwrap(),
            &["keys/q16.vk"],
        ),
        (
            |bank| std::fs::remove_file(bank.file("trust.toml")).unwrap(),
            &["trust.toml", "No such file"],
        ),
        (
            |bank| std::fs::write(bank.file("trust.toml"), "").unwrap(),
            &["trust.toml", "no authority"],
        ),
        (
            |bank| {
                let open = Permissions::from_mode(0o644);
                std::fs::set_permissions(bank.file("signing.pem"), open).unwrap();
            },
            &["signing.pem", "chmod"],
        ),
        (
            |bank| {
                let open = Permissions::from_mode(0o604);
                std::fs::set_permissions(bank.file("server.key"), open).unwrap();
            },
            &["server.key", "chmod"],
        ),
        (
            |bank| std::fs::write(bank.file("identity.txt"), "nothing").unwrap(),
            &["identity", "AGE-SECRET-KEY-1"],
        ),
        (
            |bank| {
                let other = KeyPair::generate().unwrap().serialize_pem();
                std::fs::write(bank.file("server.key"), other).unwrap();
            },
            &["`tls`", "certificate and key"],
        ),
        (
            |bank| {
                let key = KeyPair::generate().unwrap();
                let mut old = CertificateParams::new(["localhost".to_owned()]).unwrap();
                old.not_before = date_time_ymd(2019, 1, 1);
                old.not_after = date_time_ymd(2020, 1, 1);
                let certificate = old.self_signed(&key).unwrap().pem();
                let key = key.serialize_pem();
                Certified { certificate, key }.write(bank.path());
            },
            &["ended on 2020-01-01", "renew"],
        ),
        (
            |bank| bank.prepend("database = \"postgres://bank:hush@db/bank\"\n"),
            &["`database`", "password"],
        ),
        (
            |bank| bank.prepend("web_origins = [\"https://loans.example/app\"]\n"),
            &["web_origins", "no origin"],
        ),
        (
            |bank| bank.append("[limits]\npresentations = 0\n"),
            &["limits.presentations"],
        ),
        (
            |bank| bank.append("[limits]\nconnection = 3\n"),
            &["connection"],
        ),
        (
            |bank| bank.append("[traces]\nendpoint = \"https://collector:4317\"\n"),
            &["traces.ca"],
        ),
        (
            |bank| {
                std::fs::create_dir(bank.file("state")).unwrap();
                std::fs::write(bank.file("state/mark"), b"damaged").unwrap();
            },
            &["state/mark", "damaged"],
        ),
    ];
    for (i, (break_it, expected)) in cases.into_iter().enumerate() {
        let bank = Bank::new();
        break_it(&bank);
        let output = bank.check(&[]);
        let (_, stderr) = said(&output);
        assert_eq!(output.status.code(), Some(1), "case {i}: {stderr}");
        let errors: Vec<_> = stderr
            .lines()
            .filter(|l| l.starts_with("error: "))
            .collect();
        assert_eq!(errors.len(), 1, "case {i}: {stderr}");
        for word in expected {
            assert!(stderr.contains(word), "case {i}, {word}: {stderr}");
        }
        assert!(!stderr.contains("hush"), "{stderr}");
    }
}

/// All that is wrong at once, not only the first.
#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let bank = Bank::new();
    std::fs::write(bank.file("keys/q16.vk"), b"short").unwrap();
    std::fs::write(bank.file("identity.txt"), b"nothing").unwrap();
    std::fs::remove_file(bank.file("clients.pem")).unwrap();
    let (_, stderr) = said(&bank.check(&[]));
    assert_eq!(stderr.matches("error: ").count(), 3, "{stderr}");
}

/// The service itself begins on none of it: a secret that everybody can read, an address outside
/// loopback without certificates, a variable that is misspelt.
#[test]
fn the_service_does_not_begin_on_what_the_check_refuses() {
    let bank = Bank::new();
    let exposed = Permissions::from_mode(0o644);
    std::fs::set_permissions(bank.file("identity.txt"), exposed).unwrap();
    let opened = Folder::open_in(&bank.config(), &Environment::default());
    assert!(matches!(opened, Err(ConfigError::Exposed(_))));
    // A group may read it, as of a secret that is mounted into a container.
    let shared = Permissions::from_mode(0o640);
    std::fs::set_permissions(bank.file("identity.txt"), shared).unwrap();
    Folder::open_in(&bank.config(), &Environment::default()).unwrap();

    let plain = tempfile::tempdir().unwrap();
    create(plain.path(), &Authority::new(), &key_file(|_, _| {}), true).unwrap();
    let config = plain.path().join("bank.toml");
    let everywhere = [("TAXPROOF_LISTEN", "0.0.0.0:0")];
    let misspelt = [("TAXPROOF_LIMITS__CONECTIONS", "3")];
    for (variables, word) in [
        (everywhere, "loopback"),
        (misspelt, "TAXPROOF_LIMITS__CONECTIONS"),
    ] {
        for arguments in [&[][..], &["config", "check"]] {
            let output = run(&config, arguments, &variables);
            let (_, stderr) = said(&output);
            assert_eq!(output.status.code(), Some(1), "{stderr}");
            assert!(stderr.contains(word), "{stderr}");
        }
    }
    assert!(!plain.path().join("state").exists(), "something was made");
}

/// Secrets can be handed in by the environment instead of files, which then need not be there.
#[test]
fn secrets_come_from_files_or_from_the_environment() {
    let bank = Bank::new();
    let read = |name: &str| std::fs::read_to_string(bank.file(name)).unwrap();
    let (signing, identity) = (read("signing.pem"), read("identity.txt"));
    let by_file = Folder::open_in(&bank.config(), &Environment::default()).unwrap();
    for name in ["signing.pem", "identity.txt"] {
        std::fs::remove_file(bank.file(name)).unwrap();
    }
    let variables = [
        ("TAXPROOF_SECRET_SIGNING_KEY".to_owned(), signing),
        ("TAXPROOF_SECRET_IDENTITY".to_owned(), identity),
    ];
    let by_variable = Folder::open_in(&bank.config(), &Environment::of(variables)).unwrap();
    assert_eq!(
        by_file.signing_key.verifying_key(),
        by_variable.signing_key.verifying_key()
    );
    assert_eq!(
        by_file.identity.recipient(),
        by_variable.identity.recipient()
    );
}
