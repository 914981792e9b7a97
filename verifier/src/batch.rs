//! Many proofs under one key at once.
//!
//! With rᵢ drawn at random, 128 bits each, the proofs' equations are added up to one:
//! Π e(rᵢ·Aᵢ, Bᵢ) · e(Σ rᵢ·ICᵢ, −γ) · e(Σ rᵢ·Cᵢ, −δ) · e(−Σ rᵢ·α, β) = 1, which a batch with a bad
//! proof in it satisfies with probability 2^-128. The rᵢ come from the operating system after every
//! proof and every input is fixed: whoever knew them beforehand could make errors that cancel.

use std::ops::Range;
use std::sync::Arc;

use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, One};
use rand::RngCore;
use rand::rngs::OsRng;
use rayon::prelude::*;
use taxproof_engine::Kernels;
use taxproof_engine::pairing::EnginePairing;

use crate::key::CheckedKey;
use crate::proof::CanonicalProof;
use crate::reduced::{ReducedKey, WrongCount, ensure_count};

/// Proofs under one key, to be verified together.
#[derive(Debug)]
pub struct Batch<'a, E: EnginePairing> {
    key: &'a Arc<CheckedKey<E>>,
    entries: Vec<Entry<'a, E>>,
}

#[derive(Debug)]
struct Entry<'a, E: EnginePairing> {
    policy: &'a ReducedKey<E>,
    proof: &'a CanonicalProof<E>,
    open: Vec<E::ScalarField>,
}

/// Why a proof cannot be in a batch. The caller is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Too few or too many inputs.
    #[error(transparent)]
    Count(#[from] WrongCount),
    /// The policy is reduced from another key than the batch's.
    #[error("a batch is of proofs under one key")]
    OtherKey,
}

/// Which proofs of a batch do not verify. All others do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} proofs of the batch do not verify", .0.len())]
pub struct BadProofs(
    /// Their places in the order in which they were added, ascending.
    pub Vec<usize>,
);

impl<'a, E: EnginePairing> Batch<'a, E> {
    /// An empty batch, which verifies.
    pub const fn new(key: &'a Arc<CheckedKey<E>>) -> Self {
        let entries = Vec::new();
        Self { key, entries }
    }

    /// Adds a proof with a value for each of its policy's open inputs.
    ///
    /// # Errors
    /// The policy is of another key, or there are too few or too many inputs.
    pub fn push(
        &mut self,
        policy: &'a ReducedKey<E>,
        proof: &'a CanonicalProof<E>,
        open: Vec<E::ScalarField>,
    ) -> Result<(), BatchError> {
        if !Arc::ptr_eq(policy.key(), self.key) {
            return Err(BatchError::OtherKey);
        }
        ensure_count(policy.open_inputs(), open.len())?;
        self.entries.push(Entry {
            policy,
            proof,
            open,
        });
        Ok(())
    }

    /// Verifies all proofs; where they do not verify together, finds out which by halving.
    ///
    /// # Errors
    /// The proofs that do not verify.
    pub fn verify(self) -> Result<(), BadProofs> {
        let combined = Combined::new(&self);
        let all = 0..self.entries.len();
        let loops = combined.miller_loops();
        if combined.holds(all.clone(), loops.iter().product()) {
            return Ok(());
        }
        let mut bad = Vec::new();
        combined.search(all, &loops, &mut bad);
        Err(BadProofs(bad))
    }
}

/// A batch and its coefficients.
struct Combined<'a, 'b, E: EnginePairing> {
    batch: &'b Batch<'a, E>,
    coefficients: Vec<E::ScalarField>,
    /// rᵢ·Aᵢ.
    a: Vec<E::G1Affine>,
}

impl<'a, 'b, E: EnginePairing> Combined<'a, 'b, E> {
    fn new(batch: &'b Batch<'a, E>) -> Self {
        let draw = |_: &Entry<'_, E>| {
            let mut bytes = [0; 16];
            OsRng.fill_bytes(&mut bytes);
            u128::from_le_bytes(bytes)
        };
        let coefficients: Vec<u128> = batch.entries.iter().map(draw).collect();
        let multiply = |(entry, r): (&Entry<'_, E>, &u128)| {
            entry.proof.a().mul_bigint([*r as u64, (*r >> 64) as u64])
        };
        let pairs = batch.entries.par_iter().zip(&coefficients);
        let a: Vec<E::G1> = pairs.map(multiply).collect();
        Self {
            batch,
            coefficients: coefficients.into_iter().map(E::ScalarField::from).collect(),
            a: E::G1::normalize_batch(&a),
        }
    }

    /// e(rᵢ·Aᵢ, Bᵢ) for each proof, before the final exponentiation.
    fn miller_loops(&self) -> Vec<E::TargetField> {
        let b = self.batch.entries.iter().map(|entry| entry.proof.b());
        let pairs: Vec<_> = self.a.iter().copied().zip(b).collect();
        E::miller_loops(Kernels::best(), &pairs)
    }

    /// Whether the sum of some proofs' equations holds, given their product of Miller loops.
    fn holds(&self, range: Range<usize>, loops: E::TargetField) -> bool {
        let entries = &self.batch.entries[range.clone()];
        let coefficients = &self.coefficients[range];
        let c: Vec<_> = entries.iter().map(|entry| entry.proof.c()).collect();
        let c = E::G1::msm_unchecked(&c, coefficients);
        let key = self.batch.key;
        let total: E::ScalarField = coefficients.iter().sum();
        let kernels = Kernels::best();
        let rest = E::multiply_lines(&[
            (
                self.inputs(entries, coefficients).into_affine(),
                &key.minus_gamma,
            ),
            (c.into_affine(), &key.minus_delta),
            (
                -(key.points().alpha_g1 * total).into_affine(),
                &E::lines(kernels, key.points().beta_g2),
            ),
        ]);
        E::exponentiate(kernels, rest * loops).is_some_and(|value| value.is_one())
    }

    /// Σ rᵢ·ICᵢ: the known parts by their coefficients, the open inputs' points by Σ rᵢ·xᵢⱼ.
    fn inputs(&self, entries: &[Entry<'a, E>], coefficients: &[E::ScalarField]) -> E::G1 {
        let points = &self.batch.key.points().gamma_abc_g1;
        let mut sums = vec![E::ScalarField::ZERO; points.len() - 1];
        for (entry, r) in entries.iter().zip(coefficients) {
            for (&input, value) in entry.policy.open().iter().zip(&entry.open) {
                sums[input] += *r * value;
            }
        }
        let known = entries.iter().map(|entry| entry.policy.known());
        let open = sums.into_iter().zip(&points[1..]);
        let (open, sums): (Vec<_>, Vec<_>) = open
            .filter(|(sum, _)| *sum != E::ScalarField::ZERO)
            .map(|(sum, point)| (*point, sum))
            .unzip();
        E::G1::msm_unchecked(&known.collect::<Vec<_>>(), coefficients)
            + E::G1::msm_unchecked(&open, &sums)
    }

    /// Finds the bad proofs of a range in which there is at least one.
    fn search(&self, range: Range<usize>, loops: &[E::TargetField], bad: &mut Vec<usize>) {
        if range.len() == 1 {
            bad.push(range.start);
            return;
        }
        let middle = range.start + range.len() / 2;
        let (left, right) = (range.start..middle, middle..range.end);
        let holds = |range: &Range<usize>| {
            let product = loops[range.clone()].iter().product();
            self.holds(range.clone(), product)
        };
        if holds(&left) {
            return self.search(right, loops, bad);
        }
        self.search(left, loops, bad);
        if !holds(&right) {
            self.search(right, loops, bad);
        }
    }
}
