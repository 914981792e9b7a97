//! The outcome that numbers give: section 3 of docs/protocol.md, the Rust evaluator and the circuit.

use std::cell::{Cell, RefCell};

use ark_bls12_381::Fr as Bls;
use ark_bn254::Fr as Bn;
use proptest::prelude::*;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::record::Values;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::{SHAPES, Shape};
use taxproof_claims::statement::{Consent, evaluate};
use taxproof_claims::testing::{Choices, choices_for, near, numbers, values};

use crate::hold;
use crate::reference::Reference;
use crate::statement::Circuits;

/// A schema whose fields and attributes take any value, so that records reach all bounds.
fn boundless() -> Schema {
    let money = |kind: &str, i: usize| {
        format!(
            "[[{kind}]]\nname = \"x{kind}{i}\"\nlabel = \"x\"\nunit = \"money\"\nmin = -281474976710655\nmax = 281474976710655\n"
        )
    };
    let fields: String = (0..8).map(|i| money("fields", i)).collect();
    let attributes: String = (1..12).map(|i| money("attributes", i)).collect();
    let text = format!(
        "id = \"boundless-1\"\ntitle = \"t\"\ncurrency = \"CNY\"\ncurrency_digits = 2\nid_scheme = \"plain\"\n{fields}\
         [[attributes]]\nname = \"periods_available\"\nlabel = \"quarters\"\nunit = \"count\"\nof = \"quarters\"\nmin = 0\nmax = 32\n{attributes}"
    );
    Schema::from_toml(&text).expect("a schema")
}

/// Numbers, a record near their thresholds, and consent.
pub(crate) fn case(shape: Shape, choices: &mut Choices) -> (Numbers, Values, Consent) {
    let values = values(&boundless(), shape.layout(), choices);
    let mut numbers = numbers(shape, choices);
    if choices.once_in(4) {
        numbers.hard.iter_mut().for_each(|hard| *hard = false);
    }
    near(&mut numbers, &values, choices);
    let all = (1u64 << (shape.atoms() + 1)) - 1;
    let random = (choices.below(1 << 31) as u64) & all;
    let consent = [0, all, random][choices.below(3)];
    let consent = Consent::from_bits(shape, consent).expect("of the shape");
    (numbers, values, consent)
}

#[test]
fn the_reference_finds_the_outcome_that_rust_finds() {
    let reference = RefCell::new(Reference::start());
    let [passed, total] = [Cell::new(0u32), Cell::new(0u32)];
    let check = |(shape, mut choices): (Shape, Choices)| {
        let (numbers, values, consent) = case(shape, &mut choices);
        prop_assert_eq!(numbers.check(), Ok(()));
        let ours = evaluate(&numbers, &values);
        let theirs = reference
            .borrow_mut()
            .outcomes(&numbers, &[(&values, consent)]);
        let outcome = ours.outcome(shape, consent).bits();
        prop_assert_eq!(outcome, theirs[0], "{:?} {:?}", numbers, values.rows());
        passed.set(passed.get() + u32::from(ours.passed));
        total.set(total.get() + 1);
        Ok(())
    };
    let shapes = prop::sample::select(SHAPES.to_vec());
    hold(2000, &(shapes, choices_for(3)), check);
    let (passed, total) = (passed.get(), total.get());
    println!("{total} numbers on a record each, {passed} pass");
    assert!(passed > total / 20 && passed < total, "{passed} of {total}");
}

#[test]
fn the_circuit_takes_the_outcome_of_the_reference_and_no_other() {
    let reference = RefCell::new(Reference::start());
    let (bn, bls) = (Circuits::<Bn>::default(), Circuits::<Bls>::default());
    let check = |(shape, mut choices): (Shape, Choices)| {
        let (numbers, values, consent) = case(shape, &mut choices);
        let truth = reference
            .borrow_mut()
            .outcomes(&numbers, &[(&values, consent)])[0];
        let lie = truth ^ 1 << choices.below(shape.atoms() + 3);
        if choices.once_in(2) {
            prop_assert_eq!(bn.violated(&numbers, &values, consent, truth), None);
            prop_assert_eq!(
                bn.violated(&numbers, &values, consent, lie),
                Some("verdict")
            );
        } else {
            prop_assert_eq!(bls.violated(&numbers, &values, consent, truth), None);
            prop_assert_eq!(
                bls.violated(&numbers, &values, consent, lie),
                Some("verdict")
            );
        }
        Ok(())
    };
    let shapes = prop::sample::select(SHAPES.to_vec());
    hold(200, &(shapes, choices_for(3)), check);
}
