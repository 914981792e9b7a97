//! The largest numbers that a policy may have, and the largest values that a record may hold.
//!
//! A width that is a bit too small makes a true statement unprovable, or lets it wrap. That shows
//! only where every term is as large as it can be and all have one sign, as no random case has.

use taxproof_claims::amount::Value;
use taxproof_claims::numbers::{BinNumbers, Numbers, SumNumbers};
use taxproof_claims::record::Values;
use taxproof_claims::schema::PERIODS_AVAILABLE;
use taxproof_claims::shape::{
    BIN_THRESHOLDS, COUNTED_WEIGHT_BITS, LINEAR_WEIGHT_BITS, POINTS_BITS, Shape, VALUE_BITS,
};

const fn largest(bits: u32) -> i32 {
    (1 << bits) - 1
}

/// Every value as large as it may be, all of one sign; every quarter is on record.
pub(crate) fn largest_values(shape: Shape, sign: i64) -> Values {
    let value = |n: i64| Value::try_from(n).expect("no value is larger than the largest");
    let most = value(sign * ((1 << VALUE_BITS) - 1));
    let mut attributes = vec![most; shape.attributes];
    attributes[PERIODS_AVAILABLE] = value(shape.periods as i64);
    let rows = vec![vec![most; shape.fields]; shape.periods];
    Values::new(shape.layout(), &attributes, &rows).expect("the values are the layout's")
}

/// Which end each kind of number is at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// 1 or −1: the sign of every weight of a field.
    pub(crate) weight: i32,
    /// 1 or −1: the sign of every threshold.
    pub(crate) bound: i32,
    /// 1 or −1: the sign of every point.
    pub(crate) points: i32,
    /// Whether ratios are divided by the largest sum, or by 1.
    pub(crate) wide_denominator: bool,
}

/// Numbers of which every one is at an end of what may be.
pub(crate) fn largest_numbers(shape: Shape, ends: Ends) -> Numbers {
    let mut numbers = Numbers::neutral(shape);
    let wide = largest(LINEAR_WEIGHT_BITS);
    let bound = |bits: u32| i128::from(ends.bound) << bits;
    for rule in &mut numbers.linear {
        rule.time.fill(wide);
        rule.weight.fill(ends.weight * wide);
        rule.threshold = bound(shape.linear_sum_bits());
        rule.min_periods = shape.periods as u32;
    }
    for rule in &mut numbers.counted {
        rule.window.fill(true);
        rule.weight.fill(ends.weight * largest(COUNTED_WEIGHT_BITS));
        rule.threshold = bound(shape.counted_sum_bits());
        rule.at_least = shape.periods as u32 + 1;
    }
    for rule in &mut numbers.range {
        rule.attribute = 1;
        rule.low = bound(VALUE_BITS) as i64;
        rule.high = -rule.low;
    }
    for rule in &mut numbers.sets {
        rule.attribute = 1;
        rule.codes.fill((1 << VALUE_BITS) - 1);
    }
    let points = ends.points * largest(POINTS_BITS);
    numbers.points.fill(points);
    numbers.cut_off = bound(shape.score_bits()) as i32;
    numbers.bands.fill(-numbers.cut_off);
    for group in &mut numbers.groups {
        group.members.fill(true);
        group.at_least = shape.atoms() as u32;
    }
    let bins = |threshold: i128| BinNumbers {
        thresholds: vec![threshold; BIN_THRESHOLDS],
        base: points,
        steps: vec![0; BIN_THRESHOLDS],
        missing: points,
    };
    if let Some(card) = &mut numbers.card {
        for variable in &mut card.ratios {
            let sum = SumNumbers {
                time: vec![wide; shape.periods],
                weight: vec![ends.weight * wide; shape.fields],
                constant: true,
            };
            variable.denominator = sum.clone();
            if !ends.wide_denominator {
                variable.denominator.weight.fill(0);
            }
            variable.numerator = sum;
            let most = (1u128 << shape.linear_sum_bits()) / variable.denominator.largest();
            variable.bins = bins(i128::from(ends.bound) * most as i128);
        }
        for variable in &mut card.attributes {
            variable.attribute = 1;
            variable.bins = bins(bound(VALUE_BITS));
        }
    }
    assert_eq!(numbers.check(), Ok(()));
    numbers
}
