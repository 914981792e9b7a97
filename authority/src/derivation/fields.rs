//! Fields: quantities of one quarter.

use taxproof_claims::period::Period;
use taxproof_claims::schema::Quantity;

use super::{Subject, Underivable};
use crate::calendar::{Month, Span};
use crate::rules::FieldRule;

impl Subject<'_> {
    pub(super) fn field(
        &self,
        field: &Quantity,
        rule: &FieldRule,
        quarter: Period,
    ) -> Result<i128, Underivable> {
        let filings = |kinds| self.filings.of(kinds).ending_in(quarter);
        let last = Month::last_of(quarter);
        let back = |months: u32| Span::ending(last, months);
        let rolling = |months: Option<u32>| months.map_or(Span::quarter(quarter), back);
        Ok(match rule {
            FieldRule::Sum {
                of,
                kinds,
                paid,
                months,
            } => self.sum(of, kinds, *paid, rolling(*months)),
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
            FieldRule::Invoiced { months } => self.invoiced.total(rolling(*months)),
            FieldRule::InvoiceGap => {
                let gap = self.invoiced.longest_gap(Span::quarter(quarter));
                gap.min(field.max.into())
            }
            FieldRule::TopCustomerShare { months } => {
                self.invoiced.top_customer_share(back(*months))
            }
            FieldRule::Customers { months } => self.invoiced.customers(back(*months)),
            FieldRule::Constant { value } => self.constant(field, value)?.into(),
        })
    }

    /// Σ of some amounts over the filings whose last month is in a span.
    pub(super) fn sum(&self, of: &[String], kinds: &[String], paid: bool, span: Span) -> i128 {
        let filings = self.filings.of(kinds).ending_within(span);
        let counted = filings.filter(|f| !paid || f.is_paid(self.terms.as_of));
        counted.map(|f| f.latest.sum(of)).sum()
    }
}
