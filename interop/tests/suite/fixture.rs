//! A small circuit with public and private wires, coefficients of both signs, and constants.

use ark_ff::PrimeField;
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, LinearCombination, Matrix,
    R1CS_PREDICATE_LABEL, SynthesisError, Variable,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_interop::SnarkjsCurve;
use taxproof_interop::r1cs::R1cs;

#[derive(Clone, Copy)]
struct Circuit {
    inputs: usize,
    constraints: usize,
}

impl<F: PrimeField> ConstraintSynthesizer<F> for Circuit {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Result<(), SynthesisError> {
        let rng = &mut StdRng::seed_from_u64(7);
        let mut known = vec![(Variable::One, F::ONE)];
        for _ in 0..self.inputs {
            let value = F::rand(rng);
            known.push((cs.new_input_variable(|| Ok(value))?, value));
        }
        for i in 0..self.constraints {
            let (a, b) = (known[i * 5 % known.len()], known[i * 3 % known.len()]);
            let last = known[known.len() - 1];
            let factor = if i % 2 == 0 { -F::ONE } else { F::rand(rng) };
            let left = LinearCombination::from(last.0) + (F::from(2u64), Variable::One);
            let value = (last.1 + F::from(2u64)) * (a.1 + factor * b.1);
            let variable = cs.new_witness_variable(|| Ok(value))?;
            let right = LinearCombination::from(a.0) + (factor, b.0);
            cs.enforce_r1cs_constraint(|| left, || right, || variable.into())?;
            known.push((variable, value));
        }
        Ok(())
    }
}

pub(crate) struct Fixture<E: SnarkjsCurve> {
    pub(crate) key: ProvingKey<E>,
    pub(crate) matrices: [Matrix<E::ScalarField>; 3],
    pub(crate) instance: usize,
    pub(crate) assignment: Vec<E::ScalarField>,
}

impl<E: SnarkjsCurve> Fixture<E> {
    pub(crate) fn new(inputs: usize, constraints: usize) -> Self {
        let circuit = Circuit {
            inputs,
            constraints,
        };
        let rng = &mut StdRng::seed_from_u64(8);
        let key = Groth16::<E>::generate_random_parameters_with_reduction(circuit, rng).unwrap();
        let cs = ConstraintSystem::new_ref();
        circuit.generate_constraints(cs.clone()).unwrap();
        cs.finalize();
        let mut matrices = cs.to_matrices().unwrap();
        let matrices = matrices.remove(R1CS_PREDICATE_LABEL).unwrap();
        let cs = cs.borrow().unwrap();
        let instance = cs.instance_assignment().unwrap();
        let assignment = [instance, cs.witness_assignment().unwrap()].concat();
        let matrices = matrices.try_into().unwrap();
        let merged = R1cs::new(matrices, instance.len(), 1, assignment.len());
        Self {
            key,
            matrices: merged.abc,
            instance: instance.len(),
            assignment,
        }
    }

    pub(crate) fn r1cs(&self) -> R1cs<E::ScalarField> {
        R1cs::new(
            self.matrices.clone(),
            self.instance,
            1,
            self.assignment.len(),
        )
    }

    pub(crate) fn ab(&self) -> [&Matrix<E::ScalarField>; 2] {
        [&self.matrices[0], &self.matrices[1]]
    }

    pub(crate) fn inputs(&self) -> &[E::ScalarField] {
        &self.assignment[1..self.instance]
    }
}

/// The proof with fixed randomness.
pub(crate) fn prove<E: SnarkjsCurve>(
    key: &ProvingKey<E>,
    matrices: &[Matrix<E::ScalarField>],
    assignment: &[E::ScalarField],
) -> ark_groth16::Proof<E> {
    Groth16::<E>::create_proof_with_reduction_and_matrices(
        key,
        E::ScalarField::from(11u64),
        E::ScalarField::from(13u64),
        matrices,
        key.vk.gamma_abc_g1.len(),
        matrices[0].len(),
        assignment,
    )
    .unwrap()
}

pub(crate) fn verifies<E: SnarkjsCurve>(
    key: &ark_groth16::VerifyingKey<E>,
    inputs: &[E::ScalarField],
    proof: &ark_groth16::Proof<E>,
) -> bool {
    let prepared = ark_groth16::prepare_verifying_key(key);
    Groth16::<E>::verify_proof(&prepared, proof, inputs).unwrap()
}

/// A file of the shared vectors, where it is there.
pub(crate) fn vector(name: &str) -> Option<Vec<u8>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors/groth16/");
    let file = std::fs::read(format!("{root}{name}"));
    if file.is_err() {
        eprintln!("skipped: the vector {name} is not at hand");
    }
    file.ok()
}

pub(crate) fn vector_text(name: &str) -> Option<String> {
    vector(name).map(|bytes| String::from_utf8(bytes).unwrap())
}
