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
use taxproof_claims::numbers::Numbers;
use taxproof_claims::presentation::Presentation;
use taxproof_engine::pairing::EnginePairing;

use crate::batch::Batch;
use crate::claimed::Claimed;
use crate::epoch::TrustedEpoch;
use crate::key::AdmittedKey;
use crate::limits::PREPARED_POLICIES;
use crate::prepared::{Common, PreparedPolicy};
use crate::proof::CanonicalProof;
pub use crate::question::{NotAQuestion, Question};
pub use crate::verdict::{CannotJudge, InvalidReason, Shown, Verdict};

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
