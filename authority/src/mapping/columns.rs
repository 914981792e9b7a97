//! Which columns of a source mean what.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use taxproof_claims::date::Date;

use crate::number::NumberFormat;

/// How a CSV file is written. The defaults are commas and UTF-8, with or without a byte-order mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvFormat {
    /// Between cells.
    pub delimiter: char,
    /// A label of the WHATWG encoding standard, such as `utf-8`, `gb18030` or `windows-1252`.
    pub encoding: String,
}

impl Default for CsvFormat {
    fn default() -> Self {
        Self {
            delimiter: ',',
            encoding: "utf-8".to_owned(),
        }
    }
}

/// Whose row it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "an enterprise is the name of a column, or { constant = \"…\" }"
)]
pub enum EnterpriseColumn {
    /// The column with the id.
    Column(String),
    /// Every row is of one enterprise.
    Constant {
        /// Its id.
        constant: String,
    },
}

/// What to do with a row of an enterprise that is not on record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownEnterprise {
    /// Refuse it: the register of taxpayers comes first.
    #[default]
    Refuse,
    /// Begin a record: there is no register.
    Accept,
}

/// A column of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayColumn {
    /// The column.
    pub column: String,
    /// How days are written there, as in `strptime`: `%Y-%m-%d`, `%d/%m/%Y`, `%Y-%m-%d %H:%M:%S`.
    #[serde(default = "iso")]
    pub format: String,
}

/// Year, month and day.
const ISO: &str = "%Y-%m-%d";

fn iso() -> String {
    ISO.to_owned()
}

/// A day as it is written with all its digits, which is sooner read than by a format.
fn iso_day(text: &[u8]) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let number = |digits: &[&u8]| {
        let is_number = digits.iter().all(|digit| digit.is_ascii_digit());
        let digits = digits.iter().map(|digit| u32::from(**digit - b'0'));
        is_number.then(|| digits.fold(0, |n, digit| 10 * n + digit))
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    Date::new(year, number(&[m1, m2])?, number(&[d1, d2])?).ok()
}

/// Reads a day as written in a format.
pub(crate) fn read_day(text: &str, format: &str) -> Option<Date> {
    if format == ISO
        && let Some(day) = iso_day(text.as_bytes())
    {
        return Some(day);
    }
    let day = jiff::civil::Date::strptime(format, text).ok()?;
    let unsigned = |n: i8| u32::try_from(n).ok();
    Date::new(
        day.year().into(),
        unsigned(day.month())?,
        unsigned(day.day())?,
    )
    .ok()
}

/// Whether days written in a format can be read back.
pub(crate) fn is_day_format(format: &str) -> bool {
    let sample = jiff::civil::date(2026, 3, 17).at(13, 5, 9, 0);
    jiff::fmt::strtime::format(format, sample)
        .is_ok_and(|text| jiff::civil::Date::strptime(format, text).ok() == Some(sample.date()))
}

/// A column of names, or one name for every row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameColumn {
    /// The column.
    #[serde(default)]
    pub column: Option<String>,
    /// The name of every row.
    #[serde(default)]
    pub constant: Option<String>,
    /// What the source's texts are called here. Without it, they are kept as they are.
    #[serde(default)]
    pub names: Option<BTreeMap<String, String>>,
    /// What every other text is called; an empty text stands for "not known". Without it, a row
    /// with another text is refused.
    #[serde(default)]
    pub other: Option<String>,
}

impl NameColumn {
    /// What a text is called here.
    pub(crate) fn resolve<'a>(&'a self, text: &Cow<'a, str>) -> Option<Cow<'a, str>> {
        let Some(names) = &self.names else {
            return Some(text.clone());
        };
        let called = names.get(&**text).or(self.other.as_ref())?;
        Some(called.as_str().into())
    }

    /// The names that rows can have, where the mapping lists them all.
    pub(crate) fn possible(&self) -> Option<Vec<&str>> {
        let listed = self.names.iter().flat_map(BTreeMap::values);
        let all = listed.chain(&self.other).chain(&self.constant);
        let known = self.names.is_some() || self.constant.is_some();
        known.then(|| all.map(String::as_str).collect())
    }
}

/// Which columns say what time a filing is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a period is given by the columns `year` and `quarter`, `year` and `month`, `label`, `end`, or `from` and `to`"
)]
pub enum PeriodColumns {
    /// A year and a quarter from 1 to 4.
    Quarter {
        /// The year's column.
        year: String,
        /// The quarter's column.
        quarter: String,
    },
    /// A year and a month from 1 to 12.
    Month {
        /// The year's column.
        year: String,
        /// The month's column.
        month: String,
    },
    /// A quarter as `2026Q3`.
    Label {
        /// The column.
        label: String,
    },
    /// The first and the last day.
    Days {
        /// The first day's column.
        from: String,
        /// The last day's column.
        to: String,
        /// How days are written.
        #[serde(default = "iso")]
        format: String,
    },
    /// The last day of so many months.
    End {
        /// The last day's column.
        end: String,
        /// How many months: 3 unless said otherwise.
        #[serde(default = "quarter")]
        months: u32,
        /// How days are written.
        #[serde(default = "iso")]
        format: String,
    },
}

const fn quarter() -> u32 {
    3
}

/// What to do with a filing about more than a quarter, such as a yearly settlement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LongFiling {
    /// Refuse it.
    #[default]
    Refuse,
    /// Its amounts belong to its last quarter.
    LastQuarter,
}

/// Which filings do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoidedColumn {
    /// The flag's column.
    pub column: String,
    /// What it says of a voided filing.
    pub values: Vec<String>,
    /// What it says of one that stands. Without it, anything else; with it, a row with any other
    /// text is refused.
    #[serde(default)]
    pub valid: Option<Vec<String>>,
    /// The day of voiding.
    #[serde(default)]
    pub on: Option<DayColumn>,
}

/// What a blank cell of an amount means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// A mistake: the row is refused.
    #[default]
    Refuse,
    /// Zero, as if it were written.
    Zero,
    /// Not said: it adds nothing, and `has_amount` is 0.
    Absent,
    /// The row is no filing at all.
    NoFiling,
}

/// What a negative amount means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Negative {
    /// A refund or a credit: it counts as it is.
    #[default]
    Keep,
    /// Zero: refunds do not count against payments.
    Zero,
    /// A mistake: the row is refused.
    Refuse,
}

/// How a column counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// As it is.
    #[default]
    Plus,
    /// Negated: refunds written as positive numbers.
    Minus,
}

/// What a column of numbers counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Money, in the schema's currency.
    #[default]
    Money,
    /// Things.
    Count,
}

/// A column of amounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountColumn {
    /// The column.
    pub column: String,
    /// What is counted.
    #[serde(default)]
    pub measure: Measure,
    /// What a blank cell means.
    #[serde(default)]
    pub blank: Blank,
    /// What a negative number means, after `sign`.
    #[serde(default)]
    pub negative: Negative,
    /// How the column counts.
    #[serde(default)]
    pub sign: Sign,
    /// How this column's numbers are written, where it differs from the source's others.
    #[serde(default)]
    pub numbers: Option<NumberFormat>,
}

/// A fact of the register of taxpayers. A blank cell is "not known".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FactColumn {
    /// A day.
    Day {
        /// The column.
        column: String,
        /// How days are written.
        #[serde(default = "iso")]
        format: String,
    },
    /// A name or code.
    Name {
        /// The column.
        column: String,
        /// As of [`NameColumn::names`].
        #[serde(default)]
        names: Option<BTreeMap<String, String>>,
        /// As of [`NameColumn::other`].
        #[serde(default)]
        other: Option<String>,
        /// How many characters at its beginning count: 2 for the division of an industry's class.
        #[serde(default)]
        prefix: Option<usize>,
    },
    /// Money, in the schema's currency.
    Money {
        /// The column.
        column: String,
    },
    /// A number of things.
    Count {
        /// The column.
        column: String,
    },
}

/// Which invoices take back others: red letters, credit notes, cancellations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancellationColumn {
    /// The flag's column.
    pub column: String,
    /// What it says of one that takes back; its amount counts as negative whatever its sign.
    pub values: Vec<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn days_are_those_of_the_format(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]") {
            let by_format = jiff::civil::Date::strptime(ISO, &text).ok();
            let read = read_day(&text, ISO).map(|day| day.to_string());
            prop_assert_eq!(read, by_format.map(|day| day.to_string()));
        }
    }
}
