//! The rule that an attribute lies between two bounds.

use ark_ff::PrimeField;

use crate::boolean::Bit;
use crate::numbers::RangeNumbersVar;
use crate::record::ValuesVar;
use crate::system::System;
use crate::widths;

/// low ≤ attribute ≤ high.
pub(crate) fn range<F: PrimeField>(
    system: &mut System<F>,
    rule: &RangeNumbersVar<F>,
    values: &ValuesVar<F>,
) -> Bit<F> {
    let attribute = values.attribute(system, &rule.attribute);
    let above = system.at_least_zero(&(&attribute - &rule.low), widths::ATTRIBUTE);
    let below = system.at_least_zero(&(&rule.high - &attribute), widths::ATTRIBUTE);
    system.and(&above, &below)
}
