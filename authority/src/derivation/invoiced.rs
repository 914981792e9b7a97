//! What an account's invoices say.

use std::collections::{BTreeSet, HashMap};

use taxproof_claims::date::Date;

use crate::calendar::{Month, Span};
use crate::ledger::Account;

/// The invoices that count on a day, by their day. Buyers are numbered: every quarter's figures are
/// taken from the same few lists.
#[derive(Debug)]
pub(super) struct Invoiced {
    invoices: Vec<Counted>,
    buyers: usize,
    /// Days on which something was sold, in order, each once: red letters and cancellations are no
    /// sales.
    days: Vec<i64>,
    /// The day from which days without an invoice count.
    begins: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    /// Since 1970-01-01.
    day: i64,
    amount: i64,
    buyer: usize,
}

/// All of it, in hundredths of a per cent.
const WHOLE: i128 = 10_000;

impl Invoiced {
    pub(super) fn new(account: &Account<'_>, day: Date, begins: Option<Date>) -> Self {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let counted = account.invoices(day).map(|invoice| {
            let next = numbers.len();
            Counted {
                day: invoice.date.days(),
                amount: invoice.amount.get(),
                buyer: *numbers.entry(&invoice.buyer).or_insert(next),
            }
        });
        let mut invoices: Vec<Counted> = counted.collect();
        invoices.sort_by_key(|invoice| invoice.day);
        let sales = invoices.iter().filter(|invoice| invoice.amount > 0);
        let mut days: Vec<i64> = sales.map(|invoice| invoice.day).collect();
        days.dedup();
        Self {
            invoices,
            buyers: numbers.len(),
            days,
            begins: begins.map(Date::days),
        }
    }

    fn within(&self, span: Span) -> &[Counted] {
        let (first, last) = (span.from.first_day().days(), span.to.last_day().days());
        let start = self.invoices.partition_point(|invoice| invoice.day < first);
        let end = self.invoices.partition_point(|invoice| invoice.day <= last);
        &self.invoices[start..end.max(start)]
    }

    /// Σ of what was invoiced in a span, less what was taken back in it.
    pub(super) fn total(&self, span: Span) -> i128 {
        self.within(span).iter().map(|i| i128::from(i.amount)).sum()
    }

    /// The longest run of days without an invoice whose last day is in a span, or that is still open at
    /// its end.
    pub(super) fn longest_gap(&self, span: Span) -> i128 {
        let (first, end) = (span.from.first_day().days(), span.to.last_day().days());
        // A run begins the day after an invoice, or on the enterprise's first day.
        let Some(mut begins) = self.begins else {
            return 0;
        };
        let mut longest = 0;
        for &day in self.days.iter().take_while(|day| **day <= end) {
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
        let total: i128 = buyers.iter().sum();
        let top = buyers.iter().copied().max().unwrap_or_default();
        if total <= 0 {
            return WHOLE;
        }
        let share = (top * WHOLE + total - 1) / total;
        share.clamp(0, WHOLE)
    }

    /// How many buyers bought something on balance in a span. Those without a name are one.
    pub(super) fn customers(&self, span: Span) -> i128 {
        let buyers = self.by_buyer(span);
        buyers.iter().filter(|bought| **bought > 0).count() as i128
    }

    /// What each buyer bought in a span, on balance; 0 for those of other times.
    fn by_buyer(&self, span: Span) -> Vec<i128> {
        let mut bought = vec![0; self.buyers];
        for invoice in self.within(span) {
            bought[invoice.buyer] += i128::from(invoice.amount);
        }
        bought
    }

    /// Months of a window without an invoice.
    pub(super) fn idle_months(&self, window: Span) -> u32 {
        let days = self.days.iter().filter_map(|day| Date::from_days(*day));
        let busy: BTreeSet<Month> = days.filter_map(Month::of).collect();
        let idle = window.from.until(window.to).filter(|m| !busy.contains(m));
        idle.count() as u32
    }
}
