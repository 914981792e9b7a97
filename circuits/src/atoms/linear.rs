//! The rule about a weighted sum over periods and fields.

use ark_ff::PrimeField;
use taxproof_claims::shape::Shape;

use crate::boolean::Bit;
use crate::numbers::LinearNumbersVar;
use crate::record::ValuesVar;
use crate::system::System;
use crate::widths;

/// Σ_q Σ_f time·weight·value ≥ threshold, and periods_available ≥ min_periods.
pub(crate) fn linear<F: PrimeField>(
    system: &mut System<F>,
    shape: Shape,
    rule: &LinearNumbersVar<F>,
    values: &ValuesVar<F>,
) -> Bit<F> {
    let sum = values.weighted_sum(system, &rule.time, &rule.weight);
    let reached = system.at_least_zero(&(&sum - &rule.threshold), widths::linear(shape));
    let old_enough = values.old_enough(system, &rule.min_periods);
    system.and(&reached, &old_enough)
}
