//! The log of epochs as bureau, witness and auditor use it, by the command.

use std::path::Path;
use std::process::Output;

use crate::support::serving::Serving;
use crate::support::workplace::Workplace;

/// A bureau and a wallet.
struct Scene(Workplace);

impl std::ops::Deref for Scene {
    type Target = Workplace;

    fn deref(&self) -> &Workplace {
        &self.0
    }
}

impl Scene {
    /// A bureau with one registered enterprise.
    fn new() -> Self {
        let scene = Self(Workplace::new());
        scene.runs("enterprise init --wallet w --enterprise 91330100MA00000740");
        scene.runs("enterprise registration --wallet w --out registration.json");
        scene.runs(
            "authority generate --dir filings --enterprises 2 --seed 7 --newest-period 2026Q2",
        );
        scene.runs("authority init --dir bureau --id zhejiang");
        scene.runs("authority register --dir bureau registration.json --date 2026-01-05");
        let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/cn-tax.toml");
        scene.runs(&format!(
            "authority ingest --dir bureau --mapping {mapping} --filings filings/filings.csv \
             --taxpayers filings/taxpayers.csv --invoices filings/invoices.csv"
        ));
        let trust = scene.runs("authority trust --dir bureau");
        std::fs::write(scene.path("trust.toml"), trust).expect("is written");
        scene.publish(1);
        scene
    }

    fn publish(&self, epoch: u64) {
        self.runs(&format!(
            "authority publish --dir bureau --epoch {epoch} --date 2026-11-1{epoch}"
        ));
    }

    /// Copies a folder to another name.
    fn copy(&self, from: &str, to: &str) {
        copy(&self.path(from), &self.path(to));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("is copied");
        }
    }
}

#[test]
fn a_log_is_kept_cosigned_and_audited() {
    let scene = Scene::new();
    let audit = "authority audit --log bureau/log --trust trust.toml";
    scene.runs(&format!("{audit} --keep seen"));
    scene.copy("bureau", "backup");
    scene.publish(2);
    let json: serde_json::Value =
        serde_json::from_str(&scene.runs(&format!("{audit} --seen seen --json"))).expect("JSON");
    assert_eq!(json["epochs"], 2);
    assert_eq!(json["findings"], serde_json::json!([]));

    let shown = scene.output("authority log --dir bureau");
    let errors = String::from_utf8(shown.stderr).expect("text");
    let log_key = errors
        .lines()
        .find_map(|line| line.strip_prefix("key    "))
        .expect("a key");
    let key = scene.runs("witness init --dir witness --name witness.example/one");
    scene.runs(&format!("witness watch --dir witness {log_key}"));
    let witness = Serving::start(scene.command("witness serve --dir witness --listen 127.0.0.1:0"));
    let cosign = |dir: &str| {
        let (address, key) = (&witness.address, key.trim());
        scene.output(&format!(
            "authority cosign --dir {dir} --witness http://{address} --key {key}"
        ))
    };
    for _ in 0..2 {
        let cosigned = cosign("bureau");
        assert!(
            cosigned.status.success(),
            "{}",
            String::from_utf8_lossy(&cosigned.stderr)
        );
    }
    let checkpoint = std::fs::read_to_string(scene.path("bureau/log/checkpoint")).expect("a file");
    assert_eq!(
        checkpoint.matches("\u{2014} witness.example/one ").count(),
        1,
        "{checkpoint}"
    );

    // The backup publishes on: a second history with its own second epoch.
    scene.runs("authority publish --dir backup --epoch 2 --date 2026-11-13");
    let refused = cosign("backup");
    assert!(!refused.status.success());
    let original = std::fs::copy(scene.path("bureau/log/checkpoint"), scene.path("seen"));
    original.expect("is copied");
    let found = scene.output("authority audit --log backup/log --trust trust.toml --seen seen");
    assert_eq!(found.status.code(), Some(3));
    let file = scene.evidence();
    let verify = format!("authority audit --trust trust.toml --verify {file}");
    scene.runs(&verify);
    let evidence = std::fs::read_to_string(scene.path(&file)).expect("a file");
    let forged = evidence.replacen("\n2\n", "\n3\n", 1);
    std::fs::write(scene.path(&file), forged).expect("is written");
    assert!(!scene.output(&verify).status.success());
}

impl Scene {
    /// The one file of evidence.
    fn evidence(&self) -> String {
        let files = std::fs::read_dir(self.path("evidence")).expect("a folder");
        let names = files.map(|file| file.expect("a file").file_name().into_string());
        let names: Vec<_> = names.collect::<Result<_, _>>().expect("a name");
        let [name] = names.as_slice() else {
            panic!("{names:?}");
        };
        format!("evidence/{name}")
    }
}

#[test]
fn a_folder_older_than_its_log_publishes_nothing() {
    let scene = Scene::new();
    scene.publish(2);
    std::fs::remove_dir_all(scene.path("bureau/epochs/2")).expect("is there");
    let refused = scene.output("authority publish --dir bureau --date 2026-11-14");
    assert!(!refused.status.success());
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(errors.contains("older backup"), "{errors}");
    assert!(!scene.path("bureau/epochs/2").exists());
}

/// A bank's service.
struct Bank(Serving);

impl Bank {
    fn new(scene: &Scene) -> Self {
        scene.runs("setup dev --shape Q16 --out keys");
        scene.runs(
            "bank init --dir bank --id bank --name Bank --allow-dev-keys --listen 127.0.0.1:0 \
             --verifying-key keys/Q16-bn254.vk --trust trust.toml",
        );
        Self(Serving::start(scene.command("bank serve --dir bank")))
    }

    fn follow(&self, scene: &Scene, log: &str) -> Output {
        let address = &self.0.address;
        scene.output(&format!(
            "bank epoch follow --server http://{address} {log}"
        ))
    }
}

#[test]
fn a_bank_follows_the_log_and_neither_a_copy_nor_a_fork_of_it() {
    let scene = Scene::new();
    let bank = Bank::new(&scene);
    let follows = |log: &str| {
        let output = bank.follow(&scene, log);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(follows("bureau/log").starts_with("zhejiang epoch 1 "));
    scene.copy("bureau", "backup");
    scene.publish(2);
    scene.publish(3);
    let added = follows("bureau/log");
    let numbers: Vec<_> = added.lines().map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(numbers, [Some("2"), Some("3")]);
    assert_eq!(follows("bureau/log"), "");

    let old = bank.follow(&scene, "backup/log");
    assert_eq!(old.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&old.stderr);
    assert!(errors.contains("rewound"), "{errors}");

    // The backup goes on as if nothing had been: another history under the same key.
    for epoch in 2..=4 {
        scene.runs(&format!(
            "authority publish --dir backup --epoch {epoch} --date 2026-11-2{epoch}"
        ));
    }
    let forked = bank.follow(&scene, "backup/log");
    assert_eq!(forked.status.code(), Some(3));
    let evidence = scene.evidence();
    scene.runs(&format!(
        "authority audit --trust trust.toml --verify {evidence}"
    ));
    assert_eq!(follows("bureau/log"), "", "the bank keeps to what it saw");

    // What the authority did not sign convicts nobody.
    scene.copy("bureau", "forged");
    let checkpoint = scene.path("forged/log/checkpoint");
    let honest = std::fs::read_to_string(&checkpoint).expect("a head");
    let root = honest.lines().nth(2).expect("a root");
    let other = format!("{}=", "A".repeat(43));
    std::fs::write(&checkpoint, honest.replace(root, &other)).expect("is written");
    let forged = bank.follow(&scene, "forged/log");
    assert_eq!(forged.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&forged.stderr);
    assert!(errors.contains("not signed"), "{errors}");
    assert_eq!(scene.evidence(), evidence, "nothing was added");
}

/// What it said under the old key and says under the new one are two histories, and nobody could
/// verify evidence of that.
#[test]
fn an_authority_whose_key_was_replaced_is_not_convicted() {
    let scene = Scene::new();
    let bank = Bank::new(&scene);
    assert!(bank.follow(&scene, "bureau/log").status.success());
    drop(bank);
    let other = Scene::new();
    std::fs::copy(other.path("trust.toml"), scene.path("bank/trust.toml")).expect("is copied");
    let bank = Bank(Serving::start(scene.command("bank serve --dir bank")));
    let log = other.path("bureau/log");
    let followed = bank.follow(&scene, log.to_str().expect("a path"));
    assert_eq!(followed.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&followed.stderr);
    assert!(errors.contains("convicts nobody"), "{errors}");
    assert!(!scene.path("evidence").exists());

    // And a presentation that is none is refused with an exit code that scripts see.
    let address = &bank.0.address;
    scene.write("garbage", "garbage");
    let refused = scene.fails(&format!(
        "bank presentation submit --server http://{address} garbage"
    ));
    assert!(refused.contains("1 of 1 presentations"), "{refused}");
}

#[test]
fn a_request_that_cannot_be_made_leaves_no_file() {
    let folder = Workplace::new();
    let create = "bank request create --server http://127.0.0.1:1 --policy p --purpose loan";
    let twice = folder.fails(&format!(
        "{create} --parameter a=1 --parameter a=2 --out request"
    ));
    assert!(twice.contains("`a` has two values"), "{twice}");
    let nowhere = folder.fails(&format!("{create} --out missing/request"));
    assert!(nowhere.contains("missing/request"), "{nowhere}");
    folder.fails(&format!("{create} --out request"));
    assert!(!folder.path("request").exists());
}
