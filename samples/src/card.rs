//! Random scorecards.

use rand::Rng;
use rand::rngs::StdRng;
use taxproof_claims::numbers::{
    AttributeVariableNumbers, BinNumbers, CardNumbers, RatioVariableNumbers, SumNumbers,
};
use taxproof_claims::record::Values;
use taxproof_claims::shape::{BIN_THRESHOLDS, CardShape, Shape, VALUE_BITS};

use crate::numbers::{min_periods, near, weighted_sum, weights};
use crate::one_of;

pub(crate) fn card(
    rng: &mut StdRng,
    shape: Shape,
    card: CardShape,
    values: &Values,
) -> CardNumbers {
    CardNumbers {
        ratios: (0..card.ratios)
            .map(|_| ratio(rng, shape, values))
            .collect(),
        attributes: (0..card.attributes)
            .map(|_| attribute(rng, shape, values))
            .collect(),
    }
}

/// Every variable is known and reaches every bin, for one point each.
pub(crate) fn reach_every_bin(card: &mut CardNumbers, shape: Shape, values: &Values) {
    for variable in &mut card.ratios {
        variable.min_periods = 0;
        for sum in [&mut variable.numerator, &mut variable.denominator] {
            if weighted_sum(values, &sum.time, &sum.weight) < 0 {
                sum.weight.iter_mut().for_each(|weight| *weight = -*weight);
            }
            sum.constant = true;
        }
        let quotient = total(&variable.numerator, values) / total(&variable.denominator, values);
        let most = largest_threshold(shape, &variable.denominator);
        one_point_each(&mut variable.bins, quotient.min(most));
    }
    for variable in &mut card.attributes {
        let held = values.attributes()[variable.attribute];
        variable.missing_value = if held == 0 { 1 } else { 0 };
        one_point_each(&mut variable.bins, held.into());
    }
}

fn one_point_each(bins: &mut BinNumbers, threshold: i128) {
    bins.thresholds.fill(threshold);
    bins.base = 0;
    bins.steps.fill(1);
}

fn ratio(rng: &mut StdRng, shape: Shape, values: &Values) -> RatioVariableNumbers {
    let sum = |rng: &mut StdRng| {
        let plain = rng.gen_bool(0.3);
        let length = if plain { 0 } else { 15 };
        SumNumbers {
            time: weights(rng, shape.periods, length),
            weight: weights(rng, shape.fields, length),
            constant: rng.r#gen(),
        }
    };
    let (numerator, denominator) = (sum(rng), sum(rng));
    let (above, below) = (total(&numerator, values), total(&denominator, values));
    let pivot = if below == 0 {
        0
    } else {
        above.div_euclid(below)
    };
    let most = largest_threshold(shape, &denominator);
    let thresholds = thresholds(rng, |rng| near(rng, pivot, 80).clamp(-most, most));
    RatioVariableNumbers {
        numerator,
        denominator,
        min_periods: min_periods(rng, shape, values),
        bins: bins(rng, thresholds),
    }
}

fn total(sum: &SumNumbers, values: &Values) -> i128 {
    weighted_sum(values, &sum.time, &sum.weight) + i128::from(sum.constant)
}

/// The largest threshold that a ratio with this denominator may have.
fn largest_threshold(shape: Shape, denominator: &SumNumbers) -> i128 {
    (1i128 << shape.linear_sum_bits()) / denominator.largest().max(1) as i128
}

fn attribute(rng: &mut StdRng, shape: Shape, values: &Values) -> AttributeVariableNumbers {
    let attribute = rng.gen_range(0..shape.attributes);
    let held = values.attributes()[attribute].into();
    let thresholds = thresholds(rng, |rng| near(rng, held, VALUE_BITS));
    AttributeVariableNumbers {
        attribute,
        missing_value: near(rng, held, VALUE_BITS) as i64,
        bins: bins(rng, thresholds),
    }
}

fn thresholds(rng: &mut StdRng, mut threshold: impl FnMut(&mut StdRng) -> i128) -> Vec<i128> {
    let mut thresholds: Vec<i128> = (0..BIN_THRESHOLDS).map(|_| threshold(rng)).collect();
    thresholds.sort_unstable();
    thresholds
}

fn bins(rng: &mut StdRng, thresholds: Vec<i128>) -> BinNumbers {
    let largest = (1 << 15) - 1;
    let mut points = || one_of([0, 7, -7, largest, -largest], rng);
    let levels: Vec<i32> = (0..=BIN_THRESHOLDS).map(|_| points()).collect();
    BinNumbers {
        thresholds,
        base: levels[0],
        steps: levels.windows(2).map(|pair| pair[1] - pair[0]).collect(),
        missing: points(),
    }
}
