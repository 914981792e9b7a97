//! A bureau whose signing key a device keeps, by the command; the device is SoftHSM.

use std::path::Path;
use std::process::Command;

use crate::support::workplace::Workplace;

const ID: &str = "91330100MA00000740";

/// The variable that names SoftHSM's configuration, and its file.
const CONFIGURATION: (&str, &str) = ("SOFTHSM2_CONF", "softhsm2.conf");

/// Where packages put SoftHSM's library.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

fn library() -> Option<&'static str> {
    let found = LIBRARIES.into_iter().find(|path| Path::new(path).exists());
    // The gate sets this: there, what is not run is an error.
    assert!(
        found.is_some() || std::env::var_os("TAXPROOF_ALL_TOOLS").is_none(),
        "SoftHSM is missing: CONTRIBUTING.md says how to install it"
    );
    if found.is_none() {
        eprintln!("NOT RUN: SoftHSM is missing; CONTRIBUTING.md says how to install it");
    }
    found
}

/// A folder with a token in which there is a key, and a bureau's papers.
struct Scene(Workplace);

impl Scene {
    fn new() -> Self {
        let scene = Self(Workplace::new().with_variable(CONFIGURATION.0, CONFIGURATION.1));
        scene.0.write("pin", "5678\n");
        let tokens = scene.0.path("tokens");
        let conf = format!("directories.tokendir = {}\n", tokens.display());
        scene.0.write(CONFIGURATION.1, &conf);
        scene.make_token();
        let folder = &scene.0;
        folder.runs(&format!("enterprise init --wallet w --enterprise {ID}"));
        folder.runs("enterprise registration --wallet w --out registration.json");
        folder.runs("authority generate --dir filings --enterprises 2 --seed 7");
        scene
    }

    /// A token `bureau` with a fresh key `epochs`, in place of what is there.
    fn make_token(&self) {
        let _ = std::fs::remove_dir_all(self.0.path("tokens"));
        std::fs::create_dir(self.0.path("tokens")).expect("is made");
        for line in [
            "openssl genpkey -algorithm ed25519 -out secret.pem",
            "softhsm2-util --init-token --free --label bureau --so-pin 1234 --pin 5678",
            "softhsm2-util --import secret.pem --token bureau --label epochs --id 01 --pin 5678",
        ] {
            let mut words = line.split(' ');
            let program = words.next().expect("a program");
            let output = Command::new(program)
                .args(words)
                .current_dir(self.0.folder())
                .env(CONFIGURATION.0, self.0.path(CONFIGURATION.1))
                .output();
            let output = output.expect("runs");
            assert!(output.status.success(), "{line}: {output:?}");
        }
        std::fs::remove_file(self.0.path("secret.pem")).expect("is there");
    }

    fn epochs(&self) -> usize {
        let shown = self.0.runs("authority show --dir bureau");
        shown.matches("\nepoch ").count()
    }
}

#[test]
fn a_device_signs_epochs_and_the_log_and_nothing_is_published_without_it() {
    let Some(library) = library() else { return };
    let scene = Scene::new();
    let folder = &scene.0;
    let begin = format!(
        "authority init --dir bureau --id zhejiang \
         --key pkcs11:token=bureau;object=epochs?module-path={library}&pin-source=file:pin"
    );
    let refused = folder.fails(&begin);
    assert!(refused.contains("`international`"), "{refused}");
    let other = begin.replace("object=epochs", "object=others");
    let refused = folder.fails(&format!("{other} --profile international"));
    assert!(
        refused.contains("no Ed25519 key pair `others`"),
        "{refused}"
    );
    folder.runs(&format!("{begin} --profile international"));
    assert!(!folder.path("bureau/key.pem").exists());
    folder.write("trust.toml", &folder.runs("authority trust --dir bureau"));
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/cn-tax.toml");
    folder.runs(&format!(
        "authority ingest --dir bureau --mapping {mapping} --filings filings/filings.csv \
         --taxpayers filings/taxpayers.csv --invoices filings/invoices.csv"
    ));
    folder.runs("authority register --dir bureau registration.json");
    folder.runs("authority publish --dir bureau");
    folder.runs("authority audit --log bureau/log --trust trust.toml");
    folder.runs(&format!(
        "authority issue --dir bureau --enterprise {ID} --out credential"
    ));
    folder.runs("enterprise trust --wallet w --add trust.toml");
    folder.runs("enterprise import --wallet w credential");

    folder.write("pin", "8765");
    let refused = folder.fails("authority publish --dir bureau");
    assert!(refused.contains("PKCS#11"), "{refused}");
    assert_eq!(scene.epochs(), 1);
    folder.write("pin", "5678");
    folder.runs("authority publish --dir bureau");
    assert_eq!(scene.epochs(), 2);

    // Another device with a token and a key of the same names.
    scene.make_token();
    let refused = folder.fails("authority publish --dir bureau");
    assert!(
        refused.contains("does not verify under the authority's key"),
        "{refused}"
    );
    assert_eq!(scene.epochs(), 2);
    folder.runs("authority audit --log bureau/log --trust trust.toml");
}
