//! Other amounts and other quarters that come to the same.

use taxproof_claims::numbers::Numbers;
use taxproof_claims::schema::PERIODS_AVAILABLE;
use taxproof_claims::shape::VALUE_BITS;
use taxproof_claims::testing::Choices;

use super::parts::{field_weights, look_away, min_periods, record, same, sums, with_rows};
use crate::metamorphic::{Case, Pair};

/// A quarter passes, and every window is about the same quarters as before.
pub(super) fn windows_shifted(mut before: Case, choices: &mut Choices) -> Option<Pair> {
    let (shape, available) = (before.shape(), before.values.periods_available());
    if available == shape.periods {
        return None;
    }
    look_away(&mut before.numbers);
    for counted in &mut before.numbers.counted {
        *counted.window.last_mut()? = false;
    }
    min_periods(&mut before.numbers).for_each(|n| *n = (*n).min(shape.periods as u32 - 1));
    let mut after = before.clone();
    sums(&mut after.numbers).for_each(|(time, _)| {
        time.rotate_right(1);
        time[0] = 0;
    });
    after
        .numbers
        .counted
        .iter_mut()
        .for_each(|c| c.window.rotate_right(1));
    min_periods(&mut after.numbers).for_each(|n| *n += 1);
    let mut rows = before.values.rows().to_vec();
    rows.rotate_right(1);
    rows[0] = (0..shape.fields)
        .map(|_| choices.signed(VALUE_BITS))
        .collect();
    let mut attributes = before.values.attributes().to_vec();
    attributes[PERIODS_AVAILABLE] += 1;
    after.values = record(shape.layout(), &attributes, &rows)?;
    same(before, after)
}

/// An oldest quarter in which nothing was paid becomes known.
pub(super) fn zero_quarter(mut before: Case, _: &mut Choices) -> Option<Pair> {
    let (shape, available) = (before.shape(), before.values.periods_available());
    if available == shape.periods {
        return None;
    }
    look_away(&mut before.numbers);
    min_periods(&mut before.numbers).for_each(|n| *n = (*n).min(available as u32));
    let mut after = before.clone();
    let mut attributes = before.values.attributes().to_vec();
    attributes[PERIODS_AVAILABLE] += 1;
    after.values = record(shape.layout(), &attributes, before.values.rows())?;
    same(before, after)
}

pub(super) fn amount_split(mut before: Case, choices: &mut Choices) -> Option<Pair> {
    let fields = before.shape().fields;
    let from = choices.below(fields);
    let to = (from + 1 + choices.below(fields - 1)) % fields;
    field_weights(&mut before.numbers, |weight| weight[to] = weight[from]);
    let mut rows = before.values.rows().to_vec();
    for row in rows.iter_mut().take(before.values.periods_available()) {
        let part = choices.between(-(1 << 20), 1 << 20);
        row[from] -= part;
        row[to] += part;
    }
    let mut after = before.clone();
    after.values = with_rows(&before.values, &rows)?;
    same(before, after)
}

/// Amounts in another unit, thresholds with them.
pub(super) fn amounts_scaled(mut before: Case, choices: &mut Choices) -> Option<Pair> {
    let k = choices.between(2, 9);
    let shrunk: Vec<Vec<i64>> = before
        .values
        .rows()
        .iter()
        .map(|row| row.iter().map(|v| v / k).collect())
        .collect();
    before.values = with_rows(&before.values, &shrunk)?;
    thresholds(&mut before.numbers, |t| *t /= i128::from(k));
    for ratio in before
        .numbers
        .card
        .iter_mut()
        .flat_map(|card| &mut card.ratios)
    {
        ratio.numerator.constant = false;
        let is_plain = ratio.denominator.weight.iter().all(|&w| w == 0);
        ratio.denominator.constant = is_plain;
        ratio
            .bins
            .thresholds
            .iter_mut()
            .for_each(|t| *t /= i128::from(k));
    }
    let mut after = before.clone();
    let rows: Vec<Vec<i64>> = shrunk
        .iter()
        .map(|row| row.iter().map(|v| v * k).collect())
        .collect();
    after.values = with_rows(&before.values, &rows)?;
    thresholds(&mut after.numbers, |t| *t *= i128::from(k));
    let ratios = after
        .numbers
        .card
        .iter_mut()
        .flat_map(|card| &mut card.ratios);
    for ratio in ratios.filter(|ratio| ratio.denominator.constant) {
        ratio
            .bins
            .thresholds
            .iter_mut()
            .for_each(|t| *t *= i128::from(k));
    }
    same(before, after)
}

fn thresholds(numbers: &mut Numbers, change: impl Fn(&mut i128)) {
    numbers
        .linear
        .iter_mut()
        .for_each(|l| change(&mut l.threshold));
    numbers
        .counted
        .iter_mut()
        .for_each(|c| change(&mut c.threshold));
}

pub(super) fn weights_scaled(mut before: Case, choices: &mut Choices) -> Option<Pair> {
    let k = choices.between(2, 5) as i32;
    thresholds(&mut before.numbers, |t| *t /= i128::from(k));
    let weights = |numbers: &mut Numbers, change: &dyn Fn(&mut i32)| {
        let linear = numbers.linear.iter_mut().flat_map(|l| &mut l.weight);
        let counted = numbers.counted.iter_mut().flat_map(|c| &mut c.weight);
        linear.chain(counted).for_each(change);
    };
    weights(&mut before.numbers, &|w| *w /= k);
    let mut after = before.clone();
    weights(&mut after.numbers, &|w| *w *= k);
    thresholds(&mut after.numbers, |t| *t *= i128::from(k));
    same(before, after)
}
