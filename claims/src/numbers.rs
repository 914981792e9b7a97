//! A policy's numbers: what a compiled policy says to the circuit, as public inputs.
//!
//! Every policy of a shape is the same list of integers in the same order ([`Numbers::flatten`]).
//! Unused rules are neutral: see [`Numbers::neutral`]. Bounds are checked by [`Numbers::check`],
//! natively, by bank and wallet alike, because the circuit relies on them and does not check them.
//!
//! Rows are newest first: `time[0]` and `window[0]` are about the newest period.

use crate::digest::{Digest, Profile};
use crate::shape::{
    BAND_THRESHOLDS, BIN_THRESHOLDS, COUNTED_WEIGHT_BITS, GROUPS, LINEAR_WEIGHT_BITS, POINTS_BITS,
    SET_SIZES, Shape, VALUE_BITS,
};

/// Σ_q Σ_f time\[q\]·weight\[f\]·value\[q\]\[f\] ≥ threshold, and periods_available ≥ min_periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearNumbers {
    /// One weight a period, newest first; |w| < 2^15.
    pub time: Vec<i32>,
    /// One weight a field; |w| < 2^15.
    pub weight: Vec<i32>,
    /// |threshold| ≤ 2^[`Shape::linear_sum_bits`].
    pub threshold: i128,
    /// 0 to the shape's periods.
    pub min_periods: u32,
}

/// #{q : window\[q\] = 1 and Σ_f weight\[f\]·value\[q\]\[f\] ≥ threshold} ≥ at_least, and
/// periods_available ≥ min_periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedNumbers {
    /// 0 or 1 a period, newest first.
    pub window: Vec<bool>,
    /// One weight a field; |w| < 2^7.
    pub weight: Vec<i32>,
    /// |threshold| ≤ 2^[`Shape::counted_sum_bits`].
    pub threshold: i128,
    /// 0 to periods + 1 (the last is never met).
    pub at_least: u32,
    /// 0 to the shape's periods.
    pub min_periods: u32,
}

/// low ≤ Σ_a select\[a\]·attribute\[a\] ≤ high, where `select` is one-hot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeNumbers {
    /// The attribute's index.
    pub attribute: usize,
    /// |low| ≤ 2^48.
    pub low: i64,
    /// |high| ≤ 2^48.
    pub high: i64,
}

/// attribute ∈ codes (or ∉); 0 is missing and satisfies neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetNumbers {
    /// The attribute's index.
    pub attribute: usize,
    /// Exactly as many as the slot holds, padded by repeating one; 0 < code < 2^48.
    pub codes: Vec<i64>,
    /// `true`: in; `false`: not in.
    pub member: bool,
}

/// At least `at_least` of the rules in `members`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupNumbers {
    /// 0 or 1 an atom.
    pub members: Vec<bool>,
    /// 0 to the number of atoms.
    pub at_least: u32,
}

/// A sum over the rows, as one side of a ratio: constant + Σ_q Σ_f time·weight·value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumNumbers {
    /// One weight a period, newest first; |w| < 2^15.
    pub time: Vec<i32>,
    /// One weight a field; |w| < 2^15.
    pub weight: Vec<i32>,
    /// 0 or 1; a denominator that is the constant 1 makes the variable a plain sum.
    pub constant: bool,
}

/// Bins of a scorecard's variable: bin k is from thresholds\[k-1\] up to thresholds\[k\].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinNumbers {
    /// Ascending; unused ones repeat the last with a step of 0.
    pub thresholds: Vec<i128>,
    /// Points of the lowest bin; |points| < 2^15.
    pub base: i32,
    /// Points that each threshold adds when reached; every partial sum with `base` is below 2^15.
    pub steps: Vec<i32>,
    /// Points when the variable is missing; |points| < 2^15.
    pub missing: i32,
}

/// A variable numerator ÷ denominator. Missing where the denominator is below 1 or
/// periods_available < min_periods; bin k is reached where numerator ≥ threshold·denominator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatioVariableNumbers {
    /// Above the line.
    pub numerator: SumNumbers,
    /// Below the line.
    pub denominator: SumNumbers,
    /// 0 to the shape's periods.
    pub min_periods: u32,
    /// Thresholds times the largest denominator stay below 2^[`Shape::linear_sum_bits`].
    pub bins: BinNumbers,
}

/// A variable that is one attribute. Missing where it equals `missing_value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeVariableNumbers {
    /// The attribute's index.
    pub attribute: usize,
    /// The value that says "not known"; one that no record holds where there is none. |v| ≤ 2^48.
    pub missing_value: i64,
    /// |threshold| ≤ 2^48.
    pub bins: BinNumbers,
}

/// A scorecard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardNumbers {
    /// As many as the shape's card has.
    pub ratios: Vec<RatioVariableNumbers>,
    /// As many as the shape's card has.
    pub attributes: Vec<AttributeVariableNumbers>,
}

/// All numbers of a policy for one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// Whose layout this is.
    pub shape: Shape,
    /// Linear rules.
    pub linear: Vec<LinearNumbers>,
    /// Counted rules.
    pub counted: Vec<CountedNumbers>,
    /// Range rules.
    pub range: Vec<RangeNumbers>,
    /// Set rules, of [`SET_SIZES`] codes.
    pub sets: Vec<SetNumbers>,
    /// One an atom: a rule without which nobody passes.
    pub hard: Vec<bool>,
    /// One an atom: points when it holds; |points| < 2^15.
    pub points: Vec<i32>,
    /// The score must reach this; |cut_off| ≤ 2^[`Shape::score_bits`].
    pub cut_off: i32,
    /// "At least k of these".
    pub groups: Vec<GroupNumbers>,
    /// The band is the number of these that the score reaches; |t| ≤ 2^[`Shape::score_bits`].
    pub bands: Vec<i32>,
    /// Whether the enterprise's id is a public input.
    pub disclose_id: bool,
    /// The scorecard, where the shape has one.
    pub card: Option<CardNumbers>,
}

/// A number is outside what the circuit's comparisons allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {index} is out of bounds: {why}")]
pub struct OutOfBounds {
    /// Which part of the numbers.
    pub what: &'static str,
    /// Which one of them.
    pub index: usize,
    /// The bound.
    pub why: &'static str,
}

impl Numbers {
    /// Numbers that every record satisfies: no rule is hard, no group asks for anything, no
    /// points, and unused rules compare 0 with 0.
    pub fn neutral(shape: Shape) -> Self {
        let bins = || BinNumbers {
            thresholds: vec![0; BIN_THRESHOLDS],
            base: 0,
            steps: vec![0; BIN_THRESHOLDS],
            missing: 0,
        };
        let sum = |constant| SumNumbers {
            time: vec![0; shape.periods],
            weight: vec![0; shape.fields],
            constant,
        };
        Self {
            shape,
            linear: vec![
                LinearNumbers {
                    time: vec![0; shape.periods],
                    weight: vec![0; shape.fields],
                    threshold: 0,
                    min_periods: 0,
                };
                shape.linear
            ],
            counted: vec![
                CountedNumbers {
                    window: vec![false; shape.periods],
                    weight: vec![0; shape.fields],
                    threshold: 0,
                    at_least: 0,
                    min_periods: 0,
                };
                shape.counted
            ],
            range: vec![
                RangeNumbers {
                    attribute: 0,
                    low: -(1 << VALUE_BITS),
                    high: 1 << VALUE_BITS
                };
                shape.range
            ],
            sets: SET_SIZES
                .iter()
                .map(|&size| SetNumbers {
                    attribute: 0,
                    codes: vec![1; size],
                    member: false,
                })
                .collect(),
            hard: vec![false; shape.atoms()],
            points: vec![0; shape.atoms()],
            cut_off: 0,
            groups: vec![
                GroupNumbers {
                    members: vec![false; shape.atoms()],
                    at_least: 0
                };
                GROUPS
            ],
            bands: vec![1; BAND_THRESHOLDS],
            disclose_id: false,
            card: shape.card.map(|card| CardNumbers {
                ratios: vec![
                    RatioVariableNumbers {
                        numerator: sum(false),
                        denominator: sum(true),
                        min_periods: 0,
                        bins: bins(),
                    };
                    card.ratios
                ],
                attributes: vec![
                    AttributeVariableNumbers {
                        attribute: 0,
                        missing_value: -(1 << VALUE_BITS),
                        bins: bins(),
                    };
                    card.attributes
                ],
            }),
        }
    }

    /// How many integers [`Self::flatten`] gives for a shape.
    pub fn count(shape: Shape) -> usize {
        Self::neutral(shape).flatten().len()
    }

    /// The numbers in the order of the public inputs: linear, counted, range, sets, hard, points,
    /// cut-off, groups, bands, disclose_id, then the card's ratios and attributes; within each,
    /// the fields in the order of their declaration, an attribute's index as its one-hot selector.
    pub fn flatten(&self) -> Vec<i128> {
        let mut out = Flattened {
            shape: self.shape,
            numbers: Vec::new(),
        };
        for l in &self.linear {
            out.ints(&l.time);
            out.ints(&l.weight);
            out.one(l.threshold);
            out.one(l.min_periods);
        }
        for c in &self.counted {
            out.bits(&c.window);
            out.ints(&c.weight);
            out.one(c.threshold);
            out.one(c.at_least);
            out.one(c.min_periods);
        }
        for r in &self.range {
            out.selector(r.attribute);
            out.one(r.low);
            out.one(r.high);
        }
        for s in &self.sets {
            out.selector(s.attribute);
            s.codes.iter().for_each(|&code| out.one(code));
            out.one(s.member);
        }
        out.bits(&self.hard);
        out.ints(&self.points);
        out.one(self.cut_off);
        for g in &self.groups {
            out.bits(&g.members);
            out.one(g.at_least);
        }
        out.ints(&self.bands);
        out.one(self.disclose_id);
        if let Some(card) = &self.card {
            for v in &card.ratios {
                out.sum(&v.numerator);
                out.sum(&v.denominator);
                out.one(v.min_periods);
                out.bins(&v.bins);
            }
            for v in &card.attributes {
                out.selector(v.attribute);
                out.one(v.missing_value);
                out.bins(&v.bins);
            }
        }
        out.numbers
    }

    /// Digest of the flattened numbers, each as 16 bytes of big-endian two's complement, under the
    /// tag `taxproof/numbers/1` with the shape's name.
    pub fn digest(&self, profile: Profile) -> Digest {
        let bytes: Vec<u8> = self
            .flatten()
            .iter()
            .flat_map(|n| n.to_be_bytes())
            .collect();
        profile.digest("taxproof/numbers/1", &[self.shape.name.as_bytes(), &bytes])
    }

    /// Checks every bound that the circuit's comparisons rely on, and the shape of every list.
    ///
    /// # Errors
    /// The first number outside its bound; the policy that gave it must not be used.
    pub fn check(&self) -> Result<(), OutOfBounds> {
        let shape = self.shape;
        self.check_lengths()?;
        for (index, l) in self.linear.iter().enumerate() {
            let at = Place {
                what: "linear rule",
                index,
            };
            at.weights(&l.time, LINEAR_WEIGHT_BITS)?;
            at.weights(&l.weight, LINEAR_WEIGHT_BITS)?;
            at.within(l.threshold, shape.linear_sum_bits())?;
            at.periods(l.min_periods, shape.periods)?;
        }
        for (index, c) in self.counted.iter().enumerate() {
            let at = Place {
                what: "counted rule",
                index,
            };
            at.weights(&c.weight, COUNTED_WEIGHT_BITS)?;
            at.within(c.threshold, shape.counted_sum_bits())?;
            at.periods(c.at_least, shape.periods + 1)?;
            at.periods(c.min_periods, shape.periods)?;
        }
        for (index, r) in self.range.iter().enumerate() {
            let at = Place {
                what: "range rule",
                index,
            };
            at.attribute(r.attribute, shape)?;
            at.within(r.low.into(), VALUE_BITS)?;
            at.within(r.high.into(), VALUE_BITS)?;
        }
        for (index, s) in self.sets.iter().enumerate() {
            let at = Place {
                what: "set rule",
                index,
            };
            at.attribute(s.attribute, shape)?;
            let in_range = s
                .codes
                .iter()
                .all(|&code| 0 < code && code < 1 << VALUE_BITS);
            at.ensure(in_range, "a code is from 1 up to 2^48")?;
        }
        let verdict = Place {
            what: "verdict",
            index: 0,
        };
        verdict.weights(&self.points, POINTS_BITS)?;
        verdict.within(self.cut_off.into(), shape.score_bits())?;
        for &band in &self.bands {
            verdict.within(band.into(), shape.score_bits())?;
        }
        for (index, g) in self.groups.iter().enumerate() {
            Place {
                what: "group",
                index,
            }
            .ensure(
                g.at_least as usize <= shape.atoms(),
                "a group asks for at most every rule",
            )?;
        }
        self.card.iter().try_for_each(|card| card.check(shape))
    }

    fn check_lengths(&self) -> Result<(), OutOfBounds> {
        let shape = self.shape;
        let atoms = shape.atoms();
        let sizes = self.linear.len() == shape.linear
            && self.counted.len() == shape.counted
            && self.range.len() == shape.range
            && self.sets.len() == SET_SIZES.len()
            && self.groups.len() == GROUPS
            && self.hard.len() == atoms
            && self.points.len() == atoms
            && self.bands.len() == BAND_THRESHOLDS
            && self.groups.iter().all(|g| g.members.len() == atoms)
            && self
                .sets
                .iter()
                .zip(SET_SIZES)
                .all(|(s, size)| s.codes.len() == size)
            && self
                .linear
                .iter()
                .all(|l| l.time.len() == shape.periods && l.weight.len() == shape.fields)
            && self
                .counted
                .iter()
                .all(|c| c.window.len() == shape.periods && c.weight.len() == shape.fields)
            && self
                .card
                .as_ref()
                .map(|c| (c.ratios.len(), c.attributes.len()))
                == shape.card.map(|c| (c.ratios, c.attributes));
        Place {
            what: "numbers",
            index: 0,
        }
        .ensure(sizes, "every list has the shape's length")
    }
}

impl CardNumbers {
    fn check(&self, shape: Shape) -> Result<(), OutOfBounds> {
        for (index, v) in self.ratios.iter().enumerate() {
            let at = Place {
                what: "scorecard ratio",
                index,
            };
            for sum in [&v.numerator, &v.denominator] {
                let lengths = sum.time.len() == shape.periods && sum.weight.len() == shape.fields;
                at.ensure(lengths, "every list has the shape's length")?;
                at.weights(&sum.time, LINEAR_WEIGHT_BITS)?;
                at.weights(&sum.weight, LINEAR_WEIGHT_BITS)?;
            }
            at.periods(v.min_periods, shape.periods)?;
            at.bins(&v.bins)?;
            let largest = v.denominator.largest();
            let product = |t: &i128| t.unsigned_abs().checked_mul(largest);
            let bounded = v
                .bins
                .thresholds
                .iter()
                .all(|t| product(t).is_some_and(|p| p <= 1 << shape.linear_sum_bits()));
            at.ensure(bounded, "a bin threshold is too large for its denominator")?;
        }
        for (index, v) in self.attributes.iter().enumerate() {
            let at = Place {
                what: "scorecard attribute",
                index,
            };
            at.attribute(v.attribute, shape)?;
            at.within(v.missing_value.into(), VALUE_BITS)?;
            at.bins(&v.bins)?;
            v.bins
                .thresholds
                .iter()
                .try_for_each(|&t| at.within(t, VALUE_BITS))?;
        }
        Ok(())
    }
}

impl SumNumbers {
    /// The largest absolute value that the sum can have, over all records.
    pub fn largest(&self) -> u128 {
        let total = |ws: &[i32]| {
            ws.iter()
                .map(|w| u128::from(w.unsigned_abs()))
                .sum::<u128>()
        };
        ((total(&self.time) * total(&self.weight)) << VALUE_BITS) + u128::from(self.constant)
    }
}

struct Flattened {
    shape: Shape,
    numbers: Vec<i128>,
}

impl Flattened {
    fn one(&mut self, n: impl Into<i128>) {
        self.numbers.push(n.into());
    }

    fn ints(&mut self, ns: &[i32]) {
        ns.iter().for_each(|&n| self.one(n));
    }

    fn bits(&mut self, bits: &[bool]) {
        bits.iter().for_each(|&bit| self.one(bit));
    }

    fn selector(&mut self, attribute: usize) {
        (0..self.shape.attributes).for_each(|a| self.one(a == attribute));
    }

    fn sum(&mut self, sum: &SumNumbers) {
        self.ints(&sum.time);
        self.ints(&sum.weight);
        self.one(sum.constant);
    }

    fn bins(&mut self, bins: &BinNumbers) {
        bins.thresholds.iter().for_each(|&t| self.one(t));
        self.one(bins.base);
        self.ints(&bins.steps);
        self.one(bins.missing);
    }
}

/// Which number a bound is checked for.
#[derive(Clone, Copy)]
struct Place {
    what: &'static str,
    index: usize,
}

impl Place {
    fn ensure(self, holds: bool, why: &'static str) -> Result<(), OutOfBounds> {
        if holds {
            Ok(())
        } else {
            Err(OutOfBounds {
                what: self.what,
                index: self.index,
                why,
            })
        }
    }

    fn weights(self, weights: &[i32], bits: u32) -> Result<(), OutOfBounds> {
        let bound = 1u32 << bits;
        let holds = weights.iter().all(|w| w.unsigned_abs() < bound);
        self.ensure(holds, "a weight or point value is too large")
    }

    fn within(self, n: i128, bits: u32) -> Result<(), OutOfBounds> {
        self.ensure(n.unsigned_abs() <= 1 << bits, "a threshold is too large")
    }

    fn periods(self, n: u32, most: usize) -> Result<(), OutOfBounds> {
        self.ensure(n as usize <= most, "more periods than the shape has")
    }

    fn attribute(self, attribute: usize, shape: Shape) -> Result<(), OutOfBounds> {
        self.ensure(attribute < shape.attributes, "no such attribute")
    }

    fn bins(self, bins: &BinNumbers) -> Result<(), OutOfBounds> {
        let lengths = bins.thresholds.len() == BIN_THRESHOLDS && bins.steps.len() == BIN_THRESHOLDS;
        self.ensure(lengths, "every list has the shape's length")?;
        let ascending = bins.thresholds.windows(2).all(|pair| pair[0] <= pair[1]);
        self.ensure(ascending, "bin thresholds ascend")?;
        let mut points = bins.base;
        self.weights(&[bins.base, bins.missing], POINTS_BITS)?;
        for &step in &bins.steps {
            points = points.saturating_add(step);
            self.weights(&[points], POINTS_BITS)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Q16, Q16S, Q32, SHAPES};

    #[test]
    fn neutral_numbers_are_in_bounds() {
        for shape in SHAPES {
            assert_eq!(Numbers::neutral(shape).check(), Ok(()));
        }
    }

    #[test]
    fn counts_are_those_of_the_protocol() {
        assert_eq!(SHAPES.map(Numbers::count), [426, 1334, 931]);
        assert_eq!([Q16, Q16S, Q32].map(|s| s.atoms()), [15, 15, 24]);
    }

    #[test]
    fn each_bound_is_checked() {
        type Break = fn(&mut Numbers);
        let breaks: [Break; 12] = [
            |n| n.linear[0].time[3] = 1 << 15,
            |n| n.linear[5].weight[0] = -(1 << 15),
            |n| n.linear[0].threshold = (1 << 85) + 1,
            |n| n.linear[0].min_periods = 17,
            |n| n.counted[2].weight[7] = 1 << 7,
            |n| n.counted[0].threshold = -(1 << 58) - 1,
            |n| n.counted[0].at_least = 18,
            |n| n.range[0].attribute = 12,
            |n| n.range[3].high = (1 << 48) + 1,
            |n| n.sets[0].codes[31] = 0,
            |n| n.points[14] = 1 << 15,
            |n| n.hard.push(true),
        ];
        for (i, broken) in breaks.into_iter().enumerate() {
            let mut numbers = Numbers::neutral(Q16);
            broken(&mut numbers);
            assert!(numbers.check().is_err(), "break {i} is not noticed");
        }
    }
}
