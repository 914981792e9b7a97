//! Versions of filings as the ledger keeps them.

use taxproof_claims::amount::Value;

use super::{Filing, Payment, Voiding};
use crate::calendar::Span;
use crate::codec::{Decoder, Encoder, Malformed};
use crate::named::Named;

/// Stands, added to how a filing was paid, for amounts with the names of those of the filing before: most
/// have the same.
const SAME: u64 = 3;

impl<'a> Filing<'a> {
    pub(crate) fn encode<'e>(&'e self, encoder: &mut Encoder<'e>) {
        encoder.name(&self.kind);
        encoder.name(&self.tax);
        self.span.encode(encoder);
        encoder.optional(self.filed_on, Encoder::day);
        encoder.optional(self.sequence, Encoder::signed);
        encoder.optional(self.deadline, Encoder::day);
        let names = || self.amounts.iter().map(|(name, _)| name);
        let same = encoder.are_before(names());
        let (payment, day) = match self.payment {
            Payment::AsFiled => (0, None),
            Payment::Unpaid => (1, None),
            Payment::On(day) => (2, Some(day)),
        };
        encoder.unsigned(payment + if same { SAME } else { 0 });
        day.into_iter().for_each(|day| encoder.day(day));
        if same {
            let amounts = self.amounts.iter();
            return amounts.for_each(|(_, amount)| encoder.signed(amount.get()));
        }
        encoder.keep(names());
        encoder.count(self.amounts.len());
        for (name, amount) in self.amounts.iter() {
            encoder.name(name);
            encoder.signed(amount.get());
        }
    }

    pub(crate) fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        let (kind, tax) = (decoder.name()?.into(), decoder.name()?.into());
        let span = Span::decode(decoder)?;
        let filed_on = decoder.optional(Decoder::day)?;
        let sequence = decoder.optional(Decoder::signed)?;
        let deadline = decoder.optional(Decoder::day)?;
        let payment = decoder.unsigned()?;
        Ok(Self {
            kind,
            tax,
            span,
            filed_on,
            sequence,
            deadline,
            payment: match payment % SAME {
                0 => Payment::AsFiled,
                1 => Payment::Unpaid,
                _ => Payment::On(decoder.day()?),
            },
            amounts: match payment / SAME {
                0 => amounts(decoder)?,
                1 => Named::as_another(decoder.list_before(Decoder::value)?),
                _ => return Err(Malformed),
            },
        })
    }
}

/// Amounts with their names.
fn amounts<'a>(decoder: &mut Decoder<'a>) -> Result<Named<'a, Value>, Malformed> {
    let amounts = decoder.list(|d| Ok((d.name()?, d.value()?)))?;
    let amounts = Named::in_order(amounts).ok_or(Malformed)?;
    decoder.keep(amounts.iter().map(|(name, _)| name));
    Ok(amounts)
}

impl Voiding {
    pub(crate) fn encode(self, encoder: &mut Encoder<'_>) {
        match self {
            Self::Stands => encoder.unsigned(0),
            Self::Always => encoder.unsigned(1),
            Self::On(day) => {
                encoder.unsigned(2);
                encoder.day(day);
            }
        }
    }

    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Malformed> {
        Ok(match decoder.unsigned()? {
            0 => Self::Stands,
            1 => Self::Always,
            2 => Self::On(decoder.day()?),
            _ => return Err(Malformed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Month;

    fn filing(payment: Payment, amounts: &[(&'static str, i64)]) -> Filing<'static> {
        let month = Month::new(2026, 7).expect("a month");
        let value = |n: i64| Value::try_from(n).expect("a small value");
        Filing {
            kind: "vat".into(),
            tax: "vat".into(),
            span: Span::ending(month, 1),
            filed_on: None,
            sequence: Some(-4),
            deadline: None,
            payment,
            amounts: amounts.iter().map(|(name, n)| (*name, value(*n))).collect(),
        }
    }

    #[test]
    fn filings_are_read_with_the_names_of_others() {
        let day = "2026-08-01".parse().expect("a day");
        let lists: [&[(&str, i64)]; 6] = [
            &[],
            &[("a", 1), ("b", -2)],
            &[("a", 300), ("b", 4)],
            &[("b", 5)],
            &[("b", 6)],
            &[],
        ];
        let payments = [Payment::AsFiled, Payment::Unpaid, Payment::On(day)];
        let filings: Vec<_> = lists
            .iter()
            .flat_map(|list| payments.map(|payment| filing(payment, list)))
            .collect();
        let mut encoder = Encoder::with_table(Vec::new());
        filings
            .iter()
            .for_each(|filing| filing.encode(&mut encoder));
        let (bytes, _) = encoder.finish_onto(Vec::new());
        let mut decoder = Decoder::with_table(&bytes).expect("a table");
        for filing in &filings {
            assert_eq!(Filing::decode(&mut decoder).as_ref(), Ok(filing));
        }
        assert_eq!(decoder.finish(), Ok(()));
    }

    #[test]
    fn names_out_of_order_are_refused() {
        for (second, reads) in [(1, true), (0, false)] {
            let mut encoder = Encoder::with_table(Vec::new());
            let empty = filing(Payment::AsFiled, &[]);
            empty.encode(&mut encoder);
            let (mut bytes, _) = encoder.finish_onto(Vec::new());
            // The table's texts are one: "vat". The payment, which is last, is followed by two amounts.
            assert_eq!(bytes.pop(), Some(SAME as u8));
            bytes.splice(..1, [2]);
            bytes.splice(5..5, *b"\x01x");
            bytes.extend([0, 2, 0, 2, second, 2]);
            let mut decoder = Decoder::with_table(&bytes).expect("a table");
            assert_eq!(Filing::decode(&mut decoder).is_ok(), reads);
        }
    }
}
