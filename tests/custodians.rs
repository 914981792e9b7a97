//! A bureau whose signing key three custodians hold, by the command.

use std::process::{Child, Output, Stdio};

use crate::support::workplace::Workplace;

const ID: &str = "91330100MA00000740";

/// Three custodians' folders, the one they share, and a bureau's papers.
struct Scene(Workplace);

impl Scene {
    fn new() -> Self {
        let scene = Self(Workplace::new());
        std::fs::create_dir(scene.0.path("exchange")).expect("is made");
        let folder = &scene.0;
        folder.runs(&format!("enterprise init --wallet w --enterprise {ID}"));
        folder.runs("enterprise registration --wallet w --out registration.json");
        folder.runs("authority generate --dir filings --enterprises 2 --seed 7");
        scene
    }

    fn begin(&self, line: &str) -> Child {
        let mut command = self.0.command(line);
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("runs")
    }

    /// A custodian's run, at the same time as another command's.
    fn approve(&self, number: u16, more: &str) -> Child {
        self.begin(&format!(
            "custodian approve --dir custodian{number} --exchange exchange {more}"
        ))
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

    fn epochs(&self) -> usize {
        let shown = self.0.runs("authority show --dir bureau");
        shown.matches("\nepoch ").count()
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
    let scene = Scene::new();
    let folder = &scene.0;
    let init = "authority init --dir bureau --id zhejiang --custodians exchange --wait 300";
    let refused = folder.fails(&format!("{init} --profile international"));
    assert!(refused.contains("make a key first"), "{refused}");

    let made = [1, 2, 3].map(|number| {
        scene.begin(&format!(
            "custodian create --dir custodian{number} --exchange exchange --authority zhejiang \
             --number {number} --of 3 --threshold 2"
        ))
    });
    let made = made.map(|custodian| succeeds(custodian.wait_with_output()).0);
    assert!(made[0].contains("sign       2 of 3"), "{}", made[0]);
    assert!(made.iter().all(|one| *one == made[0]), "{made:?}");

    let refused = folder.fails(init);
    assert!(refused.contains("`international`"), "{refused}");
    let other = init.replace("--id zhejiang", "--id jiangsu");
    let refused = folder.fails(&format!("{other} --profile international"));
    assert!(refused.contains("for `zhejiang`, not for `jiangsu`"), "{refused}");
    let begun = folder.runs(&format!("{init} --profile international"));
    // Of the same key and files as the custodians say.
    for name in ["key", "made of"] {
        let value = |text: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.expect("is there").trim().to_owned()
        };
        assert_eq!(value(&begun), value(&made[0]));
    }
    let bureau = begun.split_whitespace().last().expect("a key");
    assert!(folder.runs("authority show --dir bureau").contains(bureau));
    for number in 1..=3 {
        folder.runs(&format!(
            "custodian accept --dir custodian{number} --bureau {bureau}"
        ));
    }
    assert!(!folder.path("bureau/key.pem").exists());
    let trust = folder.runs("authority trust --dir bureau");
    let key = made[0].split_whitespace().find(|word| word.starts_with("ed25519:"));
    let key = key.expect("a key");
    assert!(trust.contains(key), "{trust}");
    folder.write("trust.toml", &trust);
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/cn-tax.toml");
    folder.runs(&format!(
        "authority ingest --dir bureau --mapping {mapping} --filings filings/filings.csv \
         --taxpayers filings/taxpayers.csv --invoices filings/invoices.csv"
    ));
    folder.runs("authority register --dir bureau registration.json");
    scene.publish_with([1, 3]);

    // Banks, wallets and auditors see a key and signatures as any other's.
    let audit = "authority audit --log bureau/log --trust trust.toml";
    folder.runs(&format!("{audit} --keep seen"));
    folder.runs(&format!(
        "authority issue --dir bureau --enterprise {ID} --out credential"
    ));
    folder.runs("enterprise trust --wallet w --add trust.toml");
    folder.runs("enterprise import --wallet w credential");

    let settings = folder.read("bureau/custodians.toml");
    folder.write(
        "bureau/custodians.toml",
        &settings.replace("wait = 300", "wait = 5"),
    );
    let silent = scene.approve(1, "--wait 60");
    let refused = folder.fails("authority publish --dir bureau");
    assert!(refused.contains("0 of the 2 custodians"), "{refused}");
    let (code, shown, said) = texts(silent.wait_with_output());
    assert_eq!(code, Some(4), "{shown}{said}");
    assert!(shown.is_empty(), "{shown}");
    assert!(said.contains("epoch       2"), "{said}");
    assert!(said.contains("no `--yes`"), "{said}");
    let asked = refused.split_once("epoch 2, digest ").expect("is said").1;
    let asked = asked
        .split_whitespace()
        .next()
        .expect("a digest")
        .to_owned();
    assert_eq!(scene.epochs(), 1);

    folder.write("bureau/custodians.toml", &settings);
    scene.publish_with([2, 3]);
    assert_eq!(scene.epochs(), 2);
    // Whoever had signed it before would have no second one to sign.
    let shown = folder.runs("authority show --dir bureau");
    assert!(shown.contains(&asked), "{shown}");
    folder.runs(&format!("{audit} --seen seen"));
    let show = "custodian show --dir custodian1";
    let shown = folder.runs(show);
    assert!(shown.contains("approved   epochs up to 1"), "{shown}");

    // The first lost what he knew, and others approved since.
    let restart = "custodian restart --dir custodian1 --log bureau/log";
    let refused = folder.fails(restart);
    assert!(refused.contains("who has a history"), "{refused}");
    std::fs::remove_file(folder.path("custodian1/history.toml")).expect("is removed");
    let refused = folder.fails(show);
    assert!(refused.contains("custodian restart"), "{refused}");
    folder.runs(restart);
    let shown = folder.runs(show);
    assert!(shown.contains("approved   epochs up to 2"), "{shown}");
}
