//! A small world for tests: a bureau, wallets, and a bank served over gRPC on loopback.

pub(crate) mod repository;
pub(crate) mod serving;
pub(crate) mod terminal;
pub(crate) mod workplace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ark_bn254::Bn254;
use taxproof_authority::mapping::Mapping;
use taxproof_authority::{Authority, Publication, Settings, Sources};
use taxproof_claims::date::Date;
use taxproof_claims::digest::Profile;
use taxproof_claims::key::CircuitVersion;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Q16;
use taxproof_claims::subject::IdScheme;
use taxproof_claims::trust::{TrustList, TrustedBank};
use taxproof_proto::v1::Decision;
use taxproof_prover::client::Client;
use taxproof_prover::consent::Disclosure;
use taxproof_prover::prover::Prover;
use taxproof_prover::question::Question;
use taxproof_prover::setup::{self, KeyFiles};
use taxproof_prover::wallet::Wallet;
use taxproof_verifier::bank::{Bank, Clock, NewRequest};
use taxproof_verifier::config::NewFolder;
use taxproof_verifier::epoch_log::LogProof;
use taxproof_verifier::service::{self, Serving};

/// A file of the shared data or vectors, where they are there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared")
        .join(name);
    path.exists().then_some(path)
}

/// Seconds since 1970-01-01T00:00:00Z.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

/// Everybody.
pub(crate) struct World {
    wallets: BTreeMap<String, Wallet>,
    prover: Prover<Bn254>,
    bank: Arc<Bank>,
    _serving: Serving,
    client: Client,
    _folder: tempfile::TempDir,
}

impl World {
    /// A bureau that has published one epoch over a file of filings (which is also the register),
    /// wallets with their credentials, and a bank that trusts the bureau.
    pub(crate) async fn new(
        schema: &str,
        mapping: &str,
        id_scheme: IdScheme,
        enterprises: impl IntoIterator<Item = &String>,
        filings: &Path,
        newest_period: &str,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let KeyFiles {
            proving, verifying, ..
        } = setup::dev::<Bn254>(CircuitVersion::V1, Q16).expect("a key");

        let settings = Settings {
            id: "bureau".parse().expect("a name"),
            name: "Bureau".to_owned(),
            profile: Profile::Sm,
        };
        let mut bureau = Authority::init(&path("bureau"), &settings, schema).expect("a bureau");
        let today = Date::of_unix_seconds(now()).expect("a day");
        let parsed = Schema::from_toml(schema).expect("a schema");
        let mut wallets = BTreeMap::new();
        for id in enterprises {
            let enterprise = id_scheme.parse(id).expect("an id");
            let wallet = Wallet::create(&path("wallets").join(id), enterprise, id_scheme, None);
            let mut wallet = wallet.expect("a wallet");
            if wallet.schemas().iter().all(|known| known.id != parsed.id) {
                wallet.add_schema(schema).expect("a schema");
            }
            bureau
                .register(wallet.registration(), today)
                .expect("registered");
            wallets.insert(id.clone(), wallet);
        }
        let mapping = Mapping::from_toml(mapping, &parsed).expect("a mapping");
        let sources = Sources {
            taxpayers: vec![filings.to_owned()],
            filings: vec![filings.to_owned()],
            invoices: vec![],
        };
        let (report, _) = bureau
            .ingest(&mapping, &sources, today, &())
            .expect("ingested");
        assert_eq!(report.refused(), 0, "{report:?}");
        let publication = Publication {
            newest_period: Some(newest_period.parse().expect("a quarter")),
            ..Publication::at(now())
        };
        let published = bureau.publish(&publication, &()).expect("published");
        assert_eq!(published.epoch.header.leaves as usize, wallets.len());
        let trust = TrustList {
            authorities: vec![bureau.trusted()],
            banks: vec![],
        };

        let (key_file, trust_file, schema_file) =
            (path("vk"), path("trust.toml"), path("schema.toml"));
        std::fs::write(&key_file, verifying).expect("written");
        std::fs::write(&trust_file, trust.to_toml()).expect("written");
        std::fs::write(&schema_file, schema).expect("written");
        let new = NewFolder {
            id: "bank",
            name: "Bank",
            profile: Profile::Sm,
            listen: ([127, 0, 0, 1], 0).into(),
            keys: &[key_file],
            allow_dev_keys: true,
            ceremony_keys: &[],
            trust: &trust_file,
            schemas: &[schema_file],
        };
        let opened = new.create(&path("bank")).expect("a bank");
        let bank = Arc::new(Bank::open(opened, Clock::system()).await.expect("a bank"));
        let log = bureau.log().files();
        let head = log.checkpoint().expect("reads").expect("is signed");
        let proof = LogProof::of(log, &head, 0, 0).expect("is in the log");
        bank.add_epoch(&published.epoch.encode(), proof)
            .await
            .expect("an epoch");
        let serving = service::serve(Arc::clone(&bank), ([127, 0, 0, 1], 0).into()).await;
        let serving = serving.expect("a service");
        let client = Client::connect(&format!("http://{}", serving.address()), None).await;

        let banks = TrustList {
            authorities: vec![],
            banks: vec![TrustedBank {
                id: bank.id().to_owned(),
                name: bank.name().to_owned(),
                key: bank.verifying_key(),
            }],
        };
        for wallet in wallets.values_mut() {
            wallet.add_trust(&trust).expect("trusted");
            wallet.add_trust(&banks).expect("trusted");
            let credential = bureau.issue(wallet.enterprise()).expect("issued");
            wallet.import(&credential, None).expect("imported");
        }
        let first = wallets.values().next().expect("at least one enterprise");
        let prover = first.prover(proving.as_slice()).expect("a prover");
        let client = client.expect("a connection");
        Self {
            wallets,
            prover,
            bank,
            _serving: serving,
            client,
            _folder: folder,
        }
    }

    /// Registers a policy at the bank.
    pub(crate) async fn register(&self, policy: &str) {
        let format = taxproof_claims::policy::Format::Toml;
        if let Err(refusal) = self.bank.register_policy(policy, format).await {
            panic!("{refusal}\n{policy}");
        }
    }

    /// A signed request of the bank's.
    pub(crate) async fn request(&self, policy: &str) -> Vec<u8> {
        let new = NewRequest {
            policy: policy.to_owned(),
            purpose: "a loan".to_owned(),
            ..NewRequest::default()
        };
        self.bank
            .create_request(new)
            .await
            .expect("a request")
            .signed
            .encode()
    }

    /// A request as an enterprise's wallet reads it.
    pub(crate) fn question(&self, enterprise: &str, request: &[u8]) -> Question {
        Question::read(&self.wallets[enterprise], request, None, now()).expect("a question")
    }

    /// Proves and hands in the answer, over gRPC.
    pub(crate) async fn submit(&self, question: &Question, disclosure: &Disclosure) -> Decision {
        let answer = question
            .answer(&self.prover, disclosure, now(), |_| ())
            .expect("an answer");
        self.client.submit(answer.sealed).await.expect("a decision")
    }
}
