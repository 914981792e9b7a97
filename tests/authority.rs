//! The bureau by the command: what is handed out, and what is left when a command is killed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::support::workplace::Workplace;

const ID: &str = "91330100MA00000740";

/// A bureau and a wallet.
struct Scene(Workplace);

impl std::ops::Deref for Scene {
    type Target = Workplace;

    fn deref(&self) -> &Workplace {
        &self.0
    }
}

impl Scene {
    /// A bureau with one registered enterprise, and files for it to ingest.
    fn new(enterprises: u32) -> Self {
        let scene = Self(Workplace::new());
        scene.runs(&format!("enterprise init --wallet w --enterprise {ID}"));
        scene.runs(&format!(
            "authority generate --dir filings --enterprises {enterprises} --seed 7 --newest-period 2026Q2"
        ));
        scene.runs("authority init --dir bureau --id zhejiang");
        scene.register();
        scene
    }

    fn register(&self) {
        self.runs("enterprise registration --wallet w --out registration.json");
        self.runs("authority register --dir bureau registration.json --date 2026-01-05");
    }

    fn ingest(dir: &str) -> String {
        let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/cn-tax.toml");
        format!(
            "authority ingest --dir {dir} --mapping {mapping} --filings filings/filings.csv \
             --taxpayers filings/taxpayers.csv --invoices filings/invoices.csv"
        )
    }

    fn publish(&self, epoch: u64) {
        let day = 10 + epoch;
        self.runs(&format!(
            "authority publish --dir bureau --epoch {epoch} --date 2026-11-{day}"
        ));
    }

    fn issue(&self) {
        self.runs(&format!(
            "authority issue --dir bureau --enterprise {ID} --out credential.age"
        ));
        self.runs("enterprise import --wallet w credential.age");
    }

    /// Runs a command again and again, each time killed after a while, until it ends by itself; says how
    /// often it was killed.
    fn killed_until_done(
        &self,
        line: &str,
        pause: impl Fn(u32) -> Duration,
        after_each: impl Fn(),
    ) -> u32 {
        let mut killed = 0;
        loop {
            let mut child = self.command(line);
            let child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            let mut child = child.expect("runs");
            sleep(pause(killed));
            let ended = child.try_wait().expect("is asked").is_some();
            // SIGKILL; nothing where it has ended.
            child.kill().expect("is killed");
            let status = child.wait().expect("ends");
            after_each();
            if ended {
                assert!(status.success() || killed > 0, "{line}");
                return killed;
            }
            killed += 1;
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(copied.expect("cp").success());
}

#[test]
fn a_wallet_finds_itself_in_a_folder_of_bundles() {
    let scene = Scene::new(3);
    scene.runs(&Scene::ingest("bureau"));
    scene.publish(1);
    let trust = scene.runs("authority trust --dir bureau");
    std::fs::write(scene.path("trust.toml"), trust).expect("is written");
    scene.runs("enterprise trust --wallet w --add trust.toml");
    let bundles =
        |epoch| format!("enterprise import --wallet w --bundle bureau/epochs/{epoch}/bundles");
    // A bundle is of no use before a first credential.
    assert!(
        scene
            .fails(&bundles(1))
            .contains("have a credential issued")
    );
    scene.issue();
    scene.publish(2);
    scene.runs(&bundles(2));
    assert!(scene.runs("enterprise show --wallet w").contains("epoch 2"));
    assert!(
        scene
            .fails(&bundles(1))
            .contains("this wallet holds one of epoch 2")
    );
    // Rotated keys need one that is issued, once.
    scene.runs("enterprise rotate --wallet w");
    scene.register();
    scene.publish(3);
    assert!(
        scene
            .fails(&bundles(3))
            .contains("nothing in the bundle is for this wallet")
    );
    scene.issue();
    scene.publish(4);
    scene.runs(&bundles(4));
    assert!(scene.runs("enterprise show --wallet w").contains("epoch 4"));
    let damaged = scene.path("damaged");
    let mut bytes = std::fs::read(scene.path("bureau/epochs/4/bundles/00000")).expect("is there");
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    std::fs::write(&damaged, bytes).expect("is written");
    scene.fails("enterprise import --wallet w --bundle damaged");
}

/// A bureau that is killed again and again comes to the same as one that is not.
fn killed_again_and_again(enterprises: u32, pause: impl Fn(u32) -> Duration) {
    let scene = Scene::new(enterprises);
    copy(&scene.path("bureau"), &scene.path("straight"));
    scene.runs(&Scene::ingest("straight"));
    let publish = |dir: &str| format!("authority publish --dir {dir} --epoch 1 --date 2026-11-11");
    scene.runs(&publish("straight"));

    let killed = scene.killed_until_done(&Scene::ingest("bureau"), &pause, || ());
    assert!(killed > 2, "ingestion was killed {killed} times");
    // Once more: what was on record is there, what was not is now.
    scene.runs(&Scene::ingest("bureau"));
    let epoch = scene.path("bureau/epochs/1");
    let killed = scene.killed_until_done(&publish("bureau"), &pause, || {
        let whole = ["header", "header.json", "bundles/00000", "members/members"];
        assert!(!epoch.exists() || whole.iter().all(|name| epoch.join(name).exists()));
    });
    assert!(killed > 2, "publication was killed {killed} times");
    let again = scene.fails(&publish("bureau"));
    assert!(again.contains("an epoch is published once"), "{again}");
    let header = |dir: &str| scene.runs(&format!("authority show --dir {dir} --epoch 1"));
    assert_eq!(header("bureau"), header("straight"));
    let log = |dir: &str| scene.runs(&format!("authority log --dir {dir}"));
    assert_eq!(
        log("bureau").lines().count(),
        log("straight").lines().count()
    );
}

/// The pauses grow, so that a slow machine comes to an end too.
#[test]
fn killed_at_any_moment_nothing_is_half_done_or_done_twice() {
    killed_again_and_again(60, |killed| {
        Duration::from_millis(3).mul_f64(1.25f64.powf(f64::from(killed)))
    });
}

/// Minutes: `cargo test --release --test suite killed_at_every_millisecond -- --ignored`.
#[test]
#[ignore = "it takes minutes"]
fn killed_at_every_millisecond_nothing_is_half_done_or_done_twice() {
    killed_again_and_again(600, |killed| Duration::from_millis((killed + 1).into()));
}

/// An epoch cannot be taken back, and none is before the last: one that is dated ahead would end the
/// authority.
#[test]
fn what_says_nothing_or_is_dated_ahead_is_refused() {
    let scene = Scene::new(1);
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/cn-tax.toml");
    let nothing = format!("authority ingest --dir bureau --mapping {mapping}");
    assert!(scene.fails(&nothing).contains("--filings"));
    scene.fails("authority generate --dir none --enterprises 0");
    scene.runs(&Scene::ingest("bureau"));
    for ahead in [
        "authority register --dir bureau registration.json --date 9999-01-01",
        "authority publish --dir bureau --date 9999-01-01",
    ] {
        let said = scene.fails(ahead);
        assert!(said.contains("9999-01-01 is ahead"), "{said}");
    }
    scene.publish(1);
}
