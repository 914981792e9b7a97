//! Calendar days, as values of a record.

use std::fmt;
use std::str::FromStr;

use jiff::{Span, civil};
use serde::{Deserialize, Serialize};

/// A day of the calendar; as a value of a record, days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(civil::Date);

/// The text is not a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a day such as 2026-09-30")]
pub struct NotDate(pub String);

/// Years after which the calendar repeats, and their days.
const ERA: i64 = 400;
const ERA_DAYS: i64 = 146_097;
/// Days from 1 March of the year 0 to 1970-01-01.
const ERAS_BEFORE_1970: i64 = 719_468;

impl Date {
    /// A day; month and day counted from 1.
    ///
    /// # Errors
    /// There is no such day.
    pub fn new(year: i32, month: u32, day: u32) -> Result<Self, NotDate> {
        let error = || NotDate(format!("{year:04}-{month:02}-{day:02}"));
        let small = |n: u32| i8::try_from(n).map_err(|_| error());
        let year = i16::try_from(year).map_err(|_| error())?;
        civil::Date::new(year, small(month)?, small(day)?)
            .map(Self)
            .map_err(|_| error())
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        let (year, month, day) = self.ymd();
        // Years that begin in March, so that a leap day is the last day of one; 400 of them repeat.
        let year = i64::from(year) - i64::from(month <= 2);
        let (era, of_era) = (year.div_euclid(ERA), year.rem_euclid(ERA));
        let of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
        era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - ERAS_BEFORE_1970
    }

    /// The day that many days after 1970-01-01.
    pub fn from_days(days: i64) -> Option<Self> {
        let days = days.checked_add(ERAS_BEFORE_1970)?;
        let (era, of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march + 2) / 5 + 1;
        let month = (march + 2) % 12 + 1;
        let year = era * ERA + year + i64::from(month <= 2);
        let small = |n: i64| u32::try_from(n).ok();
        Self::new(i32::try_from(year).ok()?, small(month)?, small(day)?).ok()
    }

    /// The same day of the month so many months earlier, or that month's last day.
    pub fn months_before(self, months: u32) -> Option<Self> {
        self.0
            .checked_sub(Span::new().try_months(months).ok()?)
            .ok()
            .map(Self)
    }

    /// Year, month from 1, day from 1.
    pub fn ymd(self) -> (i32, u32, u32) {
        (
            self.0.year().into(),
            self.0.month().unsigned_abs().into(),
            self.0.day().unsigned_abs().into(),
        )
    }

    /// The day on which a number of seconds since 1970-01-01T00:00:00Z falls, in UTC.
    pub fn of_unix_seconds(seconds: u64) -> Option<Self> {
        Self::from_days(i64::try_from(seconds / 86_400).ok()?)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Date {
    type Err = NotDate;

    fn from_str(text: &str) -> Result<Self, NotDate> {
        let date: civil::Date = text.parse().map_err(|_| NotDate(text.to_owned()))?;
        if date.to_string() == text && (1900..=9999).contains(&date.year()) {
            Ok(Self(date))
        } else {
            Err(NotDate(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Date {
    type Error = NotDate;

    fn try_from(text: String) -> Result<Self, NotDate> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every day that jiff's calendar has, there and back, against jiff's own count.
    #[test]
    fn days_are_counted_as_the_calendar_counts_them() {
        let first = civil::Date::MIN;
        let epoch = civil::date(1970, 1, 1);
        let start = first.since(epoch).expect("a span").get_days();
        for (date, days) in first.series(Span::new().days(1)).zip(i64::from(start)..) {
            assert_eq!(Date(date).days(), days, "{date}");
            assert_eq!(Date::from_days(days), Some(Date(date)), "{days}");
        }
        for days in [i64::MIN, i64::MAX, i64::from(start) - 1] {
            assert_eq!(Date::from_days(days), None);
        }
    }

    #[test]
    fn days_count_from_1970() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(day("1970-01-01").days(), 0);
        assert_eq!(day("1969-12-31").days(), -1);
        assert_eq!(day("2026-09-30").days(), 20_726);
        assert_eq!(Date::from_days(20_726), Some(day("2026-09-30")));
        assert_eq!(day("2026-08-31").months_before(6), Some(day("2026-02-28")));
        assert_eq!(Date::of_unix_seconds(86_399), Some(day("1970-01-01")));
        for bad in [
            "2026-02-30",
            "20260930",
            "2026-9-30",
            "2026-09-30T00:00",
            "-000001-01-01",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }
}
