//! Clients that nobody here wrote, in `tests/clients`: gRPC from Python by the service's reflection,
//! gRPC-Web from Node and from a browser. The wallet's part is the command's.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use taxproof_verifier::receipt::SignedReceipt;

use crate::support::serving::Serving;
use crate::support::workplace::Workplace;

const ENTERPRISE: &str = "91330100MA00000740";
const POLICY: &str = "ccb-cloud-tax-loan";

/// A file that `npm ci` or `pip` in `tests/clients` puts there.
fn tool(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    if folder.join(name).exists() {
        return Some(folder);
    }
    // The gate sets this: there, what is not run is an error.
    assert!(
        std::env::var_os("TAXPROOF_ALL_TOOLS").is_none(),
        "tests/clients/{name} is missing: CONTRIBUTING.md says how to install it"
    );
    eprintln!("NOT RUN: tests/clients/{name} is missing; CONTRIBUTING.md says how to install it");
    None
}

/// A bank's service in a process of its own, a bureau and a wallet, all in one folder.
struct Scene {
    place: Workplace,
    service: Serving,
    /// Of web pages that may call the service.
    origin: String,
}

impl Scene {
    fn new() -> Self {
        let place = Workplace::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for linked in ["mappings", "policies"] {
            std::os::unix::fs::symlink(root.join(linked), place.folder().join(linked)).unwrap();
        }
        for command in [
            "setup dev --shape Q16 --out keys",
            &format!("enterprise init --wallet wallet --enterprise {ENTERPRISE}"),
            "enterprise registration --wallet wallet --out registration.json",
            "authority generate --dir filings --enterprises 5 --seed 7",
            "authority init --dir bureau --id zhejiang --name Zhejiang",
            "authority register --dir bureau registration.json",
            "authority ingest --dir bureau --mapping mappings/cn-tax.toml --filings filings/filings.csv \
             --taxpayers filings/taxpayers.csv --invoices filings/invoices.csv",
            "authority publish --dir bureau",
            &format!("authority issue --dir bureau --enterprise {ENTERPRISE} --out credential.age"),
        ] {
            place.runs(command);
        }
        let trust = place.runs("authority trust --dir bureau");
        std::fs::write(place.folder().join("bureau.toml"), trust).unwrap();
        place.runs(
            "bank init --dir bank --id bank-of-examples --name Examples --allow-dev-keys \
             --verifying-key keys/Q16-bn254.vk --trust bureau.toml --listen 127.0.0.1:0",
        );
        let trust = place.runs("bank trust --dir bank");
        std::fs::write(place.folder().join("bank.toml"), trust).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", free.local_addr().unwrap());
        let config = place.folder().join("bank/bank.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(config, format!("web_origins = [\"{origin}\"]\n{text}")).unwrap();
        let service = Serving::start(place.command("bank serve --dir bank"));
        let scene = Self {
            place,
            service,
            origin,
        };
        let server = format!("http://{}", scene.service.address);
        for command in [
            &format!("bank epoch follow --server {server} bureau/log"),
            "enterprise trust --wallet wallet --add bureau.toml",
            "enterprise trust --wallet wallet --add bank.toml",
            "enterprise import --wallet wallet credential.age",
        ] {
            scene.place.runs(command);
        }
        scene
    }

    /// The wallet's answer to a request's file, as a file.
    fn prove(&self, request: &str, presentation: &str) {
        self.place.runs(&format!(
            "enterprise prove --wallet wallet --key keys/Q16-bn254.pk --request {request} --yes \
             --table-budget 0 --out {presentation}"
        ));
    }

    fn python(&self, clients: &Path, step: &str) -> Value {
        let mut command = Command::new(clients.join("venv/bin/python"));
        command
            .arg(clients.join("client.py"))
            .arg(&self.service.address);
        self.run(command, step)
    }

    /// A step of a web client, after `client.py` wrote the descriptors.
    fn web(&self, clients: &Path, client: &str, step: &str) -> Value {
        let mut command = Command::new("node");
        command
            .arg(clients.join(client))
            .arg(format!("http://{}", self.service.address))
            .arg("taxproof.bin")
            .env("ORIGIN", &self.origin);
        self.run(command, step)
    }

    fn run(&self, mut command: Command, step: &str) -> Value {
        command
            .args(step.split(' '))
            .current_dir(self.place.folder());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{step}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// A request is made, answered, and read back in every way, and all of them agree.
fn round_trip(scene: &Scene, name: &str, step: impl Fn(&str) -> Value) {
    let (request, presentation) = (format!("{name}.request"), format!("{name}.sealed"));
    let made = step(&format!("create {POLICY} {request}"));
    scene.prove(&request, &presentation);
    let decided = step(&format!("submit {presentation}"));
    assert_eq!(decided["request_id"], made["request_id"]);
    assert_eq!(decided["verdict"], "VERDICT_PASSED");
    assert_eq!(decided["disclosed_id"], ENTERPRISE);
    // The same again is the same decision.
    assert_eq!(step(&format!("submit {presentation}")), decided);

    let read = step(&format!("read {}", made["request_id"].as_str().unwrap()));
    assert_eq!(read["state"], "REQUEST_STATE_DECIDED");
    assert_eq!((&read["got"], &read["watched"]), (&decided, &decided));
    assert_eq!(read["receipt"], decided["receipt"]);
    let receipt = hex::decode(read["receipt"].as_str().unwrap()).unwrap();
    let receipt = SignedReceipt::decode(&receipt).unwrap().receipt;
    assert_eq!(receipt.digest().to_string(), read["receipt_digest"]);
    assert_eq!(receipt.presentation.request.to_string(), made["request_id"]);
    assert_eq!(receipt.policy.to_string(), made["policy"]);
}

/// Calls that are refused: which code, which reason, and which field, if any, is at fault.
const REFUSALS: [(&str, &str, &str, Option<&str>); 5] = [
    ("policy", "INVALID_ARGUMENT", "POLICY_INVALID", None),
    ("unknown_policy", "NOT_FOUND", "POLICY_UNKNOWN", None),
    (
        "purpose",
        "INVALID_ARGUMENT",
        "PURPOSE_INVALID",
        Some("purpose"),
    ),
    (
        "presentation",
        "INVALID_ARGUMENT",
        "PRESENTATION_NOT_OURS",
        Some("sealed_presentation"),
    ),
    ("request", "NOT_FOUND", "REQUEST_UNKNOWN", None),
];

#[test]
fn a_python_client_knows_the_service_by_reflection() {
    let Some(clients) = tool("venv/bin/python") else {
        return;
    };
    let scene = Scene::new();
    let step = |step: &str| scene.python(&clients, step);
    let found = step("services --descriptors taxproof.bin");
    let services = found["services"].as_array().unwrap();
    for other in [
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    ] {
        assert!(services.contains(&other.into()), "{services:?}");
    }
    assert_eq!(found["methods"], described());

    let policy = step(&format!("register policies/{POLICY}.toml"));
    assert_eq!(policy["id"], POLICY);
    round_trip(&scene, "python", step);
    // A batch: one that was decided, and one that nobody asked for.
    std::fs::write(scene.place.folder().join("noise"), [7; 200]).unwrap();
    let batch = step("batch python.sealed noise");
    let results = batch["results"].as_array().unwrap();
    assert_eq!(results[0]["decision"]["verdict"], "VERDICT_PASSED");
    assert_eq!(results[1]["refusal"], "PRESENTATION_NOT_OURS");
    assert_eq!(results[1]["client_request_id"], "1");

    let errors = step("errors");
    for (call, code, reason, field) in REFUSALS {
        let refused = &errors[call];
        assert_eq!(refused["code"], code, "{call}: {refused}");
        assert_eq!(refused["ErrorInfo"]["reason"], reason, "{call}: {refused}");
        assert_eq!(refused["ErrorInfo"]["domain"], "taxproof.v1");
        let at_fault = &refused["BadRequest"]["fieldViolations"][0]["field"];
        if let Some(field) = field {
            assert_eq!(at_fault, field, "{call}: {refused}");
        }
    }

    if tool("node_modules").is_some() {
        web_client(&scene, &clients, "web.mjs");
    }
}

/// The services' methods as the proto files say.
fn described() -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/taxproof/v1");
    let mut services = serde_json::Map::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for service in text.split("\nservice ").skip(1) {
            let (name, body) = service.split_once(' ').unwrap();
            let (body, _) = body.split_once("\n}").unwrap();
            let methods = body.split("\n  rpc ").skip(1);
            let mut methods: Vec<_> = methods.map(|m| m.split_once('(').unwrap().0).collect();
            methods.sort_unstable();
            services.insert(format!("taxproof.v1.{name}"), methods.into());
        }
    }
    services.into()
}

fn web_client(scene: &Scene, clients: &Path, client: &str) {
    let step = |step: &str| scene.web(clients, client, step);
    round_trip(scene, client, step);
    let errors = step("errors");
    for (call, code, reason, _) in REFUSALS {
        let refused = &errors[call];
        assert_eq!(refused["code"], code, "{call}: {refused}");
        let info = refused["details"]["google.rpc.ErrorInfo"].as_str().unwrap();
        let info = hex::decode(info).unwrap();
        let told = info
            .windows(reason.len())
            .any(|part| part == reason.as_bytes());
        assert!(told, "{call}: {refused}");
    }
}

/// `cargo test --release --test suite -- --ignored browser`: needs Chromium (`CHROMIUM`, else
/// `/usr/bin/chromium`), which the gate does not install.
#[test]
#[ignore = "needs Chromium"]
fn a_browser_calls_from_a_page_of_an_origin_that_the_bank_names_and_of_no_other() {
    let (Some(clients), Some(_)) = (tool("venv/bin/python"), tool("node_modules")) else {
        return;
    };
    let mut scene = Scene::new();
    scene.python(&clients, "services --descriptors taxproof.bin");
    scene.python(&clients, &format!("register policies/{POLICY}.toml"));
    web_client(&scene, &clients, "browser.mjs");

    let named = scene.origin.clone();
    scene.origin = named.replace("127.0.0.1", "localhost");
    let output = Command::new("node")
        .arg(clients.join("browser.mjs"))
        .arg(format!("http://{}", scene.service.address))
        .args(["taxproof.bin", "read", &"0".repeat(64)])
        .env("ORIGIN", &scene.origin)
        .current_dir(scene.place.folder())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("Failed to fetch"),
        "{said}"
    );
}
