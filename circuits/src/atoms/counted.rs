//! The rule that counts periods in which enough was paid.

use ark_ff::PrimeField;
use taxproof_claims::shape::Shape;

use crate::boolean::Bit;
use crate::linear::Linear;
use crate::numbers::CountedNumbersVar;
use crate::record::ValuesVar;
use crate::system::System;
use crate::widths;

/// #{q in the window : Σ_f weight·value ≥ threshold} ≥ at_least, and periods_available ≥
/// min_periods.
pub(crate) fn counted<F: PrimeField>(
    system: &mut System<F>,
    shape: Shape,
    rule: &CountedNumbersVar<F>,
    values: &ValuesVar<F>,
) -> Bit<F> {
    let rows = rule.window.iter().zip(values.rows());
    let met: Vec<_> = rows
        .map(|(in_window, row)| {
            let sum = system.inner_product(rule.weight.iter().zip(row));
            let reached = system.at_least_zero(&(&sum - &rule.threshold), widths::counted(shape));
            system.product(in_window, reached.as_linear())
        })
        .collect();
    let enough = &Linear::sum(&met) - &rule.at_least;
    let enough = system.at_least_zero(&enough, widths::periods(shape));
    let old_enough = values.old_enough(system, &rule.min_periods);
    system.and(&enough, &old_enough)
}
