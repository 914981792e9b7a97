//! The parts of a proof of ours, each alone, beside the least that arithmetic allows.

use ark_bn254::{Bn254, Fr};
use ark_ff::{One, PrimeField, Zero};
use taxproof_engine::groth16::WitnessMap;
use taxproof_engine::msm::{Budget, Curve, FixedBases};

use super::floor::Floor;
use super::race::Times;
use super::report::Phase;
use super::workload::Workload;
use super::{BenchError, Plan};

/// Measures each part with the first of the plan's kernels and budgets.
pub(super) fn measure(
    workload: &Workload<Bn254>,
    plan: &Plan,
    threads: usize,
    floor: Option<Floor>,
) -> Result<Vec<Phase>, BenchError> {
    let (Some((choice, kernels)), Some(floor), Some(&budget)) =
        (plan.first_kernels(), floor, plan.budgets.first())
    else {
        return Ok(Vec::new());
    };
    let Workload {
        key, assignment, ..
    } = workload;
    let (variables, private) = (&assignment[1..], &assignment[workload.instance()..]);
    let map = WitnessMap::new(
        &workload.matrices,
        workload.instance(),
        assignment.len(),
        kernels,
    )?;
    let quotient = map.quotient(assignment)?;

    let n = workload.domain() as f64;
    let transforms = 6.0 * n / 2.0 * n.log2() * floor.butterfly_ns;
    let phase = |name, times: Times, floor_ns: f64| Phase {
        circuit: workload.name.clone(),
        constraints: workload.matrices[0].len(),
        threads,
        kernels: choice,
        name,
        median_ms: times.median_ms,
        least_ms: times.least_ms,
        floor_ms: floor_ns * 1e-6 / threads as f64,
    };
    let times = Times::measure(plan.runs, || map.quotient(assignment));
    let mut phases = vec![phase("quotient", times, transforms)];
    // As the prover shares its budget: a point of G2 counts for two.
    let all = 4 * assignment.len() + key.h_query.len() + key.l_query.len();
    let share = |points: usize| Budget((budget as u128 * points as u128 / all as u128) as usize);
    let mut g1 = |name, points: &[ark_bn254::G1Affine], scalars: &[Fr]| {
        let bases = FixedBases::new(points, share(points.len()), kernels);
        let times = Times::measure(plan.runs, || bases.msm(scalars));
        phases.push(phase(
            name,
            times,
            additions(points, scalars, floor.windows) * floor.g1_addition_ns,
        ));
    };
    g1("A", &key.a_query[1..], variables);
    g1("B in G1", &key.b_g1_query[1..], variables);
    g1("H", &key.h_query, &quotient);
    g1("L", &key.l_query, private);
    let points = &key.b_g2_query[1..];
    let bases = FixedBases::new(points, share(2 * points.len()), kernels);
    let times = Times::measure(plan.runs, || bases.msm(variables));
    phases.push(phase(
        "B in G2",
        times,
        additions(points, variables, floor.windows) * floor.g2_addition_ns,
    ));
    Ok(phases)
}

/// Additions into buckets: none for a zero, one for a one, and one a window for the rest.
fn additions<G: Curve>(points: &[G], scalars: &[Fr], windows: usize) -> f64 {
    let finite = points
        .iter()
        .zip(scalars)
        .filter(|(point, _)| !point.is_zero());
    let counts = finite.map(|(_, scalar)| match scalar {
        scalar if scalar.is_zero() => 0,
        scalar if scalar.is_one() => 1,
        scalar => {
            let bits = ark_ff::BigInteger::num_bits(&scalar.into_bigint()) as usize;
            (bits * windows).div_ceil(Fr::MODULUS_BIT_SIZE as usize)
        }
    });
    counts.sum::<usize>() as f64
}
