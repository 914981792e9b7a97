//! What a checked policy holds: rules, groups, points, variables, parameters.
//!
//! Fields, attributes, parameters and rules are indices by now; amounts are in minor units.

use num_traits::{Signed, Zero};

use super::exact::{Rational, power_of_ten, whole};
use super::expression::{Ago, Window};
use super::parameters::Parameters;
use crate::schema::{Quantity, Schema, Unit};

/// What a number of a rule measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Measure {
    /// Money in the schema's currency, in minor units.
    Money,
    /// A number of things.
    Count(String),
    /// Hundredths of a per cent.
    Percent,
    /// A day, counted from 1970-01-01.
    Date,
    /// A plain ratio: 0.2 is 20 %.
    Ratio,
}

impl Measure {
    /// What a quantity measures; `None` for a code, which measures nothing.
    pub(super) fn of(quantity: &Quantity) -> Option<Self> {
        match &quantity.unit {
            Unit::Money => Some(Self::Money),
            Unit::Count { of } => Some(Self::Count(of.clone())),
            Unit::BasisPoints => Some(Self::Percent),
            Unit::Date => Some(Self::Date),
            Unit::Code { .. } => None,
        }
    }

    /// The whole numbers of a record in one of what a person writes.
    pub(super) fn units(&self, schema: &Schema) -> Rational {
        match self {
            Self::Money => power_of_ten(schema.currency_digits),
            Self::Percent => power_of_ten(4),
            Self::Count(_) | Self::Date | Self::Ratio => whole(1),
        }
    }
}

/// Fields with factors; at least one, none of them 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    /// Field indices, ascending, and their factors.
    pub(super) terms: Vec<(usize, Rational)>,
    pub(super) measure: Measure,
}

impl Sum {
    /// The factor of each field of a schema.
    pub(super) fn weights(&self, fields: usize) -> Vec<Rational> {
        let mut weights = vec![Rational::zero(); fields];
        for (field, factor) in &self.terms {
            weights[*field] = factor.clone();
        }
        weights
    }

    /// `self` ÷ `other`, where one is a multiple of the other.
    pub(super) fn multiple_of(&self, other: &Self) -> Option<Rational> {
        let (_, first) = self.terms.first()?;
        let (_, other_first) = other.terms.first()?;
        let multiple = first / other_first;
        let same = self.terms.len() == other.terms.len()
            && self
                .terms
                .iter()
                .zip(&other.terms)
                .all(|((field, factor), (f, g))| field == f && *factor == g * &multiple);
        same.then_some(multiple)
    }
}

/// constant + Σ factor·parameter, in the record's whole numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Affine {
    pub(super) constant: Rational,
    /// Parameter indices, ascending, and their factors, none of them 0.
    pub(super) terms: Vec<(usize, Rational)>,
}

impl Affine {
    pub(super) const fn constant(constant: Rational) -> Self {
        Self {
            constant,
            terms: Vec::new(),
        }
    }

    pub(super) fn as_constant(&self) -> Option<&Rational> {
        self.terms.is_empty().then_some(&self.constant)
    }

    /// The value for a request's parameters.
    pub(super) fn at(&self, parameters: &Parameters) -> Rational {
        let terms = self
            .terms
            .iter()
            .map(|(i, factor)| factor * whole(parameters.values()[*i]));
        terms.fold(self.constant.clone(), |sum, term| sum + term)
    }

    pub(super) fn scaled(&self, factor: &Rational) -> Self {
        Self {
            constant: &self.constant * factor,
            terms: self.terms.iter().map(|(i, f)| (*i, f * factor)).collect(),
        }
    }

    /// The least and the greatest value over all parameters within their bounds.
    pub(super) fn extent(&self, parameters: &[Parameter]) -> (Rational, Rational) {
        let mut extent = (self.constant.clone(), self.constant.clone());
        for (i, factor) in &self.terms {
            let ends = [parameters[*i].min, parameters[*i].max].map(|end| factor * whole(end));
            let [low, high] = if factor.is_negative() {
                let [a, b] = ends;
                [b, a]
            } else {
                ends
            };
            extent.0 += low;
            extent.1 += high;
        }
        extent
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    /// More than, less than; else at least, at most.
    pub(super) strict: bool,
    pub(super) value: Affine,
}

/// Both sides; at least one is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Bounds {
    pub(super) low: Option<Bound>,
    pub(super) high: Option<Bound>,
}

/// In how many quarters of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) at_least: Option<u32>,
    pub(super) at_most: Option<u32>,
}

/// What an average is per.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Per {
    Quarter,
    Year,
}

impl Per {
    /// Quarters in one.
    pub(super) const fn quarters(self) -> u32 {
        match self {
            Self::Quarter => 1,
            Self::Year => 4,
        }
    }
}

/// What a growth or ratio says where its base is not above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// The rule fails.
    Fail,
    /// The cross-multiplied inequality is taken as it stands.
    AsMultiplied,
}

/// What is computed from the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Figure {
    Total {
        sum: Sum,
        over: Window,
    },
    Average {
        sum: Sum,
        over: Window,
        per: Per,
    },
    Growth {
        sum: Sum,
        from: Window,
        to: Window,
    },
    Ratio {
        sum: Sum,
        over: Window,
        base: Sum,
        base_over: Window,
    },
}

impl Figure {
    /// What a threshold on the figure measures.
    pub(super) const fn measure(&self) -> &Measure {
        match self {
            Self::Total { sum, .. } | Self::Average { sum, .. } => &sum.measure,
            Self::Growth { .. } | Self::Ratio { .. } => &Measure::Ratio,
        }
    }

    /// The oldest quarter that it looks at.
    pub(super) fn oldest(&self) -> u32 {
        match self {
            Self::Total { over, .. } | Self::Average { over, .. } => over.oldest,
            Self::Growth { from, to, .. } => from.oldest.max(to.oldest),
            Self::Ratio {
                over, base_over, ..
            } => over.oldest.max(base_over.oldest),
        }
    }
}

/// What a rule tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// The sum of a quarter, in some number of quarters of a window.
    EachQuarter {
        sum: Sum,
        over: Window,
        bounds: Bounds,
        count: Count,
    },
    /// A figure; `base` is for growth and ratio.
    Figure {
        figure: Figure,
        bounds: Bounds,
        base: Base,
    },
    /// An attribute that is a number or a day.
    Attribute {
        attribute: usize,
        bounds: Bounds,
        at_least_ago: Option<Ago>,
        within: Option<Ago>,
    },
    /// An attribute that is a code.
    Codes {
        attribute: usize,
        codes: Vec<i64>,
        member: bool,
    },
    /// A parameter of the request.
    Parameter { parameter: usize, bounds: Bounds },
}

impl Test {
    /// The oldest quarter that it looks at, if it looks at the rows.
    pub(super) fn oldest(&self) -> Option<u32> {
        match self {
            Self::EachQuarter { over, .. } => Some(over.oldest),
            Self::Figure { figure, .. } => Some(figure.oldest()),
            Self::Attribute { .. } | Self::Codes { .. } | Self::Parameter { .. } => None,
        }
    }
}

/// What a rule or variable says of a firm with fewer quarters than it looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum YoungFirms {
    /// The rule fails, the variable is missing.
    Fail,
    /// Quarters before the firm existed count as zeros.
    CountZero,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) test: Test,
    pub(super) young_firms: YoungFirms,
    /// Nobody passes without it.
    pub(super) required: bool,
    /// Points when it holds.
    pub(super) points: Option<i32>,
}

/// "At least k of these rules."
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) any_of: Vec<usize>,
    pub(super) at_least: u32,
}

/// What is done with the points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Score {
    pub(super) base: i32,
    pub(super) cut_off: Option<i32>,
    pub(super) bands: Vec<i32>,
}

/// A variable of a scorecard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) measured: Measured,
    pub(super) young_firms: YoungFirms,
    pub(super) missing: i32,
}

/// What a variable measures, and its bins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Measured {
    /// A figure of the rows.
    Figure {
        figure: Figure,
        bins: Bins<Rational>,
    },
    /// An attribute that is a number.
    Attribute {
        attribute: usize,
        bins: Bins<Rational>,
    },
    /// The age of a day, at the epoch's date.
    Age { attribute: usize, bins: Bins<Ago> },
    /// A code; `other` is for codes that no bin names.
    Codes {
        attribute: usize,
        bins: Vec<(Vec<i64>, i32)>,
        other: i32,
    },
}

/// Bins by upper ends, ascending: `(below, points)`, and the points of what is in none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bins<T> {
    pub(super) below: Vec<(T, i32)>,
    pub(super) rest: i32,
}

/// The unit of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterUnit {
    /// Money in the schema's currency.
    Money,
    /// A number of things.
    Count,
    /// Per cent, with two digits behind the point.
    Percent,
}

impl ParameterUnit {
    pub(super) const ALL: [Self; 3] = [Self::Money, Self::Count, Self::Percent];

    /// The word in a policy.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Count => "count",
            Self::Percent => "percent",
        }
    }

    pub(super) fn measure(self) -> Measure {
        match self {
            Self::Money => Measure::Money,
            Self::Count => Measure::Count(String::new()),
            Self::Percent => Measure::Percent,
        }
    }
}

/// A number that a request adds to a policy, such as the amount asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name in thresholds.
    pub name: String,
    /// The unit.
    pub unit: ParameterUnit,
    /// The least that a request may say, in whole numbers of the unit (fen; hundredths of a per
    /// cent); below 2^48 in absolute value.
    pub min: i64,
    /// The greatest.
    pub max: i64,
}

/// What the bank learns besides the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learns {
    /// The enterprise's id.
    pub id: bool,
    /// The band of the score.
    pub band: bool,
    /// The rules that an applicant may name as failed, as indices, ascending.
    pub failed_rules: Vec<usize>,
    /// The registry that the scope tag is for, shared by several banks.
    pub scope: Option<String>,
}
