//! A bureau whose signing key three custodians hold, by the commands of `docs/authority.md`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Output, Stdio};

use crate::support::terminal::Terminal;
use crate::support::workplace::Workplace;

const ID: &str = "91330100MA00000740";

/// Three custodians' folders, the one they share, and a bureau's papers.
struct Scene(Workplace);

/// The documented lines that begin so, for this test's exchange folder.
fn documented(command: &str) -> Vec<String> {
    let text = include_str!("../docs/authority.md");
    let lines = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("taxproof "));
    let found = lines.filter(|line| line.starts_with(command));
    found
        .map(|line| line.replace("/mnt/exchange", "exchange"))
        .collect()
}

/// The first custodian's line, for another.
fn for_custodian(number: u16, command: &str) -> String {
    documented(command)[0].replace("--dir c1", &format!("--dir c{number}"))
}

/// How a bureau with custodians begins.
fn init() -> String {
    let lines = documented("authority init").into_iter();
    let mut lines = lines.filter(|line| line.contains("--custodians exchange"));
    lines.next().expect("is documented") + " --wait 300"
}

/// What a command printed under a name.
fn value<'a>(printed: &'a str, name: &str) -> &'a str {
    let line = printed.lines().find_map(|line| line.strip_prefix(name));
    line.expect("is printed").trim()
}

impl Scene {
    /// With a key of which two of three sign, and what they printed of it.
    fn new() -> (Self, String) {
        let scene = Self(Workplace::new());
        std::fs::create_dir(scene.0.path("exchange")).expect("is made");
        let refused = scene.0.fails(&init());
        assert!(refused.contains("make a key first"), "{refused}");
        let made = documented("custodian create");
        let made: Vec<_> = made.iter().map(|line| scene.begin(line)).collect();
        let made = made
            .into_iter()
            .map(|one| succeeds(one.wait_with_output()).0);
        let made: Vec<_> = made.collect();
        assert_eq!(made.len(), 3);
        assert!(made.iter().all(|one| *one == made[0]), "{made:?}");
        assert_eq!(value(&made[0], "sign"), "2 of 3");
        (scene, made[0].clone())
    }

    /// The bureau begins with it, and the custodians accept whom it asks under.
    fn begin_bureau(&self, made: &str) {
        let folder = &self.0;
        let refused = folder.fails(&init().replace("zhejiang", "jiangsu"));
        assert!(
            refused.contains("for `zhejiang`, not for `jiangsu`"),
            "{refused}"
        );
        let refused = folder.fails(&init().replace(" --profile international", ""));
        assert!(refused.contains("`international`"), "{refused}");
        let begun = folder.runs(&init());
        for name in ["key", "made of", "sign"] {
            assert_eq!(value(&begun, name), value(made, name));
        }
        assert!(!folder.path("bureau/key.pem").exists());
        let bureau = value(&begun, "asks under");
        assert!(folder.runs("authority show --dir bureau").contains(bureau));
        for number in 1..=3 {
            let line = for_custodian(number, "custodian accept");
            folder.runs(&line.replace("ed25519:…", bureau));
        }
    }

    /// Puts one enterprise on record.
    fn ingest(&self) {
        let folder = &self.0;
        let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/cn-tax.toml");
        folder.runs(&format!("enterprise init --wallet w --enterprise {ID}"));
        folder.runs("enterprise registration --wallet w --out registration.json");
        folder.runs("authority generate --dir filings --enterprises 2 --seed 7");
        folder.runs(&format!(
            "authority ingest --dir bureau --mapping {mapping} --filings filings/filings.csv \
             --taxpayers filings/taxpayers.csv --invoices filings/invoices.csv"
        ));
        folder.runs("authority register --dir bureau registration.json");
    }

    fn begin(&self, line: &str) -> Child {
        let mut command = self.0.command(line);
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("runs")
    }

    /// A custodian's run, at the same time as another command's.
    fn approve(&self, number: u16, more: &str) -> Child {
        let line = for_custodian(number, "custodian approve");
        self.begin(&format!("{line} {more}"))
    }

    /// The second custodian approves at a terminal, the third by `--yes`.
    fn publish_typing(&self, digest: &str) {
        let third = self.approve(3, "--yes");
        let mut publishing = self.begin("authority publish --dir bureau");
        let bureau = BufReader::new(publishing.stderr.take().expect("is kept"));
        let mut said = bureau.lines().map_while(Result::ok);

        let mut before = self.approve_at_terminal(2);
        before.shows("type the first 20 digits of the digest");
        before.types(&digest[1..]);
        assert_eq!(before.ends().0, Some(4));

        let mut second = self.approve_at_terminal(2);
        second.shows("type the first 20 digits of the digest");
        second.types(&digest[..20]);
        second.shows("approved");
        let root = said.find_map(|line| Some(line.split_once("root ")?.1.to_owned()));
        second.shows("type the first 20 digits of the root");
        second.types(&root.expect("is said")[..20]);
        let (status, shown) = second.ends();
        assert_eq!(status, Some(0), "{shown}");
        succeeds(third.wait_with_output());
        assert!(publishing.wait().expect("ends").success());
    }

    fn approve_at_terminal(&self, number: u16) -> Terminal {
        let line = for_custodian(number, "custodian approve");
        Terminal::begin(self.0.command(&line))
    }

    fn publish_with(&self, custodians: [u16; 2]) {
        let approving = custodians.map(|number| self.approve(number, "--yes"));
        self.0.runs("authority publish --dir bureau");
        for custodian in approving {
            let (shown, said) = succeeds(custodian.wait_with_output());
            for part in ["authority   zhejiang", "enterprises 1", "head of the log"] {
                assert!(shown.contains(part), "{shown}{said}");
            }
            assert_eq!(said.matches("approved\n").count(), 2, "{said}");
        }
    }

    /// Custodians do not approve the second epoch, whose digest this is.
    fn publish_in_vain(&self) -> String {
        let folder = &self.0;
        let settings = folder.read("bureau/custodians.toml");
        let hasty = settings.replace("wait = 300", "wait = 5");
        folder.write("bureau/custodians.toml", &hasty);
        let silent = self.approve(1, "--wait 60");
        let refused = folder.fails("authority publish --dir bureau");
        assert!(refused.contains("0 of the 2 custodians"), "{refused}");
        let (code, shown, said) = texts(silent.wait_with_output());
        assert_eq!(code, Some(4), "{shown}{said}");
        assert!(shown.is_empty(), "{shown}");
        for part in ["epoch       2", "no `--yes`"] {
            assert!(said.contains(part), "{said}");
        }
        folder.write("bureau/custodians.toml", &settings);
        let (_, asked) = refused.split_once("epoch 2, digest ").expect("is said");
        asked
            .split_whitespace()
            .next()
            .expect("a digest")
            .to_owned()
    }
}

fn texts(output: std::io::Result<Output>) -> (Option<i32>, String, String) {
    let output = output.expect("ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn succeeds(output: std::io::Result<Output>) -> (String, String) {
    let (code, out, err) = texts(output);
    assert_eq!(code, Some(0), "{out}{err}");
    (out, err)
}

#[test]
fn two_of_three_custodians_publish_and_one_alone_does_not() {
    let (scene, made) = Scene::new();
    scene.begin_bureau(&made);
    scene.ingest();
    scene.publish_with([1, 3]);

    // Banks, wallets and auditors see a key and signatures as any other's.
    let folder = &scene.0;
    let trust = folder.runs("authority trust --dir bureau");
    assert!(trust.contains(value(&made, "key")), "{trust}");
    folder.write("trust.toml", &trust);
    let audit = "authority audit --log bureau/log --trust trust.toml";
    folder.runs(&format!("{audit} --keep seen"));
    folder.runs(&format!(
        "authority issue --dir bureau --enterprise {ID} --out credential"
    ));
    folder.runs("enterprise trust --wallet w --add trust.toml");
    folder.runs("enterprise import --wallet w credential");

    let asked = scene.publish_in_vain();
    let shown = folder.runs("authority show --dir bureau");
    assert!(!shown.contains("\nepoch 2"), "{shown}");
    // Whoever had signed it before would have no second one to sign.
    scene.publish_typing(&asked);
    let shown = folder.runs("authority show --dir bureau");
    assert!(shown.contains(&asked), "{shown}");
    folder.runs(&format!("{audit} --seen seen"));

    // The first lost what he knew, and others approved since.
    let newest = |epoch| {
        let shown = folder.runs("custodian show --dir c1");
        assert_eq!(value(&shown, "approved"), format!("epochs up to {epoch}"));
    };
    newest(1);
    let restart = "custodian restart --dir c1 --log bureau/log --epoch 2";
    let refused = folder.fails(restart);
    assert!(refused.contains("who has a history"), "{refused}");
    std::fs::remove_file(folder.path("c1/history.toml")).expect("is removed");
    let refused = folder.fails("custodian show --dir c1");
    assert!(refused.contains("custodian restart"), "{refused}");
    folder.runs(restart);
    newest(2);
}
