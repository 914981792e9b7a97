//! Periods: calendar quarters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::date::Date;

/// A calendar quarter, counted from the first of the year 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(u32);

/// The text or number is not a quarter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a quarter such as 2026Q3, from 1900 to 9999")]
pub struct NotPeriod(pub String);

impl Period {
    /// A quarter of a year, both counted as people do.
    ///
    /// # Errors
    /// The year is not from 1900 to 9999 or the quarter not from 1 to 4.
    pub fn new(year: u32, quarter: u32) -> Result<Self, NotPeriod> {
        if (1900..=9999).contains(&year) && (1..=4).contains(&quarter) {
            Ok(Self(year * 4 + quarter - 1))
        } else {
            Err(NotPeriod(format!("{year}Q{quarter}")))
        }
    }

    /// The quarter of an index, as [`Self::index`] gives it.
    ///
    /// # Errors
    /// The index is of no quarter from 1900 to 9999.
    pub fn from_index(index: u32) -> Result<Self, NotPeriod> {
        Self::new(index / 4, index % 4 + 1)
    }

    /// The quarter that holds a day.
    ///
    /// # Errors
    /// The day is not from 1900 to 9999.
    pub fn of(date: Date) -> Result<Self, NotPeriod> {
        let (year, month, _) = date.ymd();
        u32::try_from(year)
            .map_err(|_| NotPeriod(date.to_string()))
            .and_then(|year| Self::new(year, (month - 1) / 3 + 1))
    }

    /// Quarters since the year 0: the public input.
    pub const fn index(self) -> u32 {
        self.0
    }

    /// The year.
    pub const fn year(self) -> u32 {
        self.0 / 4
    }

    /// The quarter of the year, 1 to 4.
    pub const fn quarter(self) -> u32 {
        self.0 % 4 + 1
    }

    /// The quarter `n` before this one, if there is one.
    pub fn back(self, n: u32) -> Option<Self> {
        self.0
            .checked_sub(n)
            .and_then(|index| Self::from_index(index).ok())
    }

    /// The quarter after this one, if there is one.
    pub fn next(self) -> Option<Self> {
        Self::from_index(self.0 + 1).ok()
    }

    /// The last day.
    pub fn last_day(self) -> Date {
        let month = self.quarter() * 3;
        let day = if matches!(month, 3 | 12) { 31 } else { 30 };
        Date::new(self.year() as i32, month, day).expect("a quarter ends on a day of the calendar")
    }

    /// The first day.
    pub fn first_day(self) -> Date {
        Date::new(self.year() as i32, self.quarter() * 3 - 2, 1)
            .expect("a quarter begins on a day of the calendar")
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Q{}", self.year(), self.quarter())
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Period {
    type Err = NotPeriod;

    fn from_str(text: &str) -> Result<Self, NotPeriod> {
        let error = || NotPeriod(text.to_owned());
        let (year, quarter) = text.split_once('Q').ok_or_else(error)?;
        let number = |s: &str, len| -> Option<u32> {
            (s.len() == len && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse().ok())?
        };
        let year = number(year, 4).ok_or_else(error)?;
        let quarter = number(quarter, 1).ok_or_else(error)?;
        Self::new(year, quarter).map_err(|_| error())
    }
}

impl TryFrom<String> for Period {
    type Error = NotPeriod;

    fn try_from(text: String) -> Result<Self, NotPeriod> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let period: Period = "2026Q3".parse().expect("a quarter");
        assert_eq!(period.to_string(), "2026Q3");
        assert_eq!(period.index(), 2026 * 4 + 2);
        assert_eq!(period.last_day().to_string(), "2026-09-30");
        assert_eq!(period.first_day().to_string(), "2026-07-01");
        assert_eq!(
            period.back(3).map(|p| p.to_string()).as_deref(),
            Some("2025Q4")
        );
        for bad in [
            "2026Q5", "2026Q0", "26Q1", "2026q1", "2026-Q1", "2026Q1 ", "+026Q1",
        ] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }
}
