//! What a row says, on its way to an account.

use taxproof_claims::date::Date;

use super::{Account, Posting};
use crate::codec::{Decoder, Encoder, Malformed};
use crate::filing::{Filing, Voiding};
use crate::invoice::Invoice;
use crate::taxpayer::{self, Facts};

/// A row that reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry<'a> {
    /// Of the register: what it says for a day.
    Facts(Date, Facts<'a>),
    /// A version of a filing.
    Filing(Filing<'a>, Voiding),
    /// An invoice.
    Invoice(Invoice<'a>),
}

impl<'a> Entry<'a> {
    /// Puts it on record.
    pub(crate) fn post(self, account: &mut Account<'a>) -> Posting {
        match self {
            Self::Facts(day, facts) => account.note(day, facts),
            Self::Filing(filing, voiding) => account.file(filing, voiding),
            Self::Invoice(invoice) => account.invoice(invoice),
        }
    }

    pub(crate) fn encode<'e>(&'e self, encoder: &mut Encoder<'e>) {
        match self {
            Self::Facts(day, facts) => {
                encoder.unsigned(0);
                encoder.day(*day);
                taxpayer::encode(facts, encoder);
            }
            Self::Filing(filing, voiding) => {
                encoder.unsigned(1);
                filing.encode(encoder);
                voiding.encode(encoder);
            }
            Self::Invoice(invoice) => {
                encoder.unsigned(2);
                invoice.encode(encoder);
            }
        }
    }

    pub(crate) fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        Ok(match decoder.unsigned()? {
            0 => Self::Facts(decoder.day()?, taxpayer::decode(decoder)?),
            1 => Self::Filing(Filing::decode(decoder)?, Voiding::decode(decoder)?),
            2 => Self::Invoice(Invoice::decode(decoder)?),
            _ => return Err(Malformed),
        })
    }
}
