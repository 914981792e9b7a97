//! Making requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use taxproof_claims::digest::Digest;
use taxproof_claims::encoding::Writer;
use taxproof_claims::policy::{Parameters, Policy};
use taxproof_claims::request::{MAX_ACCEPTED, MAX_PURPOSE, Nonce, ParameterValue, Request};

use super::{Bank, ClientRequestId, Refusal};
use crate::epoch::TrustedEpoch;
use crate::keyring::AnyVerifier;
use crate::limits::{LONGEST_VALIDITY, VALIDITY};
use crate::metrics::Step;
use crate::presentation::Question;
use crate::store::{Cancelled, KeptRequest, Page};

/// What a request is made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRequest {
    /// The policy's digest, or its id where one policy has it.
    pub policy: String,
    /// A value for each parameter, as a person writes it.
    pub parameters: BTreeMap<String, String>,
    /// What the bank wants to know it for.
    pub purpose: String,
    /// How long it can be answered; zero for [`VALIDITY`].
    pub validity: Duration,
    /// The authorities about whose records it is; any that the bank trusts where there are none.
    pub authorities: BTreeSet<String>,
    /// Chosen by the caller, and the same again gives the same request.
    pub client_request_id: ClientRequestId,
}

impl Bank {
    /// Makes and signs a request.
    ///
    /// # Errors
    /// What it is made from is wrong, or the bank has no policy, key or epoch for it.
    pub async fn create_request(self: &Arc<Self>, new: NewRequest) -> Result<KeptRequest, Refusal> {
        new.client_request_id.check()?;
        let validity = check(&new)?;
        let kept = self.find_policy(&new.policy).await?;
        let policy = Arc::clone(self.terms(&kept)?.policy());
        let given: Vec<_> = new.parameters.iter().map(|(k, v)| (&**k, &**v)).collect();
        let parameters = policy.parse_parameters(&given)?;
        let epochs = self.asked_epochs(&new.authorities).await?;
        let (verifier, epochs) = self.provable(&policy, &epochs)?;
        let compiled = (Arc::clone(&policy), epochs.clone(), parameters.clone());
        let compile = move || {
            let (policy, epochs, parameters) = compiled;
            let compile = |epoch: &Arc<TrustedEpoch>| policy.compile(epoch.date(), &parameters);
            epochs
                .iter()
                .try_for_each(|epoch| compile(epoch).map(|_| ()))
        };
        self.compute(Step::Compile, compile).await??;
        let request = self.request_for(&policy, &parameters, verifier, &epochs, &new, validity)?;
        let signed = request.sign(self.signers.signing());
        let asked = asked(&new, kept.digest, validity);
        let id = new.client_request_id.key();
        let kept = self
            .store
            .keep_request(&signed, kept.digest, id.as_deref().map(|id| (id, asked)))
            .await??;
        tracing::info!(request = %kept.digest, policy = %kept.policy, "requested");
        Ok(kept)
    }

    /// The request of an id.
    ///
    /// # Errors
    /// The id is none, or there is no such request.
    pub async fn request(&self, id: &str) -> Result<KeptRequest, Refusal> {
        let digest: Digest = id.parse().map_err(|_| Refusal::RequestId)?;
        let kept = self.store.request(digest).await?;
        kept.ok_or(Refusal::UnknownRequest)
    }

    /// Requests, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn requests(&self, page: Page) -> Result<Vec<KeptRequest>, Refusal> {
        Ok(self.store.requests(page).await?)
    }

    /// Cancels a request: whatever answers it from now on is invalid.
    ///
    /// # Errors
    /// The id is none, there is no such request, or it was decided.
    pub async fn cancel_request(&self, id: &str) -> Result<KeptRequest, Refusal> {
        let request = self.request(id).await?;
        let now = self.time.now();
        match self.store.cancel_request(request.digest, now).await? {
            Cancelled::Decided => Err(Refusal::Decided),
            Cancelled::Cancelled { new } => {
                if new {
                    self.recorder.note_change(&self.store).await;
                }
                tracing::info!(request = %request.digest, "cancelled");
                self.request(id).await
            }
        }
    }

    /// Whether a request's time is over.
    pub fn is_expired(&self, request: &KeptRequest) -> bool {
        self.time.now() >= request.signed.request.expires_at
    }

    /// A request with its policy.
    pub(super) async fn question(&self, kept: &KeptRequest) -> Result<Question, Refusal> {
        let terms = self.terms_of(kept.policy).await?;
        let request = kept.signed.request.clone();
        Ok(Question::named(request, kept.digest, terms)?)
    }

    /// The newest epochs of some authorities, all of which the bank trusts, or of all that it trusts where
    /// none are named.
    async fn asked_epochs(
        &self,
        authorities: &BTreeSet<String>,
    ) -> Result<Vec<Arc<TrustedEpoch>>, Refusal> {
        for asked in authorities {
            let mut trusted = self.trust.authorities.iter();
            if !trusted.any(|authority| authority.id.as_str() == asked) {
                return Err(Refusal::UnknownAuthority(asked.clone()));
            }
        }
        let mut epochs = self.newest_epochs().await?;
        epochs.retain(|epoch| {
            authorities.is_empty() || authorities.contains(epoch.header().authority.as_str())
        });
        Ok(epochs)
    }

    /// The first key under which a policy can be proven, and which of the newest epochs it can be proven
    /// about.
    fn provable(
        &self,
        policy: &Policy,
        newest: &[Arc<TrustedEpoch>],
    ) -> Result<(&AnyVerifier, Vec<Arc<TrustedEpoch>>), Refusal> {
        let shape = policy.shape();
        if self.keys.of_shape(shape).next().is_none() {
            return Err(Refusal::NoKey(shape));
        }
        let schema = policy.schema().digest();
        let now = self.time.certain()?;
        let mut untimely = None;
        for verifier in self.keys.of_shape(shape) {
            let fits = |e: &&Arc<TrustedEpoch>| e.header().schema == schema && verifier.covers(e);
            let timely = |e: &&Arc<TrustedEpoch>| match self.timely(e, now) {
                Ok(()) => true,
                Err(why) => {
                    untimely.get_or_insert(why);
                    false
                }
            };
            let epochs = newest.iter().filter(fits).filter(timely);
            let epochs: Vec<_> = epochs.take(MAX_ACCEPTED).cloned().collect();
            if !epochs.is_empty() {
                return Ok((verifier, epochs));
            }
        }
        Err(untimely.map_or(Refusal::NoEpoch, Refusal::Untimely))
    }

    fn request_for(
        &self,
        policy: &Policy,
        parameters: &Parameters,
        verifier: &AnyVerifier,
        epochs: &[Arc<TrustedEpoch>],
        new: &NewRequest,
        validity: Duration,
    ) -> Result<Request, Refusal> {
        let (key, now) = (verifier.header(), self.time.certain()?);
        let named = policy.parameters().iter().zip(parameters.values());
        let parameters = named.map(|(declared, &value)| ParameterValue {
            name: declared.name.clone(),
            value,
        });
        Ok(Request {
            profile: self.profile(),
            bank: self.id.clone(),
            recipient: self.recipient(),
            curve: key.curve,
            version: key.version,
            shape: key.shape,
            key: key.fingerprint,
            policy: policy.encode(),
            parameters: parameters.collect(),
            purpose: new.purpose.clone(),
            accepted: epochs.iter().map(|epoch| epoch.accepted()).collect(),
            nonce: Nonce::random().map_err(|_| Refusal::Randomness)?,
            issued_at: now,
            expires_at: now + validity.as_secs(),
        })
    }
}

/// Checks what does not depend on the policy; the validity.
fn check(new: &NewRequest) -> Result<Duration, Refusal> {
    let shown = !new.purpose.chars().any(char::is_control);
    if !(1..=MAX_PURPOSE).contains(&new.purpose.len()) || !shown {
        return Err(Refusal::Purpose);
    }
    match new.validity {
        Duration::ZERO => Ok(VALIDITY),
        longer if longer > LONGEST_VALIDITY => Err(Refusal::Validity),
        validity => Ok(validity),
    }
}

/// The digest of what a caller asked for, to tell whether it asks for the same again.
fn asked(new: &NewRequest, policy: Digest, validity: Duration) -> Digest {
    let mut w = Writer::object("taxproof/asked/1");
    w.fixed(&policy.0);
    w.count(new.parameters.len());
    for (name, value) in &new.parameters {
        w.text(name);
        w.text(value);
    }
    w.text(&new.purpose);
    w.u64(validity.as_secs());
    // Not where there are none, as in what older versions kept.
    if !new.authorities.is_empty() {
        w.count(new.authorities.len());
        new.authorities
            .iter()
            .for_each(|authority| w.text(authority));
    }
    let bytes = w.finish();
    taxproof_claims::digest::Profile::International.digest("taxproof/asked/1", &[&bytes])
}
