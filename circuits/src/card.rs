//! The scorecard: variables, each in bins that have points.

use ark_ff::PrimeField;
use taxproof_claims::shape::Shape;

use crate::boolean::Bit;
use crate::linear::Linear;
use crate::numbers::{
    AttributeVariableNumbersVar, BinNumbersVar, CardNumbersVar, RatioVariableNumbersVar,
    SumNumbersVar,
};
use crate::record::ValuesVar;
use crate::system::System;
use crate::widths;

/// The points of every variable, together.
pub(crate) fn card_points<F: PrimeField>(
    system: &mut System<F>,
    shape: Shape,
    card: &CardNumbersVar<F>,
    values: &ValuesVar<F>,
) -> Linear<F> {
    let mut points = Vec::new();
    for variable in &card.ratios {
        points.push(ratio_points(system, shape, variable, values));
    }
    for variable in &card.attributes {
        points.push(attribute_points(system, variable, values));
    }
    Linear::sum(&points)
}

/// Points of numerator ÷ denominator, cross-multiplied: bin k is reached where
/// numerator − threshold_k·denominator ≥ 0, which says so only where the denominator is at least 1.
fn ratio_points<F: PrimeField>(
    system: &mut System<F>,
    shape: Shape,
    variable: &RatioVariableNumbersVar<F>,
    values: &ValuesVar<F>,
) -> Linear<F> {
    let numerator = sum(system, &variable.numerator, values);
    let denominator = sum(system, &variable.denominator, values);
    let positive = system.at_least_zero(&(&denominator - F::one()), widths::denominator(shape));
    let old_enough = values.old_enough(system, &variable.min_periods);
    let known = system.and(&positive, &old_enough);
    let reached: Vec<_> = (variable.bins.thresholds.iter())
        .map(|threshold| {
            let bound = system.product(threshold, &denominator);
            system.at_least_zero(&(&numerator - &bound), widths::linear(shape))
        })
        .collect();
    bin_points(system, &variable.bins, &known, &reached)
}

fn attribute_points<F: PrimeField>(
    system: &mut System<F>,
    variable: &AttributeVariableNumbersVar<F>,
    values: &ValuesVar<F>,
) -> Linear<F> {
    let attribute = values.attribute(system, &variable.attribute);
    let known = system
        .is_zero(&(&attribute - &variable.missing_value))
        .not();
    let reached: Vec<_> = (variable.bins.thresholds.iter())
        .map(|threshold| system.at_least_zero(&(&attribute - threshold), widths::ATTRIBUTE))
        .collect();
    bin_points(system, &variable.bins, &known, &reached)
}

/// constant + Σ_q Σ_f time·weight·value.
fn sum<F: PrimeField>(
    system: &mut System<F>,
    numbers: &SumNumbersVar<F>,
    values: &ValuesVar<F>,
) -> Linear<F> {
    &values.weighted_sum(system, &numbers.time, &numbers.weight) + &numbers.constant
}

/// missing + known·(base + Σ step·reached − missing).
pub(crate) fn bin_points<F: PrimeField>(
    system: &mut System<F>,
    bins: &BinNumbersVar<F>,
    known: &Bit<F>,
    reached: &[Bit<F>],
) -> Linear<F> {
    let steps = system.inner_product(bins.steps.iter().zip(reached.iter().map(Bit::as_linear)));
    let above_missing = &(&bins.base + &steps) - &bins.missing;
    &bins.missing + &system.product(known.as_linear(), &above_missing)
}
