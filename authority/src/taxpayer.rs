//! The register of taxpayers: facts about an enterprise that hold for a day.

use std::collections::BTreeMap;

use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;
use taxproof_claims::subject::EnterpriseId;

use crate::codec::{Decoder, Encoder, Malformed};
use crate::mapping::{FactColumn, TaxpayerSource};
use crate::report::Reason;
use crate::table::{Refused, Row};

/// What the register says of an enterprise, by the names that rules use. What it does not say is
/// absent.
pub type Facts = BTreeMap<String, Fact>;

/// A fact of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A day.
    Day(Date),
    /// A name or code, as the mapping calls it.
    Name(String),
    /// Money in smallest units, or a number of things.
    Number(Value),
}

pub(crate) fn encode<'a>(facts: &'a Facts, encoder: &mut Encoder<'a>) {
    encoder.count(facts.len());
    for (name, fact) in facts {
        encoder.name(name);
        match fact {
            Fact::Day(day) => {
                encoder.unsigned(0);
                encoder.day(*day);
            }
            Fact::Name(text) => {
                encoder.unsigned(1);
                encoder.name(text);
            }
            Fact::Number(number) => {
                encoder.unsigned(2);
                encoder.signed(number.get());
            }
        }
    }
}

pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Facts, Malformed> {
    decoder.list(|d| {
        let name = d.name()?.to_owned();
        let fact = match d.unsigned()? {
            0 => Fact::Day(d.day()?),
            1 => Fact::Name(d.name()?.to_owned()),
            2 => Fact::Number(d.value()?),
            _ => return Err(Malformed),
        };
        Ok((name, fact))
    })
}

impl TaxpayerSource {
    /// The columns that it reads.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let as_of = self.as_of.as_ref().map(|d| d.column.as_str());
        let facts = self.facts.values().map(FactColumn::column);
        self.enterprise
            .column()
            .into_iter()
            .chain(as_of)
            .chain(facts)
            .collect()
    }

    /// Reads a row: whose it is, the day for which it holds where it says one, the facts.
    pub(crate) fn read(
        &self,
        row: &Row<'_>,
        schema: &Schema,
    ) -> Result<(EnterpriseId, Option<Date>, Facts), Refused> {
        let id = row.enterprise(&self.enterprise, schema)?;
        let as_of = row.needed_day(self.as_of.as_ref())?;
        let mut facts = Facts::new();
        for (name, column) in &self.facts {
            if let Some(fact) = self.fact(row, column, schema)? {
                facts.insert(name.clone(), fact);
            }
        }
        Ok((id, as_of, facts))
    }

    fn fact(
        &self,
        row: &Row<'_>,
        column: &FactColumn,
        schema: &Schema,
    ) -> Result<Option<Fact>, Refused> {
        match column {
            FactColumn::Day { column, format } => Ok(row.day(column, format)?.map(Fact::Day)),
            FactColumn::Name {
                column,
                names,
                other,
                prefix,
            } => {
                let text = row.text(column)?;
                let counted = prefix.unwrap_or(usize::MAX);
                let text: String = text.chars().take(counted).collect();
                if text.is_empty() {
                    return Ok(None);
                }
                let called = match names {
                    None => Some(&text),
                    Some(names) => names.get(&text).or(other.as_ref()),
                };
                match called.cloned() {
                    None => Err(Refused::cell(column, Reason::UnknownName(text))),
                    Some(name) if name.is_empty() => Ok(None),
                    Some(name) => Ok(Some(Fact::Name(name))),
                }
            }
            FactColumn::Money { column } => {
                let value = row.number(column, &self.numbers, schema.currency_digits)?;
                Ok(value.map(Fact::Number))
            }
            FactColumn::Count { column } => {
                let value = row.number(column, &self.numbers, 0)?;
                Ok(value.map(Fact::Number))
            }
        }
    }
}

impl FactColumn {
    fn column(&self) -> &str {
        match self {
            Self::Day { column, .. }
            | Self::Name { column, .. }
            | Self::Money { column }
            | Self::Count { column } => column,
        }
    }
}
