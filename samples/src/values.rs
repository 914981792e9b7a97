//! Random records.

use rand::Rng;
use rand::rngs::StdRng;
use taxproof_claims::amount::Value;
use taxproof_claims::record::Values;
use taxproof_claims::schema::PERIODS_AVAILABLE;
use taxproof_claims::shape::{Shape, VALUE_BITS};

use crate::one_of;

/// A random record: zeros, codes, money, or as large as allowed.
pub fn values(rng: &mut StdRng, shape: Shape) -> Values {
    let some = rng.gen_range(0..=shape.periods);
    let available = one_of([some, shape.periods], rng);
    let mut attributes: Vec<Value> = (0..shape.attributes).map(|_| value(rng)).collect();
    attributes[PERIODS_AVAILABLE] = Value::new(available as i128).expect("periods are few");
    let rows: Vec<Vec<Value>> = (0..available)
        .map(|_| (0..shape.fields).map(|_| value(rng)).collect())
        .collect();
    Values::new(shape.layout(), &attributes, &rows).expect("the values are the layout's")
}

/// A random record on which every period is, and no attribute is 0.
pub(crate) fn all_known(rng: &mut StdRng, shape: Shape) -> Values {
    let mut attributes: Vec<Value> = (0..shape.attributes)
        .map(|_| value_of(rng.gen_range(1..1 << 16)))
        .collect();
    attributes[PERIODS_AVAILABLE] = value_of(shape.periods as i64);
    let rows: Vec<Vec<Value>> = (0..shape.periods)
        .map(|_| (0..shape.fields).map(|_| value(rng)).collect())
        .collect();
    Values::new(shape.layout(), &attributes, &rows).expect("the values are the layout's")
}

fn value(rng: &mut StdRng) -> Value {
    let largest = (1i64 << VALUE_BITS) - 1;
    let value = match rng.gen_range(0..6) {
        0 => 0,
        1 | 2 => rng.gen_range(-3..=9),
        3 => rng.gen_range(-1_000_000..=1_000_000_000),
        4 => rng.gen_range(-largest..=largest),
        _ => one_of([largest, -largest], rng),
    };
    value_of(value)
}

fn value_of(n: i64) -> Value {
    Value::try_from(n).expect("no value is larger than the largest")
}
