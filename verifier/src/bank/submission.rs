//! From a sealed presentation to a decision.

use std::sync::Arc;

use taxproof_claims::digest::Digest;
use taxproof_claims::key::Provenance;
use taxproof_claims::presentation::Presentation;

use super::requests::check_client_request_id;
use super::{Bank, Decision, Refusal};
use crate::epoch::TrustedEpoch;
use crate::metrics::Step;
use crate::presentation::{InvalidReason, Question, Shown, Verdict};
use crate::receipt::Receipt;
use crate::store::{KeptRequest, NewReceipt, NotDecided, Replay, presentation_digest};

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
        let _counted = self.metrics.presentations(1);
        let bank = Arc::clone(self);
        let open = move || bank.identity.open(&sealed);
        let opened = self.compute(Step::Open, open).await?;
        let presentation = Presentation::decode(&opened?)?;
        let lookup = self.look_up(&presentation);
        match self.store_step(Step::Lookup, lookup).await? {
            Ok((question, epoch)) => {
                self.judge(question, epoch, presentation, client_request_id)
                    .await
            }
            Err(decided) => Ok(decided),
        }
    }

    /// What a presentation is to be verified with; or the decision, where it needs none.
    pub(super) async fn look_up(
        &self,
        presentation: &Presentation,
    ) -> Result<Result<(Question, Arc<TrustedEpoch>), Decision>, Refusal> {
        let request = self.store.request(presentation.request).await?;
        let request = request.ok_or(Refusal::UnknownRequest)?;
        if let Some(decided) = self.decided(&request, presentation).await? {
            return Ok(Err(decided));
        }
        let question = self.question(&request).await?;
        if !question.request().accepts(&presentation.epoch) {
            let reason = InvalidReason::EpochNotAccepted;
            return Ok(Err(self.invalid(request.digest, reason)));
        }
        let epoch = self.epoch(presentation.epoch.header).await?;
        let now = self.time.certain()?;
        match self.timely(&epoch, now) {
            // That the request has ended is said first, and by whoever judges.
            Err(why) if now < question.request().expires_at => {
                Ok(Err(self.invalid(request.digest, why.into())))
            }
            _ => Ok(Ok((question, epoch))),
        }
    }

    /// What is known of a request without looking at the proof.
    async fn decided(
        &self,
        request: &KeptRequest,
        presentation: &Presentation,
    ) -> Result<Option<Decision>, Refusal> {
        if request.receipt.is_some() {
            let kept = self.store.receipt(request.digest).await?;
            let kept = kept.ok_or(Refusal::UnknownRequest)?;
            return match kept.presentation == presentation_digest(presentation) {
                true => self.decision(kept).await.map(Some),
                false => Err(Replay::Decided.into()),
            };
        }
        let cancelled = request.cancelled_at.is_some();
        Ok(cancelled.then(|| self.invalid(request.digest, InvalidReason::Cancelled)))
    }

    /// Verifies a presentation of a request that was open a moment ago.
    async fn judge(
        self: &Arc<Self>,
        question: Question,
        epoch: Arc<TrustedEpoch>,
        presentation: Presentation,
        client_request_id: &str,
    ) -> Result<Decision, Refusal> {
        let now = self.time.certain()?;
        let (bank, asked) = (Arc::clone(self), question.clone());
        let (about, shown) = (Arc::clone(&epoch), presentation.clone());
        let judge = move || {
            let key = asked.request().key;
            let verifier = bank.keys.named(key).ok_or(Refusal::UnknownKey)?;
            Ok::<_, Refusal>(verifier.judge(&asked, &about, &shown, now)?)
        };
        let verdict = self.compute(Step::Verify, judge).await??;
        self.decide(
            &question,
            &epoch,
            presentation,
            verdict,
            client_request_id,
            now,
        )
        .await
    }

    /// Keeps what a verdict decides.
    pub(super) async fn decide(
        &self,
        question: &Question,
        epoch: &TrustedEpoch,
        presentation: Presentation,
        verdict: Verdict,
        client_request_id: &str,
        now: u64,
    ) -> Result<Decision, Refusal> {
        let request = question.digest();
        let verified = match verdict {
            Verdict::Invalid(reason) => return Ok(self.invalid(request, reason)),
            Verdict::Passed(shown) => (true, shown, Vec::new()),
            Verdict::Failed { shown, rules } => (false, shown, rules),
        };
        let new = NewReceipt {
            receipt: self.receipt(question, epoch, presentation, verified, now)?,
            client_request_id: Some(client_request_id.to_owned()).filter(|id| !id.is_empty()),
        };
        let keep = self.recorder.keep(new);
        let kept = match self.store_step(Step::Keep, keep).await {
            Err(Refusal::NotDecided(NotDecided::Cancelled)) => {
                return Ok(self.invalid(request, InvalidReason::Cancelled));
            }
            kept => kept?,
        };
        let verdict = match kept.signed.receipt.passed {
            true => "passed",
            false => "failed",
        };
        self.metrics.verdict(verdict, "");
        tracing::info!(
            %request, passed = kept.signed.receipt.passed,
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
            previous: Digest([0; 32]),
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

    /// The decision on a presentation that shows nothing.
    pub(super) fn invalid(&self, request: Digest, reason: InvalidReason) -> Decision {
        self.metrics.verdict("invalid", reason.code());
        tracing::info!(%request, %reason, "invalid");
        Decision::Invalid { request, reason }
    }
}
