//! Scorecard variables as the numbers of a shape's scorecard.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::compile::{CompileError, days_before};
use super::error::Problem;
use super::exact::{Rational, lcm, least_integer, narrow, primitive, whole};
use super::expression::{Ago, Window};
use super::rule::{Bins, Figure, Measured, Sum, Variable, YoungFirms};
use crate::date::Date;
use crate::numbers::{AttributeVariableNumbers, BinNumbers, RatioVariableNumbers, SumNumbers};
use crate::schema::{PERIODS_AVAILABLE, Schema};
use crate::shape::{BIN_THRESHOLDS, LINEAR_WEIGHT_BITS, Shape, VALUE_BITS};

/// A variable, ready but for the epoch's date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CardVariable {
    Ratio(RatioVariableNumbers),
    Attribute(AttributeVariableNumbers),
    /// An attribute that is a day, by its age.
    Age {
        attribute: usize,
        missing_value: i64,
        bins: Bins<Ago>,
        missing: i32,
    },
}

impl CardVariable {
    pub(super) fn new(variable: &Variable, schema: &Schema, shape: Shape) -> Result<Self, Problem> {
        let missing = variable.missing;
        // Where a quantity is always known, a value that no record can hold.
        let missing_value = |attribute: usize| {
            schema.attributes[attribute]
                .missing
                .unwrap_or(-(1 << VALUE_BITS))
        };
        match &variable.measured {
            Measured::Figure { figure, bins } => {
                let young = variable.young_firms;
                ratio(figure, bins, missing, young, schema, shape).map(Self::Ratio)
            }
            Measured::Attribute { attribute, bins } => {
                if *attribute == PERIODS_AVAILABLE {
                    ensure_history(bins, shape)?;
                }
                let ends = bins.below.iter().map(|(end, _)| threshold(end));
                let ends = ends.collect::<Result<Vec<_>, _>>()?;
                if ends.iter().any(|end| end.unsigned_abs() > 1 << VALUE_BITS) {
                    return Err(Problem::ThresholdTooLarge);
                }
                Ok(Self::Attribute(AttributeVariableNumbers {
                    attribute: *attribute,
                    missing_value: missing_value(*attribute),
                    bins: bins_by_ends(&ends, bins, missing),
                }))
            }
            Measured::Age { attribute, bins } => Ok(Self::Age {
                attribute: *attribute,
                missing_value: missing_value(*attribute),
                bins: bins.clone(),
                missing,
            }),
            Measured::Codes {
                attribute,
                bins,
                other,
            } => {
                let bins = code_steps(bins, *other, missing).ok_or(Problem::TooBig {
                    what: "steps between the codes of a variable",
                    shape,
                })?;
                let missing_value = missing_value(*attribute);
                Ok(Self::Attribute(AttributeVariableNumbers {
                    attribute: *attribute,
                    missing_value,
                    bins,
                }))
            }
        }
    }

    /// The numbers of a variable that is an attribute, at the epoch's date.
    pub(super) fn attribute_at(
        &self,
        as_of: Date,
    ) -> Result<Option<AttributeVariableNumbers>, CompileError> {
        match self {
            Self::Ratio(_) => Ok(None),
            Self::Attribute(numbers) => Ok(Some(numbers.clone())),
            Self::Age {
                attribute,
                missing_value,
                bins,
                missing,
            } => {
                // An age is below its end where the day is after the one so long ago.
                let steps =
                    bins.below.iter().rev().map(|(age, points)| {
                        Ok((i128::from(days_before(as_of, *age)?) + 1, *points))
                    });
                let steps = steps.collect::<Result<Vec<_>, CompileError>>()?;
                Ok(Some(AttributeVariableNumbers {
                    attribute: *attribute,
                    missing_value: *missing_value,
                    bins: stepped(bins.rest, &steps, *missing),
                }))
            }
        }
    }
}

/// A figure as numerator ÷ denominator, with bins scaled to them.
fn ratio(
    figure: &Figure,
    bins: &Bins<Rational>,
    missing: i32,
    young_firms: YoungFirms,
    schema: &Schema,
    shape: Shape,
) -> Result<RatioVariableNumbers, Problem> {
    let oldest = figure.oldest();
    if oldest as usize > shape.periods {
        return Err(Problem::TooBig {
            what: "quarters",
            shape,
        });
    }
    let one = whole(1);
    let part = |n: u32| Rational::new(BigInt::one(), n.into());
    let sum = |sum: &Sum, window, factor| Scaled::new(sum, window, factor, schema, shape);
    let (numerator, denominator) = match figure {
        Figure::Total { sum: s, over } => (sum(s, *over, one), None),
        Figure::Average { sum: s, over, per } => {
            let factor = part(over.quarters()) * whole(per.quarters());
            (sum(s, *over, factor), None)
        }
        Figure::Growth { sum: s, from, to } => {
            let of = |window: &Window| sum(s, *window, part(window.quarters()));
            (of(to), Some(of(from)))
        }
        Figure::Ratio {
            sum: s,
            over,
            base,
            base_over,
        } => (sum(s, *over, one.clone()), Some(sum(base, *base_over, one))),
    };
    // Growth is the ratio less 1.
    let shift = whole(if matches!(figure, Figure::Growth { .. }) {
        1
    } else {
        0
    });
    let ends = bins.below.iter().map(|(end, _)| end + &shift);

    let denominator_factor = denominator.as_ref().map_or(whole(1), |d| d.factor.clone());
    let scale = &numerator.factor / denominator_factor;
    let mut ends: Vec<Rational> = ends.map(|end| end * &scale).collect();
    let mut widening = BigInt::one();
    if denominator.is_some() {
        widening = ends
            .iter()
            .fold(widening, |common, end| lcm(&common, end.denom()));
    }
    ends.iter_mut()
        .for_each(|end| *end *= whole(widening.clone()));
    let ends = ends.iter().map(threshold).collect::<Result<Vec<_>, _>>()?;

    let numerator = numerator.numbers(&widening)?;
    let denominator = match denominator {
        Some(denominator) => denominator.numbers(&BigInt::one())?,
        None => SumNumbers {
            time: vec![0; shape.periods],
            weight: vec![0; shape.fields],
            constant: true,
        },
    };
    let largest = denominator.largest();
    let fits = |end: &i128| {
        let product = end.unsigned_abs().checked_mul(largest);
        product.is_some_and(|product| product <= 1 << shape.linear_sum_bits())
    };
    if !ends.iter().all(fits) {
        return Err(Problem::ThresholdTooLarge);
    }
    let min_periods = match young_firms {
        YoungFirms::Fail => oldest,
        YoungFirms::CountZero => 0,
    };
    let bins = bins_by_ends(&ends, bins, missing);
    Ok(RatioVariableNumbers {
        numerator,
        denominator,
        min_periods,
        bins,
    })
}

/// A sum over a window, scaled to the smallest whole weights by a positive factor.
struct Scaled {
    time: Vec<BigInt>,
    weight: Vec<BigInt>,
    factor: Rational,
}

impl Scaled {
    fn new(sum: &Sum, window: Window, factor: Rational, schema: &Schema, shape: Shape) -> Self {
        let quarters = 1..=shape.periods as u32;
        let in_window = |quarter: u32| window.newest <= quarter && quarter <= window.oldest;
        let time = quarters
            .map(|q| BigInt::from(u8::from(in_window(q))))
            .collect();
        let mut weights = sum.weights(schema.fields.len());
        weights.resize(shape.fields, Rational::zero());
        let (weight, weight_factor) = primitive(&weights);
        Self {
            time,
            weight,
            factor: weight_factor / factor,
        }
    }

    fn numbers(&self, widening: &BigInt) -> Result<SumNumbers, Problem> {
        let too_fine = Problem::TooFine {
            bits: LINEAR_WEIGHT_BITS,
        };
        let wide: Vec<BigInt> = self.time.iter().map(|t| t * widening).collect();
        Ok(SumNumbers {
            time: narrow(&wide, LINEAR_WEIGHT_BITS).ok_or(too_fine.clone())?,
            weight: narrow(&self.weight, LINEAR_WEIGHT_BITS).ok_or(too_fine)?,
            constant: false,
        })
    }
}

fn ensure_history(bins: &Bins<Rational>, shape: Shape) -> Result<(), Problem> {
    let periods = whole(shape.periods);
    if bins.below.iter().any(|(end, _)| *end > periods) {
        return Err(Problem::TooBig {
            what: "quarters",
            shape,
        });
    }
    Ok(())
}

/// The least whole number that is not below an end.
fn threshold(end: &Rational) -> Result<i128, Problem> {
    least_integer(end, false)
        .to_i128()
        .filter(|n| !n.is_negative() || *n != i128::MIN)
        .ok_or(Problem::ThresholdTooLarge)
}

/// Bins whose ends are these thresholds.
fn bins_by_ends<T>(ends: &[i128], bins: &Bins<T>, missing: i32) -> BinNumbers {
    let points: Vec<i32> = bins.below.iter().map(|(_, points)| *points).collect();
    let above = points.iter().skip(1).chain([&bins.rest]);
    let steps: Vec<_> = ends.iter().copied().zip(above.copied()).collect();
    stepped(
        points.first().copied().unwrap_or(bins.rest),
        &steps,
        missing,
    )
}

/// Points by code, as steps up the codes; `None` where there are too many.
fn code_steps(bins: &[(Vec<i64>, i32)], other: i32, missing: i32) -> Option<BinNumbers> {
    let points = |code: i64| {
        bins.iter()
            .find(|(codes, _)| codes.contains(&code))
            .map_or(other, |(_, points)| *points)
    };
    let mut changes: Vec<i64> = bins
        .iter()
        .flat_map(|(codes, _)| codes.iter().flat_map(|&c| [c, c + 1]))
        .collect();
    changes.sort_unstable();
    changes.dedup();
    let lowest = points(1);
    let mut current = lowest;
    let mut steps = Vec::new();
    for code in changes {
        if points(code) != current {
            current = points(code);
            steps.push((i128::from(code), current));
        }
    }
    (steps.len() <= BIN_THRESHOLDS).then(|| stepped(lowest, &steps, missing))
}

/// Bins from the points of the lowest and, for each threshold, the points from there on.
fn stepped(lowest: i32, steps: &[(i128, i32)], missing: i32) -> BinNumbers {
    let last = steps.last().map_or(0, |(threshold, _)| *threshold);
    let mut bins = BinNumbers {
        thresholds: steps.iter().map(|(threshold, _)| *threshold).collect(),
        base: lowest,
        steps: Vec::new(),
        missing,
    };
    let mut current = lowest;
    for (_, points) in steps {
        bins.steps.push(points - current);
        current = *points;
    }
    bins.thresholds.resize(BIN_THRESHOLDS, last);
    bins.steps.resize(BIN_THRESHOLDS, 0);
    bins
}
