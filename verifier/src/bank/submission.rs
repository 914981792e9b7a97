//! From a verdict to a decision.

use std::sync::Arc;

use taxproof_claims::digest::Digest;
use taxproof_claims::key::Provenance;
use taxproof_claims::presentation::Presentation;

use super::{Bank, ClientRequestId, Decision, Refusal};
use crate::epoch::TrustedEpoch;
use crate::presentation::{InvalidReason, Question, Shown, Verdict};
use crate::receipt::Receipt;
use crate::store::{KeptRequest, NewReceipt, NotDecided, Replay, presentation_digest};

impl Bank {
    /// What a presentation of a request is to be verified with, and when; or the decision, where it
    /// needs none.
    pub(super) async fn look_up(
        &self,
        request: &KeptRequest,
        presentation: &Presentation,
    ) -> Result<Result<(Question, Arc<TrustedEpoch>, u64), Decision>, Refusal> {
        if let Some(decided) = self.decided(request, presentation).await? {
            return Ok(Err(decided));
        }
        let question = self.question(request).await?;
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
            _ => Ok(Ok((question, epoch, now))),
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

    /// Keeps what a verdict decides.
    pub(super) async fn decide(
        &self,
        question: &Question,
        epoch: &TrustedEpoch,
        presentation: Presentation,
        verdict: Verdict,
        client_request_id: &ClientRequestId,
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
            client_request_id: client_request_id.key(),
        };
        let kept = match self.recorder.keep(new).await {
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
