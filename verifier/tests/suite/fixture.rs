//! A stand-in for the real circuit: any public inputs, nothing proven of them but that the prover
//! holds two factors of the first. Whoever holds the key binds a proof to all of its inputs.

use ark_ec::pairing::Pairing;
use ark_ff::Field;
use ark_groth16::{Groth16, Proof, ProvingKey};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError, Variable};
use ark_relations::lc;
use ark_snark::SNARK;
use rand::rngs::OsRng;
use taxproof_claims::curve::NamedPairing;
use taxproof_verifier::key::CheckedKey;
use taxproof_verifier::proof::CanonicalProof;

/// first input = w · 1, and w is known.
pub(crate) struct Factors<F>(pub(crate) Vec<F>);

impl<F: Field> ConstraintSynthesizer<F> for Factors<F> {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Result<(), SynthesisError> {
        let first = self.0[0];
        let mut inputs = Vec::new();
        for value in self.0 {
            inputs.push(cs.new_input_variable(|| Ok(value))?);
        }
        let w = cs.new_witness_variable(|| Ok(first))?;
        let one = cs.new_witness_variable(|| Ok(F::ONE))?;
        let product = inputs[0];
        cs.enforce_r1cs_constraint(
            || lc!() + w,
            || lc!() + one,
            || lc!() + (F::ONE, product) + (F::ZERO, Variable::One),
        )
    }
}

/// A key pair for [`Factors`].
pub(crate) struct Fake<E: Pairing> {
    pub(crate) proving: ProvingKey<E>,
}

impl<E: NamedPairing> Fake<E> {
    pub(crate) fn new(inputs: usize) -> Self {
        let circuit = Factors(vec![E::ScalarField::ONE; inputs]);
        let (proving, _) = Groth16::<E>::circuit_specific_setup(circuit, &mut OsRng).unwrap();
        Self { proving }
    }

    pub(crate) fn checked(&self) -> CheckedKey<E> {
        let key = self.proving.vk.clone();
        let inputs = key.gamma_abc_g1.len() - 1;
        CheckedKey::new(key, inputs).unwrap()
    }

    pub(crate) fn prove(&self, inputs: &[E::ScalarField]) -> Proof<E> {
        Groth16::<E>::prove(&self.proving, Factors(inputs.to_vec()), &mut OsRng).unwrap()
    }

    pub(crate) fn canonical(&self, inputs: &[E::ScalarField]) -> CanonicalProof<E> {
        CanonicalProof::from_points(&self.prove(inputs)).unwrap()
    }
}

/// arkworks' own verification, as it is.
pub(crate) fn naive<E: Pairing>(
    key: &ark_groth16::VerifyingKey<E>,
    inputs: &[E::ScalarField],
    proof: &Proof<E>,
) -> bool {
    let prepared = ark_groth16::prepare_verifying_key(key);
    Groth16::<E>::verify_proof(&prepared, proof, inputs).unwrap()
}

/// Vectors made by others, where they are at hand.
pub(crate) fn vectors(path: &str) -> Option<serde_json::Value> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors/");
    let Ok(text) = std::fs::read_to_string(format!("{root}{path}")) else {
        eprintln!("skipped: the vectors {path} are not at hand");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}
