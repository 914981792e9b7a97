//! Answers: from a question that the applicant agreed to answer to the sealed presentation.

use ark_ff::Zero as _;
use taxproof_claims::credential::CredentialError;
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::epoch::field_to_bytes;
use taxproof_claims::key::KeyFingerprint;
use taxproof_claims::presentation::Presentation;
use taxproof_claims::record::Record;
use taxproof_claims::request::{bank_digest, scope_digest};
use taxproof_claims::statement::{
    Consent, FixedInputs, Outcome, Path, PublicInputs, Witness, evaluate,
};
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::consent::Disclosure;
use crate::curve::ProvingCurve;
use crate::prover::{ProveError, Prover, Step, Timings};
use crate::question::Question;
use crate::seal::{SealError, seal};
use crate::wallet::Answered;

/// An answer, ready to be sent.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was said.
    pub presentation: Presentation,
    /// The same, encrypted to the bank.
    pub sealed: Vec<u8>,
    /// How long proving took.
    pub timings: Timings,
    /// For the wallet's history.
    pub answered: Answered,
}

/// What an answer proves.
#[derive(Debug, Clone)]
pub struct Statement<F> {
    /// What the bank rebuilds.
    pub public: PublicInputs<F>,
    /// What it must not learn.
    pub witness: Witness<F>,
}

/// Why there is no answer. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The claim is false, and the applicant did not agree to say so.
    #[error("the claim is false: {} not hold", match reasons.as_slice() {
        [one] => format!("{one} does"),
        several => format!("{} do", several.join(", ")),
    })]
    ClaimFalse {
        /// What does not hold, by names only.
        reasons: Vec<String>,
    },
    /// The applicant agreed to disclose what the policy does not ask for.
    #[error("the policy does not let an applicant disclose {0}")]
    NotDisclosable(String),
    /// The proving key belongs to another verifying key than the bank's.
    #[error("the bank verifies under the key {needed}, this proving key belongs to {found}")]
    OtherKey {
        /// The request's.
        needed: KeyFingerprint,
        /// The prover's.
        found: KeyFingerprint,
    },
    /// The request expired while it was being looked at.
    #[error("the request has expired: ask the bank for another")]
    Expired,
    /// The credential does not lead to its epoch's root.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// There is no proof.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The presentation cannot be encrypted to the bank.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl Question {
    /// Proves the answer, verifies the proof, and seals the presentation to the bank.
    ///
    /// The applicant has agreed to this and to the disclosure. `now` is in seconds since
    /// 1970-01-01T00:00:00Z; `begins` hears of each step.
    ///
    /// # Errors
    /// The claim is false and may not be answered so, or there is no proof.
    pub fn answer<E: ProvingCurve>(
        &self,
        prover: &Prover<E>,
        disclosure: &Disclosure,
        now: u64,
        begins: impl FnMut(Step),
    ) -> Result<Answer, AnswerError> {
        if self.is_expired(now) {
            return Err(AnswerError::Expired);
        }
        let (needed, found) = (self.request.key, prover.header().fingerprint);
        if needed != found {
            return Err(AnswerError::OtherKey { needed, found });
        }
        let consent = self.consent(disclosure)?;
        let Statement { public, witness } = self.statement::<E>(consent)?;
        let proven = prover.prove_in_steps(&public, &witness, begins)?;
        let outcome = self.outcome(consent);
        let presentation = Presentation {
            request: self.request.digest(),
            epoch: self.epoch.clone(),
            pseudonym: field_to_bytes(public.fixed.pseudonym),
            scope_tag: field_to_bytes(public.fixed.scope_tag),
            disclosed_id: if self.policy.learns().id {
                self.held.credential.id.to_string()
            } else {
                String::new()
            },
            outcome: outcome.bits(),
            consent: consent.bits(),
            proof: proven.proof,
        };
        Ok(Answer {
            sealed: seal(&self.request.recipient, &presentation.encode())?,
            answered: self.answered(&presentation, consent, outcome, now),
            presentation,
            timings: proven.timings,
        })
    }

    /// What the applicant agrees to, as the circuit reads it. Of a claim that holds no rule can be
    /// named as failed, so agreeing to it is not even said.
    ///
    /// # Errors
    /// The claim is false and the applicant did not agree to say so, or agreed to disclose what the
    /// policy does not ask for.
    pub fn consent(&self, disclosure: &Disclosure) -> Result<Consent, AnswerError> {
        let agreed = disclosure.failed_rules.as_deref().unwrap_or_default();
        let agreed: Vec<&str> = agreed.iter().map(String::as_str).collect();
        let consent = |rules: &[&str]| {
            self.policy.consent(rules, disclosure.band).ok_or_else(|| {
                let not_disclosable =
                    |r: &&&str| !self.policy.disclosable_rules().any(|d| d == **r);
                let rule = agreed.iter().find(not_disclosable);
                AnswerError::NotDisclosable(match rule {
                    Some(rule) => format!("the rule `{rule}`"),
                    None => "the band of the score".to_owned(),
                })
            })
        };
        let with_rules = consent(&agreed)?;
        if self.result().passed {
            return consent(&[]);
        }
        match disclosure.tells_failure() {
            true => Ok(with_rules),
            false => Err(AnswerError::ClaimFalse {
                reasons: self.shortfall(),
            }),
        }
    }

    /// The public inputs and the witness of the answer.
    ///
    /// # Errors
    /// The credential does not lead to its epoch's root over this curve.
    pub fn statement<E: NamedPairing>(
        &self,
        consent: Consent,
    ) -> Result<Statement<E::ScalarField>, AnswerError>
    where
        E::ScalarField: Poseidon2Field,
    {
        let credential = &self.held.credential;
        let secrets = &self.held.secrets;
        let layout = self.request.shape.layout();
        let (record, path): (Record, Path<E::ScalarField>) =
            credential.open(E::CURVE, layout, secrets)?;
        let header = &credential.epoch.header;
        let no_root = CredentialError::NoRoot {
            curve: E::CURVE,
            layout,
        };
        let root = header.root(E::CURVE, layout).ok_or(no_root)?;
        let id: E::ScalarField = record.id.to_field();
        let context = self.context();
        let bank = bank_digest(&self.request.bank).to_field();
        let learns = self.policy.learns();
        let scope = learns
            .scope
            .as_deref()
            .map_or(context, |s| scope_digest(s).to_field());
        let fixed = FixedInputs {
            schema: record.schema.to_field(),
            newest_period: record.newest_period.index().into(),
            root,
            context,
            bank,
            scope,
            pseudonym: secrets.pseudonym(id, bank),
            scope_tag: secrets.scope_tag(id, scope),
            disclosed_id: if learns.id {
                id
            } else {
                E::ScalarField::zero()
            },
            outcome: self.outcome(consent).bits().into(),
            consent: consent.bits().into(),
        };
        let witness = Witness {
            values: record.values,
            id,
            sk: secrets.sk.to_field(),
            nk: secrets.nk.to_field(),
            salt: credential.salt.to_field(),
            path,
        };
        let numbers = self.compiled.numbers.clone();
        let public = PublicInputs { fixed, numbers };
        Ok(Statement { public, witness })
    }

    fn context<F: Poseidon2Field>(&self) -> F {
        let profile = self.request.profile;
        let policy = self.policy.digest(profile);
        let numbers = self.compiled.numbers.digest(profile);
        self.request
            .context(&self.epoch, policy, numbers)
            .to_field()
    }

    fn outcome(&self, consent: Consent) -> Outcome {
        evaluate(&self.compiled.numbers, self.values()).outcome(self.request.shape, consent)
    }

    fn answered(
        &self,
        presentation: &Presentation,
        consent: Consent,
        outcome: Outcome,
        now: u64,
    ) -> Answered {
        let failed = self.policy.failed_rules(consent, outcome);
        Answered {
            time: now,
            bank: self.request.bank.clone(),
            request: presentation.request,
            policy: self.policy.digest(self.request.profile),
            authority: self.epoch.authority.to_string(),
            epoch: self.held.credential.epoch.header.epoch,
            passed: outcome.passed(),
            band: consent.band(self.request.shape).then(|| outcome.band()),
            failed_rules: failed.into_iter().map(str::to_owned).collect(),
            id_disclosed: self.policy.learns().id,
        }
    }
}
