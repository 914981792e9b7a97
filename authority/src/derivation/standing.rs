//! The filings of an account that are in force on a day.

use std::collections::BTreeSet;

use taxproof_claims::date::Date;
use taxproof_claims::period::Period;

use crate::calendar::{Month, Span};
use crate::filing::{Filing, Payment};
use crate::ledger::Account;
use crate::rules::Frequency;

/// Filings in force.
#[derive(Debug)]
pub(super) struct Filings<'a> {
    /// By their last month.
    standing: Vec<Standing<'a>>,
    /// Two for one tax, neither longer than a quarter, that are about the same months.
    overlap: Option<(&'a str, Span, Span)>,
}

/// Those whose last month is in a span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within<'a>(&'a [Standing<'a>]);

/// Those of some kinds.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfKinds<'a> {
    filings: &'a [Standing<'a>],
    kinds: &'a [String],
}

/// A filing in force: the latest version that stands, and all that stand.
#[derive(Debug)]
pub(super) struct Standing<'a> {
    pub(super) latest: &'a Filing<'a>,
    /// Its last month.
    to: Month,
    first: &'a Filing<'a>,
    /// Versions after the first.
    others: Vec<&'a Filing<'a>>,
}

/// A quarter's months: filings about more are settlements of what others declared before.
const QUARTER: u32 = 3;

impl<'a> Filings<'a> {
    /// The filings in force on a day: what was filed or voided later has not happened yet.
    pub(super) fn standing(account: &'a Account<'a>, day: Date) -> Self {
        let stand = account.filings().filter(|(filing, voiding)| {
            voiding.stands(day) && filing.filed_on.is_none_or(|filed| filed <= day)
        });
        let mut standing: Vec<Standing<'a>> = Vec::with_capacity(account.filings().len());
        for (filing, _) in stand {
            match standing.last_mut() {
                Some(last) if last.latest.is_version_of(filing) => last.add(filing),
                _ => standing.push(Standing {
                    latest: filing,
                    to: filing.span.to,
                    first: filing,
                    others: Vec::new(),
                }),
            }
        }
        let overlap = overlap(&standing);
        standing.sort_by_key(|filing| filing.to);
        Self { standing, overlap }
    }

    /// The filings of some kinds, of all where none are given.
    pub(super) fn of(&'a self, kinds: &'a [String]) -> OfKinds<'a> {
        OfKinds {
            filings: &self.standing,
            kinds,
        }
    }

    /// Those whose last month is in a span.
    pub(super) fn ending_within(&'a self, window: Span) -> Within<'a> {
        let before = |f: &Standing<'_>| f.to < window.from;
        let from = &self.standing[self.standing.partition_point(before)..];
        Within(&from[..from.partition_point(|f| f.to <= window.to)])
    }

    /// The first month that any filing is about.
    pub(super) fn first_month(&self) -> Option<Month> {
        self.standing.iter().map(|f| f.latest.span.from).min()
    }

    /// Two filings for one tax, neither longer than a quarter, that are about the same months.
    pub(super) const fn overlap(&self) -> Option<(&str, Span, Span)> {
        self.overlap
    }
}

/// As of [`Filings::overlap`], of filings in the order of taxes and months.
fn overlap<'a>(filings: &[Standing<'a>]) -> Option<(&'a str, Span, Span)> {
    let mut short = filings.iter().filter(|f| !f.is_long()).map(|f| f.latest);
    let mut previous = short.next()?;
    for filing in short {
        if filing.is_of_tax_of(previous) && filing.span.from <= previous.span.to {
            return Some((&filing.kind, previous.span, filing.span));
        }
        previous = filing;
    }
    None
}

impl<'a> Within<'a> {
    /// Those of some kinds, all where none are given.
    pub(super) const fn of(self, kinds: &'a [String]) -> OfKinds<'a> {
        OfKinds {
            filings: self.0,
            kinds,
        }
    }
}

impl<'a> OfKinds<'a> {
    pub(super) fn iter(self) -> impl Iterator<Item = &'a Standing<'a>> {
        let kinds = self.kinds;
        self.filings.iter().filter(move |f| f.is_of(kinds))
    }

    /// The first month that any is about.
    pub(super) fn first_month(self) -> Option<Month> {
        self.iter().map(|f| f.latest.span.from).min()
    }

    /// The last month that any is about, up to one.
    pub(super) fn last_month(self, newest: Month) -> Option<Month> {
        let ended = self.iter().map(|f| f.latest.span.to);
        ended.filter(|to| *to <= newest).max()
    }

    /// How many filings were due in a span and are not there: a month's or a quarter's is there
    /// where filings no longer than a quarter are about all of its months in the span.
    pub(super) fn missing(self, due: Span, every: Frequency) -> u32 {
        let short = self.iter().filter(|f| !f.is_long());
        let covered: BTreeSet<Month> = short
            .flat_map(|f| f.latest.span.from.until(f.latest.span.to))
            .collect();
        let uncovered = due.from.until(due.to).filter(|m| !covered.contains(m));
        match every {
            Frequency::Month => uncovered.count() as u32,
            Frequency::Quarter => {
                let quarters: BTreeSet<Period> = uncovered.map(Month::period).collect();
                quarters.len() as u32
            }
        }
    }

    /// The days of payment.
    pub(super) fn payments(self, of: &[String], day: Date) -> Payments {
        let days = self.iter().filter_map(|f| f.paid_on(of));
        Payments(days.filter(|paid| *paid <= day).collect())
    }
}

impl<'a> Standing<'a> {
    /// Adds a version. Of versions that nothing orders, the one with the lesser amounts counts.
    fn add(&mut self, filing: &'a Filing<'a>) {
        self.others.push(filing);
        let later = filing.order() > self.latest.order();
        let lesser = filing.order() == self.latest.order() && filing.amounts < self.latest.amounts;
        if later || lesser {
            self.latest = filing;
        }
    }

    fn versions(&self) -> impl Iterator<Item = &'a Filing<'a>> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// Whether it is of one of some kinds, of which none stands for all.
    fn is_of(&self, kinds: &[String]) -> bool {
        kinds.is_empty() || kinds.iter().any(|kind| **kind == *self.latest.kind)
    }

    /// Whether it is about more than a quarter's months.
    pub(super) fn is_long(&self) -> bool {
        self.latest.span.months() > QUARTER
    }

    /// Whether every version that stands came after its deadline: a correction of what was filed in
    /// time is not late.
    pub(super) fn is_late(&self) -> bool {
        self.versions().all(|version| {
            let days = version.filed_on.zip(version.deadline);
            days.is_some_and(|(filed, deadline)| filed > deadline)
        })
    }

    /// Whether each of some amounts is zero or not stated.
    pub(super) fn is_nil(&self, of: &[String]) -> bool {
        let mut stated = of.iter().filter_map(|name| self.latest.amounts.get(name));
        stated.all(|value| value.get() == 0)
    }

    /// Whether one of some amounts is stated.
    pub(super) fn states_any(&self, of: &[String]) -> bool {
        of.iter()
            .any(|name| self.latest.amounts.get(name).is_some())
    }

    /// Whether it is paid on a day, as far as the source says.
    pub(super) fn is_paid(&self, day: Date) -> bool {
        match self.latest.payment {
            Payment::AsFiled => true,
            Payment::On(paid) => paid <= day,
            Payment::Unpaid => false,
        }
    }

    /// The day on which something was paid: of the first version that did, so that a correction
    /// does not make a payment look newer.
    fn paid_on(&self, of: &[String]) -> Option<Date> {
        let pays = |filing: &Filing<'_>| filing.sum(of) > 0 && filing.payment != Payment::Unpaid;
        if !pays(self.latest) {
            return None;
        }
        let paying = self.versions().filter(|version| pays(version));
        paying
            .map(|version| match (version.payment, version.filed_on) {
                (Payment::On(paid), _) => paid,
                (_, Some(filed)) => filed,
                (_, None) => version.span.to.last_day(),
            })
            .min()
    }
}

/// Days on which an enterprise paid.
#[derive(Debug)]
pub(super) struct Payments(BTreeSet<Date>);

impl Payments {
    /// The last.
    pub(super) fn last(&self) -> Option<Date> {
        self.0.last().copied()
    }

    /// Months from that of the last payment to a month; payments in later months do not count.
    pub(super) fn months_since(&self, to: Month) -> Option<u32> {
        let before = self.months().filter(|month| *month <= to);
        before.max().map(|month| month.through(to) - 1)
    }

    /// How many months of a window have a payment.
    pub(super) fn months_paid(&self, window: Span) -> u32 {
        let paid: BTreeSet<Month> = self.months().filter(|m| window.contains(*m)).collect();
        paid.len() as u32
    }

    fn months(&self) -> impl Iterator<Item = Month> {
        self.0.iter().copied().filter_map(Month::of)
    }

    /// The longest run of months of a window without a payment.
    pub(super) fn longest_gap(&self, window: Span) -> u32 {
        let paid: BTreeSet<Month> = self.months().collect();
        let mut longest = 0;
        let mut run = 0;
        for month in window.from.until(window.to) {
            run = if paid.contains(&month) { 0 } else { run + 1 };
            longest = longest.max(run);
        }
        longest
    }
}
