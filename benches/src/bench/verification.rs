//! A bank's side: one proof, and batches.

use std::sync::Arc;

use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_groth16::{Groth16, prepare_verifying_key};
use rand::rngs::OsRng;
use taxproof_claims::curve::NamedPairing;
use taxproof_verifier::batch::Batch;
use taxproof_verifier::key::CheckedKey;
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey};

use super::contestant::Arkworks;
use super::race::Times;
use super::report::Verification;
use super::workload::{BankView, Workload};
use super::{BenchError, Plan};

/// Verifies a proof under a policy's key, alone and in batches of proofs that all differ, and with
/// ark-groth16.
pub(super) fn measure<E: NamedPairing>(
    workload: &Workload<E>,
    bank: &BankView<E>,
    plan: &Plan,
    threads: usize,
) -> Result<Vec<Verification>, BenchError> {
    let refused = |why: &dyn ToString| BenchError::Verifier(why.to_string());
    let proof = Arkworks::described(workload)
        .contestant
        .prove(threads)?
        .proof;
    let key = CheckedKey::new(bank.key.clone(), bank.inputs.len()).map_err(|e| refused(&e))?;
    let key = Arc::new(key);
    let open = vec![Input::Open; bank.inputs.len()];
    let policy = ReducedKey::new(Arc::clone(&key), &open).map_err(|e| refused(&e))?;
    let canonical = CanonicalProof::from_points(&proof).map_err(|e| refused(&e))?;
    policy
        .verify(&canonical, &bank.inputs)
        .map_err(|e| refused(&e))?;

    let measured = |what: &'static str, batch: usize, times: Times| Verification {
        circuit: workload.name.clone(),
        curve: E::CURVE,
        open_inputs: bank.inputs.len(),
        threads,
        verifier: what,
        batch,
        median_ms: times.median_ms,
        least_ms: times.least_ms,
        per_proof_ms: times.median_ms / batch as f64,
    };
    let runs = plan.runs.max(3);
    let single = Times::measure(runs, || policy.verify(&canonical, &bank.inputs));
    let prepared = prepare_verifying_key(&bank.key);
    let arkworks = Times::measure(runs, || {
        Groth16::<E, LibsnarkReduction>::verify_proof(&prepared, &proof, &bank.inputs)
    });
    let mut all = vec![
        measured("taxproof", 1, single),
        measured("ark-groth16", 1, arkworks),
    ];
    for &size in &plan.batches {
        let again = |_| {
            let other =
                Groth16::<E, LibsnarkReduction>::rerandomize_proof(&bank.key, &proof, &mut OsRng);
            CanonicalProof::from_points(&other).map_err(|e| refused(&e))
        };
        let proofs: Vec<_> = (0..size).map(again).collect::<Result<_, _>>()?;
        let verify = || -> Result<(), BenchError> {
            let mut batch = Batch::new(&key);
            for proof in &proofs {
                batch
                    .push(&policy, proof, bank.inputs.clone())
                    .map_err(|e| refused(&e))?;
            }
            batch.verify().map_err(|e| refused(&e))
        };
        verify()?;
        all.push(measured("taxproof", size, Times::measure(runs, verify)));
    }
    Ok(all)
}
