//! What the bank does: everything that the service offers, without the transport.

mod batch;
mod decision;
mod evidence;
mod policies;
mod recording;
mod refusal;
mod requests;
mod submission;
mod trust;
mod watch;

pub use batch::Submission;
pub use decision::{Decision, Standing};
pub use policies::parse_policy;
pub use refusal::Refusal;
pub use requests::NewRequest;
pub use trust::AcceptedAuthority;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::policy::Policy;
use taxproof_claims::schema::Schema;
use taxproof_claims::signature::{SigningKey, VerifyingKey};
use taxproof_claims::trust::TrustList;
use tokio::sync::{Semaphore, watch as signal};

use crate::config::Folder;
use crate::epoch::TrustedEpoch;
use crate::keyring::Keyring;
use crate::limits::{BATCHES, PREPARED_POLICIES};
use crate::metrics::Metrics;
use crate::seal::Identity;
use crate::store::{Store, StoreError};
use recording::Recorder;

/// A bank: its keys, whom it trusts, and what it keeps.
#[derive(Debug)]
pub struct Bank {
    id: String,
    name: String,
    web_origins: Vec<String>,
    keys: Keyring,
    trust: TrustList,
    signing_key: Arc<SigningKey>,
    identity: Identity,
    schemas: Vec<Schema>,
    store: Store,
    recorder: Recorder,
    clock: Clock,
    policies: Kept<Policy>,
    epochs: Kept<TrustedEpoch>,
    /// One for each presentation that may wait or be verified.
    presentations: Semaphore,
    /// One for each batch of presentations at once.
    batches: Semaphore,
    /// One for each core.
    cores: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    /// Whether the service stops.
    stopping: signal::Sender<bool>,
}

impl Bank {
    /// The bank of a folder.
    ///
    /// # Errors
    /// The database cannot be opened, or the newest of what it keeps is damaged.
    pub async fn open(folder: Folder, clock: Clock) -> Result<Self, StoreError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let store = Store::open(&folder.database).await?;
        let signing_key = Arc::new(folder.signing_key);
        let bank = Self {
            recorder: Recorder::start(store.clone(), Arc::clone(&signing_key)),
            store,
            presentations: Semaphore::new(folder.config.limits.presentations),
            id: folder.config.id,
            name: folder.config.name,
            web_origins: folder.config.web_origins,
            keys: folder.keys,
            trust: folder.trust,
            signing_key,
            identity: folder.identity,
            schemas: folder.schemas,
            clock,
            policies: Kept::default(),
            epochs: Kept::default(),
            batches: Semaphore::new(BATCHES),
            cores: Arc::new(Semaphore::new(cores)),
            metrics: Arc::default(),
            stopping: signal::Sender::new(false),
        };
        bank.accept().await?;
        bank.check_newest().await?;
        Ok(bank)
    }

    /// The bank's name in requests.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Signature and hash algorithms.
    pub fn profile(&self) -> Profile {
        self.signing_key.profile()
    }

    /// The key that its requests and receipts verify under.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.signing_key.verifying_key()
    }

    /// Where presentations are encrypted to.
    pub fn recipient(&self) -> String {
        self.identity.recipient()
    }

    /// The keys that it accepts proofs under.
    pub const fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// What it counts.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Origins of web pages that may call the service from a browser.
    pub fn web_origins(&self) -> &[String] {
        &self.web_origins
    }

    /// What it keeps.
    pub const fn store(&self) -> &Store {
        &self.store
    }
}

/// The time, in seconds since 1970-01-01T00:00:00Z.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// The machine's.
    pub fn system() -> Self {
        Self::of(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs())
        })
    }

    /// Any other.
    pub fn of(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    fn now(&self) -> u64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// What was read and checked before, by its digest.
#[derive(Debug)]
struct Kept<T>(Mutex<HashMap<Digest, Arc<T>>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    fn get(&self, digest: Digest) -> Option<Arc<T>> {
        self.lock().get(&digest).cloned()
    }

    fn keep(&self, digest: Digest, thing: T) -> Arc<T> {
        let thing = Arc::new(thing);
        let mut kept = self.lock();
        if kept.len() >= PREPARED_POLICIES {
            kept.clear();
        }
        kept.insert(digest, Arc::clone(&thing));
        thing
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
