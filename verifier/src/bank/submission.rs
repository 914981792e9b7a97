//! From a sealed presentation to a decision.

use std::sync::Arc;

use taxproof_claims::key::Provenance;
use taxproof_claims::presentation::Presentation;

use super::requests::check_client_request_id;
use super::{Bank, Decision, Refusal};
use crate::epoch::TrustedEpoch;
use crate::presentation::{InvalidReason, Question, Shown, Verdict};
use crate::receipt::Receipt;
use crate::store::{KeptRequest, Replay, presentation_digest};

impl Bank {
    /// Verifies a sealed presentation, and decides its request if it verifies.
    ///
    /// # Errors
    /// The presentation cannot be read, its request was decided by another one, the bank has not
    /// what it takes to verify it, or there are too many at once.
    pub async fn submit(
        self: &Arc<Self>,
        sealed: Vec<u8>,
        client_request_id: &str,
    ) -> Result<Decision, Refusal> {
        check_client_request_id(client_request_id)?;
        let _waiting = self.presentations.try_acquire().map_err(|_| {
            self.metrics.shed("queue");
            Refusal::Busy
        })?;
        let bank = Arc::clone(self);
        let opened = self.compute(move || bank.identity.open(&sealed)).await?;
        let presentation = Presentation::decode(&opened?)?;
        let request = self.store.request(presentation.request).await?;
        let request = request.ok_or(Refusal::UnknownRequest)?;
        if let Some(kept) = self.store.receipt(request.digest).await? {
            return match kept.presentation == presentation_digest(&presentation) {
                true => self.decision(&request, kept).await,
                false => Err(Replay::Decided.into()),
            };
        }
        self.judge(&request, presentation, client_request_id).await
    }

    /// Verifies a presentation of a request that was open a moment ago.
    async fn judge(
        self: &Arc<Self>,
        request: &KeptRequest,
        presentation: Presentation,
        client_request_id: &str,
    ) -> Result<Decision, Refusal> {
        let question = self.question(request).await?;
        if !question.request().accepts(&presentation.epoch) {
            return Ok(invalid(request, InvalidReason::EpochNotAccepted));
        }
        let epoch = self.epoch(presentation.epoch.header).await?;
        let now = self.clock.now();
        let (bank, asked) = (Arc::clone(self), question.clone());
        let (about, shown) = (Arc::clone(&epoch), presentation.clone());
        let verdict = self
            .compute(move || {
                let key = asked.request().key;
                let verifier = bank.keys.named(key).ok_or(Refusal::UnknownKey)?;
                Ok::<_, Refusal>(verifier.judge(&asked, &about, &shown, now)?)
            })
            .await??;
        let verified = match verdict {
            Verdict::Invalid(reason) => return Ok(invalid(request, reason)),
            Verdict::Passed(shown) => (true, shown, Vec::new()),
            Verdict::Failed { shown, rules } => (false, shown, rules),
        };
        let receipt = self.receipt(&question, &epoch, presentation, verified, now)?;
        let id = Some(client_request_id).filter(|id| !id.is_empty());
        let kept = self
            .store
            .keep_receipt(receipt, &self.signing_key, id)
            .await??;
        tracing::info!(
            request = %request.digest, passed = kept.signed.receipt.passed,
            receipt = kept.signed.receipt.sequence, "decided"
        );
        Ok(Decision::of(kept, question.policy()))
    }

    /// A receipt without its place in the chain.
    fn receipt(
        &self,
        question: &Question,
        epoch: &TrustedEpoch,
        presentation: Presentation,
        (passed, shown, failed_rules): (bool, Shown, Vec<String>),
        now: u64,
    ) -> Result<Receipt, Refusal> {
        let request = question.request();
        let verifier = self.keys.named(request.key).ok_or(Refusal::UnknownKey)?;
        let provenance: Provenance = verifier.header().provenance;
        Ok(Receipt {
            profile: self.profile(),
            bank: request.bank.clone(),
            sequence: 0,
            previous: taxproof_claims::digest::Digest([0; 32]),
            nonce: request.nonce,
            policy: question.policy_digest(),
            epoch: epoch.header().epoch,
            key: request.key,
            provenance,
            decided_at: now,
            passed,
            failed_rules,
            band: shown.band,
            presentation,
        })
    }

    /// Computes on a thread for that, on as many at once as there are cores. Dropped before its
    /// turn, it is not begun; dropped later, its core stays taken until it ends.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let core = Arc::clone(&self.cores).acquire_owned().await;
        let core = core.map_err(|_| Refusal::Aborted)?;
        let task = tokio::task::spawn_blocking(move || {
            let _core = core;
            work()
        });
        task.await.map_err(|_| Refusal::Aborted)
    }
}

fn invalid(request: &KeptRequest, reason: InvalidReason) -> Decision {
    tracing::info!(request = %request.digest, %reason, "invalid");
    Decision::Invalid {
        request: request.digest,
        reason,
    }
}
