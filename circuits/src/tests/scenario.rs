//! Random policies, records and holders, with thresholds close to where rules turn.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use taxproof_claims::amount::Value;
use taxproof_claims::digest::Digest;
use taxproof_claims::hash::node;
use taxproof_claims::holder::{HolderSecrets, Secret};
use taxproof_claims::numbers::{
    AttributeVariableNumbers, BinNumbers, CardNumbers, CountedNumbers, GroupNumbers, LinearNumbers,
    Numbers, RangeNumbers, RatioVariableNumbers, SetNumbers, SumNumbers,
};
use taxproof_claims::period::Period;
use taxproof_claims::record::{Record, Values};
use taxproof_claims::schema::PERIODS_AVAILABLE;
use taxproof_claims::shape::{
    BAND_THRESHOLDS, BIN_THRESHOLDS, CardShape, GROUPS, SET_SIZES, Shape, TREE_ARITY, TREE_DEPTH,
    VALUE_BITS,
};
use taxproof_claims::statement::{
    Consent, FixedInputs, Outcome, Path, PublicInputs, Witness, evaluate,
};
use taxproof_claims::subject::IdScheme;
use taxproof_engine::poseidon2::Poseidon2Field;

/// A true statement and what it was made of.
#[derive(Clone)]
pub(super) struct Scenario<F> {
    pub(super) public: PublicInputs<F>,
    pub(super) witness: Witness<F>,
    pub(super) record: Record,
    pub(super) secrets: HolderSecrets,
    pub(super) consent: Consent,
}

impl<F: Poseidon2Field> Scenario<F> {
    pub(super) fn random(rng: &mut StdRng, shape: Shape) -> Self {
        let values = values(rng, shape);
        let numbers = numbers(rng, shape, &values);
        Self::new(rng, numbers, values)
    }

    pub(super) fn new(rng: &mut StdRng, numbers: Numbers, values: Values) -> Self {
        let record = Record {
            schema: Digest(rng.r#gen()),
            newest_period: Period::new(2026, 3).unwrap(),
            id: IdScheme::Plain
                .parse(&format!("FIRM-{}", rng.r#gen::<u32>()))
                .unwrap(),
            values,
        };
        let secret = |rng: &mut StdRng| Secret::from_bytes(std::array::from_fn(|_| rng.r#gen()));
        let secrets = HolderSecrets {
            sk: secret(rng),
            nk: secret(rng),
        };
        let salt = F::rand(rng);
        let (path, root) = path(rng, record.leaf(&secrets.commitment(), salt));
        let consent = consent(rng, numbers.shape);
        let (bank, scope) = (F::rand(rng), F::rand(rng));
        let id: F = record.id.to_field();
        let fixed = FixedInputs {
            schema: record.schema.to_field(),
            newest_period: F::from(record.newest_period.index()),
            root,
            context: F::rand(rng),
            bank,
            scope,
            pseudonym: secrets.pseudonym(id, bank),
            scope_tag: secrets.scope_tag(id, scope),
            disclosed_id: if numbers.disclose_id { id } else { F::zero() },
            outcome: F::zero(),
            consent: F::from(consent.bits()),
        };
        let witness = Witness {
            values: record.values.clone(),
            id,
            sk: secrets.sk.to_field(),
            nk: secrets.nk.to_field(),
            salt,
            path,
        };
        let public = PublicInputs { fixed, numbers };
        let mut scenario = Self {
            public,
            witness,
            record,
            secrets,
            consent,
        };
        scenario.tell_the_truth();
        scenario
    }

    /// What clear text says the outcome is.
    pub(super) fn outcome(&self) -> Outcome {
        let numbers = &self.public.numbers;
        evaluate(numbers, &self.witness.values).outcome(numbers.shape, self.consent)
    }

    /// Sets the public outcome to the true one.
    pub(super) fn tell_the_truth(&mut self) {
        self.public.fixed.outcome = F::from(self.outcome().bits());
    }

    /// The same with other numbers, and the outcome that they give.
    pub(super) fn with_numbers(&self, numbers: Numbers) -> Self {
        let mut changed = self.clone();
        changed.public.numbers = numbers;
        changed.tell_the_truth();
        changed
    }
}

/// A path of random siblings, the leaf's branch at a random place on each level.
fn path<F: Poseidon2Field>(rng: &mut StdRng, leaf: F) -> (Path<F>, F) {
    let mut current = leaf;
    let path = [(); TREE_DEPTH].map(|()| {
        let mut children = [(); TREE_ARITY].map(|()| F::rand(rng));
        children[rng.gen_range(0..TREE_ARITY)] = current;
        current = node(&children);
        children
    });
    (path, current)
}

fn consent(rng: &mut StdRng, shape: Shape) -> Consent {
    let all = (1u64 << (shape.atoms() + 1)) - 1;
    let bits = *[0, all, rng.r#gen::<u64>() & all].choose(rng).unwrap();
    Consent::from_bits(shape, bits).unwrap()
}

/// A record: zeros, codes, money, or as large as allowed.
pub(super) fn values(rng: &mut StdRng, shape: Shape) -> Values {
    let some = rng.gen_range(0..=shape.periods);
    let available = *[some, shape.periods].choose(rng).unwrap();
    let mut attributes: Vec<Value> = (0..shape.attributes).map(|_| value(rng)).collect();
    attributes[PERIODS_AVAILABLE] = Value::new(available as i128).unwrap();
    let rows: Vec<Vec<Value>> = (0..available)
        .map(|_| (0..shape.fields).map(|_| value(rng)).collect())
        .collect();
    Values::new(shape.layout(), &attributes, &rows).unwrap()
}

fn value(rng: &mut StdRng) -> Value {
    let largest = (1i64 << VALUE_BITS) - 1;
    let value = match rng.gen_range(0..6) {
        0 => 0,
        1 | 2 => rng.gen_range(-3..=9),
        3 => rng.gen_range(-1_000_000..=1_000_000_000),
        4 => rng.gen_range(-largest..=largest),
        _ => *[largest, -largest].choose(rng).unwrap(),
    };
    Value::new(value.into()).unwrap()
}

/// Numbers within their bounds, most of them about as large as what they are compared with.
pub(super) fn numbers(rng: &mut StdRng, shape: Shape, values: &Values) -> Numbers {
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

fn weights(rng: &mut StdRng, length: usize, bits: u32) -> Vec<i32> {
    let largest = (1 << bits) - 1;
    let style = rng.gen_range(0..5);
    (0..length)
        .map(|_| match style {
            0 => rng.gen_range(0..=1),
            1 => rng.gen_range(-1..=1),
            2 => rng.gen_range(-largest..=largest),
            3 => largest,
            _ => *[0, 1, -largest, largest].choose(rng).unwrap(),
        })
        .collect()
}

fn weighted_sum(values: &Values, time: &[i32], weight: &[i32]) -> i128 {
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
fn near(rng: &mut StdRng, pivot: i128, bits: u32) -> i128 {
    let bound = 1i128 << bits;
    let candidate = match rng.gen_range(0..8) {
        0..=2 => pivot,
        3 => pivot + 1,
        4 => pivot - 1,
        5 => 0,
        6 => *[bound, -bound].choose(rng).unwrap(),
        _ => rng.gen_range(-bound..=bound),
    };
    candidate.clamp(-bound, bound)
}

fn min_periods(rng: &mut StdRng, shape: Shape, values: &Values) -> u32 {
    let available = values.periods_available() as i128;
    let near = near(rng, available, 6).clamp(0, shape.periods as i128);
    *[0, near as u32].choose(rng).unwrap()
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
    let pivot = row_sum(values.rows().choose(rng).unwrap(), &weight);
    let threshold = near(rng, pivot, shape.counted_sum_bits());
    let rows = window.iter().zip(values.rows());
    let met = rows
        .filter(|(counts, row)| **counts && row_sum(row, &weight) >= threshold)
        .count();
    let at_least = near(rng, met as i128, 6).clamp(0, shape.periods as i128 + 1) as u32;
    CountedNumbers {
        window,
        weight,
        threshold,
        at_least,
        min_periods: min_periods(rng, shape, values),
    }
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
        *[rng.gen_range(1..=9), rng.gen_range(1..=largest), largest]
            .choose(rng)
            .unwrap()
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

fn card(rng: &mut StdRng, shape: Shape, card: CardShape, values: &Values) -> CardNumbers {
    CardNumbers {
        ratios: (0..card.ratios)
            .map(|_| ratio(rng, shape, values))
            .collect(),
        attributes: (0..card.attributes)
            .map(|_| attribute(rng, shape, values))
            .collect(),
    }
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
    let total = |s: &SumNumbers| weighted_sum(values, &s.time, &s.weight) + i128::from(s.constant);
    let (above, below) = (total(&numerator), total(&denominator));
    let pivot = if below == 0 {
        0
    } else {
        above.div_euclid(below)
    };
    let most = (1i128 << shape.linear_sum_bits()) / denominator.largest().max(1) as i128;
    let thresholds = thresholds(rng, |rng| near(rng, pivot, 80).clamp(-most, most));
    RatioVariableNumbers {
        numerator,
        denominator,
        min_periods: min_periods(rng, shape, values),
        bins: bins(rng, thresholds),
    }
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
    let mut points = || *[0, 7, -7, largest, -largest].choose(rng).unwrap();
    let levels: Vec<i32> = (0..=BIN_THRESHOLDS).map(|_| points()).collect();
    BinNumbers {
        thresholds,
        base: levels[0],
        steps: levels.windows(2).map(|pair| pair[1] - pair[0]).collect(),
        missing: points(),
    }
}
