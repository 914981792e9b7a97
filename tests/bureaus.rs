//! What a bank sees of an enterprise with records at two bureaus, and of what changes at one, by the
//! command.

use serde_json::Value;

use crate::support::serving::Serving;
use crate::support::workplace::Workplace;

const ID: &str = "91330100MA00000740";

/// Bureaus with records of one enterprise, its wallet, and a bank that trusts all of them.
struct Scene {
    folder: Workplace,
    /// Keeps the bank's service running.
    _bank: Serving,
    /// Where that is.
    url: String,
}

impl Scene {
    fn new(bureaus: &[&str]) -> Self {
        let folder = Workplace::new();
        folder.runs("setup dev --shape Q16 --out keys");
        folder.runs("authority generate --dir filings --enterprises 3 --seed 7");
        for bureau in bureaus {
            folder.runs(&format!("authority init --dir {bureau} --id {bureau}"));
            folder.runs(&ingest(bureau, "filings/filings.csv"));
        }
        let lists = bureaus.iter();
        let lists = lists.map(|bureau| folder.runs(&format!("authority trust --dir {bureau}")));
        folder.write("bureaus.toml", &lists.collect::<String>());
        folder.runs(
            "bank init --dir bank --id bank --name Bank --allow-dev-keys --listen 127.0.0.1:0 \
             --verifying-key keys/Q16-bn254.vk --trust bureaus.toml",
        );
        folder.write("bank.toml", &folder.runs("bank trust --dir bank"));
        folder.runs(&format!("enterprise init --wallet w --enterprise {ID}"));
        folder.runs("enterprise trust --wallet w --add bureaus.toml");
        folder.runs("enterprise trust --wallet w --add bank.toml");
        let bank = Serving::start(folder.command("bank serve --dir bank"));
        let url = format!("http://{}", bank.address);
        let scene = Self {
            folder,
            _bank: bank,
            url,
        };
        scene.folder.write(
            "paid.toml",
            "id = \"paid\"\nversion = 1\ntitle = \"Paid\"\nschema = \"cn-tax-1\"\n\
             [learns]\nfailed_rules = \"all\"\n\
             [[rule]]\nname = \"paid\"\neach_quarter = \"vat_paid\"\nover = \"last 4 quarters\"\n\
             at_least = \"1\"\n",
        );
        let url = &scene.url;
        let policy = format!("bank policy register --server {url} paid.toml");
        scene.folder.runs(&policy);
        scene
    }

    /// Hands in the registration of a wallet.
    fn register(&self, bureau: &str, wallet: &str) {
        let Self { folder, .. } = self;
        folder.runs(&format!(
            "enterprise registration --wallet {wallet} --out registration.json"
        ));
        folder.runs(&format!(
            "authority register --dir {bureau} registration.json"
        ));
    }

    /// Publishes the next epoch, of which the bank learns.
    fn publish(&self, bureau: &str) {
        let (folder, url) = (&self.folder, &self.url);
        folder.runs(&format!("authority publish --dir {bureau}"));
        folder.runs(&format!("bank epoch follow --server {url} {bureau}/log"));
    }

    fn issue(&self, bureau: &str) {
        self.folder.runs(&issue(bureau));
        self.folder.runs("enterprise import --wallet w credential");
    }

    /// Has the bank make a request, and gives its id.
    fn ask(&self) -> String {
        self.ask_of("")
    }

    /// The same, of the authorities that some options name.
    fn ask_of(&self, authorities: &str) -> String {
        let url = &self.url;
        let id = self.folder.runs(&format!(
            "bank request create --server {url} --policy paid --purpose loan --out request \
             {authorities}"
        ));
        id.trim().to_owned()
    }

    /// Answers the last request of an id, and gives the bank's decision.
    fn answer(&self, id: &str, bureau: &str, more: &str) -> Value {
        let url = &self.url;
        self.folder
            .runs(&format!("{PROVE} --authority {bureau} --send {url} {more}"));
        let decision = self
            .folder
            .runs(&format!("bank decision get --server {url} --json {id}"));
        let decision: Value = serde_json::from_str(&decision).expect("JSON");
        assert_eq!(decision["authority"], bureau);
        decision
    }

    fn passes(&self, bureau: &str) -> Value {
        let decision = self.answer(&self.ask(), bureau, "");
        assert_eq!(decision["verdict"], "passed", "{decision}");
        decision
    }

    /// Files of which the enterprise's VAT was corrected to nothing.
    fn amend(&self) {
        let text = self.folder.read("filings/filings.csv");
        let mut rows = text.lines().map(|row| row.split(',').collect::<Vec<_>>());
        let header = rows.next().expect("a header");
        let column = |name| header.iter().position(|h| *h == name).expect("a column");
        let (id, tax, sequence, due) = ("NSRSBH", "ZSXM_DM", "SBXH", "YBTSE");
        let (id, tax, sequence, due) = (column(id), column(tax), column(sequence), column(due));
        let mut amended = header.join(",") + "\n";
        for mut row in rows.filter(|row| row[id] == ID && row[tax] == "10101") {
            (row[sequence], row[due]) = ("9999", "0.00");
            amended += &(row.join(",") + "\n");
        }
        self.folder.write("amended.csv", &amended);
    }
}

const PROVE: &str = "enterprise prove --wallet w --key keys/Q16-bn254.pk --request request --yes \
                     --table-budget 0";

fn ingest(bureau: &str, filings: &str) -> String {
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/cn-tax.toml");
    format!(
        "authority ingest --dir {bureau} --mapping {mapping} --filings {filings} \
         --taxpayers filings/taxpayers.csv --invoices filings/invoices.csv"
    )
}

fn issue(bureau: &str) -> String {
    format!("authority issue --dir {bureau} --enterprise {ID} --out credential")
}

#[test]
fn two_provinces_are_two_proofs_under_one_pseudonym() {
    let scene = Scene::new(&["zhejiang", "guangdong"]);
    for bureau in ["zhejiang", "guangdong"] {
        scene.register(bureau, "w");
        scene.publish(bureau);
        scene.issue(bureau);
    }
    let decisions = [scene.passes("zhejiang"), scene.passes("guangdong")];
    let [zhejiang, guangdong] = &decisions;
    assert_ne!(zhejiang["pseudonym"], "");
    assert_eq!(zhejiang["pseudonym"], guangdong["pseudonym"]);

    // A bank that names bureaux hears of these alone.
    let asked = scene.ask_of("--authority guangdong --authority guangdong");
    let prove = format!("{PROVE} --authority zhejiang --send {}", scene.url);
    let why = scene.folder.fails(&prove);
    assert!(why.contains("`guangdong`"), "{why}");
    assert_eq!(scene.answer(&asked, "guangdong", "")["verdict"], "passed");
    let why = scene.folder.fails(&format!(
        "bank request create --server {} --policy paid --purpose loan --out other --authority hubei",
        scene.url
    ));
    assert!(why.contains("hubei"), "{why}");

    // The receipts say whose record it was, and verify under that bureau's key.
    for decision in &decisions {
        let (id, url) = (decision["request_id"].as_str().expect("an id"), &scene.url);
        let export = format!("bank receipt export --server {url} {id} --out evidence");
        scene.folder.runs(&export);
        let verified = scene
            .folder
            .runs("bank receipt verify evidence --trust bank.toml --trust bureaus.toml --json");
        let verified: Value = serde_json::from_str(&verified).expect("JSON");
        let receipt = &verified["receipt"];
        assert_eq!(receipt["authority"], decision["authority"], "{verified}");
        assert_eq!(receipt["pseudonym"], decision["pseudonym"], "{verified}");
        // And under a key that the auditor names, and no other.
        let key = receipt["key"].as_str().expect("a fingerprint");
        let verify =
            "bank receipt verify evidence --trust bank.toml --trust bureaus.toml --json --key";
        let trusted = scene.folder.runs(&format!("{verify} {key}"));
        let trusted: Value = serde_json::from_str(&trusted).expect("JSON");
        assert_eq!(trusted["anchors_trusted"], true);
        let other = scene.folder.output(&format!("{verify} {id}"));
        assert!(!other.status.success());
    }

    // Each is of its own record: what changes at one bureau changes nothing at the other.
    scene.amend();
    scene.folder.runs(&ingest("guangdong", "amended.csv"));
    scene.publish("guangdong");
    scene.issue("guangdong");
    let failed = scene.answer(&scene.ask(), "guangdong", "--disclose-failed");
    assert_eq!(failed["verdict"], "failed");
    assert_eq!(failed["pseudonym"], zhejiang["pseudonym"]);
    scene.passes("zhejiang");
}

#[test]
fn what_changes_at_a_bureau_shows_in_its_next_epoch() {
    let scene = Scene::new(&["zhejiang"]);
    let folder = &scene.folder;
    let other = folder.read("filings/taxpayers.csv");
    let other = other.lines().nth(2).and_then(|row| row.split(',').next());
    let other = other.expect("a second enterprise");
    folder.runs(&format!(
        "enterprise init --wallet other --enterprise {other}"
    ));
    scene.register("zhejiang", "other");
    scene.register("zhejiang", "w");
    scene.publish("zhejiang");
    scene.issue("zhejiang");
    let first = scene.passes("zhejiang");

    // Rotation: the old keys serve until the next epoch, and the pseudonym stays.
    folder.runs("enterprise rotate --wallet w");
    scene.register("zhejiang", "w");
    assert_eq!(scene.passes("zhejiang")["pseudonym"], first["pseudonym"]);
    let waits = folder.fails(&issue("zhejiang"));
    assert!(waits.contains("has registered anew since"), "{waits}");
    scene.publish("zhejiang");
    scene.ask();
    let old = folder.fails(&format!("{PROVE} --out presentation"));
    assert!(old.contains("does not accept epoch 1"), "{old}");
    scene.issue("zhejiang");
    assert_eq!(scene.passes("zhejiang")["pseudonym"], first["pseudonym"]);

    // Re-issue, to a wallet that lost its credential.
    std::fs::remove_dir_all(folder.path("w/credentials")).expect("is there");
    let lost = folder.fails(&format!("{PROVE} --out presentation"));
    assert!(lost.contains("holds none of these"), "{lost}");
    scene.issue("zhejiang");
    scene.passes("zhejiang");

    // An amended filing.
    scene.amend();
    folder.runs(&ingest("zhejiang", "amended.csv"));
    scene.passes("zhejiang");
    scene.publish("zhejiang");
    let bundle =
        |epoch| format!("enterprise import --wallet w --bundle zhejiang/epochs/{epoch}/bundles");
    folder.runs(&bundle(3));
    let failed = scene.answer(&scene.ask(), "zhejiang", "--disclose-failed");
    assert_eq!(failed["failed_rules"], serde_json::json!(["paid"]));

    // Revocation.
    let revoke = format!("authority revoke --dir zhejiang --enterprise {ID}");
    let registered = || {
        let shown = folder.runs("authority show --dir zhejiang");
        let mut lines = shown.lines().map(str::to_owned);
        lines.find(|line| line.starts_with("registered"))
    };
    let before = registered().expect("is shown");
    assert!(before.ends_with(" 2 enterprises"), "{before}");
    folder.runs(&revoke);
    let after = registered().expect("is shown");
    assert!(after.ends_with(" 1 enterprises"), "{after}");
    assert!(folder.fails(&revoke).contains("is not registered"));
    assert!(folder.fails(&issue("zhejiang")).contains("was revoked"));
    scene.publish("zhejiang");
    let nothing = folder.fails(&bundle(4));
    assert!(
        nothing.contains("nothing in the bundle is for this wallet"),
        "{nothing}"
    );
    scene.ask();
    let revoked = folder.fails(&format!("{PROVE} --disclose-failed --out presentation"));
    assert!(revoked.contains("does not accept epoch 3"), "{revoked}");
    folder.runs("authority audit --dir zhejiang --trust bureaus.toml");

    // It comes back with other keys only.
    let again = folder.fails("authority register --dir zhejiang registration.json");
    assert!(again.contains("rotate the key"), "{again}");
    folder.runs("enterprise rotate --wallet w");
    scene.register("zhejiang", "w");
    scene.publish("zhejiang");
    scene.issue("zhejiang");
    let back = scene.answer(&scene.ask(), "zhejiang", "--disclose-failed");
    assert_eq!(back["pseudonym"], first["pseudonym"]);
}
