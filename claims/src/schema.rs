//! Schemas: what the rows and attributes of a record mean. A schema is data.

use serde::{Deserialize, Serialize};

use crate::amount::{Decimal, NotDecimal, TooPrecise, Value, format_units};
use crate::date::Date;
use crate::digest::{Digest, Profile};
use crate::shape::{Layout, VALUE_BITS};

/// The attribute that every schema begins with: how many of the rows are real.
pub const PERIODS_AVAILABLE: usize = 0;

/// How a value is written and read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "unit")]
pub enum Unit {
    /// Money in the schema's currency; the value counts its minor units.
    Money,
    /// A number of things, days or months: say which in `of`.
    Count {
        /// What is counted, in the plural: `months`.
        of: String,
    },
    /// Hundredths of a per cent.
    BasisPoints,
    /// A day; the value counts days since 1970-01-01.
    Date,
    /// One of some codes, each with a name; 0 is "not known".
    Code {
        /// The codes by name, each above 0. Where it is empty, any positive number is a code.
        names: Vec<CodeName>,
    },
}

/// A code and what a person calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeName {
    /// As written in a policy or a filing.
    pub name: String,
    /// As committed to, above 0.
    pub code: i64,
}

/// A field of the rows or an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "QuantityEntry")]
pub struct Quantity {
    /// As written in a policy: `vat_paid`.
    pub name: String,
    /// As said to a person: `VAT paid`.
    pub label: String,
    /// The unit.
    #[serde(flatten)]
    pub unit: Unit,
    /// The least value that a record can hold, in the unit's whole numbers.
    pub min: i64,
    /// The greatest value that a record can hold.
    pub max: i64,
    /// The value that says "not known", if the quantity can be unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<i64>,
}

/// A quantity as it is written: flat, so that a misspelt key is noticed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuantityEntry {
    name: String,
    label: String,
    unit: UnitName,
    of: Option<String>,
    names: Option<Vec<CodeName>>,
    min: i64,
    max: i64,
    missing: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum UnitName {
    Money,
    Count,
    BasisPoints,
    Date,
    Code,
}

impl TryFrom<QuantityEntry> for Quantity {
    type Error = String;

    fn try_from(entry: QuantityEntry) -> Result<Self, String> {
        let unit = match (entry.unit, entry.of, entry.names) {
            (UnitName::Money, None, None) => Unit::Money,
            (UnitName::Count, Some(of), None) => Unit::Count { of },
            (UnitName::BasisPoints, None, None) => Unit::BasisPoints,
            (UnitName::Date, None, None) => Unit::Date,
            (UnitName::Code, None, names) => Unit::Code {
                names: names.unwrap_or_default(),
            },
            _ => {
                return Err(format!(
                    "`{}`: a count, and only a count, has `of`; only a code has `names`",
                    entry.name
                ));
            }
        };
        Ok(Self {
            name: entry.name,
            label: entry.label,
            unit,
            min: entry.min,
            max: entry.max,
            missing: entry.missing,
        })
    }
}

/// What a record of one kind holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The schema's name and version: `cn-tax-1`.
    pub id: String,
    /// What it is for, in a sentence.
    pub title: String,
    /// The currency: `CNY`.
    pub currency: String,
    /// Digits of the currency's minor unit: 2 for fen.
    pub currency_digits: u32,
    /// The scheme of enterprise ids: `uscc`, or `plain` for any other.
    pub id_scheme: crate::subject::IdScheme,
    /// The rows' fields, at most as many as the layout has; those left over are zero.
    pub fields: Vec<Quantity>,
    /// The attributes, the first of which is `periods_available`.
    pub attributes: Vec<Quantity>,
}

/// A schema file is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// Not TOML, or a key is missing or unknown.
    #[error("the schema does not parse: {0}")]
    Syntax(String),
    /// The first attribute must say how many rows are real.
    #[error(
        "the first attribute of a schema is `periods_available`, a count from 0 that is always known"
    )]
    NoPeriodsAvailable,
    /// No currency has so small a minor unit.
    #[error("a currency's minor unit has at most 6 digits")]
    CurrencyDigits,
    /// Two quantities have one name.
    #[error("the name `{0}` is used twice")]
    DuplicateName(String),
    /// A bound or code is outside |v| < 2^48, or the bounds are the wrong way round.
    #[error("`{0}` has a bound, code or missing value that a record cannot hold")]
    Bounds(String),
    /// More quantities than any shape holds.
    #[error("a schema has at most 8 fields and 12 attributes")]
    TooMany,
}

/// A text is not a value of a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Not a number.
    #[error(transparent)]
    NotDecimal(#[from] NotDecimal),
    /// More digits than the unit has.
    #[error(transparent)]
    TooPrecise(#[from] TooPrecise),
    /// Not a day.
    #[error(transparent)]
    NotDate(#[from] crate::date::NotDate),
    /// Not a code of the quantity.
    #[error("`{text}` is not one of the codes of `{quantity}`: {known}")]
    UnknownCode {
        /// What was written.
        text: String,
        /// The quantity's name.
        quantity: String,
        /// The codes' names.
        known: String,
    },
    /// Outside the quantity's bounds.
    #[error("{value} is outside the bounds of `{quantity}`")]
    OutOfBounds {
        /// In the unit's whole numbers.
        value: i128,
        /// The quantity's name.
        quantity: String,
    },
}

const MAX_CURRENCY_DIGITS: u32 = 6;
const MAX_FIELDS: usize = 8;
const MAX_ATTRIBUTES: usize = 12;

/// The default schema, for China's provincial bureaux.
pub const CN_TAX: &str = include_str!("../schemas/cn-tax.toml");

impl Schema {
    /// The default schema: China's VAT and income tax filings, invoices and taxpayer register.
    pub fn cn_tax() -> Self {
        Self::from_toml(CN_TAX).expect("the schema in the repository is tested")
    }

    /// Reads a schema file.
    ///
    /// # Errors
    /// What is wrong with the file; its author must mend it.
    pub fn from_toml(text: &str) -> Result<Self, SchemaError> {
        let schema: Self = toml::from_str(text).map_err(|e| SchemaError::Syntax(e.to_string()))?;
        schema.check()?;
        Ok(schema)
    }

    /// Reads a schema from JSON of the same structure.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, SchemaError> {
        let schema: Self =
            serde_json::from_str(text).map_err(|e| SchemaError::Syntax(e.to_string()))?;
        schema.check()?;
        Ok(schema)
    }

    fn check(&self) -> Result<(), SchemaError> {
        if self.fields.len() > MAX_FIELDS || self.attributes.len() > MAX_ATTRIBUTES {
            return Err(SchemaError::TooMany);
        }
        let counts_periods = |a: &Quantity| {
            a.name == "periods_available"
                && matches!(a.unit, Unit::Count { .. })
                && (a.min, a.missing) == (0, None)
        };
        if !self.attributes.first().is_some_and(counts_periods) {
            return Err(SchemaError::NoPeriodsAvailable);
        }
        if self.currency_digits > MAX_CURRENCY_DIGITS {
            return Err(SchemaError::CurrencyDigits);
        }
        let mut names = std::collections::BTreeSet::new();
        for quantity in self.fields.iter().chain(&self.attributes) {
            if !names.insert(&quantity.name) {
                return Err(SchemaError::DuplicateName(quantity.name.clone()));
            }
            quantity.check()?;
        }
        Ok(())
    }

    /// The digest that stands for the schema in headers and proofs: of its JSON with sorted keys,
    /// in SHA-256 whatever the profile, because both sides of a proof name the same schema.
    pub fn digest(&self) -> Digest {
        let json = serde_json::to_value(self).expect("a schema has text keys");
        Profile::International.digest("taxproof/schema/1", &[json.to_string().as_bytes()])
    }

    /// A field's index and description.
    pub fn field(&self, name: &str) -> Option<(usize, &Quantity)> {
        self.fields.iter().enumerate().find(|(_, q)| q.name == name)
    }

    /// An attribute's index and description.
    pub fn attribute(&self, name: &str) -> Option<(usize, &Quantity)> {
        self.attributes
            .iter()
            .enumerate()
            .find(|(_, q)| q.name == name)
    }

    /// Whether records of this schema fit a layout.
    pub const fn fits(&self, layout: Layout) -> bool {
        self.fields.len() <= layout.fields && self.attributes.len() <= layout.attributes
    }

    /// Digits behind the point of a quantity as a person writes it.
    pub const fn digits(&self, quantity: &Quantity) -> u32 {
        match quantity.unit {
            Unit::Money => self.currency_digits,
            Unit::BasisPoints => 2,
            _ => 0,
        }
    }

    /// A value as a person writes it, in whole units of the quantity.
    ///
    /// # Errors
    /// The text is no number, day or code of the quantity, or is outside its bounds.
    pub fn parse_value(&self, quantity: &Quantity, text: &str) -> Result<Value, ValueError> {
        let value: i128 = match &quantity.unit {
            Unit::Date => text.parse::<Date>()?.days().into(),
            Unit::Code { names } => code(quantity, names, text)?.into(),
            _ => text.parse::<Decimal>()?.to_units(self.digits(quantity))?,
        };
        let error = || ValueError::OutOfBounds {
            value,
            quantity: quantity.name.clone(),
        };
        let missing = quantity.missing.map(i128::from);
        if missing != Some(value) && (value < quantity.min.into() || value > quantity.max.into()) {
            return Err(error());
        }
        Value::new(value).map_err(|_| error())
    }

    /// A value as a person reads it: `CNY 50,000.00`, `3 months`, `2024-11-01`, `A`.
    pub fn format_value(&self, quantity: &Quantity, value: i128) -> String {
        if quantity.missing.map(i128::from) == Some(value) {
            return "not known".to_owned();
        }
        let number = format_units(value, self.digits(quantity));
        match &quantity.unit {
            Unit::Money => format!("{} {number}", self.currency),
            Unit::Count { of } => format!("{number} {of}"),
            Unit::BasisPoints => format!("{number} %"),
            Unit::Date => i64::try_from(value)
                .ok()
                .and_then(Date::from_days)
                .map_or(number, |date| date.to_string()),
            Unit::Code { names } => names
                .iter()
                .find(|c| i128::from(c.code) == value)
                .map_or_else(|| value.to_string(), |c| c.name.clone()),
        }
    }
}

impl Quantity {
    fn check(&self) -> Result<(), SchemaError> {
        let holds = |v: i64| v.unsigned_abs() < 1 << VALUE_BITS;
        let codes_hold = match &self.unit {
            Unit::Code { names } => {
                let distinct = |i: usize, c: &CodeName| {
                    names[..i]
                        .iter()
                        .all(|d| d.code != c.code && d.name != c.name)
                };
                self.missing == Some(0)
                    && self.min >= 0
                    && names
                        .iter()
                        .enumerate()
                        .all(|(i, c)| c.code > 0 && holds(c.code) && distinct(i, c))
            }
            _ => true,
        };
        let holds = holds(self.min)
            && holds(self.max)
            && self.missing.is_none_or(holds)
            && self.min <= self.max
            && codes_hold;
        if holds {
            Ok(())
        } else {
            Err(SchemaError::Bounds(self.name.clone()))
        }
    }
}

fn code(quantity: &Quantity, names: &[CodeName], text: &str) -> Result<i64, ValueError> {
    if names.is_empty() {
        if let Ok(code) = text.parse::<i64>() {
            return Ok(code);
        }
    } else if let Some(found) = names.iter().find(|c| c.name == text) {
        return Ok(found.code);
    }
    let known: Vec<&str> = names.iter().map(|c| c.name.as_str()).collect();
    Err(ValueError::UnknownCode {
        text: text.to_owned(),
        quantity: quantity.name.clone(),
        known: if known.is_empty() {
            "whole numbers".to_owned()
        } else {
            known.join(", ")
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_schema_reads_and_writes_values() {
        let schema = Schema::cn_tax();
        let value = |name: &str, text: &str| {
            let (_, q) = schema
                .field(name)
                .or(schema.attribute(name))
                .expect("a quantity");
            schema
                .parse_value(q, text)
                .map(|v| (v.get(), schema.format_value(q, v.get().into())))
        };
        assert_eq!(
            value("vat_paid", "-50,000.10"),
            Ok((-5_000_010, "CNY -50,000.10".into()))
        );
        assert_eq!(value("grade", "M"), Ok((3, "M".into())));
        assert_eq!(
            value("registered_on", "1970-01-31"),
            Ok((30, "1970-01-31".into()))
        );
        assert_eq!(value("industry", "70"), Ok((70, "70".into())));
        assert!(matches!(
            value("grade", "E"),
            Err(ValueError::UnknownCode { .. })
        ));
        assert!(matches!(
            value("vat_paid", "0.001"),
            Err(ValueError::TooPrecise(_))
        ));
        assert!(matches!(
            value("industry", "-1"),
            Err(ValueError::OutOfBounds { .. })
        ));
    }

    #[test]
    fn the_digest_notices_every_change() {
        let schema = Schema::cn_tax();
        let mut other = schema.clone();
        other.fields[1].max -= 1;
        assert_ne!(schema.digest(), other.digest());
    }

    #[test]
    fn bad_schemas_are_refused() {
        let reject = |from: &str, to: &str| {
            assert!(CN_TAX.contains(from), "{from}");
            Schema::from_toml(&CN_TAX.replacen(from, to, 1)).unwrap_err()
        };
        assert_eq!(
            reject("name = \"periods_available\"", "name = \"x\""),
            SchemaError::NoPeriodsAvailable
        );
        assert_eq!(
            reject("name = \"sales\"", "name = \"vat_paid\""),
            SchemaError::DuplicateName("vat_paid".into())
        );
        assert!(matches!(reject("label", "lable"), SchemaError::Syntax(_)));
        assert!(matches!(
            reject("missing = -1", "mising = -1"),
            SchemaError::Syntax(_)
        ));
        assert!(matches!(
            reject("unit = \"money\"", "unit = \"money\"\nof = \"fen\""),
            SchemaError::Syntax(_)
        ));
        assert_eq!(
            reject("currency_digits = 2", "currency_digits = 7"),
            SchemaError::CurrencyDigits
        );
        assert_eq!(
            reject("name = \"B\", code = 2", "name = \"B\", code = 1"),
            SchemaError::Bounds("grade".into())
        );
        assert_eq!(
            reject("name = \"B\", code = 2", "name = \"A\", code = 2"),
            SchemaError::Bounds("grade".into())
        );
        assert_eq!(
            reject("min = 0\nmax = 9999", "min = -5\nmax = 9999"),
            SchemaError::Bounds("industry".into())
        );
        assert!(matches!(
            reject("max = 281474976710655", "max = 281474976710656"),
            SchemaError::Bounds(_)
        ));
    }
}
