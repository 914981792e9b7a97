//! Parts of numbers and records that transformations change.

use taxproof_claims::amount::Value;
use taxproof_claims::numbers::{Numbers, SumNumbers};
use taxproof_claims::record::Values;
use taxproof_claims::schema::PERIODS_AVAILABLE;
use taxproof_claims::shape::Layout;

use crate::metamorphic::{Case, Pair, Tie};

pub(super) fn same(before: Case, after: Case) -> Option<Pair> {
    let tie = Tie::Same;
    Some(Pair { before, after, tie })
}

/// Values of one layout, none if one is out of range.
pub(super) fn record(layout: Layout, attributes: &[i64], rows: &[Vec<i64>]) -> Option<Values> {
    let values = |list: &[i64]| -> Option<Vec<Value>> {
        list.iter().map(|&n| Value::try_from(n).ok()).collect()
    };
    let rows: Option<Vec<_>> = rows.iter().map(|row| values(row)).collect();
    Values::new(layout, &values(attributes)?, &rows?).ok()
}

pub(super) fn with_rows(values: &Values, rows: &[Vec<i64>]) -> Option<Values> {
    record(values.layout(), values.attributes(), rows)
}

/// Every sum over fields and quarters: time weights, field weights.
pub(super) fn sums(numbers: &mut Numbers) -> impl Iterator<Item = (&mut Vec<i32>, &mut Vec<i32>)> {
    let linear = numbers
        .linear
        .iter_mut()
        .map(|l| (&mut l.time, &mut l.weight));
    let ratios = numbers.card.iter_mut().flat_map(|card| &mut card.ratios);
    let sides = ratios.flat_map(|v| [&mut v.numerator, &mut v.denominator]);
    linear.chain(sides.map(|s: &mut SumNumbers| (&mut s.time, &mut s.weight)))
}

/// Every list of one weight a field.
pub(super) fn field_weights(numbers: &mut Numbers, mut change: impl FnMut(&mut Vec<i32>)) {
    sums(numbers).for_each(|(_, weight)| change(weight));
    numbers
        .counted
        .iter_mut()
        .for_each(|c| change(&mut c.weight));
}

pub(super) fn min_periods(numbers: &mut Numbers) -> impl Iterator<Item = &mut u32> {
    let linear = numbers.linear.iter_mut().map(|l| &mut l.min_periods);
    let counted = numbers.counted.iter_mut().map(|c| &mut c.min_periods);
    let ratios = numbers.card.iter_mut().flat_map(|card| &mut card.ratios);
    linear
        .chain(counted)
        .chain(ratios.map(|v| &mut v.min_periods))
}

/// Every attribute that is looked at.
pub(super) fn selectors(numbers: &mut Numbers) -> impl Iterator<Item = &mut usize> {
    let ranges = numbers.range.iter_mut().map(|r| &mut r.attribute);
    let sets = numbers.sets.iter_mut().map(|s| &mut s.attribute);
    let variables = numbers
        .card
        .iter_mut()
        .flat_map(|card| &mut card.attributes);
    ranges
        .chain(sets)
        .chain(variables.map(|v| &mut v.attribute))
}

/// Lets no rule look at how many quarters there are but by its minimum.
pub(super) fn look_away(numbers: &mut Numbers) {
    selectors(numbers)
        .filter(|attribute| **attribute == PERIODS_AVAILABLE)
        .for_each(|attribute| *attribute = 1);
}
