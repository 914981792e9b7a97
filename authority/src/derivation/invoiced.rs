//! What an account's invoices say.

use std::collections::{BTreeMap, BTreeSet};

use taxproof_claims::date::Date;

use crate::calendar::{Month, Span};
use crate::invoice::Invoice;
use crate::ledger::Account;

/// The invoices that count on a day.
#[derive(Debug)]
pub(super) struct Invoiced<'a> {
    invoices: Vec<&'a Invoice>,
    /// Days on which something was sold: red letters and cancellations are no sales.
    days: BTreeSet<Date>,
    /// The day from which days without an invoice count.
    begins: Option<Date>,
}

/// All of it, in hundredths of a per cent.
const WHOLE: i128 = 10_000;

impl<'a> Invoiced<'a> {
    pub(super) fn new(account: &'a Account, day: Date, begins: Option<Date>) -> Self {
        let invoices: Vec<&Invoice> = account.invoices(day).collect();
        let sales = invoices.iter().filter(|i| i.amount.get() > 0);
        Self {
            days: sales.map(|i| i.date).collect(),
            invoices,
            begins,
        }
    }

    fn within(&self, span: Span) -> impl Iterator<Item = &'a Invoice> {
        let days = span.from.first_day()..=span.to.last_day();
        let invoices = self.invoices.iter().copied();
        invoices.filter(move |invoice| days.contains(&invoice.date))
    }

    /// Σ of what was invoiced in a span, less what was taken back in it.
    pub(super) fn total(&self, span: Span) -> i128 {
        self.within(span).map(|i| i128::from(i.amount.get())).sum()
    }

    /// The longest run of days without an invoice whose last day is in a span, or that is still
    /// open at its end.
    pub(super) fn longest_gap(&self, span: Span) -> i128 {
        let (first, end) = (span.from.first_day().days(), span.to.last_day().days());
        // A run begins the day after an invoice, or on the enterprise's first day.
        let Some(mut begins) = self.begins.map(Date::days) else {
            return 0;
        };
        let mut longest = 0;
        for day in self.days.iter().map(|d| d.days()).filter(|d| *d <= end) {
            let ends = day - 1;
            if ends >= first {
                longest = longest.max(ends - begins + 1);
            }
            begins = begins.max(day + 1);
        }
        longest.max(end - begins + 1).max(0).into()
    }

    /// The largest buyer's share of what was invoiced in a span, rounded up, in hundredths of a
    /// per cent; all of it where nothing was invoiced on balance.
    pub(super) fn top_customer_share(&self, span: Span) -> i128 {
        let buyers = self.by_buyer(span);
        let total: i128 = buyers.values().sum();
        let top = buyers.values().copied().max().unwrap_or_default();
        if total <= 0 {
            return WHOLE;
        }
        let share = (top * WHOLE + total - 1) / total;
        share.clamp(0, WHOLE)
    }

    /// How many buyers bought something on balance in a span. Those without a name are one.
    pub(super) fn customers(&self, span: Span) -> i128 {
        let buyers = self.by_buyer(span);
        buyers.values().filter(|bought| **bought > 0).count() as i128
    }

    fn by_buyer(&self, span: Span) -> BTreeMap<&str, i128> {
        let mut buyers: BTreeMap<&str, i128> = BTreeMap::new();
        for invoice in self.within(span) {
            *buyers.entry(&invoice.buyer).or_default() += i128::from(invoice.amount.get());
        }
        buyers
    }

    /// Months of a window without an invoice.
    pub(super) fn idle_months(&self, window: Span) -> u32 {
        let busy: BTreeSet<Month> = self.days.iter().copied().filter_map(Month::of).collect();
        let idle = window.from.until(window.to).filter(|m| !busy.contains(m));
        idle.count() as u32
    }
}
