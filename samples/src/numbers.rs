//! Random numbers of a policy.

use rand::Rng;
use rand::rngs::StdRng;
use taxproof_claims::numbers::{
    CountedNumbers, GroupNumbers, LinearNumbers, Numbers, RangeNumbers, SetNumbers,
};
use taxproof_claims::record::Values;
use taxproof_claims::shape::{BAND_THRESHOLDS, GROUPS, SET_SIZES, Shape, VALUE_BITS};
use taxproof_claims::statement::evaluate;

use crate::card::card;
use crate::one_of;

/// Random numbers within their bounds, most of them about as large as what they are compared with.
pub fn numbers(rng: &mut StdRng, shape: Shape, values: &Values) -> Numbers {
    let mut numbers = Numbers::neutral(shape);
    numbers
        .linear
        .iter_mut()
        .for_each(|rule| *rule = linear(rng, shape, values));
    numbers
        .counted
        .iter_mut()
        .for_each(|rule| *rule = counted(rng, shape, values));
    numbers
        .range
        .iter_mut()
        .for_each(|rule| *rule = range(rng, shape, values));
    numbers.sets = SET_SIZES.map(|size| set(rng, shape, values, size)).into();
    numbers.card = shape
        .card
        .map(|card_shape| card(rng, shape, card_shape, values));
    verdict(rng, shape, values, &mut numbers);
    numbers.disclose_id = rng.r#gen();
    assert_eq!(numbers.check(), Ok(()));
    numbers
}

/// Every rule that compares, both groups, the cut-off and the bands miss by one: all bits of the
/// differences are 1, and nothing is reached.
pub(crate) fn miss_by_one(numbers: &mut Numbers, values: &Values) {
    let too_many = values.periods_available() as u32 + 1;
    for rule in &mut numbers.linear {
        rule.threshold = weighted_sum(values, &rule.time, &rule.weight) + 1;
        rule.min_periods = too_many;
    }
    for rule in &mut numbers.counted {
        rule.at_least = rows_met(rule, values) as u32 + 1;
        rule.min_periods = too_many;
    }
    for rule in &mut numbers.range {
        let held = values.attributes()[rule.attribute];
        (rule.low, rule.high) = (held + 1, held - 1);
    }
    for ratio in numbers.card.iter_mut().flat_map(|card| &mut card.ratios) {
        ratio.min_periods = too_many;
    }
    let evaluation = evaluate(numbers, values);
    let score = evaluation.score as i32 + 1;
    numbers.cut_off = score;
    numbers.bands.fill(score);
    for group in &mut numbers.groups {
        let members = group.members.iter().zip(&evaluation.atoms);
        group.at_least = members.filter(|(a, m)| **a && **m).count() as u32 + 1;
    }
}

/// Rows in the window that reach the threshold.
fn rows_met(rule: &CountedNumbers, values: &Values) -> usize {
    let rows = rule.window.iter().zip(values.rows());
    let met = rows.filter(|(counts, row)| **counts && row_sum(row, &rule.weight) >= rule.threshold);
    met.count()
}

pub(crate) fn weights(rng: &mut StdRng, length: usize, bits: u32) -> Vec<i32> {
    let largest = (1 << bits) - 1;
    let style = rng.gen_range(0..5);
    (0..length)
        .map(|_| match style {
            0 => rng.gen_range(0..=1),
            1 => rng.gen_range(-1..=1),
            2 => rng.gen_range(-largest..=largest),
            3 => largest,
            _ => one_of([0, 1, -largest, largest], rng),
        })
        .collect()
}

pub(crate) fn weighted_sum(values: &Values, time: &[i32], weight: &[i32]) -> i128 {
    let rows = time.iter().zip(values.rows());
    rows.map(|(&time, row)| i128::from(time) * row_sum(row, weight))
        .sum()
}

fn row_sum(row: &[i64], weight: &[i32]) -> i128 {
    row.iter()
        .zip(weight)
        .map(|(&value, &w)| i128::from(value) * i128::from(w))
        .sum()
}

/// Something about as large as `pivot`, within ±2^bits.
pub(crate) fn near(rng: &mut StdRng, pivot: i128, bits: u32) -> i128 {
    let bound = 1i128 << bits;
    let candidate = match rng.gen_range(0..8) {
        0..=2 => pivot,
        3 => pivot + 1,
        4 => pivot - 1,
        5 => 0,
        6 => one_of([bound, -bound], rng),
        _ => rng.gen_range(-bound..=bound),
    };
    candidate.clamp(-bound, bound)
}

pub(crate) fn min_periods(rng: &mut StdRng, shape: Shape, values: &Values) -> u32 {
    let available = values.periods_available() as i128;
    let near = near(rng, available, 6).clamp(0, shape.periods as i128);
    one_of([0, near as u32], rng)
}

fn linear(rng: &mut StdRng, shape: Shape, values: &Values) -> LinearNumbers {
    let (time, weight) = (
        weights(rng, shape.periods, 15),
        weights(rng, shape.fields, 15),
    );
    let sum = weighted_sum(values, &time, &weight);
    let threshold = near(rng, sum, shape.linear_sum_bits());
    LinearNumbers {
        time,
        weight,
        threshold,
        min_periods: min_periods(rng, shape, values),
    }
}

fn counted(rng: &mut StdRng, shape: Shape, values: &Values) -> CountedNumbers {
    let all = rng.r#gen();
    let window: Vec<bool> = (0..shape.periods).map(|_| all || rng.r#gen()).collect();
    let weight = weights(rng, shape.fields, 7);
    let pivot = row_sum(&values.rows()[rng.gen_range(0..shape.periods)], &weight);
    let threshold = near(rng, pivot, shape.counted_sum_bits());
    let mut rule = CountedNumbers {
        window,
        weight,
        threshold,
        at_least: 0,
        min_periods: 0,
    };
    let met = rows_met(&rule, values) as i128;
    rule.at_least = near(rng, met, 6).clamp(0, shape.periods as i128 + 1) as u32;
    rule.min_periods = min_periods(rng, shape, values);
    rule
}

fn range(rng: &mut StdRng, shape: Shape, values: &Values) -> RangeNumbers {
    let attribute = rng.gen_range(0..shape.attributes);
    let pivot = values.attributes()[attribute].into();
    let mut bound = || near(rng, pivot, VALUE_BITS) as i64;
    RangeNumbers {
        attribute,
        low: bound(),
        high: bound(),
    }
}

fn set(rng: &mut StdRng, shape: Shape, values: &Values, size: usize) -> SetNumbers {
    let attribute = rng.gen_range(0..shape.attributes);
    let largest = (1i64 << VALUE_BITS) - 1;
    let code = |rng: &mut StdRng| {
        let codes = [rng.gen_range(1..=9), rng.gen_range(1..=largest), largest];
        one_of(codes, rng)
    };
    let mut codes: Vec<i64> = (0..size).map(|_| code(rng)).collect();
    let held = values.attributes()[attribute];
    if held > 0 && rng.r#gen() {
        codes[rng.gen_range(0..size)] = held;
    }
    SetNumbers {
        attribute,
        codes,
        member: rng.r#gen(),
    }
}

fn verdict(rng: &mut StdRng, shape: Shape, values: &Values, numbers: &mut Numbers) {
    let atoms = shape.atoms();
    numbers.points = weights(rng, atoms, 15);
    let evaluation = evaluate(numbers, values);
    let lenient = rng.r#gen::<bool>();
    numbers.hard = evaluation
        .atoms
        .iter()
        .map(|&holds| rng.gen_bool(0.2) && (holds || !lenient))
        .collect();
    let score = i128::from(evaluation.score);
    numbers.cut_off = near(rng, score, shape.score_bits()) as i32;
    numbers.bands = (0..BAND_THRESHOLDS)
        .map(|_| near(rng, score, shape.score_bits()) as i32)
        .collect();
    numbers.groups = (0..GROUPS)
        .map(|_| {
            let members: Vec<bool> = (0..atoms).map(|_| rng.r#gen()).collect();
            let met = evaluation
                .atoms
                .iter()
                .zip(&members)
                .filter(|(a, m)| **a && **m)
                .count();
            let at_least = near(rng, met as i128, 5).clamp(0, atoms as i128) as u32;
            GroupNumbers {
                members,
                at_least: if lenient {
                    at_least.min(met as u32)
                } else {
                    at_least
                },
            }
        })
        .collect();
}
