//! Fields: quantities of one quarter.

use taxproof_claims::period::Period;
use taxproof_claims::schema::Quantity;

use super::standing::{OfKinds, Within};
use super::{Subject, Underivable};
use crate::calendar::{Month, Span};
use crate::named::Found;
use crate::rules::FieldRule;

/// A field with its rule.
pub(super) struct Ruled<'a> {
    pub(super) field: &'a Quantity,
    pub(super) rule: &'a FieldRule,
    /// Where filings have each of its amounts.
    pub(super) found: Vec<Found<'a>>,
}

/// A quarter with the filings whose last month is in it.
pub(super) struct Quarter<'a> {
    pub(super) period: Period,
    pub(super) filings: Within<'a>,
}

impl<'a> Subject<'a> {
    pub(super) fn field(
        &'a self,
        ruled: &Ruled<'a>,
        quarter: &Quarter<'a>,
    ) -> Result<i128, Underivable> {
        let Ruled { field, rule, found } = ruled;
        let filings = |kinds| quarter.filings.of(kinds).iter();
        let last = Month::last_of(quarter.period);
        let back = |months: u32| Span::ending(last, months);
        let span = Span::quarter(quarter.period);
        Ok(match rule {
            FieldRule::Sum {
                of,
                kinds,
                paid,
                months,
            } => {
                let filings =
                    months.map_or(quarter.filings, |m| self.filings.ending_within(back(m)));
                self.sum(of, found, filings.of(kinds), *paid)
            }
            FieldRule::Filings { kinds } => filings(kinds).count() as i128,
            FieldRule::HasFiling { kinds } => filings(kinds).next().is_some().into(),
            FieldRule::HasAmount { of, kinds } => filings(kinds).any(|f| f.states_any(of)).into(),
            FieldRule::LateFilings { kinds } => {
                filings(kinds).filter(|f| f.is_late()).count() as i128
            }
            FieldRule::PaidMonths { of, kinds, months } => {
                self.payments(of, kinds).months_paid(back(*months)).into()
            }
            FieldRule::MonthsSincePayment { of, kinds } => {
                let since = self.payments(of, kinds).months_since(last);
                since.map_or(field.max.into(), |months| {
                    i128::from(months).min(field.max.into())
                })
            }
            FieldRule::Invoiced { months } => self.invoiced.total(months.map_or(span, back)),
            FieldRule::InvoiceGap => {
                let gap = self.invoiced.longest_gap(span);
                gap.min(field.max.into())
            }
            FieldRule::TopCustomerShare { months } => {
                self.invoiced.top_customer_share(back(*months))
            }
            FieldRule::Customers { months } => self.invoiced.customers(back(*months)),
            FieldRule::Constant { value } => self.constant(field, value)?.into(),
        })
    }

    /// Σ of some amounts over some filings; `found` is for each of the amounts.
    pub(super) fn sum(
        &self,
        of: &[String],
        found: &[Found<'a>],
        filings: OfKinds<'a>,
        paid: bool,
    ) -> i128 {
        let mut sum = 0;
        for filing in filings.iter() {
            if paid && !filing.is_paid(self.terms.as_of) {
                continue;
            }
            for (name, found) in of.iter().zip(found) {
                let amount = filing.latest.amounts.get_near(name, found);
                sum += amount.map_or(0, |amount| i128::from(amount.get()));
            }
        }
        sum
    }
}
