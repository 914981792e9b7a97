//! What verifying costs by itself, in this process: what the service's own figures are held against.

use std::time::{Duration, Instant};

use ark_bn254::Bn254;
use rayon::prelude::*;
use serde::Serialize;
use taxproof_verifier::batch::Batch;
use taxproof_verifier::key::{Admission, AdmittedKey};
use taxproof_verifier::prepared::{Common, PreparedPolicy};
use taxproof_verifier::proof::CanonicalProof;

use super::ServiceError;
use super::applicants::Answered;
use super::bank::MadeUp;
use super::figures::milliseconds;
use super::process::Usage;

/// CPU time for each proof, the reading of its points included.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Verification {
    /// One after the other, on one core.
    pub(super) single_cpu_ms: f64,
    /// Each by itself, on all cores at once, as a busy service would: where two hyperthreads share a
    /// core, a second of its time is worth less then.
    pub(super) single_busy_cpu_ms: f64,
    /// So many together.
    pub(super) batch: usize,
    pub(super) batch_cpu_ms: f64,
}

/// Measures with some answers, each kind of verification for a while.
pub(super) fn measure(
    bank: &MadeUp,
    answers: &[Answered],
    time: Duration,
) -> Result<Verification, ServiceError> {
    let admission = Admission {
        allow_dev: true,
        ceremony_keys: Vec::new(),
    };
    let key = AdmittedKey::<Bn254>::open(&bank.forger.key_file()?, &admission)?;
    let compiled = bank.compiled()?;
    let common = Common {
        bank: super::bank::ID,
        epoch: &bank.epoch,
        numbers: &compiled.numbers,
        open_numbers: &compiled.open,
        scope: bank.policy.learns().scope.as_deref(),
        allowed: compiled.allowed,
    };
    let policy = PreparedPolicy::new(&key, &common)?;
    let reduced = policy.reduced();
    let inputs = |answered: &Answered| policy.open_inputs(&answered.answer, &compiled.numbers);
    let inputs: Vec<_> = answers.iter().map(inputs).collect::<Result<_, _>>()?;
    let proof =
        |answered: &Answered| CanonicalProof::<Bn254>::from_bytes(&answered.presentation.proof);

    let verify = |(answered, open): (&Answered, &Vec<_>)| {
        let verified = reduced.verify(&proof(answered)?, open);
        verified.map_err(|_| ServiceError::Verdict)
    };
    let single = || answers.iter().zip(&inputs).try_for_each(verify);
    let busy = || answers.par_iter().zip(&inputs).try_for_each(verify);
    let together = || {
        let encodings = answers.iter().map(|answered| &*answered.presentation.proof);
        let proofs = CanonicalProof::<Bn254>::read_all(&encodings.collect::<Vec<_>>());
        let proofs: Vec<_> = proofs.into_iter().collect::<Result<_, _>>()?;
        let mut batch = Batch::new(key.key());
        for (proof, open) in proofs.iter().zip(&inputs) {
            let pushed = batch.push(reduced, proof, open.clone());
            pushed.map_err(|_| ServiceError::Verdict)?;
        }
        batch.verify().map_err(|_| ServiceError::Verdict)
    };
    Ok(Verification {
        single_cpu_ms: cpu_each(answers.len(), time, single)?,
        single_busy_cpu_ms: cpu_each(answers.len(), time, busy)?,
        batch: answers.len(),
        batch_cpu_ms: cpu_each(answers.len(), time, together)?,
    })
}

/// CPU milliseconds for each of `count` things of which `work` does all, again and again.
fn cpu_each(
    count: usize,
    time: Duration,
    work: impl Fn() -> Result<(), ServiceError>,
) -> Result<f64, ServiceError> {
    // The first makes tables that the others use.
    work()?;
    let (begin, before) = (Instant::now(), Usage::own()?.cpu);
    let mut rounds = 0;
    while rounds == 0 || begin.elapsed() < time {
        work()?;
        rounds += 1;
    }
    let cpu = Usage::own()?.cpu.saturating_sub(before);
    Ok(milliseconds(cpu) / (rounds * count) as f64)
}
