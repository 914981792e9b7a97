//! What a prover is given: a circuit, its key, an assignment.

use ark_ff::{One, Zero};
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, Matrix, R1CS_PREDICATE_LABEL, SynthesisError,
};
use ark_serialize::CanonicalSerialize;
use rand::rngs::OsRng;
use taxproof_circuits::{ClauseCount, StatementCircuit, Symbols, assign, clauses, matrices};
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::key::{CircuitVersion, Provenance};
use taxproof_claims::shape::Shape;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_prover::setup::KeyFiles;
use taxproof_verifier::key::{Admission, AdmittedKey};

use super::circuit::Chain;
use super::{BenchError, Circuit};
use crate::claim::Claim;

/// A circuit with a key and a satisfying assignment.
pub(super) struct Workload<E: NamedPairing> {
    pub(super) name: String,
    pub(super) key: ProvingKey<E>,
    pub(super) matrices: [Matrix<E::ScalarField>; 3],
    pub(super) private_inputs: usize,
    /// One, public inputs, witness.
    pub(super) assignment: Vec<E::ScalarField>,
    clauses: Vec<ClauseCount>,
    /// What a bank verifies with; for the statement's circuits.
    pub(super) bank: Option<BankView<E>>,
}

/// A policy's verifying key and its inputs.
pub(super) struct BankView<E: NamedPairing> {
    pub(super) key: ark_groth16::VerifyingKey<E>,
    pub(super) inputs: Vec<E::ScalarField>,
}

impl<E: NamedPairing> Workload<E>
where
    E::ScalarField: Poseidon2Field,
{
    /// A made-up circuit that just fits a domain of 2^log.
    pub(super) fn synthetic(log: u32) -> Result<Self, BenchError> {
        let circuit = Chain {
            constraints: (1 << log) - 2,
        };
        let key = setup::<E>(circuit)?;
        let cs = ConstraintSystem::new_ref();
        circuit.generate_constraints(cs.clone())?;
        cs.finalize();
        let abc = cs.to_matrices()?.remove(R1CS_PREDICATE_LABEL);
        let abc = abc.ok_or(SynthesisError::PredicateNotFound)?;
        let values = cs
            .into_inner()
            .ok_or(SynthesisError::MissingCS)?
            .assignments;
        Ok(Self {
            name: format!("2^{log}"),
            key,
            matrices: abc
                .try_into()
                .map_err(|_| SynthesisError::PredicateNotFound)?,
            private_inputs: 0,
            assignment: [values.instance_assignment, values.witness_assignment].concat(),
            clauses: Vec::new(),
            bank: None,
        })
    }

    /// The circuit of a shape, and a made-up claim.
    pub(super) fn statement(shape: Shape) -> Result<Self, BenchError> {
        let key = setup::<E>(StatementCircuit::blank(shape))?;
        let files = KeyFiles::new(&key, CircuitVersion::V1, shape, Provenance::Dev)?;
        let admission = Admission {
            allow_dev: true,
            ceremony_keys: Vec::new(),
        };
        let admitted = AdmittedKey::<E>::open(&files.verifying, &admission)
            .map_err(|refused| BenchError::Verifier(refused.to_string()))?;
        let claim = Claim::generate::<E>(shape, &mut OsRng)?;
        let (policy_key, inputs) = claim.prepare(&admitted)?;
        let circuit = StatementCircuit::new(claim.public, claim.witness)?;
        let matrices = matrices(shape);
        Ok(Self {
            name: shape.name.to_owned(),
            private_inputs: Symbols::new(shape, &matrices).private_inputs,
            key,
            assignment: assign(&circuit)?.full().to_vec(),
            matrices: matrices.abc,
            clauses: clauses::<E::ScalarField>(shape).clauses,
            bank: Some(BankView {
                key: policy_key,
                inputs,
            }),
        })
    }
}

impl<E: NamedPairing> Workload<E> {
    /// One and the public inputs.
    pub(super) const fn instance(&self) -> usize {
        self.key.vk.gamma_abc_g1.len()
    }

    /// The public inputs.
    pub(super) fn inputs(&self) -> &[E::ScalarField] {
        &self.assignment[1..self.instance()]
    }

    pub(super) fn domain(&self) -> usize {
        self.key.h_query.len() + 1
    }

    pub(super) fn describe(&self) -> Circuit {
        let is_bit = |value: &&E::ScalarField| value.is_zero() || value.is_one();
        let bits = self.assignment.iter().filter(is_bit).count();
        let nonzeros = |matrix: &Matrix<E::ScalarField>| matrix.iter().map(Vec::len).sum();
        Circuit {
            name: self.name.clone(),
            curve: E::CURVE,
            constraints: self.matrices[0].len(),
            domain: self.domain(),
            wires: self.assignment.len(),
            public_inputs: self.instance() - 1,
            bits: bits as f64 / self.assignment.len() as f64,
            nonzeros: self.matrices.each_ref().map(nonzeros),
            clauses: self.clauses.clone(),
            proving_key_bytes: self.key.uncompressed_size(),
            verifying_key_bytes: self.key.vk.compressed_size(),
            policy_key_bytes: self.bank.as_ref().map(|bank| bank.key.compressed_size()),
        }
    }
}

fn setup<E: NamedPairing>(
    circuit: impl ConstraintSynthesizer<E::ScalarField>,
) -> Result<ProvingKey<E>, SynthesisError> {
    Groth16::<E>::generate_random_parameters_with_reduction(circuit, &mut OsRng)
}
