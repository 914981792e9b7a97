//! Rules as the comparisons that a circuit makes, before they are given a place in it.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::error::Problem;
use super::exact::{Rational, least_integer, narrow, primitive, whole};
use super::expression::{Ago, Window};
use super::parameters::Parameters;
use super::rule::{
    Affine, Base, Bound, Bounds, Count, Figure, Parameter, Rule, Sum, Test, YoungFirms,
};
use crate::schema::{PERIODS_AVAILABLE, Quantity, Schema};
use crate::shape::{COUNTED_WEIGHT_BITS, LINEAR_WEIGHT_BITS, Shape};

/// A comparison with an outcome of its own. Equal atoms share a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Atom {
    /// Σ time·weight·value ≥ threshold.
    Linear(LinearAtom),
    /// The same of single quarters, in at least some of a window.
    Counted(CountedAtom),
    /// low ≤ attribute ≤ high.
    Range(RangeAtom),
    /// attribute in, or not in, some codes.
    Set(SetAtom),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinearAtom {
    /// From the newest quarter to the oldest with a weight.
    pub(super) time: Vec<i32>,
    pub(super) weight: Vec<i32>,
    pub(super) threshold: Threshold,
    pub(super) min_periods: u32,
    /// Whether a counted comparison could make it too: of one quarter, with small weights.
    pub(super) fits_counted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CountedAtom {
    pub(super) window: Window,
    pub(super) weight: Vec<i32>,
    pub(super) threshold: Threshold,
    pub(super) at_least: u32,
    pub(super) min_periods: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RangeAtom {
    pub(super) attribute: usize,
    pub(super) low: Option<Edge>,
    /// Of the attribute's negative.
    pub(super) high: Option<Edge>,
    /// What the attribute can be where it is known.
    pub(super) domain: (i64, i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetAtom {
    pub(super) attribute: usize,
    pub(super) codes: Vec<i64>,
    pub(super) member: bool,
    /// The same as an interval, if it is one.
    pub(super) interval: Option<(i64, i64)>,
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edge {
    Value(Threshold),
    /// So long before the epoch's date.
    Before(Ago),
}

/// The least whole number at or above, or above, a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Threshold {
    value: Affine,
    strict: bool,
}

impl Threshold {
    fn new(value: Affine, strict: bool) -> Self {
        match value.as_constant() {
            Some(constant) => {
                let least = whole(least_integer(constant, strict));
                Self {
                    value: Affine::constant(least),
                    strict: false,
                }
            }
            None => Self { value, strict },
        }
    }

    /// Whether it depends on a request's parameters.
    pub(super) fn is_open(&self) -> bool {
        self.value.as_constant().is_none()
    }

    pub(super) fn at(&self, parameters: &Parameters) -> BigInt {
        least_integer(&self.value.at(parameters), self.strict)
    }

    /// The greatest absolute value over all parameters.
    pub(super) fn largest(&self, parameters: &[Parameter]) -> BigInt {
        let (low, high) = self.value.extent(parameters);
        let (low, high) = (
            least_integer(&low, self.strict),
            least_integer(&high, self.strict),
        );
        low.abs().max(high.abs())
    }

    /// The value where no parameter is needed.
    fn as_constant(&self) -> Option<BigInt> {
        self.value
            .as_constant()
            .map(|constant| least_integer(constant, self.strict))
    }
}

impl LinearAtom {
    /// The first quarter with a weight, or the newest where none has. Where it is the only one,
    /// its weight is 1.
    pub(super) fn first_quarter(&self) -> u32 {
        let mut weighed = self.time.iter().zip(1..).filter(|(time, _)| **time != 0);
        weighed.next().map_or(1, |(_, quarter)| quarter)
    }
}

/// A rule's comparisons; all of them together are the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lowered {
    pub(super) atoms: Vec<Atom>,
    /// Whether the base of a growth or ratio is left to another required rule.
    pub(super) base_is_implied: bool,
}

/// What a rule is lowered for.
#[derive(Clone, Copy)]
pub(super) struct Lowering<'a> {
    pub(super) schema: &'a Schema,
    pub(super) shape: Shape,
    pub(super) parameters: &'a [Parameter],
}

impl Lowering<'_> {
    /// A rule's comparisons. `others` are the rules that may stand for its guard.
    pub(super) fn rule<'r>(
        self,
        rule: &Rule,
        mut others: impl Iterator<Item = &'r Rule>,
    ) -> Result<Lowered, Problem> {
        let min_periods = match (rule.young_firms, rule.test.oldest()) {
            (YoungFirms::Fail, Some(oldest)) => oldest,
            _ => 0,
        };
        if rule
            .test
            .oldest()
            .is_some_and(|oldest| oldest as usize > self.shape.periods)
        {
            return Err(Problem::TooBig {
                what: "quarters",
                shape: self.shape,
            });
        }
        let mut base_is_implied = false;
        let atoms = match &rule.test {
            Test::EachQuarter {
                sum,
                over,
                bounds,
                count,
            } => self.each_quarter(sum, *over, bounds, *count, min_periods)?,
            Test::Figure {
                figure,
                bounds,
                base,
            } => {
                let mut atoms = self.figure(figure, bounds, min_periods)?;
                if let (Base::Fail, Some((sum, window))) = (base, base_of(figure)) {
                    base_is_implied = others.any(|other| implies_positive(other, sum, window));
                    if !base_is_implied {
                        atoms.push(self.positive(sum, window, min_periods)?);
                    }
                }
                atoms
            }
            Test::Attribute {
                attribute,
                bounds,
                at_least_ago,
                within,
            } => {
                vec![self.range(*attribute, bounds, *at_least_ago, *within)?]
            }
            Test::Codes {
                attribute,
                codes,
                member,
            } => {
                vec![self.set(*attribute, codes, *member)?]
            }
            Test::Parameter { parameter, bounds } => self.parameter(*parameter, bounds)?,
        };
        Ok(Lowered {
            atoms,
            base_is_implied,
        })
    }

    fn each_quarter(
        self,
        sum: &Sum,
        over: Window,
        bounds: &Bounds,
        count: Count,
        min_periods: u32,
    ) -> Result<Vec<Atom>, Problem> {
        let all = Count {
            at_least: Some(over.quarters()),
            at_most: None,
        };
        if bounds.low.is_some() && bounds.high.is_some() && count != all {
            return Err(Problem::SeveralComparisons(
                "quarters between two bounds can only be asked for in every quarter of the window",
            ));
        }
        let weights = sum.weights(self.schema.fields.len());
        let mut atoms = Vec::new();
        for side in sides(bounds) {
            let met = side.of(&weights, side.bound.value.clone());
            let not_met = met.negated();
            let counts = [
                count.at_least.map(|n| (&met, n)),
                count.at_most.map(|n| (&not_met, over.quarters() - n)),
            ];
            for (inequality, at_least) in counts.into_iter().flatten() {
                atoms.push(self.counted(inequality, over, at_least, min_periods)?);
            }
        }
        Ok(atoms)
    }

    fn figure(
        self,
        figure: &Figure,
        bounds: &Bounds,
        min_periods: u32,
    ) -> Result<Vec<Atom>, Problem> {
        let fields = self.schema.fields.len();
        let quarters = figure.oldest() as usize;
        let mut atoms = Vec::new();
        for side in sides(bounds) {
            let value = &side.bound.value;
            let mut time = vec![Rational::zero(); quarters];
            let inequality = match figure {
                Figure::Total { sum, over } => {
                    add(&mut time, *over, &whole(1));
                    side.of(&sum.weights(fields), value.clone())
                }
                Figure::Average { sum, over, per } => {
                    add(&mut time, *over, &fraction(per.quarters(), over.quarters()));
                    side.of(&sum.weights(fields), value.clone())
                }
                Figure::Growth { sum, from, to } => {
                    let factor = whole(1) + &value.constant;
                    add(&mut time, *to, &fraction(1, to.quarters()));
                    add(&mut time, *from, &-(factor * fraction(1, from.quarters())));
                    side.of(&sum.weights(fields), Affine::constant(whole(0)))
                }
                Figure::Ratio {
                    sum,
                    over,
                    base,
                    base_over,
                } => {
                    let weights = if over == base_over {
                        add(&mut time, *over, &whole(1));
                        let base = base.weights(fields);
                        let weights = sum.weights(fields).into_iter().zip(base);
                        weights.map(|(w, b)| w - b * &value.constant).collect()
                    } else {
                        let multiple = sum.multiple_of(base).ok_or(Problem::NotRankOne)?;
                        add(&mut time, *over, &multiple);
                        add(&mut time, *base_over, &-value.constant.clone());
                        base.weights(fields)
                    };
                    side.of(&weights, Affine::constant(whole(0)))
                }
            };
            atoms.push(self.linear(&time, &inequality, min_periods)?);
        }
        Ok(atoms)
    }

    /// That a sum over a window is above 0.
    fn positive(self, sum: &Sum, window: Window, min_periods: u32) -> Result<Atom, Problem> {
        let mut time = vec![Rational::zero(); window.oldest as usize];
        add(&mut time, window, &whole(1));
        let weight = sum.weights(self.schema.fields.len());
        let inequality = Inequality {
            weight,
            threshold: Affine::constant(whole(0)),
            strict: true,
        };
        self.linear(&time, &inequality, min_periods)
    }

    /// low ≤ parameter ≤ high, as a comparison with an empty sum.
    fn parameter(self, parameter: usize, bounds: &Bounds) -> Result<Vec<Atom>, Problem> {
        let weights = vec![Rational::zero(); self.schema.fields.len()];
        let own = |factor: i64| Affine {
            constant: Rational::zero(),
            terms: vec![(parameter, whole(factor))],
        };
        let atom = |side: Side<'_>| {
            // parameter ≥ bound is 0 ≥ bound − parameter.
            let threshold = subtract(&side.bound.value, &own(1));
            self.linear(&[], &side.of(&weights, threshold), 0)
        };
        sides(bounds).map(atom).collect()
    }

    fn linear(
        self,
        time: &[Rational],
        inequality: &Inequality,
        min_periods: u32,
    ) -> Result<Atom, Problem> {
        let (time, time_factor) = primitive(time);
        let (weight, weight_factor) = primitive(&inequality.weight);
        // The newest quarter with a weight has a positive one, so that equal atoms look equal.
        let sign = match time.iter().find(|t| !t.is_zero()) {
            Some(first) if first.is_negative() => -BigInt::one(),
            _ => BigInt::one(),
        };
        let narrow = |numbers: Vec<BigInt>| {
            let signed: Vec<BigInt> = numbers.into_iter().map(|n| n * &sign).collect();
            narrow(&signed, LINEAR_WEIGHT_BITS).ok_or(Problem::TooFine {
                bits: LINEAR_WEIGHT_BITS,
            })
        };
        let mut time = narrow(time)?;
        while time.last() == Some(&0) {
            time.pop();
        }
        let threshold = inequality.scaled_threshold(&(time_factor * weight_factor));
        // Where no quarter has a weight, no field has one: a counted comparison would use it.
        let weight = match time.is_empty() {
            true => vec![0; weight.len()],
            false => narrow(weight)?,
        };
        let largest = threshold.largest(self.parameters);
        let within = |bits: u32| largest <= BigInt::one() << bits;
        if !within(self.shape.linear_sum_bits()) {
            return Err(Problem::ThresholdTooLarge);
        }
        let fits_counted = within(self.shape.counted_sum_bits())
            && weight
                .iter()
                .all(|w| w.unsigned_abs() < 1 << COUNTED_WEIGHT_BITS)
            && time.iter().filter(|t| **t != 0).count() <= 1;
        let atom = LinearAtom {
            time,
            weight,
            threshold,
            min_periods,
            fits_counted,
        };
        let highest = atom
            .time
            .iter()
            .map(|&t| self.highest(t, &atom.weight))
            .sum();
        self.ensure_reachable(&atom.threshold, &highest)?;
        Ok(Atom::Linear(atom))
    }

    fn counted(
        self,
        inequality: &Inequality,
        window: Window,
        at_least: u32,
        min_periods: u32,
    ) -> Result<Atom, Problem> {
        if window.quarters() == 1 {
            let mut time = vec![Rational::zero(); window.oldest as usize];
            add(&mut time, window, &whole(1));
            return self.linear(&time, inequality, min_periods);
        }
        let (weight, factor) = primitive(&inequality.weight);
        let weight = narrow(&weight, COUNTED_WEIGHT_BITS).ok_or(Problem::TooFine {
            bits: COUNTED_WEIGHT_BITS,
        })?;
        let threshold = inequality.scaled_threshold(&factor);
        if threshold.largest(self.parameters) > BigInt::one() << self.shape.counted_sum_bits() {
            return Err(Problem::ThresholdTooLarge);
        }
        self.ensure_reachable(&threshold, &self.highest(1, &weight))?;
        Ok(Atom::Counted(CountedAtom {
            window,
            weight,
            threshold,
            at_least,
            min_periods,
        }))
    }

    /// The highest sum that a quarter of a record can have; a quarter that is not on record is 0.
    fn highest(self, time: i32, weight: &[i32]) -> BigInt {
        let terms = weight
            .iter()
            .zip(&self.schema.fields)
            .map(|(&weight, field)| {
                let factor = BigInt::from(time) * weight;
                (&factor * field.min)
                    .max(factor * field.max)
                    .max(BigInt::zero())
            });
        terms.sum()
    }

    fn ensure_reachable(self, threshold: &Threshold, highest: &BigInt) -> Result<(), Problem> {
        match threshold.as_constant() {
            Some(constant) if constant > *highest => Err(Problem::Unsatisfiable(
                "the threshold is beyond what a record can hold",
            )),
            _ => Ok(()),
        }
    }

    fn range(
        self,
        attribute: usize,
        bounds: &Bounds,
        at_least_ago: Option<Ago>,
        within: Option<Ago>,
    ) -> Result<Atom, Problem> {
        let domain = self.domain(attribute)?;
        let low = bounds
            .low
            .as_ref()
            .map(|low| Threshold::new(low.value.clone(), low.strict));
        let high = bounds
            .high
            .as_ref()
            .map(|high| Threshold::new(high.value.scaled(&whole(-1)), high.strict));
        let beyond = |edge: &Option<Threshold>, end: i64| {
            edge.as_ref()
                .and_then(Threshold::as_constant)
                .is_some_and(|least| least > end.into())
        };
        if attribute == PERIODS_AVAILABLE {
            self.ensure_history(&low, &high)?;
        }
        if beyond(&low, domain.1) || beyond(&high, -domain.0) {
            return Err(Problem::Unsatisfiable(
                "the bound is beyond what a record can hold",
            ));
        }
        let edge = |value: Option<Threshold>, ago: Option<Ago>| {
            value.map(Edge::Value).or(ago.map(Edge::Before))
        };
        let (low, high) = (edge(low, within), edge(high, at_least_ago));
        Ok(Atom::Range(RangeAtom {
            attribute,
            low,
            high,
            domain,
        }))
    }

    /// A shape's records say at most as many quarters as the shape has.
    fn ensure_history(
        self,
        low: &Option<Threshold>,
        high: &Option<Threshold>,
    ) -> Result<(), Problem> {
        let periods = BigInt::from(self.shape.periods);
        let longest = self.schema.attributes[PERIODS_AVAILABLE].max;
        let largest = |edge: &Option<Threshold>| {
            edge.as_ref()
                .map_or_else(BigInt::zero, |edge| edge.largest(self.parameters))
        };
        let cut_off = periods < longest.into();
        if largest(low) > periods || (cut_off && high.is_some() && largest(high) >= periods) {
            return Err(Problem::TooBig {
                what: "quarters",
                shape: self.shape,
            });
        }
        Ok(())
    }

    /// What an attribute can be where it is known.
    fn domain(self, attribute: usize) -> Result<(i64, i64), Problem> {
        let Quantity {
            min, max, missing, ..
        } = self.schema.attributes[attribute];
        match missing {
            Some(missing) if missing == min => Ok((min + 1, max)),
            Some(missing) if missing == max => Ok((min, max - 1)),
            Some(missing) if min < missing && missing < max => Err(Problem::Inconsistent(
                "the schema's value for \"not known\" lies among this attribute's values, so that \
                 no range can leave it out",
            )),
            _ => Ok((min, max)),
        }
    }

    fn set(self, attribute: usize, codes: &[i64], member: bool) -> Result<Atom, Problem> {
        let quantity = &self.schema.attributes[attribute];
        let (least, most) = (quantity.min.max(1), quantity.max);
        let (first, last) = (codes[0], codes[codes.len() - 1]);
        let contiguous = last - first == codes.len() as i64 - 1;
        let interval = match (member, contiguous) {
            (true, true) => Some((first, last)),
            (false, true) if first <= least && last >= most => {
                return Err(Problem::Unsatisfiable("every code is excluded"));
            }
            (false, true) if first <= least => Some((last + 1, most)),
            (false, true) if last >= most => Some((least, first - 1)),
            _ => None,
        };
        Ok(Atom::Set(SetAtom {
            attribute,
            codes: codes.to_vec(),
            member,
            interval,
        }))
    }
}

/// Σ weight·value ≥ threshold, or >.
#[derive(Debug, Clone)]
struct Inequality {
    weight: Vec<Rational>,
    threshold: Affine,
    strict: bool,
}

impl Inequality {
    /// What holds exactly where this does not.
    fn negated(&self) -> Self {
        Self {
            weight: self.weight.iter().map(|w| -w).collect(),
            threshold: self.threshold.scaled(&whole(-1)),
            strict: !self.strict,
        }
    }

    fn scaled_threshold(&self, factor: &Rational) -> Threshold {
        Threshold::new(self.threshold.scaled(factor), self.strict)
    }
}

/// A lower or an upper bound.
struct Side<'a> {
    bound: &'a Bound,
    upper: bool,
}

impl Side<'_> {
    /// Σ ≥ threshold, or Σ ≤ threshold as −Σ ≥ −threshold.
    fn of(&self, weights: &[Rational], threshold: Affine) -> Inequality {
        let sign = whole(if self.upper { -1 } else { 1 });
        Inequality {
            weight: weights.iter().map(|w| w * &sign).collect(),
            threshold: threshold.scaled(&sign),
            strict: self.bound.strict,
        }
    }
}

fn sides(bounds: &Bounds) -> impl Iterator<Item = Side<'_>> {
    let low = bounds.low.iter().map(|bound| Side {
        bound,
        upper: false,
    });
    low.chain(bounds.high.iter().map(|bound| Side { bound, upper: true }))
}

/// What a growth or ratio is divided by.
const fn base_of(figure: &Figure) -> Option<(&Sum, Window)> {
    match figure {
        Figure::Growth { sum, from, .. } => Some((sum, *from)),
        Figure::Ratio {
            base, base_over, ..
        } => Some((base, *base_over)),
        Figure::Total { .. } | Figure::Average { .. } => None,
    }
}

/// Whether a sum over a window is above 0 wherever a rule holds.
fn implies_positive(rule: &Rule, sum: &Sum, window: Window) -> bool {
    let (other, bounds, covers) = match &rule.test {
        Test::Figure {
            figure: Figure::Total { sum, over } | Figure::Average { sum, over, .. },
            bounds,
            ..
        } => (sum, bounds, *over == window),
        Test::EachQuarter {
            sum,
            over,
            bounds,
            count,
        } => {
            let every = count.at_least == Some(over.quarters());
            (sum, bounds, every && window.is_within(*over))
        }
        _ => return false,
    };
    let positive = bounds.low.as_ref().is_some_and(|low| {
        let constant = low.value.as_constant();
        constant.is_some_and(|c| c.is_positive() || (low.strict && c.is_zero()))
    });
    covers && positive && sum.multiple_of(other).is_some_and(|m| m.is_positive())
}

fn add(time: &mut [Rational], window: Window, amount: &Rational) {
    for quarter in window.newest..=window.oldest {
        time[quarter as usize - 1] += amount;
    }
}

fn fraction(numerator: u32, denominator: u32) -> Rational {
    Rational::new(numerator.into(), denominator.into())
}

fn subtract(a: &Affine, b: &Affine) -> Affine {
    let mut difference = a.clone();
    difference.constant -= &b.constant;
    for (index, factor) in &b.terms {
        match difference.terms.iter_mut().find(|(i, _)| i == index) {
            Some((_, own)) => *own -= factor,
            None => difference.terms.push((*index, -factor)),
        }
    }
    difference.terms.retain(|(_, factor)| !factor.is_zero());
    difference.terms.sort_by_key(|(index, _)| *index);
    difference
}

/// An end of a range as a whole number, no further than one beyond the domain.
pub(super) fn clamp(least: &BigInt, domain: (i64, i64)) -> i64 {
    let (low, high) = (domain.0, domain.1 + 1);
    least
        .to_i64()
        .map_or(if least.is_negative() { low } else { high }, |n| {
            n.clamp(low, high)
        })
}
