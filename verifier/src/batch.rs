//! Many proofs under one key at once.
//!
//! With rᵢ drawn at random, each one of 2^128, the proofs' equations are added up to one:
//! Π e(rᵢ·Aᵢ, Bᵢ) · e(Σ rᵢ·ICᵢ, −γ) · e(Σ rᵢ·Cᵢ, −δ) · e(−Σ rᵢ·α, β) = 1, which a batch with a bad
//! proof in it satisfies with probability 2^-128. The rᵢ come from the operating system after every
//! proof and every input is fixed: whoever knew them beforehand could make errors that cancel.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::One;
use rand::RngCore;
use rand::rngs::OsRng;
use rayon::prelude::*;
use taxproof_engine::Kernels;
use taxproof_engine::pairing::{Coefficient, EnginePairing};

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

    /// Verifies all proofs. Where they do not verify together, parts of them are tried, and each proof
    /// of a part that does not: whoever sends bad proofs makes a batch cost little more than its
    /// proofs alone.
    ///
    /// # Errors
    /// The proofs that do not verify.
    pub fn verify(self) -> Result<(), BadProofs> {
        let length = self.entries.len();
        if length < FEWEST {
            return named(self.bad(0..length));
        }
        let combined = Combined::new(&self);
        let loops = combined.miller_loops();
        if combined.holds(0..length, loops.iter().product()) {
            return Ok(());
        }
        let bad_of_part = |(i, loops): (usize, E::TargetField)| {
            let part = i * PART..length.min((i + 1) * PART);
            let holds = part.len() < length && combined.holds(part.clone(), loops);
            if holds { Vec::new() } else { self.bad(part) }
        };
        let parts = loops.into_par_iter().enumerate();
        named(parts.flat_map_iter(bad_of_part).collect())
    }

    /// The places of the proofs of a range that do not verify, each tried alone.
    fn bad(&self, range: Range<usize>) -> Vec<usize> {
        let is_bad = |&place: &usize| {
            let Entry {
                policy,
                proof,
                open,
            } = &self.entries[place];
            policy.verify(proof, open).is_err()
        };
        range.into_par_iter().filter(is_bad).collect()
    }
}

/// Fewer proofs verify sooner alone than together.
const FEWEST: usize = 3;
/// Proofs of a part of a batch that does not verify: trying one costs about as much as two proofs.
const PART: usize = 16;

fn named(bad: Vec<usize>) -> Result<(), BadProofs> {
    match bad.is_empty() {
        true => Ok(()),
        false => Err(BadProofs(bad)),
    }
}

/// A batch and its coefficients.
struct Combined<'a, 'b, E: EnginePairing> {
    batch: &'b Batch<'a, E>,
    /// The rᵢ.
    coefficients: Vec<Coefficient>,
    /// rᵢ·Aᵢ.
    a: Vec<E::G1Affine>,
}

impl<'a, 'b, E: EnginePairing> Combined<'a, 'b, E> {
    fn new(batch: &'b Batch<'a, E>) -> Self {
        let mut drawn = vec![0; 16 * batch.entries.len()];
        OsRng.fill_bytes(&mut drawn);
        let (drawn, _) = drawn.as_chunks();
        let drawn = drawn.iter().map(|bytes| u128::from_le_bytes(*bytes));
        let coefficients: Vec<_> = drawn.map(Coefficient::from).collect();
        let a: Vec<_> = batch.entries.iter().map(|entry| entry.proof.a()).collect();
        Self {
            batch,
            a: E::scale(Kernels::best(), &a, &coefficients),
            coefficients,
        }
    }

    /// Π e(rᵢ·Aᵢ, Bᵢ) for each part, before the final exponentiation.
    fn miller_loops(&self) -> Vec<E::TargetField> {
        let b = self.batch.entries.iter().map(|entry| entry.proof.b());
        let pairs: Vec<_> = self.a.iter().copied().zip(b).collect();
        E::miller_loops(Kernels::best(), &pairs, PART)
    }

    /// Whether the sum of some proofs' equations holds, given their product of Miller loops.
    fn holds(&self, range: Range<usize>, loops: E::TargetField) -> bool {
        let entries = &self.batch.entries[range.clone()];
        let by = &self.coefficients[range];
        let (key, kernels) = (self.batch.key, Kernels::best());
        let c: Vec<_> = entries.iter().map(|entry| entry.proof.c()).collect();
        let c = E::combine(kernels, &c, by);
        let coefficients: Vec<_> = by.iter().copied().map(E::coefficient).collect();
        let total: E::ScalarField = coefficients.iter().sum();
        let rest = E::multiply_lines(&[
            (
                self.inputs(entries, &coefficients).into_affine(),
                &key.minus_gamma,
            ),
            (c.into_affine(), &key.minus_delta),
            (-(key.points().alpha_g1 * total).into_affine(), &key.beta),
        ]);
        E::exponentiate(kernels, rest * loops).is_some_and(|value| value.is_one())
    }

    /// Σ rᵢ·ICᵢ: each policy's known part by the sum of its proofs' coefficients, the open inputs'
    /// points by Σ rᵢ·xᵢⱼ.
    fn inputs(&self, entries: &[Entry<'a, E>], coefficients: &[E::ScalarField]) -> E::G1 {
        let points = &self.batch.key.points().gamma_abc_g1;
        let mut sums = HashMap::<E::G1Affine, E::ScalarField>::new();
        for (entry, r) in entries.iter().zip(coefficients) {
            let Entry { policy, open, .. } = entry;
            *sums.entry(policy.known()).or_default() += r;
            for (&input, value) in policy.open().iter().zip(open) {
                *sums.entry(points[input + 1]).or_default() += *r * value;
            }
        }
        let (points, sums): (Vec<_>, Vec<_>) = sums.into_iter().unzip();
        E::G1::msm_unchecked(&points, &sums)
    }
}
