//! Other values for one wire at a time.

use ark_ff::PrimeField;
use rand::Rng;

use crate::circuit::{Circuit, Witness};

/// Witness columns, but for the private inputs, that have another value with which every row holds.
pub(crate) fn unnoticed<F: PrimeField>(
    circuit: &Circuit<F>,
    z: &[F],
    rng: &mut impl Rng,
) -> Vec<usize> {
    let mut z = z.to_vec();
    let wires = circuit.wires();
    wires
        .filter(|&column| {
            let old = z[column];
            let mut values = others(old, F::rand(rng));
            let free = values.any(|value| {
                z[column] = value;
                let mut rows = circuit.occurrences(column).iter();
                rows.all(|&(row, _)| circuit.holds(row, &z))
            });
            z[column] = old;
            free
        })
        .collect()
}

/// Public inputs that can be changed at every one of the witnesses with every row holding.
pub(crate) fn unused<F: PrimeField>(circuit: &Circuit<F>, witnesses: &[Witness<F>]) -> Vec<usize> {
    let mut unused: Vec<usize> = (1..circuit.instance()).collect();
    for witness in witnesses {
        let mut z = witness.z.clone();
        unused.retain(|&column| {
            z[column] += F::one();
            let mut rows = circuit.occurrences(column).iter();
            let unnoticed = rows.all(|&(row, _)| circuit.holds(row, &z));
            z[column] -= F::one();
            unnoticed
        });
    }
    unused
}

/// What one value is changed to: its neighbours, its negative, 0, 1, 2, p − 1, single bits turned,
/// something random.
fn others<F: PrimeField>(old: F, random: F) -> impl Iterator<Item = F> {
    let one = F::one();
    let power = |bits: u64| F::from(2u64).pow([bits]);
    let values = [
        old + one,
        old - one,
        old + one + one,
        -old,
        F::zero(),
        one,
        one + one,
        -one,
        one - old,
        old + power(8),
        old - power(31),
        old + power(64),
        old + power(u64::from(F::MODULUS_BIT_SIZE) - 2),
        random,
    ];
    values.into_iter().filter(move |&value| value != old)
}
