//! Versions of filings as the ledger keeps them.

use super::{Filing, Payment, Voiding};
use crate::calendar::Span;
use crate::codec::{Decoder, Encoder, Malformed};

impl<'a> Filing<'a> {
    pub(crate) fn encode<'e>(&'e self, encoder: &mut Encoder<'e>) {
        encoder.name(&self.kind);
        encoder.name(&self.tax);
        self.span.encode(encoder);
        encoder.optional(self.filed_on, Encoder::day);
        encoder.optional(self.sequence, Encoder::signed);
        encoder.optional(self.deadline, Encoder::day);
        match self.payment {
            Payment::AsFiled => encoder.unsigned(0),
            Payment::Unpaid => encoder.unsigned(1),
            Payment::On(day) => {
                encoder.unsigned(2);
                encoder.day(day);
            }
        }
        encoder.count(self.amounts.len());
        for (name, amount) in self.amounts.iter() {
            encoder.name(name);
            encoder.signed(amount.get());
        }
    }

    pub(crate) fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            kind: decoder.name()?.into(),
            tax: decoder.name()?.into(),
            span: Span::decode(decoder)?,
            filed_on: decoder.optional(Decoder::day)?,
            sequence: decoder.optional(Decoder::signed)?,
            deadline: decoder.optional(Decoder::day)?,
            payment: match decoder.unsigned()? {
                0 => Payment::AsFiled,
                1 => Payment::Unpaid,
                2 => Payment::On(decoder.day()?),
                _ => return Err(Malformed),
            },
            amounts: decoder.list(|d| Ok((d.name()?, d.value()?)))?,
        })
    }
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
