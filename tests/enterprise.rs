//! `taxproof enterprise` and `taxproof setup` as a person and a script use them: consent, exit
//! codes, and what is printed where.

#[path = "../prover/tests/prover/bureau.rs"]
mod bureau;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use taxproof_claims::credential::Registration;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::EpochHeader;
use taxproof_claims::key::{CircuitVersion, KeyHeader};
use taxproof_claims::policy::{Format, Policy};
use taxproof_claims::request::{AcceptedEpoch, Nonce, Request};
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Q16;
use taxproof_claims::signature::SigningKey;
use taxproof_claims::trust::{TrustList, TrustedBank};

use crate::support::now;
use crate::support::terminal::Terminal;
use bureau::{Bureau, ENTERPRISE, record};

/// A folder with a wallet that holds a credential and trusts a bank, and a development key.
struct Scene {
    folder: tempfile::TempDir,
    bank: SigningKey,
    header: EpochHeader,
    recipient: String,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bureau = Bureau::new();
        let bank = SigningKey::random(Profile::Sm).expect("randomness");
        let run = |arguments: &[&str]| run_in(&folder, arguments);
        succeeds(&run(&["setup", "dev", "--shape", "Q16", "--out", "keys"]));
        succeeds(&run(&[
            "enterprise",
            "init",
            "--wallet",
            "w",
            "--enterprise",
            ENTERPRISE,
        ]));
        succeeds(&run(&[
            "enterprise",
            "registration",
            "--wallet",
            "w",
            "--out",
            "registration.json",
        ]));
        let json = fs::read_to_string(folder.path().join("registration.json")).expect("a file");
        let registration: Registration = serde_json::from_str(&json).expect("a registration");

        let mut trust: TrustList = bureau.trust();
        trust.banks.push(TrustedBank {
            id: "bank-of-examples".to_owned(),
            name: "Bank of Examples".to_owned(),
            key: bank.verifying_key(),
        });
        fs::write(folder.path().join("trust.toml"), trust.to_toml()).expect("a file");
        succeeds(&run(&[
            "enterprise",
            "trust",
            "--wallet",
            "w",
            "--add",
            "trust.toml",
        ]));
        let credential = bureau.issue(&registration, &record(), 1, Digest([0; 32]));
        fs::write(folder.path().join("credential"), credential.encode()).expect("a file");
        succeeds(&run(&[
            "enterprise",
            "import",
            "--wallet",
            "w",
            "credential",
        ]));
        let header = credential.epoch.header;
        let scene = Self {
            folder,
            bank,
            header,
            recipient: registration.recipient,
        };
        scene.ask("request", "50,000", now() + 3600);
        scene.ask("steep", "5,000,000", now() + 3600);
        scene
    }

    /// Asks for so many yuan of VAT in each of eight quarters.
    fn ask(&self, name: &str, at_least: &str, expires_at: u64) {
        let text = format!(
            "id = \"paid\"\nversion = 1\ntitle = \"Paid\"\nschema = \"cn-tax-1\"\n\
             [learns]\nfailed_rules = \"all\"\n\
             [[rule]]\nname = \"paid\"\neach_quarter = \"vat_paid\"\nover = \"last 8 quarters\"\n\
             at_least = \"{at_least}\"\n"
        );
        let policy = Policy::parse(&text, Format::Toml, &Schema::cn_tax()).expect("a policy");
        let key = fs::read(self.path("keys/Q16-bn254.vk")).expect("a key");
        let request = Request {
            profile: Profile::Sm,
            bank: "bank-of-examples".to_owned(),
            recipient: self.recipient.clone(),
            curve: Curve::Bn254,
            version: CircuitVersion::V1,
            shape: Q16,
            key: KeyHeader::peek(&key).expect("a key file").0.fingerprint,
            policy: policy.encode(),
            parameters: vec![],
            purpose: "Working-capital loan\u{1b}[2J".to_owned(),
            accepted: vec![AcceptedEpoch {
                authority: self.header.authority.clone(),
                header: self.header.digest(),
            }],
            nonce: Nonce::random().expect("randomness"),
            issued_at: expires_at - 3600,
            expires_at,
        };
        fs::write(self.path(name), request.sign(&self.bank).encode()).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn prove(&self, request: &str, more: &[&str]) -> Output {
        let mut command = self.proving(request);
        command.args(more).stdin(Stdio::null());
        command.output().expect("the command runs")
    }

    /// Answers the request at a terminal, with what is typed there.
    fn prove_by(&self, typed: &str) -> (Option<i32>, String) {
        let mut terminal = Terminal::begin(self.proving("request"));
        terminal.shows("Bank of Examples");
        terminal.shows("Type `yes`");
        terminal.types(typed);
        terminal.ends()
    }

    fn proving(&self, request: &str) -> Command {
        let _ = fs::remove_file(self.path("presentation"));
        let mut command = command_in(&self.folder);
        let wallet = ["enterprise", "prove", "--wallet", "w"];
        command.args(wallet).args(["--key", "keys/Q16-bn254.pk"]);
        command.args(["--request", request, "--out", "presentation"]);
        command
    }

    fn wrote(&self) -> bool {
        self.path("presentation").exists()
    }
}

fn run_in(folder: &tempfile::TempDir, arguments: &[&str]) -> Output {
    let mut command = command_in(folder);
    command.args(arguments).stdin(Stdio::null());
    command.output().expect("the command runs")
}

fn command_in(folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taxproof"));
    command.current_dir(folder);
    command
}

fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn consent_exit_codes_and_figures_are_as_documented() {
    let scene = Scene::new();

    let unasked = scene.prove("request", &[]);
    assert_eq!(unasked.status.code(), Some(4), "{}", said(&unasked));
    assert!(said(&unasked).contains("no terminal") && said(&unasked).contains("Bank of Examples"));
    assert!(!scene.wrote());

    let (status, shown) = scene.prove_by("y");
    assert_eq!(status, Some(4), "{shown}");
    assert!(shown.contains("nothing was proven or sent") && !scene.wrote());
    let (status, shown) = scene.prove_by("yes");
    assert_eq!(status, Some(0), "{shown}");
    assert!(scene.wrote());
    // Progress is shown, and what a bank wrote clears no screen.
    assert!(shown.contains("proving") && !shown.contains("\u{1b}[2J"));

    let answered = scene.prove("request", &["--yes"]);
    succeeds(&answered);
    let mode = fs::metadata(scene.path("presentation"))
        .expect("written")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(answered.stdout.is_empty());

    let steep = scene.prove("steep", &["--yes"]);
    assert_eq!(steep.status.code(), Some(3), "{}", said(&steep));
    assert!(said(&steep).contains("the rule `paid` does not hold"));
    assert!(!scene.wrote());
    let disclosed = scene.prove("steep", &["--yes", "--disclose-failed"]);
    succeeds(&disclosed);
    assert!(scene.wrote() && said(&disclosed).contains("FALSE"));
    let refused = scene.prove("steep", &["--yes", "--disclose-failed=nothing"]);
    assert_eq!(refused.status.code(), Some(1));

    for output in [&unasked, &answered, &steep, &disclosed] {
        let text = said(output);
        assert!(!text.contains('\u{1b}'), "{text}");
        // The newest quarter's VAT, as people and as machines write it, and the others'.
        for figure in ["87,654,321", "8765432100", "61,000", "20,000.00", "900,000"] {
            assert!(!text.contains(figure), "{figure} is in\n{text}");
        }
    }
    let check = |request| {
        run_in(
            &scene.folder,
            &["enterprise", "check", "--wallet", "w", request],
        )
    };
    let checked = check("steep");
    assert_eq!(checked.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&checked.stdout).contains("87,654,321.00"));
    succeeds(&check("request"));

    let history = run_in(&scene.folder, &["enterprise", "history", "--wallet", "w"]);
    let lines = String::from_utf8_lossy(&history.stdout).lines().count();
    assert_eq!(lines, 3, "{}", said(&history));

    scene.ask("late", "50,000", now() - 1);
    let late = scene.prove("late", &["--yes"]);
    assert_eq!(late.status.code(), Some(1));
    assert!(said(&late).contains("expired") && !scene.wrote());
    let usage = run_in(&scene.folder, &["enterprise", "prove", "--wallet", "w"]);
    assert_eq!(usage.status.code(), Some(2));

    let path = scene.path("keys/Q16-bn254.pk");
    let mut key = fs::read(&path).expect("a key");
    let inspected = run_in(&scene.folder, &["setup", "inspect", "keys/Q16-bn254.pk"]);
    succeeds(&inspected);
    assert!(said(&inspected).contains("provenance:  dev"));
    let middle = key.len() / 2;
    key[middle] ^= 1;
    fs::write(&path, key).expect("a file");
    let damaged = run_in(&scene.folder, &["setup", "inspect", "keys/Q16-bn254.pk"]);
    assert_eq!(damaged.status.code(), Some(1));
    // The wallet keeps what it admitted, and needs the file's points no more; without that it does.
    succeeds(&scene.prove("request", &["--yes"]));
    fs::remove_dir_all(scene.path("w/prepared")).expect("kept keys");
    let damaged = scene.prove("request", &["--yes"]);
    assert!(damaged.status.code() == Some(1) && said(&damaged).contains("damaged"));
    let again = run_in(
        &scene.folder,
        &["setup", "dev", "--shape", "Q16", "--out", "keys"],
    );
    assert!(again.status.code() == Some(1) && said(&again).contains("not overwritten"));
}
