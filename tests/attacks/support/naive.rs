//! Plain arkworks, as it is: circuits, prover and verifier, without a check of our own.

use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::{Groth16, Proof, ProvingKey, VerifyingKey, prepare_verifying_key};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, Matrix, OptimizationGoal,
    R1CS_PREDICATE_LABEL, Result, SynthesisMode, Variable,
};
use ark_relations::lc;
use rand::rngs::OsRng;

/// A circuit that is written as a function.
pub(crate) struct Written<C>(pub(crate) C);

impl<C: FnOnce(ConstraintSystemRef<Fr>) -> Result<()>> ConstraintSynthesizer<Fr> for Written<C> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<()> {
        (self.0)(cs)
    }
}

/// A circuit with the values of all of its columns, and a key for it.
pub(crate) struct Naive {
    /// One, the public inputs, the witness.
    pub(crate) z: Vec<Fr>,
    /// How many columns stand before the witness.
    pub(crate) instance: usize,
    pub(crate) key: ProvingKey<Bn254>,
    matrices: [Matrix<Fr>; 3],
}

impl Naive {
    /// Makes a key for a circuit, and runs it once more for its values.
    pub(crate) fn new(circuit: impl Fn(ConstraintSystemRef<Fr>) -> Result<()>) -> Self {
        let blank = Written(&circuit);
        let key = Groth16::<Bn254>::generate_random_parameters_with_reduction(blank, &mut OsRng);
        let built = built(circuit);
        Self {
            z: [
                built.instance_assignment().unwrap(),
                built.witness_assignment().unwrap(),
            ]
            .concat(),
            instance: built.num_instance_variables(),
            key: key.unwrap(),
            matrices: matrices(&built),
        }
    }

    pub(crate) fn constraints(&self) -> usize {
        self.matrices[0].len()
    }

    /// Whether every constraint holds.
    pub(crate) fn is_satisfied_by(&self, z: &[Fr]) -> bool {
        (0..self.constraints()).all(|row| {
            let [a, b, c] = self
                .matrices
                .each_ref()
                .map(|m| -> Fr { m[row].iter().map(|&(c, column)| c * z[column]).sum() });
            a * b == c
        })
    }

    /// What the prover gives for these values, whether they satisfy the constraints or not.
    pub(crate) fn prove(&self, z: &[Fr]) -> Proof<Bn254> {
        prove(&self.key, &self.matrices, self.instance, z)
    }

    /// Whether a proof of these values is accepted for the public inputs among them.
    pub(crate) fn accepts(&self, z: &[Fr]) -> bool {
        verify(&self.key.vk, &z[1..self.instance], &self.prove(z))
    }
}

/// Runs a circuit as a prover does.
pub(crate) fn built(
    circuit: impl Fn(ConstraintSystemRef<Fr>) -> Result<()>,
) -> ConstraintSystem<Fr> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(SynthesisMode::Prove {
        construct_matrices: true,
        generate_lc_assignments: false,
    });
    circuit(cs.clone()).unwrap();
    cs.finalize();
    cs.into_inner().unwrap()
}

/// A, B and C.
pub(crate) fn matrices(built: &ConstraintSystem<Fr>) -> [Matrix<Fr>; 3] {
    let mut all = built.to_matrices().unwrap();
    all.remove(R1CS_PREDICATE_LABEL)
        .unwrap()
        .try_into()
        .unwrap()
}

/// arkworks' prover on any values.
pub(crate) fn prove(
    key: &ProvingKey<Bn254>,
    matrices: &[Matrix<Fr>; 3],
    instance: usize,
    z: &[Fr],
) -> Proof<Bn254> {
    let [r, s] = [(); 2].map(|()| Fr::rand(&mut OsRng));
    let rows = matrices[0].len();
    Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        key, r, s, matrices, instance, rows, z,
    )
    .unwrap()
}

/// arkworks' verifier.
pub(crate) fn verify(key: &VerifyingKey<Bn254>, inputs: &[Fr], proof: &Proof<Bn254>) -> bool {
    Groth16::<Bn254>::verify_proof(&prepare_verifying_key(key), proof, inputs).unwrap()
}

/// A circuit of any public inputs that says nothing of them but that the first is known.
pub(crate) fn saying(inputs: &[Fr]) -> Naive {
    Naive::new(|cs| {
        let first = inputs[0];
        let variables: Vec<Variable> = inputs
            .iter()
            .map(|&value| cs.new_input_variable(|| Ok(value)))
            .collect::<Result<_>>()?;
        let known = cs.new_witness_variable(|| Ok(first))?;
        let one = || lc!() + Variable::One;
        cs.enforce_r1cs_constraint(|| lc!() + known, one, || lc!() + variables[0])
    })
}
