//! Mapping files: how a source's columns become filings, facts and invoices, and how the
//! quantities of a schema are derived from these. See `docs/authority.md` for the reference.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use taxproof_claims::schema::{Schema, Unit};

use crate::number::NumberFormat;
use crate::rules::{AttributeRule, Derivations, FieldRule, RuleError};

mod columns;

pub use columns::{
    AmountColumn, Blank, CancellationColumn, CsvFormat, DayColumn, EnterpriseColumn, FactColumn,
    LongFiling, Measure, NameColumn, Negative, PeriodColumns, Sign, UnknownEnterprise,
    VoidedColumn,
};
pub(crate) use columns::{is_day_format, read_day};

/// A checked mapping file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The schema whose quantities it feeds.
    pub schema: String,
    /// What source it is for, in a sentence.
    pub title: String,
    /// The file of filings.
    #[serde(default)]
    pub filings: Option<FilingSource>,
    /// The register of taxpayers.
    #[serde(default)]
    pub taxpayers: Option<TaxpayerSource>,
    /// The file of invoices.
    #[serde(default)]
    pub invoices: Option<InvoiceSource>,
    /// How quantities are derived. A second source of an authority may leave it out.
    #[serde(default)]
    pub derive: Option<Derivations>,
}

/// A file with a row a filing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilingSource {
    /// How the file is written.
    #[serde(default)]
    pub csv: CsvFormat,
    /// How its numbers are written.
    #[serde(default)]
    pub numbers: NumberFormat,
    /// Whose filing it is.
    pub enterprise: EnterpriseColumn,
    /// What to do where that enterprise is not on record.
    #[serde(default)]
    pub unknown_enterprise: UnknownEnterprise,
    /// What time it is about.
    pub period: PeriodColumns,
    /// What to do where that is more than a quarter.
    #[serde(default)]
    pub longer_than_quarter: LongFiling,
    /// What kind of filing it is: its tax.
    pub kind: NameColumn,
    /// The day of filing: the latest version of a filing counts.
    #[serde(default)]
    pub filed_on: Option<DayColumn>,
    /// A whole number that orders versions of one day, or all where there is no day.
    #[serde(default)]
    pub sequence: Option<String>,
    /// The last day on which the filing was in time.
    #[serde(default)]
    pub deadline: Option<DayColumn>,
    /// Where there is no such column: how many days after its time it was due.
    #[serde(default)]
    pub deadline_days: Option<u32>,
    /// The day on which it was paid; blank where it is not. Without it, a filing counts as paid on
    /// the day it was first filed.
    #[serde(default)]
    pub paid_on: Option<DayColumn>,
    /// Which filings do not count.
    #[serde(default)]
    pub voided: Option<VoidedColumn>,
    /// The columns of amounts, by the name that rules give them.
    pub amounts: BTreeMap<String, AmountColumn>,
}

/// A file with a row a taxpayer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxpayerSource {
    /// How the file is written.
    #[serde(default)]
    pub csv: CsvFormat,
    /// How its numbers are written.
    #[serde(default)]
    pub numbers: NumberFormat,
    /// The taxpayer.
    pub enterprise: EnterpriseColumn,
    /// The day from which the row holds. Without it, whoever ingests says it.
    #[serde(default)]
    pub as_of: Option<DayColumn>,
    /// The columns of facts, by the name that rules give them.
    pub facts: BTreeMap<String, FactColumn>,
}

/// A file with a row an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceSource {
    /// How the file is written.
    #[serde(default)]
    pub csv: CsvFormat,
    /// How its numbers are written.
    #[serde(default)]
    pub numbers: NumberFormat,
    /// The seller.
    pub enterprise: EnterpriseColumn,
    /// What to do where the seller is not on record.
    #[serde(default)]
    pub unknown_enterprise: UnknownEnterprise,
    /// The column of the invoice's number, unique for a seller.
    pub number: String,
    /// The day of issue.
    pub date: DayColumn,
    /// The column of the buyer. Buyers without a name count as one.
    pub buyer: String,
    /// The column of the amount.
    pub amount: String,
    /// Which invoices take back others.
    #[serde(default)]
    pub cancellation: Option<CancellationColumn>,
}

/// A mapping file is wrong; its author must mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// Not TOML, or a key is missing, unknown or of the wrong kind.
    #[error("the mapping does not parse: {0}")]
    Syntax(String),
    /// For another schema than the authority's.
    #[error("the mapping is for the schema `{found}`, not for `{expected}`")]
    Schema {
        /// As in the mapping.
        found: String,
        /// The authority's.
        expected: String,
    },
    /// No such encoding, or one in which commas are not single bytes.
    #[error("`{0}` is not an encoding that CSV files are read in: utf-8, gb18030, windows-1252 …")]
    Encoding(String),
    /// The delimiter is no single ASCII character.
    #[error(
        "`{0}` cannot stand between cells: an ASCII character other than a quote or a line end"
    )]
    Delimiter(char),
    /// Decimal mark and thousands mark are the same, or a digit or a sign.
    #[error("the marks in numbers cannot be told apart")]
    Numbers,
    /// Days written in this format cannot be read back.
    #[error("`{0}` is not a format of days such as %Y-%m-%d")]
    DayFormat(String),
    /// A column of names without either a column or a constant, or with both.
    #[error("the kind of filing is a `column` or a `constant`, one of them")]
    Kind,
    /// A count of months that no filing is about.
    #[error("a filing is about 1 to 12 months")]
    Months,
    /// A rule does not fit the schema.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A rule names what no source gives.
    #[error("the rule for `{quantity}` reads the {what} `{name}`, which no column gives")]
    NoSource {
        /// The rule's quantity.
        quantity: String,
        /// `amount`, `kind of filing` or `fact`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A column is read but feeds no rule: most likely a name is misspelt.
    #[error("the {what} `{name}` is read from a column, but no rule uses it")]
    NoUse {
        /// `amount` or `fact`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// An amount or fact is of another unit than the quantity that it feeds.
    #[error("the {what} `{name}` is of another unit than `{quantity}`, which it feeds")]
    Unit {
        /// The rule's quantity.
        quantity: String,
        /// `amount` or `fact`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A name is not one of the codes of the attribute that it feeds.
    #[error("the mapping calls a text `{name}`, which is not a code of `{quantity}`")]
    Code {
        /// The attribute.
        quantity: String,
        /// The name.
        name: String,
    },
    /// Late filings are asked for, but nothing says when filings are due.
    #[error("`{0}` counts late filings: give `filed_on`, and `deadline` or `deadline_days`")]
    NoDeadline(String),
}

/// The mapping of the default schema, for a Chinese bureau's own tables.
pub const CN_TAX: &str = include_str!("../../mappings/cn-tax.toml");

/// The schema of Brazil's listed companies, in which another country's figures are held.
pub const BR_LISTED_SCHEMA: &str = include_str!("../../schemas/br-listed.toml");

/// The mapping of Brazil's listed companies.
pub const BR_LISTED: &str = include_str!("../../mappings/br-listed.toml");

/// A schema of quantities that look back over months.
pub const CN_ROLLING_SCHEMA: &str = include_str!("../../schemas/cn-rolling.toml");

/// Its mapping, of the same tables as [`CN_TAX`]'s.
pub const CN_ROLLING: &str = include_str!("../../mappings/cn-rolling.toml");

impl Mapping {
    /// Reads a mapping file for a schema.
    ///
    /// # Errors
    /// What is wrong with the file; its author must mend it.
    pub fn from_toml(text: &str, schema: &Schema) -> Result<Self, MappingError> {
        let mapping: Self =
            toml::from_str(text).map_err(|e| MappingError::Syntax(e.to_string()))?;
        if mapping.schema != schema.id {
            return Err(MappingError::Schema {
                found: mapping.schema,
                expected: schema.id.clone(),
            });
        }
        mapping.check_sources()?;
        if let Some(derive) = &mapping.derive {
            derive.check(schema)?;
            mapping.check_sourced(derive)?;
            mapping.check_used(derive, schema)?;
        }
        Ok(mapping)
    }

    fn check_sources(&self) -> Result<(), MappingError> {
        if let Some(filings) = &self.filings {
            filings.check()?;
        }
        if let Some(taxpayers) = &self.taxpayers {
            check_file(&taxpayers.csv, &taxpayers.numbers)?;
            taxpayers.as_of.as_ref().map_or(Ok(()), DayColumn::check)?;
            for fact in taxpayers.facts.values() {
                if let FactColumn::Day { format, .. } = fact {
                    check_days(format)?;
                }
            }
        }
        if let Some(invoices) = &self.invoices {
            check_file(&invoices.csv, &invoices.numbers)?;
            invoices.date.check()?;
        }
        Ok(())
    }

    /// Checks that every amount, kind and fact that a rule reads is given by a column.
    fn check_sourced(&self, derive: &Derivations) -> Result<(), MappingError> {
        let no_source = |what, (quantity, name): (&str, &str)| MappingError::NoSource {
            quantity: quantity.to_owned(),
            what,
            name: name.to_owned(),
        };
        let filings = self.filings.as_ref();
        let amount = |name: &str| filings.is_some_and(|f| f.amounts.contains_key(name));
        if let Some(read) = derive.amounts().find(|(_, name)| !amount(name)) {
            return Err(no_source("amount", read));
        }
        let kinds = filings.and_then(|f| f.kind.possible());
        let kind = |name: &str| kinds.as_ref().is_none_or(|k| k.contains(&name));
        if let Some(read) = derive.kinds().find(|(_, name)| !kind(name)) {
            return Err(no_source("kind of filing", read));
        }
        let taxpayers = self.taxpayers.as_ref();
        let fact = |name: &str| taxpayers.is_some_and(|t| t.facts.contains_key(name));
        match derive.facts().find(|(_, name)| !fact(name)) {
            Some(read) => Err(no_source("fact", read)),
            None => Ok(()),
        }
    }

    /// Checks that every amount and fact feeds a rule, in the rule's unit.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check_used(&self, derive: &Derivations, schema: &Schema) -> Result<(), MappingError> {
        let no_use = |what, name: &str| MappingError::NoUse {
            what,
            name: name.to_owned(),
        };
        let used: BTreeSet<&str> = derive.amounts().map(|(_, name)| name).collect();
        let filings = self.filings.iter().flat_map(|f| &f.amounts);
        for (name, amount) in filings {
            if !used.contains(name.as_str()) {
                return Err(no_use("amount", name));
            }
            check_amount(name, amount.measure, derive, schema)?;
        }
        let used: BTreeSet<&str> = derive.facts().map(|(_, name)| name).collect();
        for (name, fact) in self.taxpayers.iter().flat_map(|t| &t.facts) {
            if !used.contains(name.as_str()) {
                return Err(no_use("fact", name));
            }
            check_fact(name, fact, derive, schema)?;
        }
        self.check_deadlines(derive)
    }

    fn check_deadlines(&self, derive: &Derivations) -> Result<(), MappingError> {
        let Some(filings) = &self.filings else {
            return Ok(());
        };
        let known = filings.filed_on.is_some()
            && (filings.deadline.is_some() || filings.deadline_days.is_some());
        let late = derive
            .fields
            .iter()
            .find(|(_, rule)| matches!(rule, FieldRule::LateFilings { .. }));
        match late {
            Some((name, _)) if !known => Err(MappingError::NoDeadline(name.clone())),
            _ => Ok(()),
        }
    }
}

impl FilingSource {
    fn check(&self) -> Result<(), MappingError> {
        check_file(&self.csv, &self.numbers)?;
        for amount in self.amounts.values() {
            check_numbers(amount.numbers.as_ref().unwrap_or(&self.numbers))?;
        }
        if self.kind.column.is_some() == self.kind.constant.is_some() {
            return Err(MappingError::Kind);
        }
        let voided = self.voided.as_ref().and_then(|v| v.on.as_ref());
        let days = [&self.filed_on, &self.deadline, &self.paid_on];
        for day in days.into_iter().flatten().chain(voided) {
            day.check()?;
        }
        match &self.period {
            PeriodColumns::Days { format, .. } => check_days(format),
            PeriodColumns::End { months, format, .. } => {
                if !(1..=12).contains(months) {
                    return Err(MappingError::Months);
                }
                check_days(format)
            }
            _ => Ok(()),
        }
    }
}

impl DayColumn {
    fn check(&self) -> Result<(), MappingError> {
        check_days(&self.format)
    }
}

fn check_days(format: &str) -> Result<(), MappingError> {
    if is_day_format(format) {
        Ok(())
    } else {
        Err(MappingError::DayFormat(format.to_owned()))
    }
}

fn check_file(csv: &CsvFormat, numbers: &NumberFormat) -> Result<(), MappingError> {
    let unfit = !csv.delimiter.is_ascii() || "\"\r\n\0".contains(csv.delimiter);
    if unfit {
        return Err(MappingError::Delimiter(csv.delimiter));
    }
    csv.encoding()?;
    check_numbers(numbers)
}

fn check_numbers(numbers: &NumberFormat) -> Result<(), MappingError> {
    if numbers.is_sound() {
        Ok(())
    } else {
        Err(MappingError::Numbers)
    }
}

impl CsvFormat {
    /// The encoding.
    ///
    /// # Errors
    /// [`MappingError::Encoding`].
    pub(crate) fn encoding(&self) -> Result<&'static encoding_rs::Encoding, MappingError> {
        encoding_rs::Encoding::for_label(self.encoding.as_bytes())
            .filter(|encoding| encoding.is_ascii_compatible())
            .ok_or_else(|| MappingError::Encoding(self.encoding.clone()))
    }
}

fn check_amount(
    name: &str,
    measure: Measure,
    derive: &Derivations,
    schema: &Schema,
) -> Result<(), MappingError> {
    let fields = derive
        .fields
        .iter()
        .filter_map(|(quantity, rule)| match rule {
            FieldRule::Sum { of, .. } => Some((quantity, of)),
            _ => None,
        });
    let attributes = derive
        .attributes
        .iter()
        .filter_map(|(quantity, rule)| match rule {
            AttributeRule::Sum { of, .. } => Some((quantity, of)),
            _ => None,
        });
    for (quantity, of) in fields.chain(attributes) {
        let found = schema.field(quantity).or(schema.attribute(quantity));
        let unit = found.map(|(_, q)| &q.unit);
        let fits = match measure {
            Measure::Money => matches!(unit, Some(Unit::Money)),
            Measure::Count => matches!(unit, Some(Unit::Count { .. })),
        };
        if of.iter().any(|n| n == name) && !fits {
            return Err(MappingError::Unit {
                quantity: quantity.clone(),
                what: "amount",
                name: name.to_owned(),
            });
        }
    }
    Ok(())
}

fn check_fact(
    name: &str,
    fact: &FactColumn,
    derive: &Derivations,
    schema: &Schema,
) -> Result<(), MappingError> {
    let wrong_unit = |quantity: &str| MappingError::Unit {
        quantity: quantity.to_owned(),
        what: "fact",
        name: name.to_owned(),
    };
    let is_day = matches!(fact, FactColumn::Day { .. });
    if derive.periods.registered.as_deref() == Some(name) && !is_day {
        return Err(wrong_unit("periods_available"));
    }
    for (quantity, rule) in &derive.attributes {
        let AttributeRule::Register { of, .. } = rule else {
            continue;
        };
        let Some((_, found)) = schema.attribute(quantity).filter(|_| of == name) else {
            continue;
        };
        let fits = matches!(
            (&found.unit, fact),
            (Unit::Date, FactColumn::Day { .. })
                | (Unit::Money, FactColumn::Money { .. })
                | (Unit::Count { .. }, FactColumn::Count { .. })
                | (Unit::Code { .. }, FactColumn::Name { .. })
        );
        if !fits {
            return Err(wrong_unit(quantity));
        }
        if let FactColumn::Name { names, other, .. } = fact {
            let listed = names.iter().flat_map(BTreeMap::values).chain(other);
            for called in listed.filter(|text| !text.is_empty()) {
                schema
                    .parse_value(found, called)
                    .map_err(|_| MappingError::Code {
                        quantity: quantity.clone(),
                        name: called.clone(),
                    })?;
            }
        }
    }
    Ok(())
}
