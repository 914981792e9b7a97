//! What the bank does: everything that the service offers, without the transport.

mod backup;
mod batch;
mod client_id;
mod compute;
mod decision;
mod evidence;
mod policies;
mod queue;
mod readiness;
mod recording;
mod refusal;
mod requests;
mod room;
mod submission;
mod time;
mod trust;
mod watch;

pub use backup::{Backup, CannotBackUp, Restored};
pub use batch::{Batch, Submission};
pub use client_id::ClientRequestId;
pub use decision::{Decision, Standing};
pub use policies::parse_policy;
pub use readiness::NotReady;
pub use refusal::Refusal;
pub use requests::NewRequest;
pub use time::{Clock, Untimely};
pub use trust::AcceptedAuthority;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::schema::Schema;
use taxproof_claims::signature::VerifyingKey;
use taxproof_claims::trust::TrustList;
use tokio::sync::{Notify, Semaphore, watch as signal};

use crate::config::Folder;
use crate::epoch::TrustedEpoch;
use crate::epoch_log::Witnessing;
use crate::keyring::Keyring;
use crate::limits::{BATCHES, BATCHES_HELD, PREPARED_POLICIES};
use crate::mark::Mark;
use crate::metrics::Metrics;
use crate::question::Terms;
use crate::seal::Identity;
use crate::signers::Signers;
use crate::store::{Store, StoreError};
use queue::Queue;
use recording::Recorder;
use room::Room;
use time::Time;

/// A bank: its keys, whom it trusts, and what it keeps.
#[derive(Debug)]
pub struct Bank {
    id: String,
    name: String,
    web_origins: Vec<String>,
    keys: Keyring,
    trust: TrustList,
    witnessing: Witnessing,
    signers: Arc<Signers>,
    identity: Identity,
    schemas: Vec<Schema>,
    store: Store,
    recorder: Recorder,
    time: Time,
    maximum_epoch_age: Duration,
    terms: Kept<Terms>,
    epochs: Kept<TrustedEpoch>,
    /// One for each presentation that may wait or be verified.
    room: Arc<Room>,
    queue: Queue,
    /// One for each batch that is verified at once.
    batches: Semaphore,
    /// One for each byte that batches may hold which come in.
    held: Semaphore,
    /// One for each core.
    cores: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    /// Told when what makes the bank ready may have changed.
    changed: Notify,
    /// Whether the service stops.
    stopping: signal::Sender<bool>,
}

impl Bank {
    /// The bank of a folder.
    ///
    /// # Errors
    /// The database cannot be opened, the newest of what it keeps is damaged, or it is older than
    /// what was kept before.
    pub async fn open(folder: Folder, clock: Clock) -> Result<Self, StoreError> {
        let mark = Mark::open(&folder.mark)?;
        let bank = Self::open_at(folder, clock, mark).await?;
        bank.recorder.check(&bank.store).await?;
        Ok(bank)
    }

    /// The same, whatever was kept before.
    async fn open_at(folder: Folder, clock: Clock, mark: Mark) -> Result<Self, StoreError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        mark.make_folder()?;
        let store = Store::open(&folder.database).await?;
        let former = folder.config.former_signing_keys;
        let signers = Arc::new(Signers::new(folder.signing_key, former));
        let bank = Self {
            recorder: Recorder::start(store.clone(), Arc::clone(&signers), Arc::new(mark)),
            store,
            room: Room::new(folder.config.limits.presentations),
            queue: Queue::default(),
            id: folder.config.id,
            name: folder.config.name,
            web_origins: folder.config.web_origins,
            keys: folder.keys,
            trust: folder.trust,
            witnessing: folder.witnessing,
            signers,
            identity: folder.identity,
            schemas: folder.schemas,
            time: Time::of(clock),
            maximum_epoch_age: folder.config.maximum_epoch_age,
            terms: Kept::default(),
            epochs: Kept::default(),
            batches: Semaphore::new(BATCHES),
            held: Semaphore::new(BATCHES_HELD),
            cores: Arc::new(Semaphore::new(cores)),
            metrics: Arc::default(),
            changed: Notify::new(),
            stopping: signal::Sender::new(false),
        };
        bank.accept().await?;
        bank.check_signers().await?;
        bank.check_newest().await?;
        bank.count_keys().await?;
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
        self.signers.signing().profile()
    }

    /// The key that its requests and receipts verify under.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.signers.signing().verifying_key()
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
