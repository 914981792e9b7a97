//! Many proofs under one key at once.
//!
//! With rᵢ drawn at random, each one of 2^128, the proofs' equations are added up to one:
//! Π e(rᵢ·Aᵢ, Bᵢ) · e(Σ rᵢ·ICᵢ, −γ) · e(Σ rᵢ·Cᵢ, −δ) · e(−Σ rᵢ·α, β) = 1, which a batch with a bad
//! proof in it satisfies with probability 2^-128. The rᵢ come from the operating system after every
//! proof and every input is fixed: whoever knew them beforehand could make errors that cancel.

use std::ops::Range;
use std::sync::Arc;

use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, One};
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
        let parts = (0..length.div_ceil(PART)).into_par_iter();
        let bad = parts.flat_map_iter(|part| {
            let part = part * PART..length.min((part + 1) * PART);
            let holds = part.len() < length
                && combined.holds(part.clone(), loops[part.clone()].iter().product());
            if holds { Vec::new() } else { self.bad(part) }
        });
        named(bad.collect())
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
    coefficients: Vec<E::ScalarField>,
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
            coefficients: coefficients.into_iter().map(E::coefficient).collect(),
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
}
