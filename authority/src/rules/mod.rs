//! Derivation rules: how the quantities of a schema follow from filings, register and invoices.
//! They are data, part of a mapping file; [`crate::derivation`] carries them out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use taxproof_claims::period::Period;
use taxproof_claims::schema::{Quantity, Schema, Unit, ValueError};

mod attribute;
mod field;

pub use attribute::AttributeRule;
pub use field::FieldRule;

/// How every quantity of a schema is derived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derivations {
    /// Which quarters a record has.
    pub periods: PeriodRules,
    /// One a field of the schema.
    pub fields: BTreeMap<String, FieldRule>,
    /// One an attribute of the schema, but for `periods_available`.
    pub attributes: BTreeMap<String, AttributeRule>,
}

/// Which quarters a record has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodRules {
    /// Days after a quarter's end until which its filings may come: the newest quarter of an epoch
    /// is the last one for which that day has passed.
    pub deadline_days: u32,
    /// The register's fact with the day of registration. The first quarter is the one of that day
    /// or of the first filing, whichever is earlier; without it, the one of the first filing.
    #[serde(default)]
    pub registered: Option<String>,
    /// The first quarter that the source covers: earlier ones are neither available nor missing.
    #[serde(default)]
    pub history_from: Option<Period>,
}

/// Names of amounts, added up.
pub type Amounts = Vec<String>;

/// Kinds of filings; every kind where there are none.
pub type Kinds = Vec<String>;

/// How often a filing is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// Each month.
    Month,
    /// Each quarter.
    Quarter,
}

/// Whom a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// A fact of the register.
    pub register: String,
    /// Its texts for which the condition holds.
    pub is: Vec<String>,
}

/// What a rule's result is, to be held against the quantity's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Money or a count: whatever the amounts are.
    Amount,
    Money,
    Count,
    Share,
    Day,
    /// Checked elsewhere.
    Any,
}

impl Kind {
    const fn fits(self, unit: &Unit) -> bool {
        match self {
            Self::Any => true,
            Self::Amount => matches!(unit, Unit::Money | Unit::Count { .. }),
            Self::Money => matches!(unit, Unit::Money),
            Self::Count => matches!(unit, Unit::Count { .. }),
            Self::Share => matches!(unit, Unit::BasisPoints),
            Self::Day => matches!(unit, Unit::Date),
        }
    }
}

/// Most months that a rule looks back.
const MAX_MONTHS: u32 = 120;

/// Derivation rules do not fit their schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A quantity of the schema has no rule.
    #[error("the schema's `{0}` has no rule: say how it is derived, or give a constant")]
    NoRule(String),
    /// A rule is for no quantity of the schema.
    #[error("there is a rule for `{0}`, which the schema does not have")]
    NoQuantity(String),
    /// The rule's result is of another unit than the quantity.
    #[error("the rule for `{0}` gives another unit than the schema's")]
    Unit(String),
    /// A window of no months, or of more than ten years.
    #[error("the rule for `{0}` looks back 0 or more than 120 months")]
    Months(String),
    /// A constant or default that the quantity cannot have.
    #[error("the rule for `{quantity}`: {error}")]
    Value {
        /// The quantity.
        quantity: String,
        /// What is wrong.
        error: Box<ValueError>,
    },
}

impl Derivations {
    /// Checks that every quantity of a schema has a rule of its unit, and nothing else has one.
    ///
    /// # Errors
    /// The first rule that does not fit; the mapping's author must mend it.
    pub fn check(&self, schema: &Schema) -> Result<(), RuleError> {
        for field in &schema.fields {
            let rule = self.fields.get(&field.name);
            let rule = rule.ok_or_else(|| RuleError::NoRule(field.name.clone()))?;
            check(field, rule.result(), rule.months())?;
            if let FieldRule::Constant { value } = rule {
                check_value(schema, field, value)?;
            }
        }
        for attribute in schema.attributes.iter().skip(1) {
            let rule = self.attributes.get(&attribute.name);
            let rule = rule.ok_or_else(|| RuleError::NoRule(attribute.name.clone()))?;
            check(attribute, rule.result(), rule.months())?;
            match rule {
                AttributeRule::Constant { value }
                | AttributeRule::Register {
                    default: Some(value),
                    ..
                } => check_value(schema, attribute, value)?,
                _ => {}
            }
        }
        let known = |name: &str| schema.field(name).or(schema.attribute(name)).is_some();
        let ruled = self.fields.keys().filter(|n| schema.field(n).is_none());
        let mut ruled = ruled.chain(self.attributes.keys().filter(|n| {
            let index = schema.attribute(n).map(|(i, _)| i);
            !known(n) || index.is_none_or(|i| i == 0)
        }));
        match ruled.next() {
            Some(name) => Err(RuleError::NoQuantity(name.clone())),
            None => Ok(()),
        }
    }

    /// Every amount that a rule reads, with the quantity that it feeds.
    pub(crate) fn amounts(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter().map(|(n, r)| (n, r.amounts()));
        let attributes = self.attributes.iter().map(|(n, r)| (n, r.amounts()));
        flatten(fields.chain(attributes))
    }

    /// Every kind of filing that a rule names, with the quantity that it feeds.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter().map(|(n, r)| (n, r.kinds()));
        let attributes = self.attributes.iter().map(|(n, r)| (n, r.kinds()));
        flatten(fields.chain(attributes))
    }

    /// Every fact of the register that a rule reads, with the quantity that it feeds.
    pub(crate) fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        let attributes = self.attributes.iter();
        let read = attributes.filter_map(|(n, r)| r.facts().map(|fact| (n.as_str(), fact)));
        let registered = self.periods.registered.as_deref();
        read.chain(registered.map(|fact| ("periods_available", fact)))
    }
}

fn flatten<'a>(
    rules: impl Iterator<Item = (&'a String, &'a [String])>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    rules.flat_map(|(quantity, names)| names.iter().map(|n| (quantity.as_str(), n.as_str())))
}

fn check(quantity: &Quantity, result: Kind, months: Option<u32>) -> Result<(), RuleError> {
    if !result.fits(&quantity.unit) {
        return Err(RuleError::Unit(quantity.name.clone()));
    }
    if months.is_some_and(|m| m == 0 || m > MAX_MONTHS) {
        return Err(RuleError::Months(quantity.name.clone()));
    }
    Ok(())
}

fn check_value(schema: &Schema, quantity: &Quantity, text: &str) -> Result<(), RuleError> {
    let parsed = schema.parse_value(quantity, text);
    parsed.map(|_| ()).map_err(|error| RuleError::Value {
        quantity: quantity.name.clone(),
        error: Box::new(error),
    })
}
