//! A policy's numbers as public inputs, in the order of [`Numbers::flatten`].

use ark_ff::PrimeField;
use taxproof_claims::amount::to_field;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::shape::{
    BAND_THRESHOLDS, BIN_THRESHOLDS, CardShape, GROUPS, SET_SIZES, Shape,
};

use crate::linear::Linear;
use crate::system::System;

pub(crate) struct LinearNumbersVar<F: PrimeField> {
    pub(crate) time: Vec<Linear<F>>,
    pub(crate) weight: Vec<Linear<F>>,
    pub(crate) threshold: Linear<F>,
    pub(crate) min_periods: Linear<F>,
}

pub(crate) struct CountedNumbersVar<F: PrimeField> {
    pub(crate) window: Vec<Linear<F>>,
    pub(crate) weight: Vec<Linear<F>>,
    pub(crate) threshold: Linear<F>,
    pub(crate) at_least: Linear<F>,
    pub(crate) min_periods: Linear<F>,
}

pub(crate) struct RangeNumbersVar<F: PrimeField> {
    pub(crate) attribute: Vec<Linear<F>>,
    pub(crate) low: Linear<F>,
    pub(crate) high: Linear<F>,
}

pub(crate) struct SetNumbersVar<F: PrimeField> {
    pub(crate) attribute: Vec<Linear<F>>,
    pub(crate) codes: Vec<Linear<F>>,
    pub(crate) member: Linear<F>,
}

pub(crate) struct GroupNumbersVar<F: PrimeField> {
    pub(crate) members: Vec<Linear<F>>,
    pub(crate) at_least: Linear<F>,
}

pub(crate) struct SumNumbersVar<F: PrimeField> {
    pub(crate) time: Vec<Linear<F>>,
    pub(crate) weight: Vec<Linear<F>>,
    pub(crate) constant: Linear<F>,
}

pub(crate) struct BinNumbersVar<F: PrimeField> {
    pub(crate) thresholds: Vec<Linear<F>>,
    pub(crate) base: Linear<F>,
    pub(crate) steps: Vec<Linear<F>>,
    pub(crate) missing: Linear<F>,
}

pub(crate) struct RatioVariableNumbersVar<F: PrimeField> {
    pub(crate) numerator: SumNumbersVar<F>,
    pub(crate) denominator: SumNumbersVar<F>,
    pub(crate) min_periods: Linear<F>,
    pub(crate) bins: BinNumbersVar<F>,
}

pub(crate) struct AttributeVariableNumbersVar<F: PrimeField> {
    pub(crate) attribute: Vec<Linear<F>>,
    pub(crate) missing_value: Linear<F>,
    pub(crate) bins: BinNumbersVar<F>,
}

pub(crate) struct CardNumbersVar<F: PrimeField> {
    pub(crate) ratios: Vec<RatioVariableNumbersVar<F>>,
    pub(crate) attributes: Vec<AttributeVariableNumbersVar<F>>,
}

/// What the verdict needs.
pub(crate) struct VerdictNumbersVar<F: PrimeField> {
    pub(crate) hard: Vec<Linear<F>>,
    pub(crate) points: Vec<Linear<F>>,
    pub(crate) cut_off: Linear<F>,
    pub(crate) groups: Vec<GroupNumbersVar<F>>,
    pub(crate) bands: Vec<Linear<F>>,
}

pub(crate) struct NumbersVar<F: PrimeField> {
    pub(crate) linear: Vec<LinearNumbersVar<F>>,
    pub(crate) counted: Vec<CountedNumbersVar<F>>,
    pub(crate) range: Vec<RangeNumbersVar<F>>,
    pub(crate) sets: Vec<SetNumbersVar<F>>,
    pub(crate) verdict: VerdictNumbersVar<F>,
    pub(crate) disclose_id: Linear<F>,
    pub(crate) card: Option<CardNumbersVar<F>>,
}

impl<F: PrimeField> NumbersVar<F> {
    /// Allocates every number as a public input.
    pub(crate) fn new(system: &mut System<F>, numbers: &Numbers) -> Self {
        let inputs: Vec<_> = numbers
            .flatten()
            .into_iter()
            .map(|n| system.input(to_field(n)))
            .collect();
        let mut reader = Reader {
            shape: numbers.shape,
            inputs: inputs.into_iter(),
        };
        let numbers = reader.numbers();
        assert!(reader.inputs.next().is_none(), "every number has its place");
        numbers
    }
}

/// Hands the inputs out again, in order.
struct Reader<F: PrimeField> {
    shape: Shape,
    inputs: std::vec::IntoIter<Linear<F>>,
}

impl<F: PrimeField> Reader<F> {
    fn one(&mut self) -> Linear<F> {
        self.inputs
            .next()
            .expect("the numbers are as many as the shape's")
    }

    fn list(&mut self, length: usize) -> Vec<Linear<F>> {
        self.many(length, Self::one)
    }

    fn many<T>(&mut self, length: usize, mut read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..length).map(|_| read(self)).collect()
    }

    fn time(&mut self) -> Vec<Linear<F>> {
        self.list(self.shape.periods)
    }

    fn weight(&mut self) -> Vec<Linear<F>> {
        self.list(self.shape.fields)
    }

    fn selector(&mut self) -> Vec<Linear<F>> {
        self.list(self.shape.attributes)
    }

    fn numbers(&mut self) -> NumbersVar<F> {
        let shape = self.shape;
        NumbersVar {
            linear: self.many(shape.linear, |r| LinearNumbersVar {
                time: r.time(),
                weight: r.weight(),
                threshold: r.one(),
                min_periods: r.one(),
            }),
            counted: self.many(shape.counted, |r| CountedNumbersVar {
                window: r.time(),
                weight: r.weight(),
                threshold: r.one(),
                at_least: r.one(),
                min_periods: r.one(),
            }),
            range: self.many(shape.range, |r| RangeNumbersVar {
                attribute: r.selector(),
                low: r.one(),
                high: r.one(),
            }),
            sets: SET_SIZES
                .map(|size| SetNumbersVar {
                    attribute: self.selector(),
                    codes: self.list(size),
                    member: self.one(),
                })
                .into(),
            verdict: self.verdict(),
            disclose_id: self.one(),
            card: shape.card.map(|card| self.card(card)),
        }
    }

    fn verdict(&mut self) -> VerdictNumbersVar<F> {
        let atoms = self.shape.atoms();
        VerdictNumbersVar {
            hard: self.list(atoms),
            points: self.list(atoms),
            cut_off: self.one(),
            groups: self.many(GROUPS, |r| GroupNumbersVar {
                members: r.list(atoms),
                at_least: r.one(),
            }),
            bands: self.list(BAND_THRESHOLDS),
        }
    }

    fn card(&mut self, card: CardShape) -> CardNumbersVar<F> {
        CardNumbersVar {
            ratios: self.many(card.ratios, |r| RatioVariableNumbersVar {
                numerator: r.sum(),
                denominator: r.sum(),
                min_periods: r.one(),
                bins: r.bins(),
            }),
            attributes: self.many(card.attributes, |r| AttributeVariableNumbersVar {
                attribute: r.selector(),
                missing_value: r.one(),
                bins: r.bins(),
            }),
        }
    }

    fn sum(&mut self) -> SumNumbersVar<F> {
        SumNumbersVar {
            time: self.time(),
            weight: self.weight(),
            constant: self.one(),
        }
    }

    fn bins(&mut self) -> BinNumbersVar<F> {
        BinNumbersVar {
            thresholds: self.list(BIN_THRESHOLDS),
            base: self.one(),
            steps: self.list(BIN_THRESHOLDS),
            missing: self.one(),
        }
    }
}
