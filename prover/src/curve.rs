//! The curves that proofs are made over, and what makes them on each.
//!
//! Over BN254 that is `taxproof_engine`, whose proofs are those of ark-groth16 for the same
//! randomness; over BLS12-381 it is ark-groth16 itself.

use std::fs::File;
use std::io::{self, Write};

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ec::pairing::Pairing;
use ark_groth16::{Groth16, Proof, ProvingKey, VerifyingKey};
use taxproof_circuits::Matrices;
use taxproof_claims::curve::NamedPairing;
use taxproof_engine::msm::Budget;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_engine::{Kernels, PreparedDigest, groth16};

/// A curve that proofs are made over.
pub trait ProvingCurve: NamedPairing<ScalarField: Poseidon2Field> {
    /// A key and its circuit, ready to prove with.
    type Engine: std::fmt::Debug + Send + Sync;

    /// Makes an engine of a checked key and the matrices of its circuit, without tables.
    fn engine(key: ProvingKey<Self>, matrices: Matrices<Self::ScalarField>)
    -> Option<Self::Engine>;

    /// The key's verifying key.
    fn verifying_key(engine: &Self::Engine) -> &VerifyingKey<Self>;

    /// Computes a proof with the values of all columns and the blinding r and s, or none if there
    /// are not as many values as columns.
    fn prove(
        engine: &Self::Engine,
        assignment: &[Self::ScalarField],
        blinding: [Self::ScalarField; 2],
    ) -> Option<Proof<Self>>;

    /// What tables of the key's multiples may take; none where there are no tables.
    fn budget(_: &Self::Engine) -> Option<Budget> {
        None
    }

    /// Writes the engine with tables of another size; none where it cannot be kept.
    fn write(_: &Self::Engine, _: Budget, _: &mut dyn Write) -> Option<io::Result<PreparedDigest>> {
        None
    }

    /// The engine that [`Self::write`] wrote, from where it lies; none if the file has another
    /// digest or was written by other software.
    fn map(_: &File, _: &PreparedDigest) -> Option<Self::Engine> {
        None
    }
}

impl ProvingCurve for Bn254 {
    type Engine = groth16::Prover;

    fn engine(
        key: ProvingKey<Self>,
        matrices: Matrices<Self::ScalarField>,
    ) -> Option<Self::Engine> {
        let (tables, kernels) = (Budget::NO_TABLES, Kernels::best());
        groth16::Prover::new(&key, &matrices.abc, tables, kernels).ok()
    }

    fn verifying_key(engine: &Self::Engine) -> &VerifyingKey<Self> {
        engine.verifying_key()
    }

    fn prove(
        engine: &Self::Engine,
        assignment: &[Self::ScalarField],
        [r, s]: [Self::ScalarField; 2],
    ) -> Option<Proof<Self>> {
        engine.prove(assignment, r, s).ok()
    }

    fn budget(engine: &Self::Engine) -> Option<Budget> {
        Some(engine.budget())
    }

    fn write(
        engine: &Self::Engine,
        budget: Budget,
        out: &mut dyn Write,
    ) -> Option<io::Result<PreparedDigest>> {
        Some(if engine.budget() == budget {
            engine.write(out)
        } else {
            engine.with_budget(budget).write(out)
        })
    }

    fn map(file: &File, digest: &PreparedDigest) -> Option<Self::Engine> {
        groth16::Prover::map(file, digest, Kernels::best()).ok()
    }
}

/// arkworks' key, and the matrices of its circuit.
#[derive(Debug)]
pub struct ArkEngine<E: Pairing> {
    key: ProvingKey<E>,
    matrices: Matrices<E::ScalarField>,
}

impl ProvingCurve for Bls12_381 {
    type Engine = ArkEngine<Self>;

    fn engine(
        key: ProvingKey<Self>,
        matrices: Matrices<Self::ScalarField>,
    ) -> Option<Self::Engine> {
        Some(ArkEngine { key, matrices })
    }

    fn verifying_key(engine: &Self::Engine) -> &VerifyingKey<Self> {
        &engine.key.vk
    }

    fn prove(
        engine: &Self::Engine,
        assignment: &[Self::ScalarField],
        [r, s]: [Self::ScalarField; 2],
    ) -> Option<Proof<Self>> {
        let ArkEngine { key, matrices } = engine;
        let (inputs, constraints) = (matrices.instance, matrices.constraints());
        Groth16::<Self>::create_proof_with_reduction_and_matrices(
            key,
            r,
            s,
            &matrices.abc,
            inputs,
            constraints,
            assignment,
        )
        .ok()
    }
}
