//! Attributes: quantities of an enterprise.

use taxproof_claims::amount::Value;
use taxproof_claims::period::Period;
use taxproof_claims::schema::Quantity;

use super::standing::Payments;
use super::{Subject, Underivable, value};
use crate::calendar::{Month, Span};
use crate::named::Found;
use crate::rules::{AttributeRule, Condition, Frequency};
use crate::taxpayer::Fact;

impl Subject<'_> {
    pub(super) fn attribute(&self, attribute: &Quantity) -> Result<Value, Underivable> {
        let unknown = || Underivable::Unknown(attribute.name.clone());
        let rule = self.terms.derivations.attributes.get(&attribute.name);
        let rule = rule.ok_or_else(unknown)?;
        let derived = match self
            .of_filings(attribute, rule)
            .or(self.of_invoices(attribute, rule))
        {
            Some(derived) => Some(derived),
            None => self.of_register(attribute, rule)?.map(i128::from),
        };
        let missing = attribute.missing.map(i128::from);
        value(&attribute.name, derived.or(missing).ok_or_else(unknown)?)
    }

    fn of_register(
        &self,
        attribute: &Quantity,
        rule: &AttributeRule,
    ) -> Result<Option<i64>, Underivable> {
        Ok(match rule {
            AttributeRule::HolderSince => Some(self.holder_since.days()),
            AttributeRule::Register { of, default } => match (self.fact(attribute, of)?, default) {
                (None, Some(text)) => Some(self.constant(attribute, text)?),
                (fact, _) => fact,
            },
            AttributeRule::Constant { value } => Some(self.constant(attribute, value)?),
            _ => None,
        })
    }

    /// What the filings say, or none where they say nothing.
    fn of_filings(&self, attribute: &Quantity, rule: &AttributeRule) -> Option<i128> {
        Some(match rule {
            AttributeRule::Sum {
                of,
                kinds,
                paid,
                months,
            } => {
                let filings = self.filings.ending_within(self.window(*months));
                let found: Vec<Found<'_>> = of.iter().map(|_| Found::default()).collect();
                self.sum(of, &found, filings.of(kinds), *paid)
            }
            AttributeRule::LastPayment { of, kinds } => {
                self.payments(of, kinds).last()?.days().into()
            }
            AttributeRule::PaymentGap { of, kinds, months } => {
                let payments = self.payments(of, kinds);
                payments.longest_gap(self.window(*months)).into()
            }
            AttributeRule::PaidMonths { of, kinds, months } => {
                let payments = self.payments(of, kinds);
                payments.months_paid(self.window(*months)).into()
            }
            AttributeRule::MonthsSincePayment { of, kinds } => {
                self.months_since_payment(attribute, of, kinds)
            }
            AttributeRule::MissingFilings {
                kinds,
                months,
                every,
                quarterly,
            } => {
                let every = self.frequency(*every, quarterly.as_ref());
                let due = self.since_first(self.window(*months));
                due.map_or(0, |due| self.filings.of(kinds).missing(due, every))
                    .into()
            }
            AttributeRule::NilFilings { of, kinds, months } => {
                let in_window = self.filings.ending_within(self.window(*months)).of(kinds);
                in_window.iter().filter(|f| f.is_nil(of)).count() as i128
            }
            AttributeRule::MissingQuarters { kinds, of, months } => {
                self.missing_quarters(kinds, of, *months)
            }
            AttributeRule::FirstFiling { kinds } => {
                let first = self.filings.of(kinds).first_month()?;
                first.first_day().days().into()
            }
            AttributeRule::LastFiling { kinds } => {
                let newest = Month::last_of(self.terms.newest);
                let last = self.filings.of(kinds).last_month(newest)?;
                last.last_day().days().into()
            }
            _ => return None,
        })
    }

    fn of_invoices(&self, attribute: &Quantity, rule: &AttributeRule) -> Option<i128> {
        Some(match rule {
            AttributeRule::Invoiced { months } => self.invoiced.total(self.window(*months)),
            AttributeRule::InvoiceGap { months } => {
                let gap = self.invoiced.longest_gap(self.window(*months));
                gap.min(attribute.max.into())
            }
            AttributeRule::TopCustomerShare { months } => {
                self.invoiced.top_customer_share(self.window(*months))
            }
            AttributeRule::Customers { months } => self.invoiced.customers(self.window(*months)),
            AttributeRule::IdleInvoiceMonths { months } => {
                self.invoiced.idle_months(self.window(*months)).into()
            }
            _ => return None,
        })
    }

    /// Months from the last payment to the newest quarter's end, at most the schema's most.
    fn months_since_payment(&self, attribute: &Quantity, of: &[String], kinds: &[String]) -> i128 {
        let most = i128::from(attribute.max);
        let last = self.payments(of, kinds).last().and_then(Month::of);
        let newest = Month::last_of(self.terms.newest);
        match last {
            Some(last) => most.min(last.through(newest).saturating_sub(1).into()),
            None => attribute.missing.map_or(most, i128::from),
        }
    }

    /// The last `months` months of the record.
    fn window(&self, months: u32) -> Span {
        Span::ending(Month::last_of(self.terms.newest), months)
    }

    /// The months of a window in which the enterprise existed.
    fn since_first(&self, window: Span) -> Option<Span> {
        let from = window.from.max(self.first?);
        (from <= window.to).then_some(Span { from, ..window })
    }

    pub(super) fn payments(&self, of: &[String], kinds: &[String]) -> Payments {
        self.filings.of(kinds).payments(of, self.terms.as_of)
    }

    fn missing_quarters(&self, kinds: &[String], of: &[String], months: u32) -> i128 {
        let Some(window) = self.since_first(self.window(months)) else {
            return 0;
        };
        let first = window.from.period().index();
        let quarters =
            (first..=self.terms.newest.index()).filter_map(|i| Period::from_index(i).ok());
        let there = |quarter: &Period| {
            let within = self.filings.ending_within(Span::quarter(*quarter));
            let mut within = within.of(kinds).iter().filter(|f| !f.is_long());
            within.any(|f| of.is_empty() || f.states_any(of))
        };
        quarters.filter(|quarter| !there(quarter)).count() as i128
    }

    fn frequency(&self, every: Frequency, quarterly: Option<&Condition>) -> Frequency {
        let fact = quarterly.and_then(|c| Some((c, self.facts?.get(&c.register)?)));
        match fact {
            Some((condition, Fact::Name(name))) if condition.is.iter().any(|is| **is == **name) => {
                Frequency::Quarter
            }
            _ => every,
        }
    }

    fn fact(&self, attribute: &Quantity, name: &str) -> Result<Option<i64>, Underivable> {
        Ok(match self.facts.and_then(|facts| facts.get(name)) {
            None => None,
            Some(Fact::Day(day)) => Some(day.days()),
            Some(Fact::Number(number)) => Some(number.get()),
            Some(Fact::Name(text)) => Some(self.constant(attribute, text)?),
        })
    }
}
