//! Our multiplications, quotients and proofs beside those of arkworks, alternately in one run.
//!
//! `cargo bench -p taxproof-engine --bench against_arkworks [LOG_SIZE]...` prints medians in
//! milliseconds and the ratios of arkworks' to ours, on one thread and on all.

use std::time::Instant;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, UniformRand};
use ark_groth16::Groth16;
use ark_groth16::r1cs_to_qap::{LibsnarkReduction, R1CSToQAP};
use ark_poly::GeneralEvaluationDomain;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, LinearCombination,
    R1CS_PREDICATE_LABEL, SynthesisError,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_engine::Kernels;
use taxproof_engine::groth16::{Prover, WitnessMap};
use taxproof_engine::msm::{Budget, Curve, FixedBases};

/// Runs of each contestant.
const RUNS: usize = 9;

/// Tables of a set of points in G1, and of a key, in points of the set.
const LEVELS: usize = 9;

fn main() {
    let logs: Vec<u32> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let logs = if logs.is_empty() { vec![14, 15] } else { logs };
    let all = rayon::current_num_threads();
    for log in logs {
        for threads in [1, all] {
            println!("2^{log}, {threads} threads");
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads can be started")
                .install(|| {
                    multiply::<G1Affine>("G1", 1 << log);
                    multiply::<G2Affine>("G2", 1 << log);
                    prove((1 << log) - 8);
                });
        }
    }
}

/// Measures the contestants in turn and prints medians; the first is arkworks.
fn race(what: &str, contestants: &mut [(&str, &mut dyn FnMut())]) {
    let mut times = vec![Vec::with_capacity(RUNS); contestants.len()];
    for _ in 0..RUNS {
        for ((_, run), times) in contestants.iter_mut().zip(&mut times) {
            let start = Instant::now();
            run();
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[RUNS / 2]
        })
        .collect();
    for ((name, _), (median, times)) in contestants.iter().zip(medians.iter().zip(&times)) {
        let (best, worst) = (times[0], times[RUNS - 1]);
        let ratio = medians[0] / median;
        println!("  {what:24} {name:10} {median:8.1} ms  ({best:.1}-{worst:.1})  x {ratio:.2}");
    }
}

fn multiply<G: Curve>(name: &str, len: usize)
where
    G::Group: VariableBaseMSM<MulBase = G>,
{
    let mut rng = StdRng::seed_from_u64(1);
    let generator = G::generator();
    // Sums of neighbours must not meet each other, as they would among multiples in a row.
    let points: Vec<G::Group> = std::iter::successors(Some(generator * Fr::rand(&mut rng)), |p| {
        Some(p.double() + generator)
    })
    .take(len)
    .collect();
    let points = G::Group::normalize_batch(&points);
    let random: Vec<Fr> = (0..len).map(|_| Fr::rand(&mut rng)).collect();
    let sparse: Vec<Fr> = (0..len)
        .map(|i| {
            if i % 7 < 3 {
                Fr::from(i as u64 % 2)
            } else {
                random[i]
            }
        })
        .collect();
    let equal = vec![random[0]; len];
    let budget = Budget(LEVELS * len * size_of::<G>());
    let best = FixedBases::new(&points, budget, Kernels::best());
    let no_tables = FixedBases::new(&points, Budget::NO_TABLES, Kernels::best());
    let avx2 = Kernels::avx2().map(|kernels| FixedBases::new(&points, budget, kernels));
    let portable = FixedBases::new(&points, budget, Kernels::portable());
    for (kind, scalars) in [
        ("random", &random),
        ("43 % bits", &sparse),
        ("equal", &equal),
    ] {
        race(
            &format!("{name} {kind}"),
            &mut [
                ("arkworks", &mut || {
                    G::Group::msm(&points, scalars).expect("lengths agree");
                }),
                ("ours", &mut || {
                    best.msm(scalars);
                }),
                ("no tables", &mut || {
                    no_tables.msm(scalars);
                }),
                ("avx2", &mut || {
                    avx2.as_ref().map(|avx2| avx2.msm(scalars));
                }),
                ("portable", &mut || {
                    portable.msm(scalars);
                }),
            ],
        );
    }
}

/// A chain of products, with 43 % of variables bits.
#[derive(Debug, Clone, Copy)]
struct Circuit {
    constraints: usize,
}

impl ConstraintSynthesizer<Fr> for Circuit {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let first = Fr::rand(&mut StdRng::seed_from_u64(2));
        let mut last = (cs.new_input_variable(|| Ok(first))?, first);
        let mut bit = last;
        for i in 0..self.constraints {
            if i % 7 < 3 {
                let value = Fr::from(i as u64 % 2);
                let variable = cs.new_witness_variable(|| Ok(value))?;
                cs.enforce_r1cs_constraint(
                    || variable.into(),
                    || variable.into(),
                    || variable.into(),
                )?;
                bit = (variable, value);
            } else {
                let sum = LinearCombination::from(last.0) + (Fr::from(2), bit.0);
                let product = (last.1 + bit.1 + bit.1) * last.1;
                let variable = cs.new_witness_variable(|| Ok(product))?;
                cs.enforce_r1cs_constraint(|| sum.clone(), || last.0.into(), || variable.into())?;
                last = (variable, product);
            }
        }
        Ok(())
    }
}

fn prove(constraints: usize) {
    let circuit = Circuit { constraints };
    let mut rng = StdRng::seed_from_u64(3);
    let key = Groth16::<Bn254>::generate_random_parameters_with_reduction(circuit, &mut rng)
        .expect("the circuit has constraints");
    let cs = ConstraintSystem::new_ref();
    circuit
        .generate_constraints(cs.clone())
        .expect("the circuit is satisfied");
    cs.finalize();
    let matrices = cs.to_matrices().expect("the mode keeps matrices")[R1CS_PREDICATE_LABEL].clone();
    let cs = cs.borrow().expect("nobody else holds the constraints");
    let inputs = cs.num_instance_variables();
    let assignment = [
        cs.instance_assignment().expect("the mode keeps values"),
        cs.witness_assignment().expect("the mode keeps values"),
    ]
    .concat();
    let map = |kernels| {
        WitnessMap::new(&matrices, inputs, assignment.len(), kernels)
            .expect("the matrices are the circuit's")
    };
    let (avx2_map, map) = (Kernels::avx2().map(map), map(Kernels::best()));
    race(
        "quotient",
        &mut [
            ("arkworks", &mut || {
                LibsnarkReduction::witness_map_from_matrices::<Fr, GeneralEvaluationDomain<Fr>>(
                    &matrices,
                    inputs,
                    constraints,
                    &assignment,
                )
                .expect("there is a domain");
            }),
            ("ours", &mut || {
                map.quotient(&assignment).expect("lengths agree");
            }),
            ("avx2", &mut || {
                let map = avx2_map.as_ref();
                map.map(|map| map.quotient(&assignment).expect("lengths agree"));
            }),
        ],
    );
    let points = 4 * key.a_query.len() + key.h_query.len() + key.l_query.len();
    let prover = |budget, kernels| {
        Prover::new(&key, &matrices, budget, kernels).expect("key and matrices agree")
    };
    let start = Instant::now();
    let best = prover(Budget(LEVELS * 64 * points), Kernels::best());
    let (loading, memory) = (start.elapsed(), best.memory() >> 20);
    println!("  the key takes {memory} MiB with tables, made in {loading:.1?}");
    let no_tables = prover(Budget::NO_TABLES, Kernels::best());
    let avx2 = Kernels::avx2().map(|kernels| prover(Budget(LEVELS * 64 * points), kernels));
    let portable = prover(Budget(LEVELS * 64 * points), Kernels::portable());
    let (r, s) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
    let run = |prover: &Prover| prover.prove(&assignment, r, s).expect("lengths agree");
    race(
        "proof",
        &mut [
            ("arkworks", &mut || {
                Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
                    &key,
                    r,
                    s,
                    &matrices,
                    inputs,
                    constraints,
                    &assignment,
                )
                .expect("there is a domain");
            }),
            ("ours", &mut || {
                run(&best);
            }),
            ("no tables", &mut || {
                run(&no_tables);
            }),
            ("avx2", &mut || {
                avx2.as_ref().map(run);
            }),
            ("portable", &mut || {
                run(&portable);
            }),
        ],
    );
}
