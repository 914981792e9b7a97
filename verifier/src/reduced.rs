//! A verifying key reduced to the inputs that change.
//!
//! The verification equation is e(A, B) = e(α, β)·e(IC₀ + Σ xⱼ·ICⱼ, γ)·e(C, δ). Where an input is
//! known beforehand its xⱼ·ICⱼ is a constant point: all of them are added up once, and verifying
//! costs what it costs with as many inputs as are left open.

use std::fmt;
use std::sync::Arc;

use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::Zero;
use ark_groth16::VerifyingKey;
use taxproof_claims::amount::to_field;
use taxproof_engine::Kernels;
use taxproof_engine::pairing::EnginePairing;

use crate::key::CheckedKey;
use crate::proof::CanonicalProof;

/// A public input when a key is reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<F> {
    /// Known: a number of a policy.
    Number(i128),
    /// Known: a field element.
    Element(F),
    /// Said with each proof.
    Open,
}

/// A verifying key of which some inputs are known.
pub struct ReducedKey<E: EnginePairing> {
    key: Arc<CheckedKey<E>>,
    /// IC₀ + Σ xⱼ·ICⱼ over the known inputs.
    known: E::G1Affine,
    /// The inputs that are left open, ascending.
    open: Vec<usize>,
}

/// Not as many inputs as there must be. arkworks would leave out the surplus without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{expected} public inputs are needed, not {found}")]
pub struct WrongCount {
    /// What the key or the policy needs.
    pub expected: usize,
    /// What there was.
    pub found: usize,
}

/// Why a proof is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The caller gave too few or too many inputs.
    #[error(transparent)]
    Count(#[from] WrongCount),
    /// The proof does not prove the statement with these inputs.
    #[error("the proof does not verify")]
    Proof,
}

impl<E: EnginePairing> ReducedKey<E> {
    /// Reduces a key.
    ///
    /// # Errors
    /// There are too few or too many inputs for the key.
    pub fn new(
        key: Arc<CheckedKey<E>>,
        inputs: &[Input<E::ScalarField>],
    ) -> Result<Self, WrongCount> {
        ensure_count(key.inputs(), inputs.len())?;
        let is_open = |(i, input): (usize, &Input<_>)| matches!(input, Input::Open).then_some(i);
        let open = inputs.iter().enumerate().filter_map(is_open).collect();
        let known = known_sum::<E>(&key.points().gamma_abc_g1, inputs).into_affine();
        Ok(Self { key, known, open })
    }

    /// The key that was reduced.
    pub const fn key(&self) -> &Arc<CheckedKey<E>> {
        &self.key
    }

    /// The verifying key of the open inputs alone, for other verifiers: the known ones are in its
    /// first input point.
    pub fn verifying_key(&self) -> VerifyingKey<E> {
        let points = self.key.points();
        let open = self
            .open
            .iter()
            .map(|&input| points.gamma_abc_g1[input + 1]);
        VerifyingKey {
            gamma_abc_g1: std::iter::once(self.known).chain(open).collect(),
            ..points.clone()
        }
    }

    /// How many inputs are open.
    pub fn open_inputs(&self) -> usize {
        self.open.len()
    }

    /// Verifies a proof with a value for each open input, in their order.
    ///
    /// # Errors
    /// The proof does not verify, or there are too few or too many inputs.
    pub fn verify(
        &self,
        proof: &CanonicalProof<E>,
        open: &[E::ScalarField],
    ) -> Result<(), Rejected> {
        ensure_count(self.open.len(), open.len())?;
        let mut inputs: E::G1 = self.known.into_group();
        for (&input, &value) in self.open.iter().zip(open) {
            self.key.multiples(input).add_to(&mut inputs, value);
        }
        let kernels = Kernels::best();
        let product = E::multiply_lines(&[
            (proof.a(), &E::lines(kernels, proof.b())),
            (inputs.into_affine(), &self.key.minus_gamma),
            (proof.c(), &self.key.minus_delta),
        ]);
        match E::exponentiate(kernels, product) {
            Some(value) if value == self.key.alpha_beta => Ok(()),
            _ => Err(Rejected::Proof),
        }
    }

    pub(crate) const fn known(&self) -> E::G1Affine {
        self.known
    }

    /// The open inputs' places among all, ascending.
    pub(crate) fn open(&self) -> &[usize] {
        &self.open
    }
}

impl<E: EnginePairing> fmt::Debug for ReducedKey<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ReducedKey({} of {} inputs open)",
            self.open.len(),
            self.key.inputs()
        )
    }
}

pub(crate) const fn ensure_count(expected: usize, found: usize) -> Result<(), WrongCount> {
    if expected == found {
        Ok(())
    } else {
        Err(WrongCount { expected, found })
    }
}

/// IC₀ + Σ xⱼ·ICⱼ over the known inputs: numbers of at most 64 bits, which nearly all are, cost
/// their bits only; zeros nothing.
fn known_sum<E: EnginePairing>(points: &[E::G1Affine], inputs: &[Input<E::ScalarField>]) -> E::G1 {
    let (mut small, mut large) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    let mut sum: E::G1 = points[0].into_group();
    for (&point, input) in points[1..].iter().zip(inputs) {
        let mut add_large = |element: E::ScalarField| {
            large.0.push(point);
            large.1.push(element);
        };
        match *input {
            Input::Open | Input::Number(0) => {}
            Input::Element(element) if element.is_zero() => {}
            Input::Element(element) => add_large(element),
            Input::Number(1) => sum += point,
            Input::Number(n) => match u64::try_from(n.unsigned_abs()) {
                Ok(magnitude) => {
                    small.0.push(if n < 0 { -point } else { point });
                    small.1.push(magnitude);
                }
                Err(_) => add_large(to_field(n)),
            },
        }
    }
    sum + E::G1::msm_u64(&small.0, &small.1) + E::G1::msm_unchecked(&large.0, &large.1)
}
