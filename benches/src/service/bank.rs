//! A made-up bank: its folder, an authority's epoch, a policy, and as many open requests as will be
//! answered.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ark_bn254::Fr;
use ark_ff::UniformRand as _;
use rand::rngs::OsRng;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{EpochHeader, Root, SignedEpochHeader};
use taxproof_claims::period::Period;
use taxproof_claims::policy::{Compiled, Format, Parameters, Policy};
use taxproof_claims::request::Request;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Layout;
use taxproof_claims::signature::SigningKey;
use taxproof_claims::trust::{TrustList, TrustedAuthority};
use taxproof_verifier::bank::{Bank, Clock, NewRequest};
use taxproof_verifier::config::{Config, FILE, Folder, NewFolder};
use taxproof_verifier::epoch::TrustedEpoch;
use taxproof_verifier::epoch_log::LogProof;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::ServiceError;
use super::forger::Forger;
use super::tls::Clients;

/// What applicants are asked.
const POLICY: &str = include_str!("../../../policies/ccb-cloud-tax-loan.toml");

/// A hundred years.
const AGES: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A bank's folder, and what its applicants know.
#[derive(Debug)]
pub(super) struct MadeUp {
    folder: TempDir,
    pub(super) forger: Forger,
    pub(super) epoch: TrustedEpoch,
    pub(super) policy: Policy,
    pub(super) recipient: String,
    /// Open, each to be answered once.
    pub(super) requests: Vec<Request>,
}

impl MadeUp {
    /// A bank with so many open requests, in a folder below `place`.
    pub(super) fn new(
        place: Option<&Path>,
        database: Option<&str>,
        requests: usize,
    ) -> Result<Self, ServiceError> {
        let folder = match place {
            Some(place) => tempfile::tempdir_in(place),
            None => tempfile::tempdir(),
        }?;
        let authority = SigningKey::random(Profile::Sm)?;
        let policy = Policy::parse(POLICY, Format::Toml, &Schema::cn_tax())?;
        let epoch = epoch(&authority, policy.shape().layout());
        let forger = Forger::new(policy.shape());
        let trust = trust(&authority);
        let logged = LogProof::of_only(&epoch, &authority);
        let make = |place: &Path| {
            let opened = create(place, &trust, &forger, database)?;
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(fill(opened, &epoch, logged.clone(), requests))
        };
        // Each request is on the disk before it is answered for, which for tens of thousands takes
        // minutes. They are made in memory, where there is such a place and room in it, and moved.
        let memory = tempfile::tempdir_in("/dev/shm").ok();
        let memory = memory.filter(|_| database.is_none());
        let made = memory.and_then(|memory| Some((make(memory.path()).ok()?, memory)));
        let (recipient, requests) = match made {
            Some((made, memory)) => {
                copy(&memory.path().join(BANK), &folder.path().join(BANK))?;
                made
            }
            None => make(folder.path())?,
        };
        Ok(Self {
            folder,
            forger,
            epoch: TrustedEpoch::verify(epoch, &trust)?,
            policy,
            recipient,
            requests,
        })
    }

    /// The policy's numbers at the epoch's date.
    pub(super) fn compiled(&self) -> Result<Compiled, ServiceError> {
        let parameters = Parameters::new(self.policy.parameters(), Vec::new())?;
        Ok(self.policy.compile(self.epoch.date(), &parameters)?)
    }

    /// The bank's folder.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().join(BANK)
    }

    /// Has callers come over mutual TLS; what they show.
    pub(super) fn secure(&self) -> Result<Clients, ServiceError> {
        let folder = self.folder();
        let file = folder.join(FILE);
        let mut config: Config = toml::from_str(&fs::read_to_string(&file)?)?;
        let clients = Clients::new(&folder, &mut config)?;
        fs::write(&file, toml::to_string(&config)?)?;
        Ok(clients)
    }

    /// Where else files of the measurement can be.
    pub(super) fn outside(&self) -> &Path {
        self.folder.path()
    }
}

fn epoch(authority: &SigningKey, layout: Layout) -> SignedEpochHeader {
    let header = EpochHeader {
        profile: Profile::Sm,
        authority: AUTHORITY.parse().expect("letters are a name"),
        epoch: 1,
        time: 1_790_000_000,
        newest_period: Period::new(2026, 3).expect("a year has a third quarter"),
        schema: Schema::cn_tax().digest(),
        leaves: 1,
        roots: vec![Root::new(Curve::Bn254, layout, Fr::rand(&mut OsRng))],
        previous: Digest([0; 32]),
    };
    header.sign(authority)
}

fn trust(authority: &SigningKey) -> TrustList {
    TrustList {
        authorities: vec![TrustedAuthority {
            id: AUTHORITY.parse().expect("letters are a name"),
            name: "Research".to_owned(),
            key: authority.verifying_key(),
        }],
        banks: Vec::new(),
    }
}

fn create(
    place: &Path,
    trust: &TrustList,
    forger: &Forger,
    database: Option<&str>,
) -> Result<Folder, ServiceError> {
    let (key_file, trust_file) = (place.join("dev.vk"), place.join("authorities.toml"));
    fs::write(&key_file, forger.key_file()?)?;
    fs::write(&trust_file, trust.to_toml())?;
    let bank = place.join(BANK);
    NewFolder {
        id: ID,
        name: "Research",
        profile: Profile::Sm,
        listen: ([127, 0, 0, 1], 0).into(),
        keys: &[key_file],
        allow_dev_keys: true,
        ceremony_keys: &[],
        trust: &trust_file,
        schemas: &[],
    }
    .create(&bank)?;
    let file = bank.join(FILE);
    let mut config: Config = toml::from_str(&fs::read_to_string(&file)?)?;
    config.database = database.map(str::to_owned);
    // The made-up epoch has a date of its own, however late it is measured.
    config.maximum_epoch_age = AGES;
    fs::write(&file, toml::to_string(&config)?)?;
    Ok(Folder::open(&file)?)
}

/// Registers the policy and makes the requests; whom presentations are encrypted to.
async fn fill(
    folder: Folder,
    epoch: &SignedEpochHeader,
    logged: LogProof,
    requests: usize,
) -> Result<(String, Vec<Request>), ServiceError> {
    let bank = Arc::new(Bank::open(folder, Clock::system()).await?);
    bank.add_epoch(&epoch.encode(), logged).await?;
    let kept = bank.register_policy(POLICY, Format::Toml).await?;
    let mut making = JoinSet::new();
    for maker in 0..MAKERS {
        let (bank, policy) = (Arc::clone(&bank), kept.digest.to_string());
        let share = (requests + maker) / MAKERS;
        making.spawn(async move {
            let mut made = Vec::with_capacity(share);
            for _ in 0..share {
                let new = NewRequest {
                    policy: policy.clone(),
                    purpose: "Working-capital loan".to_owned(),
                    validity: taxproof_verifier::limits::LONGEST_VALIDITY,
                    ..NewRequest::default()
                };
                made.push(bank.create_request(new).await?.signed.request);
            }
            Ok::<_, ServiceError>(made)
        });
    }
    let mut all = Vec::with_capacity(requests);
    while let Some(made) = making.join_next().await {
        all.extend(made.map_err(std::io::Error::other)??);
    }
    let recipient = bank.recipient();
    bank.store().close().await;
    Ok((recipient, all))
}

/// Copies a folder with its files' modes.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

const AUTHORITY: &str = "research";
/// The bank's name in requests.
pub(super) const ID: &str = "research";
const BANK: &str = "bank";
/// So many make requests at once: one signs while another waits for the database.
const MAKERS: usize = 4;
