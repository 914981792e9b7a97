//! Proofs without a prover: whoever knows a key's trapdoor makes a proof of anything for the price
//! of three multiplications. That is what a load of tens of thousands of distinct proofs takes.
//!
//! With the scalars α, β, γ, δ and tᵢ of the key's points, and any a and b,
//! c = (a·b − α·β − γ·(t₀ + Σ xᵢ·tᵢ)) / δ makes e(A, B) = e(α, β) · e(IC(x), γ) · e(C, δ).
//!
//! # Caution!
//! Such a key is worthless by design. Its file says `dev`, and it never leaves the folder of a
//! measurement.

use std::fmt;

use ark_bn254::{Bn254, Fr, G1Projective, G2Projective};
use ark_ec::scalar_mul::ScalarMul as _;
use ark_ec::{CurveGroup as _, PrimeGroup as _};
use ark_ff::{Field as _, UniformRand as _};
use ark_groth16::{Proof, VerifyingKey};
use rand::rngs::OsRng;
use rayon::prelude::*;
use taxproof_claims::curve::Curve;
use taxproof_claims::key::{CircuitVersion, KeyFingerprint, KeyHeader, KeyKind, Provenance};
use taxproof_claims::shape::Shape;
use taxproof_claims::statement::public_inputs;
use taxproof_prover::proving_key::verifying_key_bytes;
use zeroize::Zeroize as _;

use super::ServiceError;

/// A key's trapdoor.
pub(super) struct Forger {
    shape: Shape,
    alpha: Fr,
    beta: Fr,
    gamma: Fr,
    delta: Fr,
    /// The scalars of the input points: of the constant one, then of each input.
    inputs: Vec<Fr>,
}

impl Forger {
    /// A fresh trapdoor for a shape's statement.
    pub(super) fn new(shape: Shape) -> Self {
        let rng = &mut OsRng;
        let inputs = public_inputs(shape);
        Self {
            shape,
            alpha: Fr::rand(rng),
            beta: Fr::rand(rng),
            gamma: Fr::rand(rng),
            delta: Fr::rand(rng),
            inputs: (0..=inputs).map(|_| Fr::rand(rng)).collect(),
        }
    }

    fn verifying_key(&self) -> VerifyingKey<Bn254> {
        let (g1, g2) = (G1Projective::generator(), G2Projective::generator());
        VerifyingKey {
            alpha_g1: (g1 * self.alpha).into_affine(),
            beta_g2: (g2 * self.beta).into_affine(),
            gamma_g2: (g2 * self.gamma).into_affine(),
            delta_g2: (g2 * self.delta).into_affine(),
            gamma_abc_g1: g1.batch_mul(&self.inputs),
        }
    }

    /// The verifying key as a file that a bank admits where it takes keys for development.
    ///
    /// # Errors
    /// This software pins no circuit of the shape.
    pub(super) fn key_file(&self) -> Result<Vec<u8>, ServiceError> {
        let (version, curve, shape) = (CircuitVersion::V1, Curve::Bn254, self.shape);
        let body = verifying_key_bytes(&self.verifying_key());
        let header = KeyHeader {
            kind: KeyKind::Verifying,
            version,
            curve,
            shape,
            circuit: version
                .pinned_digest(shape, curve)
                .ok_or(ServiceError::NotPinned(shape))?,
            provenance: Provenance::Dev,
            fingerprint: KeyFingerprint::of(&body),
            body: KeyHeader::body_digest(&body),
            body_length: body.len() as u64,
        };
        Ok([header.encode(), body].concat())
    }

    /// A proof for each list of public inputs.
    pub(super) fn prove_all(&self, statements: &[Vec<Fr>]) -> Vec<Proof<Bn254>> {
        let inverse = self.delta.inverse().expect("a random scalar is not zero");
        let scalars = statements.par_iter().map(|inputs| {
            let (a, b) = (Fr::rand(&mut OsRng), Fr::rand(&mut OsRng));
            let terms = inputs.iter().zip(&self.inputs[1..]);
            let sum: Fr = terms.map(|(x, t)| *x * t).sum();
            let rest = self.alpha * self.beta + self.gamma * (self.inputs[0] + sum);
            (a, (b, (a * b - rest) * inverse))
        });
        let (a, (b, c)): (Vec<Fr>, (Vec<Fr>, Vec<Fr>)) = scalars.unzip();
        let a = G1Projective::generator().batch_mul(&a);
        let b = G2Projective::generator().batch_mul(&b);
        let c = G1Projective::generator().batch_mul(&c);
        let points = a.into_iter().zip(b).zip(c);
        points.map(|((a, b), c)| Proof { a, b, c }).collect()
    }
}

impl Drop for Forger {
    fn drop(&mut self) {
        let scalars = [
            &mut self.alpha,
            &mut self.beta,
            &mut self.gamma,
            &mut self.delta,
        ];
        let inputs = self.inputs.iter_mut();
        scalars.into_iter().chain(inputs).for_each(Fr::zeroize);
    }
}

impl fmt::Debug for Forger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forger({}, hidden)", self.shape)
    }
}

#[cfg(test)]
mod tests {
    use ark_bn254::Bn254;
    use ark_ff::AdditiveGroup as _;
    use taxproof_claims::shape::Q16;
    use taxproof_verifier::key::{Admission, AdmittedKey, KeyRefused};
    use taxproof_verifier::proof::CanonicalProof;
    use taxproof_verifier::reduced::{Input, ReducedKey};

    use super::*;

    #[test]
    fn forged_proofs_verify_for_their_inputs_only_and_under_an_admitted_dev_key_only() {
        let forger = Forger::new(Q16);
        let file = forger.key_file().expect("a pinned shape");
        let refused = AdmittedKey::<Bn254>::open(&file, &Admission::default());
        assert!(matches!(refused, Err(KeyRefused::Dev)));
        let admission = Admission {
            allow_dev: true,
            ceremony_keys: Vec::new(),
        };
        let key = AdmittedKey::<Bn254>::open(&file, &admission).expect("admitted");
        let all = vec![Input::Open; key.key().inputs()];
        let reduced = ReducedKey::new(key.key().clone(), &all).expect("a reduced key");

        let random = |_| (0..all.len()).map(|_| Fr::rand(&mut OsRng)).collect();
        let statements: Vec<Vec<Fr>> = (0..3).map(random).collect();
        let proofs = forger.prove_all(&statements);
        for (mut inputs, proof) in statements.into_iter().zip(&proofs) {
            let proof = CanonicalProof::from_points(proof).expect("three points");
            assert_eq!(reduced.verify(&proof, &inputs), Ok(()));
            inputs[5] += Fr::ONE + Fr::ZERO;
            assert!(reduced.verify(&proof, &inputs).is_err());
        }
        assert!(!format!("{forger:?}").contains(&forger.alpha.to_string()));
    }
}
