//! Fields: quantities of one quarter.

use std::cell::Cell;

use taxproof_claims::period::Period;
use taxproof_claims::schema::Quantity;

use super::standing::{OfKinds, Within};
use super::{Subject, Underivable};
use crate::calendar::{Month, Span};
use crate::rules::FieldRule;

/// A field with its rule.
pub(super) struct Ruled<'a> {
    pub(super) field: &'a Quantity,
    pub(super) rule: &'a FieldRule,
    /// Where in filings its amounts were found last: in most they are in one place.
    pub(super) place: Cell<usize>,
}

/// A quarter with the filings whose last month is in it.
pub(super) struct Quarter<'a> {
    pub(super) period: Period,
    pub(super) filings: Within<'a>,
}

impl Subject<'_> {
    pub(super) fn field(
        &self,
        ruled: &Ruled<'_>,
        quarter: &Quarter<'_>,
    ) -> Result<i128, Underivable> {
        let Ruled { field, rule, place } = ruled;
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
                let filings = months.map_or(quarter.filings, |m| self.filings.ending_within(back(m)));
                self.sum(of, filings.of(kinds), *paid, place)
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

    /// Σ of some amounts over some filings; `place` is where the amounts were found before.
    pub(super) fn sum(
        &self,
        of: &[String],
        filings: OfKinds<'_>,
        paid: bool,
        place: &Cell<usize>,
    ) -> i128 {
        let counted = filings.iter().filter(|f| !paid || f.is_paid(self.terms.as_of));
        counted.map(|f| f.latest.sum_near(of, place)).sum()
    }
}
