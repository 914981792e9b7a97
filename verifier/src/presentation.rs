//! What a presentation shows of a request.
//!
//! From the presentation come the epoch, the pseudonym and scope tag, the id, outcome, consent and
//! proof, each parsed canonically and held against what the policy allows. Everything else that the
//! proof speaks about is rebuilt from the request that the bank stored.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::field_from_bytes;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::policy::{CompileError, Policy};
use taxproof_claims::presentation::Presentation;
use taxproof_claims::statement::{Consent, Outcome};
use taxproof_claims::subject::EnterpriseId;
use taxproof_engine::pairing::EnginePairing;

use crate::batch::Batch;
use crate::epoch::TrustedEpoch;
use crate::key::AdmittedKey;
use crate::limits::{CLOCK_TOLERANCE, PREPARED_POLICIES};
use crate::prepared::{Answer, CannotPrepare, Common, OtherNumbers, PreparedPolicy};
use crate::proof::{CanonicalProof, NotAProof};
pub use crate::question::{NotAQuestion, Question};

/// What a presentation shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The policy holds.
    Passed(Shown),
    /// The policy does not hold.
    Failed {
        /// What else the applicant showed.
        shown: Shown,
        /// The rules that the applicant agreed to name as failed.
        rules: Vec<String>,
    },
    /// Nothing.
    Invalid(InvalidReason),
}

/// What a presentation shows besides the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The enterprise's pseudonym at this bank, 32 big-endian bytes.
    pub pseudonym: Digest,
    /// The enterprise's tag in the policy's shared registry, if the policy names one.
    pub scope_tag: Option<Digest>,
    /// The enterprise's id, if the policy asks for it.
    pub id: Option<EnterpriseId>,
    /// The score's band, if the policy asks for it and the applicant agreed.
    pub band: Option<u32>,
}

/// Why a presentation shows nothing. Whoever made it is at fault, or came too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidReason {
    /// It answers another request.
    #[error("it answers another request")]
    OtherRequest,
    /// The request has expired.
    #[error("the request has expired")]
    Expired,
    /// The request is of the future. The bank's clock is wrong, or was.
    #[error("the request is of the future: the bank's clock is wrong, or was")]
    NotYetValid,
    /// The bank cancelled the request.
    #[error("the request was cancelled")]
    Cancelled,
    /// The proof is about an epoch that the request does not accept.
    #[error("the request does not accept the epoch")]
    EpochNotAccepted,
    /// The epoch is older than the bank takes.
    #[error("the epoch is older than the bank takes")]
    EpochTooOld,
    /// The epoch is of the future.
    #[error("the epoch is of the future")]
    EpochInFuture,
    /// The consent names what the policy may not disclose, or what there is not.
    #[error("the consent goes beyond what the policy may disclose")]
    ConsentNotAllowed,
    /// No proof with this consent can have this outcome.
    #[error("the outcome says more than the consent, or what cannot be")]
    ImpossibleOutcome,
    /// The policy asks for the id and there is none.
    #[error("the enterprise's id is missing")]
    IdMissing,
    /// The policy asks for no id and there is one.
    #[error("the policy asks for no id")]
    IdNotAsked,
    /// The id is not one of the schema's scheme.
    #[error("the enterprise's id is malformed")]
    IdMalformed,
    /// The pseudonym or the scope tag is not the canonical encoding of a field element.
    #[error("the pseudonym or the scope tag is no field element")]
    TagNotCanonical,
    /// The proof is not three canonical points.
    #[error(transparent)]
    ProofMalformed(#[from] NotAProof),
    /// The proof does not verify.
    #[error("the proof does not verify")]
    ProofWrong,
}

impl InvalidReason {
    /// Its name in the interface, without what all of them begin with.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherRequest => "OTHER_REQUEST",
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::Cancelled => "CANCELLED",
            Self::EpochNotAccepted => "EPOCH_NOT_ACCEPTED",
            Self::EpochTooOld => "EPOCH_TOO_OLD",
            Self::EpochInFuture => "EPOCH_IN_FUTURE",
            Self::ConsentNotAllowed => "CONSENT_NOT_ALLOWED",
            Self::ImpossibleOutcome => "IMPOSSIBLE_OUTCOME",
            Self::IdMissing => "ID_MISSING",
            Self::IdNotAsked => "ID_NOT_ASKED",
            Self::IdMalformed => "ID_MALFORMED",
            Self::TagNotCanonical => "TAG_NOT_CANONICAL",
            Self::ProofMalformed(_) => "PROOF_MALFORMED",
            Self::ProofWrong => "PROOF_WRONG",
        }
    }
}

/// Why a presentation cannot be judged at all. The bank is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotJudge {
    /// The request names another verifying key.
    #[error("the request names another verifying key")]
    OtherKey,
    /// The epoch's records are of another schema than the policy's.
    #[error("the epoch is of another schema than the policy")]
    OtherSchema,
    /// The policy does not compile for the epoch's date.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Key, policy and epoch do not go together.
    #[error(transparent)]
    Prepare(#[from] CannotPrepare),
    /// The policy that was prepared is not this one.
    #[error(transparent)]
    OtherNumbers(#[from] OtherNumbers),
}

/// Judges presentations under one key, and keeps the policies that it prepared for them.
#[derive(Debug)]
pub struct Verifier<E: EnginePairing> {
    key: AdmittedKey<E>,
    prepared: Mutex<HashMap<Preparation, Arc<Prepared<E>>>>,
}

/// A policy, prepared for an epoch.
#[derive(Debug)]
struct Prepared<E: EnginePairing> {
    policy: PreparedPolicy<E>,
    /// What it asks, where that depends on no parameters.
    asked: Option<Arc<Asked>>,
}

/// The numbers that a question comes to.
#[derive(Debug)]
struct Asked {
    numbers: Numbers,
    digest: Digest,
}

/// What a prepared policy was prepared for.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Preparation {
    bank: String,
    policy: Digest,
    epoch: Digest,
}

impl<E: NamedPairing> Verifier<E> {
    /// A verifier under a key.
    pub fn new(key: AdmittedKey<E>) -> Self {
        let prepared = Mutex::default();
        Self { key, prepared }
    }

    /// The key.
    pub const fn key(&self) -> &AdmittedKey<E> {
        &self.key
    }

    /// Says what a presentation shows of a request.
    ///
    /// `epoch` is the one that the presentation names; `now` counts seconds since
    /// 1970-01-01T00:00:00Z.
    ///
    /// # What is not checked
    /// Whether the request was answered before: that is for the store, in the transaction that
    /// keeps the receipt.
    ///
    /// # Errors
    /// The bank's key, policy and epoch do not go together.
    pub fn judge(
        &self,
        question: &Question,
        epoch: &TrustedEpoch,
        presentation: &Presentation,
        now: u64,
    ) -> Result<Verdict, CannotJudge> {
        let case = Case {
            question,
            epoch,
            presentation,
        };
        let mut verdicts = self.judge_all(&[case], now);
        verdicts.pop().expect("a case has a verdict")
    }

    /// As [`Self::judge`] for many, their proofs verified together; the verdicts in their order.
    pub fn judge_all(&self, cases: &[Case<'_>], now: u64) -> Vec<Result<Verdict, CannotJudge>> {
        let read: Vec<_> = cases
            .par_chunks(READ_TOGETHER)
            .flat_map_iter(|cases| self.read(cases, now))
            .collect();
        let wrong = self.wrong_proofs(&read);
        let verdict = |(i, (case, read)): (usize, (&Case<'_>, Read<E>))| {
            Ok(match read? {
                Err(reason) => Verdict::Invalid(reason),
                Ok(_) if wrong.contains(&i) => Verdict::Invalid(InvalidReason::ProofWrong),
                Ok(read) => read
                    .claimed
                    .verdict(case.question.policy(), case.presentation),
            })
        };
        let cases = cases.iter().zip(read).enumerate();
        cases.map(verdict).collect()
    }

    /// The places of those that were read and whose proofs do not verify.
    fn wrong_proofs(&self, read: &[Read<E>]) -> HashSet<usize> {
        let mut batch = Batch::new(self.key.key());
        let (mut places, mut wrong) = (Vec::new(), HashSet::new());
        for (place, read) in read.iter().enumerate() {
            let Ok(Ok(read)) = read else { continue };
            let (reduced, proof) = (read.prepared.policy.reduced(), &read.proof);
            match batch.push(reduced, proof, read.open.clone()) {
                Ok(()) => places.push(place),
                Err(_) => drop(wrong.insert(place)),
            }
        }
        if let Err(bad) = batch.verify() {
            wrong.extend(bad.0.into_iter().map(|bad| places[bad]));
        }
        wrong
    }

    /// Reads what presentations claim, their proofs, and what these must be verified with.
    fn read(&self, cases: &[Case<'_>], now: u64) -> Vec<Read<E>> {
        let claims = cases.iter().map(|case| (case, self.claim(case, now)));
        let claims: Vec<_> = claims.collect();
        let claimed = claims
            .iter()
            .filter(|(_, claim)| matches!(claim, Ok(Ok(_))));
        let proofs: Vec<&[u8]> = claimed.map(|(case, _)| &*case.presentation.proof).collect();
        let mut proofs = CanonicalProof::read_all(&proofs).into_iter();
        let read = |(_, claim): (_, Result<Result<Claim<E>, InvalidReason>, CannotJudge>)| {
            let Claim {
                prepared,
                claimed,
                open,
            } = match claim? {
                Ok(claim) => claim,
                Err(reason) => return Ok(Err(reason)),
            };
            let proof = proofs.next().expect("a proof was read for each claim");
            Ok(proof.map_err(InvalidReason::from).map(|proof| Unverified {
                prepared,
                claimed,
                open,
                proof,
            }))
        };
        claims.into_iter().map(read).collect()
    }

    /// What a presentation claims, and what its proof must be verified with.
    fn claim(
        &self,
        case: &Case<'_>,
        now: u64,
    ) -> Result<Result<Claim<E>, InvalidReason>, CannotJudge> {
        let (question, epoch, presentation) = (case.question, case.epoch, case.presentation);
        self.check_question(question, epoch)?;
        let claimed = match Claimed::<E>::parse(question, epoch, presentation, now) {
            Ok(claimed) => claimed,
            Err(reason) => return Ok(Err(reason)),
        };
        let (prepared, asked) = self.prepare(question, epoch)?;
        let context =
            question
                .request()
                .context(&presentation.epoch, question.policy_digest(), asked.digest);
        let answer = claimed.answer(context);
        let open = prepared.policy.open_inputs(&answer, &asked.numbers)?;
        Ok(Ok(Claim {
            prepared,
            claimed,
            open,
        }))
    }

    /// The policy of a question, prepared for an epoch, and the question's numbers.
    fn prepare(
        &self,
        question: &Question,
        epoch: &TrustedEpoch,
    ) -> Result<(Arc<Prepared<E>>, Arc<Asked>), CannotJudge> {
        let lock = || self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let request = question.request();
        let preparation = Preparation {
            bank: request.bank.clone(),
            policy: question.policy_digest(),
            epoch: epoch.digest(),
        };
        let known = lock().get(&preparation).cloned();
        if let Some(prepared) = &known
            && let Some(asked) = &prepared.asked
        {
            return Ok((Arc::clone(prepared), Arc::clone(asked)));
        }
        let (policy, parameters) = (question.policy(), question.parameters());
        let compiled = policy.compile(epoch.date(), parameters)?;
        let asked = |numbers: Numbers| {
            Arc::new(Asked {
                digest: numbers.digest(request.profile),
                numbers,
            })
        };
        if let Some(prepared) = known {
            return Ok((prepared, asked(compiled.numbers)));
        }
        let common = Common {
            bank: &request.bank,
            epoch,
            numbers: &compiled.numbers,
            open_numbers: &compiled.open,
            scope: policy.learns().scope.as_deref(),
            allowed: compiled.allowed,
        };
        let policy = PreparedPolicy::new(&self.key, &common)?;
        let asked = asked(compiled.numbers);
        let fixed = parameters.values().is_empty();
        let prepared = Arc::new(Prepared {
            policy,
            asked: fixed.then(|| Arc::clone(&asked)),
        });
        let mut cache = lock();
        if cache.len() >= PREPARED_POLICIES {
            cache.clear();
        }
        cache.insert(preparation, Arc::clone(&prepared));
        Ok((prepared, asked))
    }

    fn check_question(&self, question: &Question, epoch: &TrustedEpoch) -> Result<(), CannotJudge> {
        let (request, header) = (question.request(), self.key.header());
        let same_key = request.key == header.fingerprint
            && request.curve == header.curve
            && request.version == header.version
            && request.shape == header.shape;
        if !same_key {
            return Err(CannotJudge::OtherKey);
        }
        if epoch.header().schema != question.schema() {
            return Err(CannotJudge::OtherSchema);
        }
        Ok(())
    }
}

/// A presentation to be judged with others.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What it answers.
    pub question: &'a Question,
    /// The epoch that it names.
    pub epoch: &'a TrustedEpoch,
    /// The presentation.
    pub presentation: &'a Presentation,
}

/// Presentations whose proofs are read together: enough for every lane.
const READ_TOGETHER: usize = 32;

/// What is to be proven.
struct Claim<E: EnginePairing> {
    prepared: Arc<Prepared<E>>,
    claimed: Claimed<E>,
    /// The open inputs' values.
    open: Vec<E::ScalarField>,
}

/// A presentation that was read, its proof not yet verified.
struct Unverified<E: EnginePairing> {
    prepared: Arc<Prepared<E>>,
    claimed: Claimed<E>,
    /// The open inputs' values.
    open: Vec<E::ScalarField>,
    proof: CanonicalProof<E>,
}

type Read<E> = Result<Result<Unverified<E>, InvalidReason>, CannotJudge>;

/// What a presentation claims, parsed.
struct Claimed<E: EnginePairing> {
    pseudonym: E::ScalarField,
    scope_tag: E::ScalarField,
    id: Option<EnterpriseId>,
    outcome: Outcome,
    consent: Consent,
}

impl<E: NamedPairing> Claimed<E> {
    fn parse(
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

    fn answer(&self, context: Digest) -> Answer<E::ScalarField> {
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
    fn verdict(self, policy: &Policy, presentation: &Presentation) -> Verdict {
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
