//! Invoices that an enterprise issued, and those that take back others.

use std::borrow::Cow;

use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;

use crate::codec::{Decoder, Encoder, Malformed};
use crate::filing::negated;
use crate::mapping::InvoiceSource;
use crate::report::Reason;
use crate::table::{Refused, Row};

/// An invoice; one that takes back another has a negative amount. Of several with one number, the
/// least in this order counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Invoice<'a> {
    /// Its number, unique for a seller.
    pub number: Cow<'a, str>,
    /// In smallest units.
    pub amount: Value,
    /// The day of issue.
    pub date: Date,
    /// The buyer, as the source names it; empty where it does not.
    pub buyer: Cow<'a, str>,
}

impl<'a> Invoice<'a> {
    pub(crate) fn encode<'e>(&'e self, encoder: &mut Encoder<'e>) {
        encoder.text(&self.number);
        encoder.signed(self.amount.get());
        encoder.day(self.date);
        encoder.name(&self.buyer);
    }

    pub(crate) fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            number: decoder.text()?.into(),
            amount: decoder.value()?,
            date: decoder.day()?,
            buyer: decoder.name()?.into(),
        })
    }
}

impl InvoiceSource {
    /// The columns that it reads.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let named = [&self.number, &self.date.column, &self.buyer, &self.amount];
        let named = named.into_iter().map(String::as_str);
        let flag = self.cancellation.as_ref().map(|c| c.column.as_str());
        named.chain(self.enterprise.column()).chain(flag).collect()
    }

    /// Reads a row of a known enterprise.
    pub(crate) fn read<'a>(
        &self,
        row: &'a Row<'_>,
        schema: &Schema,
    ) -> Result<Invoice<'a>, Refused> {
        let blank = |column: &str| Refused::cell(column, Reason::Blank);
        let amount = row.number(&self.amount, &self.numbers, schema.currency_digits)?;
        let amount = amount.ok_or_else(|| blank(&self.amount))?;
        let takes_back = match &self.cancellation {
            Some(flag) => {
                let text = row.text(&flag.column)?;
                flag.values.iter().any(|value| **value == *text)
            }
            None => false,
        };
        let date = row.day(&self.date.column, &self.date.format)?;
        Ok(Invoice {
            number: row.filled(&self.number)?,
            amount: if takes_back && amount > Value::ZERO {
                negated(amount)
            } else {
                amount
            },
            date: date.ok_or_else(|| blank(&self.date.column))?,
            buyer: row.text(&self.buyer)?,
        })
    }
}
