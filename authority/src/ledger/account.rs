//! What is on record of one enterprise.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use taxproof_claims::date::Date;

use crate::codec::{Decoder, Encoder, Malformed};
use crate::filing::{Filing, Payment, Voiding};
use crate::invoice::Invoice;
use crate::taxpayer::Facts;

/// What is on record of one enterprise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account<'a> {
    /// In order, as they mostly come: a list takes less to make than a map.
    filings: Vec<(Filing<'a>, Voiding)>,
    register: BTreeMap<Date, Facts<'a>>,
    invoices: BTreeSet<Invoice<'a>>,
}

/// What becomes of a row that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posting {
    /// It is on record now.
    New,
    /// It was on record already.
    Duplicate,
    /// It is on record now, beside another from which nothing tells it apart in time.
    Ambiguous,
}

/// Filings that there is place for at first: as many as are of four years and a little more.
const USUAL: usize = 20;

impl<'a> Account<'a> {
    /// Puts a version of a filing on record.
    pub fn file(&mut self, filing: Filing<'a>, voiding: Voiding) -> Posting {
        let at = match self.find(&filing) {
            Ok(at) => {
                let known = &mut self.filings[at].1;
                let merged = known.merge(voiding);
                let posting = if merged == *known {
                    Posting::Duplicate
                } else {
                    Posting::New
                };
                *known = merged;
                return posting;
            }
            Err(at) => at,
        };
        let ambiguous = voiding == Voiding::Stands && self.has_twin(&filing, at);
        if self.filings.capacity() == 0 {
            self.filings.reserve_exact(USUAL);
        }
        self.filings.insert(at, (filing, voiding));
        if ambiguous {
            Posting::Ambiguous
        } else {
            Posting::New
        }
    }

    /// Where a version is, or would be.
    fn find(&self, filing: &Filing<'a>) -> Result<usize, usize> {
        match self.filings.last() {
            Some((last, _)) if last < filing => Err(self.filings.len()),
            _ => self
                .filings
                .binary_search_by(|(other, _)| other.cmp(filing)),
        }
    }

    /// Whether another version of a filing stands from which nothing tells it apart in time; these are
    /// beside the place where it would be.
    fn has_twin(&self, filing: &Filing<'a>, at: usize) -> bool {
        let is_twin = |(other, _): &&(Filing<'a>, Voiding)| {
            other.is_version_of(filing) && other.order() == filing.order()
        };
        let (before, after) = self.filings.split_at(at);
        let before = before.iter().rev().take_while(is_twin);
        let mut twins = before.chain(after.iter().take_while(is_twin));
        twins.any(|(_, voiding)| *voiding == Voiding::Stands)
    }

    /// Puts the register's facts for a day on record.
    pub fn note(&mut self, day: Date, facts: Facts<'a>) -> Posting {
        match self.register.insert(day, facts.clone()) {
            Some(known) if known == facts => Posting::Duplicate,
            _ => Posting::New,
        }
    }

    /// Puts an invoice on record.
    pub fn invoice(&mut self, invoice: Invoice<'a>) -> Posting {
        if self.invoices.contains(&invoice) {
            return Posting::Duplicate;
        }
        let number = invoice.number.clone();
        let mut same = self.invoices.range(first_of(&number)..);
        let ambiguous = same.next().is_some_and(|other| other.number == number);
        self.invoices.insert(invoice);
        if ambiguous {
            Posting::Ambiguous
        } else {
            Posting::New
        }
    }

    /// Every version of every filing, those of one filing together, and whether it was voided.
    pub fn filings(&self) -> impl ExactSizeIterator<Item = (&Filing<'a>, Voiding)> {
        self.filings.iter().map(|(f, v)| (f, *v))
    }

    /// What the register said on a day.
    pub fn facts(&self, day: Date) -> Option<&Facts<'a>> {
        self.register.range(..=day).next_back().map(|(_, f)| f)
    }

    /// The invoices that count, up to a day: one a number.
    pub fn invoices(&self, day: Date) -> impl Iterator<Item = &Invoice<'a>> {
        let mut previous: Option<&str> = None;
        let counted = self.invoices.iter().filter(move |invoice| {
            let repeated = previous == Some(&*invoice.number);
            previous = Some(&invoice.number);
            !repeated
        });
        counted.filter(move |invoice| invoice.date <= day)
    }

    /// The first day after one on which something on record happens: until then, it says the same.
    pub(crate) fn next_change(&self, after: Date) -> Option<Date> {
        let filings = self.filings.iter().flat_map(|(filing, voiding)| {
            let paid = match filing.payment {
                Payment::On(day) => Some(day),
                _ => None,
            };
            let voided = match voiding {
                Voiding::On(day) => Some(*day),
                _ => None,
            };
            [filing.filed_on, paid, voided].into_iter().flatten()
        });
        let register = self.register.keys().copied();
        let invoices = self.invoices.iter().map(|invoice| invoice.date);
        let days = filings.chain(register).chain(invoices);
        days.filter(|day| *day > after).min()
    }

    /// Appends bytes that [`Self::decode`] reads to some, by way of a buffer.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>, buffer: &mut Vec<u8>) {
        let mut encoder = Encoder::with_table(take(buffer));
        encoder.count(self.filings.len());
        for (filing, voiding) in &self.filings {
            filing.encode(&mut encoder);
            voiding.encode(&mut encoder);
        }
        encoder.count(self.register.len());
        for (day, facts) in &self.register {
            encoder.day(*day);
            crate::taxpayer::encode(facts, &mut encoder);
        }
        encoder.count(self.invoices.len());
        for invoice in &self.invoices {
            invoice.encode(&mut encoder);
        }
        (*bytes, *buffer) = encoder.finish_onto(take(bytes));
    }

    /// Reads what [`Self::encode`] wrote.
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut decoder = Decoder::with_table(bytes)?;
        let account = Self {
            filings: decoder.list(|d| Ok((Filing::decode(d)?, Voiding::decode(d)?)))?,
            register: {
                let facts = decoder.list(|d| Ok((d.day()?, crate::taxpayer::decode(d)?)))?;
                facts.into_iter().collect()
            },
            invoices: decoder.list(Invoice::decode)?.into_iter().collect(),
        };
        decoder.finish()?;
        if account.filings.is_sorted_by(|(a, _), (b, _)| a < b) {
            Ok(account)
        } else {
            Err(Malformed)
        }
    }
}

/// The least invoice of a number.
fn first_of<'a>(number: &Cow<'a, str>) -> Invoice<'a> {
    Invoice {
        number: number.clone(),
        amount: taxproof_claims::amount::Value::try_from(-((1 << 48) - 1))
            .expect("the least value of a record"),
        date: Date::new(-9999, 1, 1).expect("the first day of the calendar"),
        buyer: Cow::default(),
    }
}
