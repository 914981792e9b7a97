//! To first order, the public inputs and the declared private inputs determine every wire.
//!
//! The Jacobian of A·z ∘ B·z − C·z at a true statement, over the wires that are nobody's choice,
//! has full column rank. What that does not see is a second solution at a distance (an alias of
//! bits, another root): the gadgets' own tests look for those.

use std::collections::BTreeMap;

use ark_ff::PrimeField;
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_claims::record::leaf_elements;
use taxproof_claims::shape::{Q16, Q16S, Shape, TREE_ARITY, TREE_DEPTH};
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::Scenario;

use crate::{Matrices, StatementCircuit, assign, matrices};

/// Values, id, sk, nk, salt and path: a leaf's elements but for schema, newest period and the two
/// hashes, the two secrets, and the children.
fn private_inputs(shape: Shape) -> usize {
    leaf_elements(shape.layout()) - 4 + 2 + TREE_DEPTH * TREE_ARITY
}

type Row<F> = BTreeMap<usize, F>;

/// How many of the columns from `first` on are not determined by those before.
fn freedom<F: PrimeField>(matrices: &Matrices<F>, z: &[F], first: usize) -> usize {
    let mut pivots: Vec<Option<Row<F>>> = vec![None; z.len()];
    for index in 0..matrices.constraints() {
        let mut row = derivative(matrices, z, first, index);
        while let Some((&column, &lead)) = row.last_key_value() {
            let Some(pivot) = &pivots[column] else {
                let scale = lead.inverse().unwrap();
                row.values_mut()
                    .for_each(|coefficient| *coefficient *= scale);
                pivots[column] = Some(row);
                break;
            };
            add(&mut row, -lead, pivot);
        }
    }
    pivots[first..]
        .iter()
        .filter(|pivot| pivot.is_none())
        .count()
}

/// B·z times A's row plus A·z times B's row minus C's row.
fn derivative<F: PrimeField>(
    matrices: &Matrices<F>,
    z: &[F],
    first: usize,
    index: usize,
) -> Row<F> {
    let rows = matrices.abc.each_ref().map(|matrix| &matrix[index]);
    let at = |m: usize| rows[m].iter().map(|&(c, column)| c * z[column]).sum::<F>();
    let mut row = Row::new();
    for (factor, terms) in [(at(1), rows[0]), (at(0), rows[1]), (-F::one(), rows[2])] {
        let unknown = terms.iter().filter(|(_, column)| *column >= first);
        add(
            &mut row,
            factor,
            &unknown.map(|&(c, column)| (column, c)).collect(),
        );
    }
    row
}

fn add<F: PrimeField>(row: &mut Row<F>, factor: F, other: &Row<F>) {
    for (&column, &coefficient) in other {
        let sum = row.entry(column).or_default();
        *sum += factor * coefficient;
        if sum.is_zero() {
            row.remove(&column);
        }
    }
}

fn wires_are_determined<F: Poseidon2Field>(shape: Shape) {
    let rng = &mut StdRng::seed_from_u64(15);
    let scenario = Scenario::random(rng, shape);
    let circuit = StatementCircuit::new(scenario.public, scenario.witness).unwrap();
    let z = assign(&circuit).unwrap().full();
    let mut matrices = matrices::<F>(shape);
    let first = matrices.instance + private_inputs(shape);
    assert_eq!(freedom(&matrices, &z, first), 0);

    // It sees a missing constraint: with the private inputs among the unknowns, one row of a hash
    // less is one degree of freedom more.
    let before = freedom(&matrices, &z, matrices.instance);
    let leaf = matrices
        .clauses
        .iter()
        .find(|clause| clause.name == "leaf")
        .unwrap()
        .rows
        .clone();
    matrices
        .abc
        .iter_mut()
        .for_each(|matrix| matrix[leaf.start + 100].clear());
    assert_eq!(freedom(&matrices, &z, matrices.instance), before + 1);
}

#[test]
fn wires_are_determined_over_bn254() {
    wires_are_determined::<ark_bn254::Fr>(Q16);
    wires_are_determined::<ark_bn254::Fr>(Q16S);
}

#[test]
fn wires_are_determined_over_bls12_381() {
    wires_are_determined::<ark_bls12_381::Fr>(Q16);
}
