//! Months, and the spans of months that filings are about.

use std::fmt;

use taxproof_claims::date::Date;
use taxproof_claims::period::Period;

use crate::codec::{Decoder, Encoder, Malformed};

/// A calendar month, counted from January of the year 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u32);

impl Month {
    /// A month of a year from 1900 to 9999, counted from 1.
    pub fn new(year: u32, month: u32) -> Option<Self> {
        let holds = (1900..=9999).contains(&year) && (1..=12).contains(&month);
        holds.then(|| Self(year * 12 + month - 1))
    }

    /// The month that holds a day.
    pub fn of(day: Date) -> Option<Self> {
        let (year, month, _) = day.ymd();
        Self::new(u32::try_from(year).ok()?, month)
    }

    /// A quarter's last month.
    pub const fn last_of(period: Period) -> Self {
        Self(period.index() * 3 + 2)
    }

    /// A quarter's first month.
    pub const fn first_of(period: Period) -> Self {
        Self(period.index() * 3)
    }

    /// The quarter that holds the month.
    pub fn period(self) -> Period {
        Period::from_index(self.0 / 3).expect("a month is of a year from 1900 to 9999")
    }

    /// The month so many months earlier, but none before 1900.
    pub fn back(self, months: u32) -> Self {
        Self(self.0.saturating_sub(months).max(1900 * 12))
    }

    /// Months from this one to a later one, both counted; 0 where `last` is earlier.
    pub const fn through(self, last: Self) -> u32 {
        (last.0 + 1).saturating_sub(self.0)
    }

    /// The months from this one to `last`.
    pub fn until(self, last: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.0..=last.0).map(Self)
    }

    /// The first day.
    pub fn first_day(self) -> Date {
        Date::new((self.0 / 12) as i32, self.0 % 12 + 1, 1)
            .expect("a month begins on a day of the calendar")
    }

    /// The last day.
    pub fn last_day(self) -> Date {
        // The last day of a month is the day before the first of the next; 9999-12 has no next.
        let next = Self(self.0 + 1);
        match Self::new(next.0 / 12, next.0 % 12 + 1) {
            Some(next) => Date::from_days(next.first_day().days() - 1),
            None => Date::new(9999, 12, 31).ok(),
        }
        .expect("a month ends on a day of the calendar")
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 12, self.0 % 12 + 1)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The months that a filing is about, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first month.
    pub from: Month,
    /// The last month, not before the first.
    pub to: Month,
}

impl Span {
    /// The months from the one of `first` to the one of `last`, if they are whole: the first day
    /// begins a month, the last day ends one, and there are at most twelve.
    pub fn of_days(first: Date, last: Date) -> Option<Self> {
        let span = Self {
            from: Month::of(first)?,
            to: Month::of(last)?,
        };
        let whole = span.from.first_day() == first && span.to.last_day() == last;
        (whole && (1..=12).contains(&span.months())).then_some(span)
    }

    /// `months` months up to and including `to`.
    pub fn ending(to: Month, months: u32) -> Self {
        Self {
            from: to.back(months.saturating_sub(1)),
            to,
        }
    }

    /// A quarter.
    pub const fn quarter(period: Period) -> Self {
        Self {
            from: Month::first_of(period),
            to: Month::last_of(period),
        }
    }

    pub(crate) fn encode(self, encoder: &mut Encoder<'_>) {
        encoder.unsigned(self.from.0.into());
        encoder.unsigned((self.to.0 - self.from.0).into());
    }

    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Malformed> {
        let mut next = || u32::try_from(decoder.unsigned()?).map_err(|_| Malformed);
        let (from, more) = (next()?, next()?);
        let to = from.checked_add(more).ok_or(Malformed)?;
        let month = |n| Month::new(n / 12, n % 12 + 1).ok_or(Malformed);
        Ok(Self {
            from: month(from)?,
            to: month(to)?,
        })
    }

    /// How many months.
    pub const fn months(self) -> u32 {
        self.from.through(self.to)
    }

    /// Whether a month is among them.
    pub fn contains(self, month: Month) -> bool {
        (self.from..=self.to).contains(&month)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            self.from.fmt(f)
        } else {
            write!(f, "{} to {}", self.from, self.to)
        }
    }
}

/// Some days later, at most the end of the calendar.
pub(crate) fn days_after(day: Date, days: u32) -> Date {
    Date::from_days(day.days() + i64::from(days)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn months_know_their_days_and_quarters() {
        let february = Month::new(2024, 2).expect("a month");
        assert_eq!(february.last_day(), day("2024-02-29"));
        assert_eq!(february.first_day(), day("2024-02-01"));
        assert_eq!(february.period().to_string(), "2024Q1");
        assert_eq!(february.back(2).to_string(), "2023-12");
        assert_eq!(february.back(2).through(february), 3);
        assert_eq!(february.through(february.back(1)), 0);
        let december = Month::new(9999, 12).expect("a month");
        assert_eq!(december.last_day(), day("9999-12-31"));
        assert_eq!(Month::new(2024, 13), None);
        assert_eq!(Month::new(1899, 1), None);
    }

    #[test]
    fn spans_are_whole_months() {
        let span = |from, to| Span::of_days(day(from), day(to)).map(|s| s.months());
        assert_eq!(span("2024-01-01", "2024-03-31"), Some(3));
        assert_eq!(span("2024-02-01", "2024-02-29"), Some(1));
        assert_eq!(span("2024-01-01", "2024-12-31"), Some(12));
        for (from, to) in [
            ("2024-01-02", "2024-03-31"),
            ("2024-01-01", "2024-03-30"),
            ("2024-02-01", "2024-02-28"),
            ("2024-04-01", "2024-03-31"),
            ("2023-12-01", "2024-12-31"),
        ] {
            assert_eq!(span(from, to), None, "{from} {to}");
        }
    }
}
