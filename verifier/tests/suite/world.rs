//! A bank with its folder, an authority with an epoch, and an applicant who says what he likes: the
//! circuit is a stand-in ([`crate::fixture`]) with the real one's public inputs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use ark_bn254::{Bn254, Fr};
use ark_groth16::Proof;
use ark_serialize::CanonicalSerialize;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{EpochHeader, Root, SignedEpochHeader, field_to_bytes};
use taxproof_claims::key::{CircuitVersion, KeyFingerprint, KeyHeader, KeyKind, Provenance};
use taxproof_claims::period::Period;
use taxproof_claims::policy::{Parameters, Policy};
use taxproof_claims::presentation::Presentation;
use taxproof_claims::request::{Request, SignedRequest, bank_digest, scope_digest};
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Q16;
use taxproof_claims::signature::SigningKey;
use taxproof_claims::statement::{FixedInputs, PublicInputs, public_inputs};
use taxproof_claims::subject::IdScheme;
use taxproof_claims::trust::{TrustList, TrustedAuthority};
use taxproof_log::{
    Checkpoint, Hash, InclusionProof, Leaves, LogKey, prove_consistency, prove_inclusion, root,
};
use taxproof_proto::v1::AddEpochRequest;
use taxproof_verifier::bank::{Bank, Clock, NewRequest};
use taxproof_verifier::config::{ConfigError, Folder, NewFolder};
use taxproof_verifier::epoch_log::LogProof;

use crate::fixture::Fake;

/// When the authority makes its epochs.
pub(crate) const EPOCH_TIME: u64 = 1_790_000_000;
/// When the bank's day begins.
pub(crate) const NOW: u64 = EPOCH_TIME + 3600;
/// An enterprise whose id is well formed.
pub(crate) const ID: &str = "91330100799655058B";

/// The stand-in for Q16, made once.
pub(crate) fn q16() -> &'static Fake<Bn254> {
    static FAKE: OnceLock<Fake<Bn254>> = OnceLock::new();
    FAKE.get_or_init(|| Fake::new(public_inputs(Q16)))
}

/// A key file as it should be, then broken.
pub(crate) fn key_file(broken: impl FnOnce(&mut KeyHeader, &mut Vec<u8>)) -> Vec<u8> {
    let mut body = Vec::new();
    q16().proving.vk.serialize_compressed(&mut body).unwrap();
    let version = CircuitVersion::V1;
    let mut header = KeyHeader {
        kind: KeyKind::Verifying,
        version,
        curve: Curve::Bn254,
        shape: Q16,
        circuit: version.pinned_digest(Q16, Curve::Bn254).unwrap(),
        provenance: Provenance::Dev,
        fingerprint: KeyFingerprint::of(&body),
        body: KeyHeader::body_digest(&body),
        body_length: body.len() as u64,
    };
    broken(&mut header, &mut body);
    [header.encode(), body].concat()
}

/// An authority.
pub(crate) struct Authority {
    pub(crate) key: SigningKey,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = SigningKey::random(Profile::Sm).unwrap();
        Self { key }
    }

    pub(crate) fn trusted(&self) -> TrustedAuthority {
        TrustedAuthority {
            id: "zhejiang".parse().unwrap(),
            name: "Zhejiang".to_owned(),
            key: self.key.verifying_key(),
        }
    }

    /// A signed header, first changed at will.
    pub(crate) fn epoch(
        &self,
        epoch: u64,
        change: impl FnOnce(&mut EpochHeader),
    ) -> SignedEpochHeader {
        let mut header = EpochHeader {
            profile: Profile::Sm,
            authority: "zhejiang".parse().unwrap(),
            epoch,
            time: EPOCH_TIME + epoch,
            newest_period: Period::new(2026, 3).unwrap(),
            schema: Schema::cn_tax().digest(),
            leaves: 3,
            roots: vec![Root::new(Curve::Bn254, Q16.layout(), Fr::from(1_000_003))],
            previous: Digest([0; 32]),
        };
        change(&mut header);
        header.sign(&self.key)
    }

    /// The key of its log.
    pub(crate) fn log_key(&self) -> LogKey {
        LogKey::new("taxproof.epochs/zhejiang", self.key.verifying_key()).unwrap()
    }

    /// What shows that entry `index` is in the log of these headers, and that this continues the one
    /// of `seen` epochs.
    pub(crate) fn logged(
        &self,
        headers: &[SignedEpochHeader],
        index: usize,
        seen: u64,
    ) -> LogProof {
        let (index, size) = (index as u64, headers.len() as u64);
        let leaves = headers.iter().map(|header| Hash::leaf(&header.encode()));
        let leaves = Leaves(leaves.collect());
        let Ok(root) = root(&leaves, size);
        let Ok(hashes) = prove_inclusion(&leaves, index, size);
        let Ok(consistency) = prove_consistency(&leaves, seen, size);
        LogProof {
            inclusion: InclusionProof {
                index,
                hashes,
                checkpoint: Checkpoint::sign(&self.log_key(), &self.key, size, root),
            },
            consistency,
        }
    }
}

/// The request that hands in a header.
pub(crate) fn add_epoch(header: &SignedEpochHeader, proof: &LogProof) -> AddEpochRequest {
    let hashes = proof.consistency.iter();
    AddEpochRequest {
        signed_header: header.encode(),
        inclusion_proof: proof.inclusion.to_string(),
        consistency_proof: hashes.map(|hash| hash.0.to_vec()).collect(),
    }
}

/// A bank with an epoch, and a clock that a test moves.
pub(crate) struct World {
    pub(crate) bank: Arc<Bank>,
    pub(crate) authority: Authority,
    pub(crate) epoch: SignedEpochHeader,
    pub(crate) now: Arc<AtomicU64>,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    /// With a SQLite file.
    pub(crate) async fn new() -> Self {
        Self::on(None).await
    }

    /// With the database of an address.
    pub(crate) async fn on(database: Option<&str>) -> Self {
        Self::with(database, "").await
    }

    /// The same with more settings.
    pub(crate) async fn with(database: Option<&str>, settings: &str) -> Self {
        let world = Self::empty(database, settings).await;
        world.add_epoch().await;
        world
    }

    /// The same without its epoch.
    pub(crate) async fn empty(database: Option<&str>, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        create(folder.path(), &authority, &key_file(|_, _| {}), true).unwrap();
        let database = database.map(|url| format!("database = \"{url}\"\n"));
        let config = folder.path().join("bank.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let text = format!("{}{settings}{text}", database.unwrap_or_default());
        std::fs::write(config, text).unwrap();
        let (bank, now) = open(folder.path()).await;
        let epoch = authority.epoch(1, |_| {});
        Self {
            bank,
            authority,
            epoch,
            now,
            folder,
        }
    }

    /// Tells the bank of its epoch, the first of its log.
    pub(crate) async fn add_epoch(&self) {
        let proof = self
            .authority
            .logged(std::slice::from_ref(&self.epoch), 0, 0);
        let added = self.bank.add_epoch(&self.epoch.encode(), proof).await;
        added.unwrap();
    }

    /// Registers a policy of the repository and makes a request for it.
    pub(crate) async fn request(&self, policy: &str, parameters: &[(&str, &str)]) -> Asked {
        self.request_for(&policy_text(policy), parameters).await
    }

    /// Registers a policy and makes a request for it.
    pub(crate) async fn request_for(&self, policy: &str, parameters: &[(&str, &str)]) -> Asked {
        let format = taxproof_claims::policy::Format::Toml;
        let kept = self.bank.register_policy(policy, format).await.unwrap();
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let new = NewRequest {
            policy: kept.digest.to_string(),
            parameters: parameters.iter().map(own).collect(),
            purpose: "a loan".to_owned(),
            ..NewRequest::default()
        };
        let kept = self.bank.create_request(new).await.unwrap();
        Asked::new(&kept.signed.encode(), &self.epoch.header)
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn seal(&self, presentation: &Presentation) -> Vec<u8> {
        seal(&self.bank.recipient(), presentation)
    }
}

pub(crate) fn seal(recipient: &str, presentation: &Presentation) -> Vec<u8> {
    let recipient: age::x25519::Recipient = recipient.parse().unwrap();
    age::encrypt(&recipient, &presentation.encode()).unwrap()
}

/// Makes a bank's folder.
pub(crate) fn create(
    folder: &Path,
    authority: &Authority,
    key: &[u8],
    allow_dev_keys: bool,
) -> Result<Folder, ConfigError> {
    let outside = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = outside.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let trust = TrustList {
        authorities: vec![authority.trusted()],
        banks: vec![],
    };
    NewFolder {
        id: "bank-of-examples",
        name: "Bank of Examples",
        profile: Profile::Sm,
        listen: ([127, 0, 0, 1], 0).into(),
        keys: &[write("q16.vk", key)],
        allow_dev_keys,
        ceremony_keys: &[],
        trust: &write("trust.toml", trust.to_toml().as_bytes()),
        schemas: &[],
    }
    .create(folder)
}

/// Opens the bank of a folder with a clock of its own.
pub(crate) async fn open(folder: &Path) -> (Arc<Bank>, Arc<AtomicU64>) {
    let folder = Folder::open(&folder.join("bank.toml")).unwrap();
    let now = Arc::new(AtomicU64::new(NOW));
    let time = Arc::clone(&now);
    let clock = Clock::of(move || time.load(Ordering::Relaxed));
    (Arc::new(Bank::open(folder, clock).await.unwrap()), now)
}

pub(crate) fn policy_text(name: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../policies/");
    std::fs::read_to_string(format!("{path}{name}.toml")).unwrap()
}

/// What an applicant makes of a request: everything compiled anew, as a wallet does.
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) policy: Policy,
    pub(crate) inputs: PublicInputs<Fr>,
    pub(crate) presentation: Presentation,
}

impl Asked {
    /// An applicant who passes and discloses what he must.
    pub(crate) fn new(signed_request: &[u8], header: &EpochHeader) -> Self {
        let request = SignedRequest::decode(signed_request).unwrap().request;
        let policy = Policy::decode(&request.policy, &Schema::cn_tax()).unwrap();
        let values = request.parameters.iter().map(|p| p.value).collect();
        let parameters = Parameters::new(policy.parameters(), values).unwrap();
        let compiled = policy.compile(header.date().unwrap(), &parameters).unwrap();
        let accepted = request.accepted[0].clone();
        let context = request.context(
            &accepted,
            policy.digest(request.profile),
            compiled.numbers.digest(request.profile),
        );
        let context = context.to_field();
        let scope = policy.learns().scope.as_deref();
        let id = policy
            .learns()
            .id
            .then(|| IdScheme::Uscc.parse(ID).unwrap());
        let fixed = FixedInputs {
            schema: header.schema.to_field(),
            newest_period: header.newest_period.index().into(),
            root: header.root(Curve::Bn254, Q16.layout()).unwrap(),
            context,
            bank: bank_digest(&request.bank).to_field(),
            scope: scope.map_or(context, |scope| scope_digest(scope).to_field()),
            pseudonym: Fr::from(77),
            scope_tag: Fr::from(78),
            disclosed_id: id.as_ref().map_or(Fr::from(0), |id| id.to_field()),
            outcome: Fr::from(1),
            consent: Fr::from(0),
        };
        let presentation = Presentation {
            request: request.digest(),
            epoch: accepted,
            pseudonym: field_to_bytes(fixed.pseudonym),
            scope_tag: field_to_bytes(fixed.scope_tag),
            disclosed_id: id.map(|id| id.to_string()).unwrap_or_default(),
            outcome: 1,
            consent: 0,
            proof: vec![],
        };
        let inputs = PublicInputs {
            fixed,
            numbers: compiled.numbers,
        };
        Self {
            request,
            policy,
            inputs,
            presentation,
        }
    }

    /// Says another outcome, with another consent.
    pub(crate) fn outcome(mut self, outcome: u64, consent: u64) -> Self {
        (self.inputs.fixed.outcome, self.presentation.outcome) = (outcome.into(), outcome);
        (self.inputs.fixed.consent, self.presentation.consent) = (consent.into(), consent);
        self
    }

    pub(crate) fn prove(&self) -> Proof<Bn254> {
        q16().prove(&self.inputs.to_vec())
    }

    /// The presentation with a fresh proof of the inputs.
    pub(crate) fn present(&self) -> Presentation {
        self.present_with(&self.prove())
    }

    pub(crate) fn present_with(&self, proof: &Proof<Bn254>) -> Presentation {
        let mut bytes = Vec::new();
        proof.serialize_compressed(&mut bytes).unwrap();
        Presentation {
            proof: bytes,
            ..self.presentation.clone()
        }
    }
}
