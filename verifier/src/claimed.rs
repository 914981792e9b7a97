//! What a presentation claims, before its proof is verified.

use taxproof_claims::curve::NamedPairing;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::field_from_bytes;
use taxproof_claims::policy::Policy;
use taxproof_claims::presentation::Presentation;
use taxproof_claims::statement::{Consent, Outcome};
use taxproof_claims::subject::EnterpriseId;
use taxproof_engine::pairing::EnginePairing;

use crate::epoch::TrustedEpoch;
use crate::limits::CLOCK_TOLERANCE;
use crate::prepared::Answer;
use crate::question::Question;
use crate::verdict::{InvalidReason, Shown, Verdict};

/// What a presentation claims, parsed.
pub(crate) struct Claimed<E: EnginePairing> {
    pseudonym: E::ScalarField,
    scope_tag: E::ScalarField,
    id: Option<EnterpriseId>,
    outcome: Outcome,
    consent: Consent,
}

impl<E: NamedPairing> Claimed<E> {
    /// Reads what a presentation claims, and holds it against the request and its policy.
    pub(crate) fn parse(
        question: &Question,
        epoch: &TrustedEpoch,
        presentation: &Presentation,
        now: u64,
    ) -> Result<Self, InvalidReason> {
        let (request, policy) = (question.request(), question.policy());
        if presentation.request != question.digest() {
            return Err(InvalidReason::OtherRequest);
        }
        if now >= request.expires_at {
            return Err(InvalidReason::Expired);
        }
        if request.issued_at > now.saturating_add(CLOCK_TOLERANCE.as_secs()) {
            return Err(InvalidReason::NotYetValid);
        }
        if !request.accepts(&presentation.epoch) || presentation.epoch != epoch.accepted() {
            return Err(InvalidReason::EpochNotAccepted);
        }
        let shape = policy.shape();
        let consent = Consent::from_bits(shape, presentation.consent)
            .filter(|consent| consent.is_within(policy.allowed_consent()))
            .ok_or(InvalidReason::ConsentNotAllowed)?;
        let tag = |bytes| field_from_bytes(bytes).ok_or(InvalidReason::TagNotCanonical);
        Ok(Self {
            pseudonym: tag(&presentation.pseudonym)?,
            scope_tag: tag(&presentation.scope_tag)?,
            id: disclosed_id(question, &presentation.disclosed_id)?,
            outcome: Outcome::from_bits(shape, consent, presentation.outcome)
                .ok_or(InvalidReason::ImpossibleOutcome)?,
            consent,
        })
    }

    /// What the proof must be about.
    pub(crate) fn answer(&self, context: Digest) -> Answer<E::ScalarField> {
        Answer {
            context: context.to_field(),
            pseudonym: self.pseudonym,
            scope_tag: self.scope_tag,
            disclosed_id: self
                .id
                .as_ref()
                .map(EnterpriseId::to_field)
                .unwrap_or_default(),
            outcome: self.outcome,
            consent: self.consent,
        }
    }

    /// The verdict of a presentation whose proof was verified.
    pub(crate) fn verdict(self, policy: &Policy, presentation: &Presentation) -> Verdict {
        let band = self.consent.band(policy.shape());
        let shown = Shown {
            pseudonym: presentation.pseudonym,
            scope_tag: policy
                .learns()
                .scope
                .is_some()
                .then_some(presentation.scope_tag),
            id: self.id,
            band: band.then_some(self.outcome.band() as u32),
        };
        if self.outcome.passed() {
            return Verdict::Passed(shown);
        }
        let rules = policy.failed_rules(self.consent, self.outcome);
        let rules = rules.into_iter().map(str::to_owned).collect();
        Verdict::Failed { shown, rules }
    }
}

/// The id, if and only if the policy asks for it.
fn disclosed_id(question: &Question, text: &str) -> Result<Option<EnterpriseId>, InvalidReason> {
    match (question.policy().learns().id, text) {
        (false, "") => Ok(None),
        (false, _) => Err(InvalidReason::IdNotAsked),
        (true, "") => Err(InvalidReason::IdMissing),
        (true, text) => question
            .id_scheme()
            .parse(text)
            .map(Some)
            .map_err(|_| InvalidReason::IdMalformed),
    }
}
