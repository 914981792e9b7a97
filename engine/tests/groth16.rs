//! Proofs and quotients against ark-groth16, on both arithmetics.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::fs::File;
use std::io::Write as _;

use ark_bn254::{Bn254, Fr};
use ark_ff::{Field, UniformRand};
use ark_groth16::r1cs_to_qap::{LibsnarkReduction, R1CSToQAP};
use ark_groth16::{Groth16, ProvingKey};
use ark_poly::GeneralEvaluationDomain;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, LinearCombination,
    R1CS_PREDICATE_LABEL, SynthesisError, Variable,
};
use ark_relations::utils::matrix::Matrix;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use taxproof_engine::groth16::{Error, Prover, WitnessMap};
use taxproof_engine::msm::Budget;
use taxproof_engine::{Kernels, PreparedError};

fn kernels() -> Vec<Kernels> {
    if Kernels::ifma().is_none() {
        eprintln!("skipped in part: this processor has no AVX512-IFMA");
    }
    Kernels::available()
}

/// What the first variables of a random circuit are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Witness {
    Random,
    Zero,
    Equal,
    Bits,
}

/// Products of random linear combinations of earlier variables.
#[derive(Debug, Clone, Copy)]
struct Circuit {
    seed: u64,
    inputs: usize,
    constraints: usize,
    witness: Witness,
}

impl ConstraintSynthesizer<Fr> for Circuit {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let equal = Fr::rand(&mut rng);
        let mut known: Vec<(Variable, Fr)> = Vec::new();
        for i in 0..self.inputs + 3 {
            let random = Fr::rand(&mut rng);
            let value = match self.witness {
                Witness::Random => random,
                Witness::Zero => Fr::from(0),
                Witness::Equal => equal,
                Witness::Bits => Fr::from(i as u64 & 1),
            };
            let variable = if i < self.inputs {
                cs.new_input_variable(|| Ok(value))?
            } else {
                cs.new_witness_variable(|| Ok(value))?
            };
            known.push((variable, value));
        }
        for _ in 0..self.constraints {
            let (a, a_value) = combination(&mut rng, &known);
            let (b, b_value) = combination(&mut rng, &known);
            let product = a_value * b_value;
            let variable = cs.new_witness_variable(|| Ok(product))?;
            cs.enforce_r1cs_constraint(|| a.clone(), || b.clone(), || variable.into())?;
            // Values that stay small or equal, as bits of real circuits do.
            if self.witness == Witness::Random || rng.gen_bool(0.1) {
                known.push((variable, product));
            }
        }
        Ok(())
    }
}

fn combination(rng: &mut StdRng, known: &[(Variable, Fr)]) -> (LinearCombination<Fr>, Fr) {
    let coefficients = [Fr::from(1), -Fr::from(1), Fr::from(2), Fr::rand(rng)];
    let mut sum = LinearCombination::new();
    let mut value = Fr::from(0);
    for _ in 0..rng.gen_range(1..4) {
        let coefficient = coefficients[rng.gen_range(0..4)];
        let (variable, of_variable) = known[rng.gen_range(0..known.len())];
        sum += (coefficient, variable);
        value += coefficient * of_variable;
    }
    (sum, value)
}

struct Fixture {
    key: ProvingKey<Bn254>,
    matrices: Vec<Matrix<Fr>>,
    inputs: usize,
    assignment: Vec<Fr>,
}

fn fixture(circuit: Circuit) -> Fixture {
    let mut rng = StdRng::seed_from_u64(circuit.seed);
    let key = Groth16::<Bn254>::generate_random_parameters_with_reduction(circuit, &mut rng);
    let cs = ConstraintSystem::new_ref();
    circuit.generate_constraints(cs.clone()).unwrap();
    cs.finalize();
    let matrices = cs.to_matrices().unwrap()[R1CS_PREDICATE_LABEL].clone();
    let cs = cs.borrow().unwrap();
    Fixture {
        key: key.unwrap(),
        matrices,
        inputs: cs.num_instance_variables(),
        assignment: [
            cs.instance_assignment().unwrap(),
            cs.witness_assignment().unwrap(),
        ]
        .concat(),
    }
}

fn check_proofs(circuit: Circuit, budget: Budget) {
    let fixture = fixture(circuit);
    let mut rng = StdRng::seed_from_u64(!circuit.seed);
    let random = [Fr::rand(&mut rng), Fr::rand(&mut rng)];
    for kernels in kernels() {
        let prover = Prover::new(&fixture.key, &fixture.matrices, budget, kernels).unwrap();
        for [r, s] in [random, [Fr::from(0); 2], [Fr::from(1), -Fr::from(1)]] {
            let expected = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
                &fixture.key,
                r,
                s,
                &fixture.matrices,
                fixture.inputs,
                fixture.matrices[0].len(),
                &fixture.assignment,
            );
            let found = prover.prove(&fixture.assignment, r, s).unwrap();
            assert_eq!(found, expected.unwrap(), "{circuit:?}, {kernels:?}");
            let key = ark_groth16::prepare_verifying_key(&fixture.key.vk);
            let inputs = &fixture.assignment[1..fixture.inputs];
            assert!(Groth16::<Bn254>::verify_proof(&key, &found, inputs).unwrap());
        }
    }
}

const WITNESSES: [Witness; 4] = [
    Witness::Random,
    Witness::Zero,
    Witness::Equal,
    Witness::Bits,
];

#[test]
fn proofs_are_those_of_ark_groth16() {
    for (seed, constraints) in (0..).zip([1, 2, 5, 13, 29, 58, 61, 120, 250, 500, 1000]) {
        check_proofs(
            Circuit {
                seed,
                inputs: 1 + seed as usize % 4,
                constraints,
                witness: WITNESSES[seed as usize % 4],
            },
            Budget([0, 300_000, 1 << 30][seed as usize % 3]),
        );
    }
}

/// `cargo test --release -p taxproof-engine --test groth16 -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn proofs_of_a_thousand_circuits() {
    for seed in 100..1100 {
        let mut rng = StdRng::seed_from_u64(seed);
        let largest = if seed % 100 == 0 { 20_000 } else { 200 };
        check_proofs(
            Circuit {
                seed,
                inputs: rng.gen_range(0..5),
                constraints: rng.gen_range(1..largest),
                witness: WITNESSES[rng.gen_range(0..4)],
            },
            Budget(rng.gen_range(0..10_000_000)),
        );
    }
}

/// Whether the assignment satisfies the constraints or not.
#[test]
fn quotients_are_those_of_libsnarks_reduction() {
    let mut rng = StdRng::seed_from_u64(9);
    for constraints in [1, 3, 30, 60, 61, 124, 1020, 5000] {
        let circuit = Circuit {
            seed: 10,
            inputs: 2,
            constraints,
            witness: Witness::Random,
        };
        let cs = ConstraintSystem::new_ref();
        circuit.generate_constraints(cs.clone()).unwrap();
        cs.finalize();
        let matrices = &cs.to_matrices().unwrap()[R1CS_PREDICATE_LABEL];
        let variables = cs.num_instance_variables() + cs.num_witness_variables();
        let random: Vec<Fr> = (0..variables).map(|_| Fr::rand(&mut rng)).collect();
        for assignment in [
            random,
            vec![Fr::from(0); variables],
            vec![-Fr::ONE; variables],
        ] {
            let expected = LibsnarkReduction::witness_map_from_matrices::<
                Fr,
                GeneralEvaluationDomain<Fr>,
            >(matrices, 3, constraints, &assignment)
            .unwrap();
            for kernels in kernels() {
                let map = WitnessMap::new(matrices, 3, variables, kernels).unwrap();
                let found = map.quotient(&assignment).unwrap();
                assert_eq!(found, expected, "{constraints} constraints, {kernels:?}");
            }
        }
    }
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn a_prover_proves_from_a_file_as_from_memory() {
    for (seed, constraints) in (20..).zip([3, 300]) {
        let fixture = fixture(Circuit {
            seed,
            inputs: 2,
            constraints,
            witness: Witness::Random,
        });
        let (one, assignment) = (Fr::from(1), &fixture.assignment);
        for kernels in kernels() {
            let budget = Budget(1 << 20);
            let made = Prover::new(&fixture.key, &fixture.matrices, budget, kernels).unwrap();
            let expected = made.prove(assignment, one, one).unwrap();
            for budget in [Budget::NO_TABLES, budget] {
                let mut bytes = Vec::new();
                let made = made.with_budget(budget);
                assert_eq!(made.prove(assignment, one, one).unwrap(), expected);
                let digest = made.write(&mut bytes).unwrap();
                let mapped = Prover::map(&file_of(&bytes), &digest, kernels).unwrap();
                assert_eq!(mapped.budget(), budget);
                assert_eq!(mapped.verifying_key(), &fixture.key.vk);
                assert_eq!(mapped.prove(assignment, one, one).unwrap(), expected);
            }
        }
    }
}

#[test]
fn a_file_that_is_no_prover_is_refused() {
    let fixture = fixture(Circuit {
        seed: 22,
        inputs: 2,
        constraints: 30,
        witness: Witness::Random,
    });
    let (budget, portable) = (Budget::NO_TABLES, Kernels::portable());
    let made = Prover::new(&fixture.key, &fixture.matrices, budget, portable).unwrap();
    let mut good = Vec::new();
    let digest = made.write(&mut good).unwrap();
    for at in (0..good.len()).step_by(97) {
        let mut damaged = good.clone();
        damaged[at] ^= 4;
        let refused = Prover::map(&file_of(&damaged), &digest, portable);
        assert!(matches!(refused, Err(PreparedError::Digest)), "byte {at}");
        // Whoever can write the digest too chooses the points, but breaks nothing else.
        let digest = blake3::hash(&damaged).into();
        if let Ok(prover) = Prover::map(&file_of(&damaged), &digest, portable) {
            let _ = prover.prove(&fixture.assignment, Fr::from(1), Fr::from(1));
        }
    }
    for length in [1, 64, good.len() / 2, good.len() - 1] {
        let digest = blake3::hash(&good[..length]).into();
        let refused = Prover::map(&file_of(&good[..length]), &digest, portable);
        assert!(
            matches!(refused, Err(PreparedError::Foreign)),
            "{length} bytes"
        );
    }
    for other in Kernels::ifma().into_iter().chain(Kernels::avx2()) {
        let refused = Prover::map(&file_of(&good), &digest, other);
        assert!(matches!(refused, Err(PreparedError::Foreign)));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let fixture = fixture(Circuit {
        seed: 11,
        inputs: 2,
        constraints: 10,
        witness: Witness::Random,
    });
    let prover = |key: &ProvingKey<Bn254>, matrices: &[Matrix<Fr>]| {
        Prover::new(key, matrices, Budget::NO_TABLES, Kernels::best())
    };
    let zero = Fr::from(0);
    let good = prover(&fixture.key, &fixture.matrices).unwrap();
    let short = &fixture.assignment[1..];
    assert_eq!(good.prove(short, zero, zero), Err(Error::Assignment));

    let two = &fixture.matrices[..2];
    assert_eq!(prover(&fixture.key, two).err(), Some(Error::Matrices));
    let mut uneven = fixture.matrices.clone();
    uneven[1].pop();
    assert_eq!(prover(&fixture.key, &uneven).err(), Some(Error::Matrices));
    let mut beyond = fixture.matrices.clone();
    beyond[2][0][0].1 = fixture.assignment.len();
    assert_eq!(prover(&fixture.key, &beyond).err(), Some(Error::Matrices));

    let damages: [fn(&mut ProvingKey<Bn254>); 5] = [
        |key| key.a_query.clear(),
        |key| key.b_g1_query.truncate(1),
        |key| key.b_g2_query.truncate(1),
        |key| key.l_query.truncate(1),
        |key| key.vk.gamma_abc_g1.clear(),
    ];
    for damage in damages {
        let mut key = fixture.key.clone();
        damage(&mut key);
        assert_eq!(prover(&key, &fixture.matrices).err(), Some(Error::Key));
    }
}
