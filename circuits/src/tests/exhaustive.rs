//! Gadgets over small fields, for all inputs and against all values of all wires.
//!
//! The code is that of the circuits, with another field. For every input each wire takes every value
//! of the field; a row is looked at as soon as its wires have values, so nothing is left out.
//! A gadget is right if each input has exactly one solution, and that one says what it should.
//!
//! # What this does not say
//! That it is so over a field of 254 bits. A gadget that treats a field by its size (the widths of
//! comparisons) or by a coefficient that small fields do not have could differ there:
//! `proofs/gadgets.py` proves them over the real fields, as they stand in the matrices.

use ark_ff::{Fp64, MontBackend, MontConfig, PrimeField};
use taxproof_claims::amount::to_field;
use taxproof_claims::shape::TREE_ARITY;

use crate::atoms::listed;
use crate::card::bin_points;
use crate::linear::Linear;
use crate::membership::enforce_among;
use crate::numbers::BinNumbersVar;
use crate::system::System;
use crate::system::tests::Built;

macro_rules! small_fields {
    ($($field:ident $config:ident $modulus:literal $generator:literal;)*) => {
        $(
            #[derive(MontConfig)]
            #[modulus = $modulus]
            #[generator = $generator]
            struct $config;
            type $field = Fp64<MontBackend<$config, 1>>;
        )*
    };
}

small_fields! {
    F3 F3Config "3" "2";
    F5 F5Config "5" "2";
    F7 F7Config "7" "3";
    F11 F11Config "11" "2";
    F13 F13Config "13" "2";
    F17 F17Config "17" "3";
    F31 F31Config "31" "3";
    F61 F61Config "61" "2";
    F127 F127Config "127" "3";
}

fn order<F: PrimeField>() -> i64 {
    F::MODULUS.as_ref()[0] as i64
}

fn elements<F: PrimeField>() -> Vec<F> {
    (0..order::<F>()).map(|n| to_field(n.into())).collect()
}

/// Every list of so many elements.
fn lists<F: PrimeField>(length: usize) -> Vec<Vec<F>> {
    (0..length).fold(vec![Vec::new()], |lists, _| {
        let longer = |list: &Vec<F>| {
            let list = list.clone();
            elements()
                .into_iter()
                .map(move |x| [&list[..], &[x]].concat())
        };
        lists.iter().flat_map(longer).collect()
    })
}

/// The only solution of a gadget on wires of these values: the value of the linear combination that
/// it gives. None if there is no solution.
///
/// # Panics
/// There are several solutions, or the one is not what a prover computes.
fn solved<F: PrimeField>(
    inputs: &[F],
    gadget: impl FnOnce(&mut System<F>, &[Linear<F>]) -> Linear<F>,
) -> Option<F> {
    let (built, out) = Built::new(|system| {
        let wires: Vec<_> = inputs.iter().map(|&x| system.wire(x)).collect();
        gadget(system, &wires)
    });
    let solutions = built.solutions(inputs, &elements());
    match &solutions[..] {
        [] => {
            assert!(!built.is_satisfied());
            None
        }
        [only] => {
            assert_eq!(*only, built.wires(), "a prover computes the solution");
            Some(out.value())
        }
        several => panic!("{} solutions at {inputs:?}", several.len()),
    }
}

fn comparisons_are_right<F: PrimeField>() {
    for n in 0..F::MODULUS_BIT_SIZE - 1 {
        let bound = 1i64 << n;
        for d in elements::<F>() {
            let bit = solved(&[d], |system, wires| {
                system.at_least_zero(&wires[0], n).as_linear().clone()
            });
            // Of the integers that d stands for, none or one is in range.
            let within = (-bound..bound).filter(|&k| to_field::<F>(k.into()) == d);
            let expected: Vec<F> = within.map(|k| F::from(k >= 0)).collect();
            assert!(expected.len() <= 1);
            assert_eq!(bit, expected.first().copied(), "[{d} >= 0] in {n} bits");
        }
    }
}

#[test]
fn comparisons_are_right_for_all_inputs() {
    comparisons_are_right::<F3>();
    comparisons_are_right::<F5>();
    comparisons_are_right::<F7>();
    comparisons_are_right::<F11>();
    comparisons_are_right::<F13>();
    comparisons_are_right::<F17>();
    comparisons_are_right::<F31>();
    comparisons_are_right::<F61>();
    comparisons_are_right::<F127>();
}

fn zero_is_told<F: PrimeField>() {
    for a in elements::<F>() {
        let z = solved(&[a], |system, wires| {
            system.is_zero(&wires[0]).as_linear().clone()
        });
        assert_eq!(z, Some(F::from(a.is_zero())));
    }
}

#[test]
fn zero_is_told_for_all_inputs() {
    zero_is_told::<F3>();
    zero_is_told::<F17>();
    zero_is_told::<F127>();
}

fn sets_are_right<F: PrimeField>(size: usize) {
    for inputs in lists::<F>(1 + size) {
        for member in [false, true] {
            let (code, codes) = (inputs[0], &inputs[1..]);
            let with_member = [&inputs[..], &[F::from(member)]].concat();
            let bit = solved(&with_member, |system, wires| {
                let [code, codes @ .., member] = wires else {
                    unreachable!("there are two wires at least")
                };
                listed(system, code, codes, member).as_linear().clone()
            });
            let expected = !code.is_zero() && codes.contains(&code) == member;
            assert_eq!(
                bit,
                Some(F::from(expected)),
                "{code} in {codes:?} is {member}"
            );
        }
    }
}

#[test]
fn sets_are_right_for_all_inputs() {
    sets_are_right::<F61>(1);
    sets_are_right::<F11>(2);
    sets_are_right::<F5>(3);
    sets_are_right::<F3>(5);
}

/// missing where nothing is known, else base and the steps of the bins that are reached.
fn points_are_right<F: PrimeField>(bins: usize) {
    for numbers in lists::<F>(2 + bins) {
        for bits in 0..2u64 << bins {
            let bit = |i: usize| F::from(bits >> i & 1);
            let flags: Vec<F> = (0..=bins).map(bit).collect();
            let inputs = [&numbers[..], &flags].concat();
            let points = solved(&inputs, |system, wires| {
                let (numbers, flags) = wires.split_at(2 + bins);
                let mut flags = flags.iter().map(|flag| system.enforce_bit(flag.clone()));
                let known = flags.next().expect("there is one flag at least");
                let reached: Vec<_> = flags.collect();
                let bins = BinNumbersVar {
                    thresholds: Vec::new(),
                    base: numbers[0].clone(),
                    steps: numbers[2..].to_vec(),
                    missing: numbers[1].clone(),
                };
                bin_points(system, &bins, &known, &reached)
            });
            let steps = numbers[2..].iter().zip(&flags[1..]);
            let sum: F = steps.map(|(&step, &reached)| step * reached).sum();
            let expected = if flags[0].is_one() {
                numbers[0] + sum
            } else {
                numbers[1]
            };
            assert_eq!(points, Some(expected));
        }
    }
}

#[test]
fn points_are_right_for_all_inputs() {
    points_are_right::<F11>(1);
    points_are_right::<F5>(2);
    points_are_right::<F3>(4);
}

/// One element is among eight of which the first vary: exactly where it is.
fn membership_is_right<F: PrimeField>(varied: usize) {
    for inputs in lists::<F>(1 + varied) {
        let children: [F; TREE_ARITY] = std::array::from_fn(|i| inputs[1 + i % varied]);
        let wires = [&inputs[..1], &children].concat();
        let found = solved(&wires, |system, wires| {
            let children = std::array::from_fn(|i| wires[1 + i].clone());
            enforce_among(system, &wires[0], &children);
            Linear::zero()
        });
        assert_eq!(found.is_some(), children.contains(&inputs[0]));
    }
}

#[test]
fn membership_is_right_for_all_inputs() {
    membership_is_right::<F31>(2);
    membership_is_right::<F7>(4);
    membership_is_right::<F3>(8);
}

/// What is selected by a one-hot selector is the attribute, and by any other numbers their
/// combination: the circuit relies on the bank for selectors that are one-hot.
fn selections_are_right<F: PrimeField>(length: usize) {
    for inputs in lists::<F>(2 * length) {
        let selected = solved(&inputs, |system, wires| {
            let (selector, attributes) = wires.split_at(length);
            system.inner_product(selector.iter().zip(attributes))
        });
        let (selector, attributes) = inputs.split_at(length);
        let hot = selector.iter().position(|x| x.is_one());
        let others = selector.iter().filter(|x| !x.is_zero()).count();
        if let (Some(hot), 1) = (hot, others) {
            assert_eq!(selected, Some(attributes[hot]));
        }
    }
}

#[test]
fn selections_are_right_for_all_inputs() {
    selections_are_right::<F17>(2);
    selections_are_right::<F5>(3);
}

/// The enumeration is worth something: without the top bit's row a comparison has many solutions.
#[test]
fn a_gadget_that_lacks_a_row_has_more_solutions() {
    let d = F13::from(3u64);
    let (built, _) = Built::new(|system| {
        let d = system.wire(d);
        system.at_least_zero(&d, 2)
    });
    let solutions = |rows| built.without(rows).solutions(&[d], &elements()).len();
    assert_eq!(built.solutions(&[d], &elements()).len(), 1);
    assert_eq!([0, 1, 2].map(solutions), [4, 4, 4]);
}
