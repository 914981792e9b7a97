//! Records and numbers that meet in their thresholds: on one, or beside it by one.

use super::Choices;
use crate::amount::Value;
use crate::numbers::{BinNumbers, Numbers};
use crate::record::Values;
use crate::schema::{PERIODS_AVAILABLE, Quantity, Schema};
use crate::shape::VALUE_BITS;
use crate::statement::{evaluate, row_sum, weighted_sum};

/// A comparison of a policy's numbers as an inequality over a record's values.
struct Inequality {
    /// Row, field and coefficient, none of which is 0.
    coefficients: Vec<(usize, usize, i128)>,
    target: i128,
}

/// Changes a record, within its schema's bounds, so that one of a policy's comparisons turns there,
/// where that can be.
pub fn approach(
    values: &Values,
    numbers: &Numbers,
    schema: &Schema,
    choices: &mut Choices,
) -> Values {
    let mut attributes = values.attributes().to_vec();
    let mut rows = values.rows().to_vec();
    let inequalities = inequalities(numbers, values.periods_available(), schema.fields.len());
    if !inequalities.is_empty() {
        let chosen = choices.below(inequalities.len());
        meet(
            &inequalities[chosen],
            &mut rows,
            &schema.fields,
            choices.between(-1, 1),
        );
    }
    let range = &numbers.range[choices.below(numbers.range.len())];
    if let Some(quantity) = schema.attributes.get(range.attribute)
        && range.attribute != PERIODS_AVAILABLE
    {
        let edge = [range.low, range.high][choices.below(2)] + choices.between(-1, 1);
        attributes[range.attribute] = edge.clamp(quantity.min, quantity.max);
    }
    rebuilt(values, &attributes, &rows)
}

fn rebuilt(values: &Values, attributes: &[i64], rows: &[Vec<i64>]) -> Values {
    let all = |list: &[i64]| -> Vec<Value> {
        let value = |&n: &i64| Value::try_from(n).expect("within a quantity's bounds");
        list.iter().map(value).collect()
    };
    let rows: Vec<_> = rows.iter().map(|row| all(row)).collect();
    Values::new(values.layout(), &all(attributes), &rows).expect("as many as before")
}

fn inequalities(numbers: &Numbers, available: usize, fields: usize) -> Vec<Inequality> {
    let cells = || (0..available).flat_map(move |q| (0..fields).map(move |f| (q, f)));
    let of = |coefficient: &dyn Fn(usize, usize) -> i128, target: i128| Inequality {
        coefficients: cells()
            .map(|(q, f)| (q, f, coefficient(q, f)))
            .filter(|(_, _, c)| *c != 0)
            .collect(),
        target,
    };
    let product = |a: i32, b: i32| i128::from(a) * i128::from(b);
    let linear = numbers
        .linear
        .iter()
        .map(|l| of(&|q, f| product(l.time[q], l.weight[f]), l.threshold));
    let counted = numbers.counted.iter().flat_map(|c| {
        let rows = (0..available).filter(|&q| c.window[q]);
        rows.map(|row| {
            of(
                &|q, f| i128::from(q == row) * i128::from(c.weight[f]),
                c.threshold,
            )
        })
    });
    let ratios = numbers.card.iter().flat_map(|card| &card.ratios);
    let ratios = ratios.flat_map(|v| {
        v.bins.thresholds.iter().map(|&t| {
            let constants =
                i128::from(v.numerator.constant) - t * i128::from(v.denominator.constant);
            let coefficient = |q: usize, f: usize| {
                product(v.numerator.time[q], v.numerator.weight[f])
                    - t * product(v.denominator.time[q], v.denominator.weight[f])
            };
            of(&coefficient, -constants)
        })
    });
    let all = linear.chain(counted).chain(ratios);
    all.filter(|inequality| !inequality.coefficients.is_empty())
        .collect()
}

/// Moves one value after the other, those that weigh most first, until the sum is `beside` the target
/// or as close as the bounds allow.
fn meet(inequality: &Inequality, rows: &mut [Vec<i64>], fields: &[Quantity], beside: i64) {
    let mut cells = inequality.coefficients.clone();
    cells.sort_by_key(|(_, _, coefficient)| -coefficient.abs());
    let sum = cells
        .iter()
        .map(|&(q, f, c)| c * i128::from(rows[q][f]))
        .sum::<i128>();
    let mut missing = inequality.target + i128::from(beside) - sum;
    for (q, f, coefficient) in cells {
        let wanted = i128::from(rows[q][f]) + missing / coefficient;
        let (min, max) = (i128::from(fields[f].min), i128::from(fields[f].max));
        let value = i64::try_from(wanted.clamp(min, max)).expect("between two such numbers");
        missing -= coefficient * i128::from(value - rows[q][f]);
        rows[q][f] = value;
    }
}

/// Moves about half of the thresholds of random numbers to where a record turns them.
pub fn near(numbers: &mut Numbers, values: &Values, choices: &mut Choices) {
    let shape = numbers.shape;
    let beside = |pivot: i128, bits: u32, choices: &mut Choices| {
        (pivot + i128::from(choices.between(-1, 1))).clamp(-(1 << bits), 1 << bits)
    };
    for linear in &mut numbers.linear {
        if choices.once_in(2) {
            let sum = weighted_sum(&linear.time, &linear.weight, values);
            linear.threshold = beside(sum, shape.linear_sum_bits(), choices);
        }
    }
    for counted in &mut numbers.counted {
        if choices.once_in(2) {
            let row = &values.rows()[choices.below(shape.periods)];
            counted.threshold = beside(
                row_sum(&counted.weight, row),
                shape.counted_sum_bits(),
                choices,
            );
        }
    }
    for range in &mut numbers.range {
        let held = values.attributes()[range.attribute].into();
        for edge in [&mut range.low, &mut range.high] {
            if choices.once_in(2) {
                *edge = narrow(beside(held, VALUE_BITS, choices));
            }
        }
    }
    for set in &mut numbers.sets {
        let held = values.attributes()[set.attribute];
        if held > 0 && choices.once_in(2) {
            let place = choices.below(set.codes.len());
            set.codes[place] = held;
        }
    }
    if let Some(card) = &mut numbers.card {
        for variable in &mut card.attributes {
            let held = values.attributes()[variable.attribute].into();
            near_bin(&mut variable.bins, held, 1 << VALUE_BITS, choices);
            if choices.once_in(4) {
                variable.missing_value = values.attributes()[variable.attribute];
            }
        }
        for ratio in &mut card.ratios {
            let sum = |s: &crate::numbers::SumNumbers| {
                weighted_sum(&s.time, &s.weight, values) + i128::from(s.constant)
            };
            let (part, whole) = (sum(&ratio.numerator), sum(&ratio.denominator));
            let most = (1i128 << shape.linear_sum_bits())
                / i128::try_from(ratio.denominator.largest().max(1)).expect("of some 90 bits");
            let pivot = part.checked_div_euclid(whole).unwrap_or(0);
            near_bin(&mut ratio.bins, pivot, most - 1, choices);
        }
    }
    let score = evaluate(numbers, values).score.into();
    let points = |choices: &mut Choices| narrow(beside(score, shape.score_bits(), choices)) as i32;
    if choices.once_in(2) {
        numbers.cut_off = points(choices);
    }
    for band in &mut numbers.bands {
        if choices.once_in(2) {
            *band = points(choices);
        }
    }
}

fn near_bin(bins: &mut BinNumbers, pivot: i128, most: i128, choices: &mut Choices) {
    if choices.once_in(2) {
        let place = choices.below(bins.thresholds.len());
        let threshold = pivot + i128::from(choices.between(-1, 1));
        bins.thresholds[place] = threshold.clamp(-most, most);
        bins.thresholds.sort_unstable();
    }
}

fn narrow(n: i128) -> i64 {
    i64::try_from(n).expect("clamped to fewer bits")
}
