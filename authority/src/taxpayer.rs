//! The register of taxpayers: facts about an enterprise that hold for a day.

use std::borrow::Cow;

use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;

use crate::codec::{Decoder, Encoder, Malformed};
use crate::mapping::{FactColumn, TaxpayerSource};
use crate::named::Named;
use crate::report::Reason;
use crate::table::{Refused, Row};

/// What the register says of an enterprise, by the names that rules use. What it does not say is
/// absent.
pub type Facts<'a> = Named<'a, Fact<'a>>;

/// A fact of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<'a> {
    /// A day.
    Day(Date),
    /// A name or code, as the mapping calls it.
    Name(Cow<'a, str>),
    /// Money in smallest units, or a number of things.
    Number(Value),
}

pub(crate) fn encode<'a>(facts: &'a Facts<'_>, encoder: &mut Encoder<'a>) {
    encoder.count(facts.len());
    for (name, fact) in facts.iter() {
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

pub(crate) fn decode<'a>(decoder: &mut Decoder<'a>) -> Result<Facts<'a>, Malformed> {
    let facts = decoder.list(|d| {
        let name = d.name()?;
        let fact = match d.unsigned()? {
            0 => Fact::Day(d.day()?),
            1 => Fact::Name(d.name()?.into()),
            2 => Fact::Number(d.value()?),
            _ => return Err(Malformed),
        };
        Ok((name, fact))
    })?;
    Ok(facts.into_iter().collect())
}

impl TaxpayerSource {
    /// The columns that it reads, in that order.
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

    /// Reads a row of a known enterprise: the day for which it holds where it says one, the facts.
    pub(crate) fn read<'a>(
        &'a self,
        row: &'a Row<'_>,
        schema: &Schema,
    ) -> Result<(Option<Date>, Facts<'a>), Refused> {
        let as_of = row.needed_day(self.as_of.as_ref())?;
        let facts = self.facts.iter().filter_map(|(name, column)| {
            let fact = self.fact(row, column, schema).transpose()?;
            Some(fact.map(|fact| (name.as_str(), fact)))
        });
        Ok((as_of, facts.collect::<Result<_, _>>()?))
    }

    fn fact<'a>(
        &'a self,
        row: &'a Row<'_>,
        column: &'a FactColumn,
        schema: &Schema,
    ) -> Result<Option<Fact<'a>>, Refused> {
        match column {
            FactColumn::Day { column, format } => Ok(row.day(column, format)?.map(Fact::Day)),
            FactColumn::Name {
                column,
                names,
                other,
                prefix,
            } => {
                let text = row.text(column)?;
                let text = match prefix {
                    Some(counted) => text.chars().take(*counted).collect::<String>().into(),
                    None => text,
                };
                if text.is_empty() {
                    return Ok(None);
                }
                let called = match names {
                    None => return Ok(Some(Fact::Name(text))),
                    Some(names) => names.get(&*text).or(other.as_ref()),
                };
                match called {
                    None => {
                        let reason = Reason::UnknownName(text.into_owned());
                        Err(Refused::cell(column, reason))
                    }
                    Some(name) if name.is_empty() => Ok(None),
                    Some(name) => Ok(Some(Fact::Name(name.as_str().into()))),
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
