//! The statement that a proof is about: its public inputs, its witness, and its meaning in clear
//! text ([`evaluate`]), which the circuit is held against.

use ark_ff::PrimeField;

use crate::amount::to_field;
use crate::numbers::{BinNumbers, CardNumbers, Numbers, SumNumbers};
use crate::record::Values;
use crate::schema::PERIODS_AVAILABLE;
use crate::shape::{Shape, TREE_ARITY, TREE_DEPTH};

/// Public inputs before the policy's numbers.
pub const FIXED_INPUTS: usize = 11;

/// The public inputs that are not the policy's numbers, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedInputs<F> {
    /// The schema's digest, 248 bits.
    pub schema: F,
    /// The newest period's index.
    pub newest_period: F,
    /// The epoch's root.
    pub root: F,
    /// What binds the proof to its request, 248 bits.
    pub context: F,
    /// The bank, 248 bits of its id's digest.
    pub bank: F,
    /// The scope of the scope tag: the context where the policy names none.
    pub scope: F,
    /// H(nk, id, bank).
    pub pseudonym: F,
    /// H(nk, id, scope).
    pub scope_tag: F,
    /// The id where the policy asks for it, else 0.
    pub disclosed_id: F,
    /// See [`Outcome`].
    pub outcome: F,
    /// See [`Consent`].
    pub consent: F,
}

impl<F: Copy> FixedInputs<F> {
    /// The inputs in the order of their declaration.
    pub const fn to_array(self) -> [F; FIXED_INPUTS] {
        [
            self.schema,
            self.newest_period,
            self.root,
            self.context,
            self.bank,
            self.scope,
            self.pseudonym,
            self.scope_tag,
            self.disclosed_id,
            self.outcome,
            self.consent,
        ]
    }
}

/// All public inputs of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicInputs<F> {
    /// What differs from proof to proof.
    pub fixed: FixedInputs<F>,
    /// What the policy says.
    pub numbers: Numbers,
}

impl<F: PrimeField> PublicInputs<F> {
    /// The inputs in their order, without the leading one.
    pub fn to_vec(&self) -> Vec<F> {
        let numbers = self.numbers.flatten().into_iter().map(to_field);
        self.fixed.to_array().into_iter().chain(numbers).collect()
    }
}

/// How many public inputs a shape has, without the leading one.
pub fn public_inputs(shape: Shape) -> usize {
    FIXED_INPUTS + Numbers::count(shape)
}

/// The children of each node from the leaf's parent to the root, one's own node among them.
pub type Path<F> = [[F; TREE_ARITY]; TREE_DEPTH];

/// What the prover knows.
#[derive(Clone)]
pub struct Witness<F> {
    /// The record's values.
    pub values: Values,
    /// The enterprise id as a field element.
    pub id: F,
    /// The authorising secret.
    pub sk: F,
    /// The pseudonym secret.
    pub nk: F,
    /// The leaf's salt.
    pub salt: F,
    /// The Merkle path.
    pub path: Path<F>,
}

impl<F> std::fmt::Debug for Witness<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Witness(hidden)")
    }
}

/// What the applicant lets the bank learn besides the verdict: bit i says that rule i may be named
/// as failed, bit [`Shape::atoms`] that the score's band may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Consent(u64);

impl Consent {
    /// To nothing.
    pub const NONE: Self = Self(0);

    /// Consent of a shape, from its bits.
    ///
    /// Returns `None` for bits that the shape has not.
    pub const fn from_bits(shape: Shape, bits: u64) -> Option<Self> {
        if bits >> (shape.atoms() + 1) == 0 {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// The bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// This, and that rule `atom` may be named as failed.
    #[must_use]
    pub const fn with_atom(self, atom: usize) -> Self {
        Self(self.0 | 1 << atom)
    }

    /// This, and that the band may be told.
    #[must_use]
    pub const fn with_band(self, shape: Shape) -> Self {
        self.with_atom(shape.atoms())
    }

    /// Whether rule `atom` may be named as failed.
    pub const fn atom(self, atom: usize) -> bool {
        self.0 >> atom & 1 == 1
    }

    /// Whether the band may be told.
    pub const fn band(self, shape: Shape) -> bool {
        self.atom(shape.atoms())
    }

    /// Whether everything agreed to here is agreed to there.
    pub const fn is_within(self, allowed: Self) -> bool {
        self.0 & !allowed.0 == 0
    }
}

/// Where the disclosed rules begin in an outcome: above the passed bit and two bits of band.
const FAILED_SHIFT: u32 = 3;

/// What a proof says: passed + 2·band + 8·(1 − passed)·Σ failed_i·2^i, band and failed rules only
/// as far as [`Consent`] goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome(u64);

impl Outcome {
    /// The outcome of an integer, if a proof with this consent can say it.
    pub fn from_bits(shape: Shape, consent: Consent, bits: u64) -> Option<Self> {
        let outcome = Self(bits);
        let failed = bits >> FAILED_SHIFT;
        let allowed = failed & !consent.0 == 0
            && failed >> shape.atoms() == 0
            && (failed == 0 || !outcome.passed())
            && (consent.band(shape) || outcome.band() == 0);
        allowed.then_some(outcome)
    }

    /// The integer.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether the policy holds.
    pub const fn passed(self) -> bool {
        self.0 & 1 == 1
    }

    /// The band, 0 where it was not told.
    pub const fn band(self) -> u64 {
        self.0 >> 1 & 3
    }

    /// The rules named as failed.
    pub fn failed_atoms(self) -> impl Iterator<Item = usize> {
        (0..u64::BITS as usize - FAILED_SHIFT as usize)
            .filter(move |i| self.0 >> (i + FAILED_SHIFT as usize) & 1 == 1)
    }
}

/// What a policy's numbers say of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// One bit a rule, in the order linear, counted, range, sets.
    pub atoms: Vec<bool>,
    /// Points of rules and scorecard.
    pub score: i64,
    /// Every hard rule, the cut-off and both groups.
    pub passed: bool,
    /// How many band thresholds the score reaches.
    pub band: u64,
}

impl Evaluation {
    /// The outcome that the applicant's consent allows to be said.
    pub fn outcome(&self, shape: Shape, consent: Consent) -> Outcome {
        let band = if consent.band(shape) { self.band } else { 0 };
        let failed = self
            .atoms
            .iter()
            .enumerate()
            .fold(0, |failed, (i, &holds)| {
                failed | u64::from(!holds && consent.atom(i)) << i
            });
        let failed = if self.passed { 0 } else { failed };
        Outcome(u64::from(self.passed) | band << 1 | failed << FAILED_SHIFT)
    }
}

/// The statement's atoms and verdict in clear text, in exact integers.
///
/// # Obligations of the caller
/// [`Numbers::check`] has accepted the numbers, and the values are of the numbers' layout.
pub fn evaluate(numbers: &Numbers, values: &Values) -> Evaluation {
    let available = values.attributes()[PERIODS_AVAILABLE];
    let old_enough = |min_periods: u32| available >= i64::from(min_periods);

    let linear = numbers.linear.iter().map(|l| {
        weighted_sum(&l.time, &l.weight, values) >= l.threshold && old_enough(l.min_periods)
    });
    let counted = numbers.counted.iter().map(|c| {
        let rows = c.window.iter().zip(values.rows());
        let met = rows.filter(|(counts, row)| **counts && row_sum(&c.weight, row) >= c.threshold);
        met.count() >= c.at_least as usize && old_enough(c.min_periods)
    });
    let range = numbers.range.iter().map(|r| {
        let attribute = values.attributes()[r.attribute];
        r.low <= attribute && attribute <= r.high
    });
    let sets = numbers.sets.iter().map(|s| {
        let code = values.attributes()[s.attribute];
        code != 0 && s.codes.contains(&code) == s.member
    });
    let atoms: Vec<bool> = linear.chain(counted).chain(range).chain(sets).collect();

    let points = atoms
        .iter()
        .zip(&numbers.points)
        .map(|(&holds, &p)| if holds { i64::from(p) } else { 0 });
    let card = numbers
        .card
        .as_ref()
        .map_or(0, |card| card_points(card, values));
    let score = points.sum::<i64>() + card;

    let hard = atoms
        .iter()
        .zip(&numbers.hard)
        .all(|(&holds, &hard)| holds || !hard);
    let groups = numbers.groups.iter().all(|g| {
        let met = atoms
            .iter()
            .zip(&g.members)
            .filter(|(holds, member)| **holds && **member);
        met.count() >= g.at_least as usize
    });
    Evaluation {
        passed: hard && groups && score >= i64::from(numbers.cut_off),
        band: numbers
            .bands
            .iter()
            .filter(|&&t| score >= i64::from(t))
            .count() as u64,
        atoms,
        score,
    }
}

pub(crate) fn row_sum(weight: &[i32], row: &[i64]) -> i128 {
    weight
        .iter()
        .zip(row)
        .map(|(&w, &v)| i128::from(w) * i128::from(v))
        .sum()
}

pub(crate) fn weighted_sum(time: &[i32], weight: &[i32], values: &Values) -> i128 {
    let rows = time.iter().zip(values.rows());
    rows.map(|(&t, row)| i128::from(t) * row_sum(weight, row))
        .sum()
}

fn card_points(card: &CardNumbers, values: &Values) -> i64 {
    let sum = |s: &SumNumbers| weighted_sum(&s.time, &s.weight, values) + i128::from(s.constant);
    let ratios = card.ratios.iter().map(|v| {
        let denominator = sum(&v.denominator);
        let known =
            denominator >= 1 && values.attributes()[PERIODS_AVAILABLE] >= i64::from(v.min_periods);
        let numerator = sum(&v.numerator);
        bin_points(&v.bins, known, |t| numerator >= t * denominator)
    });
    let attributes = card.attributes.iter().map(|v| {
        let attribute = values.attributes()[v.attribute];
        bin_points(&v.bins, attribute != v.missing_value, |t| {
            i128::from(attribute) >= t
        })
    });
    ratios.chain(attributes).sum()
}

fn bin_points(bins: &BinNumbers, known: bool, reaches: impl Fn(i128) -> bool) -> i64 {
    if !known {
        return bins.missing.into();
    }
    let steps = bins.thresholds.iter().zip(&bins.steps);
    let reached = steps
        .filter(|(t, _)| reaches(**t))
        .map(|(_, &step)| i64::from(step));
    i64::from(bins.base) + reached.sum::<i64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Value;
    use crate::shape::{Q16, Q32};

    fn values(attributes: &[i64], first_field: &[i64]) -> Values {
        let value = |&n: &i64| Value::try_from(n).expect("a small value");
        let rows: Vec<_> = first_field.iter().map(|n| vec![value(n)]).collect();
        let attributes: Vec<_> = attributes.iter().map(value).collect();
        Values::new(Q16.layout(), &attributes, &rows).expect("fits")
    }

    #[test]
    fn a_young_firm_does_not_pass_by_rows_that_are_zero() {
        let mut numbers = Numbers::neutral(Q16);
        numbers.linear[0].min_periods = 3;
        numbers.hard[0] = true;
        assert!(!evaluate(&numbers, &values(&[2], &[0, 0])).passed);
        assert!(evaluate(&numbers, &values(&[3], &[0, 0, 0])).passed);
    }

    #[test]
    fn a_missing_code_is_neither_in_nor_out() {
        let mut numbers = Numbers::neutral(Q16);
        numbers.sets[1].attribute = 3;
        for member in [true, false] {
            numbers.sets[1].member = member;
            assert!(!evaluate(&numbers, &values(&[0, 0, 0, 0], &[])).atoms[14]);
        }
        assert!(evaluate(&numbers, &values(&[0, 0, 0, 2], &[])).atoms[14]);
    }

    #[test]
    fn outcomes_say_no_more_than_consented() {
        let mut numbers = Numbers::neutral(Q16);
        numbers.range[0] = crate::numbers::RangeNumbers {
            attribute: 1,
            low: 1,
            high: 5,
        };
        numbers.hard[9] = true;
        numbers.bands = vec![0, 0, 1];
        let failing = evaluate(&numbers, &values(&[0, 9], &[]));
        assert_eq!(failing.outcome(Q16, Consent::NONE).bits(), 0);
        let consent = Consent::NONE.with_atom(9).with_band(Q16);
        let outcome = failing.outcome(Q16, consent);
        assert_eq!((outcome.passed(), outcome.band()), (false, 2));
        assert_eq!(outcome.failed_atoms().collect::<Vec<_>>(), [9]);
        assert_eq!(
            Outcome::from_bits(Q16, consent, outcome.bits()),
            Some(outcome)
        );
        for bits in [0b1000, 0b10, 8 << 9, 8 << 15, 1 << 63] {
            assert_eq!(
                Outcome::from_bits(Q16, Consent::NONE, bits),
                None,
                "{bits:b}"
            );
        }
        let passed_and_failed = 1 | 8 << 9;
        assert_eq!(Outcome::from_bits(Q16, consent, passed_and_failed), None);
        assert!(Consent::from_bits(Q16, 1 << 16).is_none());
        assert!(Consent::from_bits(Q32, 1 << 16).is_some());
    }
}
