//! How a source writes numbers: decimal mark, thousands, unit, sign.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use taxproof_claims::amount::Value;

/// How a source writes numbers. The defaults are `1234.56`, in whole units of the currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NumberFormat {
    /// The decimal mark.
    pub decimal: char,
    /// The mark between groups of three digits, if the source uses one. A space stands for the
    /// no-break spaces too.
    pub thousands: Option<char>,
    /// What one unit of the number is worth.
    pub unit: NumberUnit,
    /// Whether `(5)` means −5.
    pub parentheses: bool,
}

/// What one unit of a source's number is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberUnit {
    /// The currency's smallest unit, such as fen.
    Minor,
    /// The currency's unit, such as yuan; or one, for numbers that are not money.
    Whole,
    /// A thousand units.
    Thousand,
    /// Ten thousand units, as Chinese statistics count.
    TenThousand,
    /// A million units.
    Million,
}

/// A text is not a number of its source's format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// Other characters, misplaced groups, no digits.
    #[error("`{text}` is not a number such as {example}")]
    Malformed {
        /// As in the file.
        text: String,
        /// A number that would have been read.
        example: String,
    },
    /// Non-zero digits beyond the smallest unit.
    #[error("`{0}` has more digits than the currency's smallest unit")]
    TooPrecise(String),
    /// More than a record holds.
    #[error("`{0}` is too large: a record holds values below 2^48 smallest units")]
    TooLarge(String),
}

const MAX_LENGTH: usize = 40;
/// So many digits are less than 2^63.
const PLAIN_LENGTH: usize = 18;
/// Those less than 2^63.
const POWERS_OF_TEN: [i64; 19] = {
    let mut powers = [1; 19];
    let mut i = 1;
    while i < powers.len() {
        powers[i] = 10 * powers[i - 1];
        i += 1;
    }
    powers
};

impl Default for NumberFormat {
    fn default() -> Self {
        Self {
            decimal: '.',
            thousands: None,
            unit: NumberUnit::Whole,
            parentheses: false,
        }
    }
}

impl NumberFormat {
    /// The format of a number that was no text, and has no marks but a point.
    pub(crate) const fn of_typed(&self) -> Self {
        Self {
            decimal: '.',
            thousands: None,
            unit: self.unit,
            parentheses: false,
        }
    }
}

impl NumberUnit {
    /// The power of ten by which the number exceeds one of `digits`-digit smallest units.
    const fn exponent(self, digits: u32) -> u32 {
        match self {
            Self::Minor => 0,
            Self::Whole => digits,
            Self::Thousand => digits + 3,
            Self::TenThousand => digits + 4,
            Self::Million => digits + 6,
        }
    }
}

impl NumberFormat {
    /// Whether the marks can be told apart from each other, digits and signs.
    pub fn is_sound(&self) -> bool {
        let mark = |c: char| !c.is_ascii_digit() && !"+-−()".contains(c);
        mark(self.decimal) && self.thousands.is_none_or(|t| mark(t) && t != self.decimal)
    }

    /// Reads a number exactly, in smallest units of 10^-`digits`.
    ///
    /// # Errors
    /// What is wrong with the text; whoever keeps the source must mend it.
    pub fn read(&self, text: &str, digits: u32) -> Result<Value, NumberError> {
        match self.read_plain(text, digits) {
            Some(value) => Ok(value),
            None => self.read_any(text, digits),
        }
    }

    /// Reads what most numbers are: a few digits with at most a decimal mark and a minus. None of any other
    /// text, whatever it says.
    fn read_plain(&self, text: &str, digits: u32) -> Option<Value> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mark = u8::try_from(self.decimal).ok()?;
        let exponent = self.unit.exponent(digits);
        if unsigned.len() > PLAIN_LENGTH || !mark.is_ascii() {
            return None;
        }
        let (mut units, mut mark_at) = (0i64, None);
        for (at, &byte) in unsigned.as_bytes().iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                units = 10 * units + i64::from(digit);
            } else if byte == mark && mark_at.is_none() {
                mark_at = Some(at);
            } else {
                return None;
            }
        }
        let whole = mark_at.unwrap_or(unsigned.len());
        let fraction = mark_at.map(|at| unsigned.len() - at - 1);
        if whole == 0 || fraction == Some(0) {
            return None;
        }
        let zeros = (exponent as usize).checked_sub(fraction.unwrap_or_default())?;
        let magnitude = units.checked_mul(*POWERS_OF_TEN.get(zeros)?)?;
        Value::try_from(if negative { -magnitude } else { magnitude }).ok()
    }

    fn read_any(&self, text: &str, digits: u32) -> Result<Value, NumberError> {
        let malformed = || NumberError::Malformed {
            text: text.to_owned(),
            example: self.example(),
        };
        let (negative, unsigned) = self.split_sign(text);
        let (whole, fraction) = unsigned.split_once(self.decimal).unwrap_or((unsigned, "0"));
        let whole = self.ungroup(whole).ok_or_else(malformed)?;
        let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if text.len() > MAX_LENGTH || !is_number(&whole) || !is_number(fraction) {
            return Err(malformed());
        }
        let fraction = fraction.trim_end_matches('0');
        let exponent = self.unit.exponent(digits) as usize;
        let zeros = exponent
            .checked_sub(fraction.len())
            .ok_or_else(|| NumberError::TooPrecise(text.to_owned()))?;
        let too_large = || NumberError::TooLarge(text.to_owned());
        let units = whole.bytes().chain(fraction.bytes());
        let units = units.chain(std::iter::repeat_n(b'0', zeros));
        let magnitude = units
            .map(|digit| i128::from(digit - b'0'))
            .try_fold(0i128, |n, digit| n.checked_mul(10)?.checked_add(digit))
            .ok_or_else(too_large)?;
        Value::new(if negative { -magnitude } else { magnitude }).map_err(|_| too_large())
    }

    fn split_sign<'a>(&self, text: &'a str) -> (bool, &'a str) {
        if let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'))
            && self.parentheses
        {
            return (true, inner);
        }
        match text.strip_prefix(['-', '−']) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        }
    }

    /// The digits without the marks between groups, if every group but the first has three.
    fn ungroup<'a>(&self, whole: &'a str) -> Option<Cow<'a, str>> {
        let Some(mark) = self.thousands else {
            return Some(Cow::Borrowed(whole));
        };
        let is_mark = |c: char| c == mark || (mark == ' ' && "\u{a0}\u{202f}".contains(c));
        let mut groups = whole.split(is_mark);
        let first = groups.next().unwrap_or_default();
        let rest: Vec<&str> = groups.collect();
        let grouped =
            rest.is_empty() || (first.len() <= 3 && rest.iter().all(|group| group.len() == 3));
        (grouped && !first.is_empty()).then(|| Cow::Owned(first.to_owned() + &rest.concat()))
    }

    fn example(&self) -> String {
        let mark = self.thousands.map(String::from).unwrap_or_default();
        format!("1{mark}234{}56", self.decimal)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(format: &NumberFormat, text: &str) -> Option<i64> {
        format.read(text, 2).ok().map(Value::get)
    }

    #[test]
    fn the_default_is_a_point_and_no_groups() {
        let format = NumberFormat::default();
        for (text, units) in [
            ("0", 0),
            ("-0.00", 0),
            ("1234.56", 123_456),
            ("-1234.5", -123_450),
            ("−7", -700),
            ("+7.10000", 710),
            ("007", 700),
        ] {
            assert_eq!(read(&format, text), Some(units), "{text}");
        }
        for bad in [
            "", "-", ".", "1.", ".5", "1,234", "1 234", "(5)", "--5", "5-", "1e3", "１", "5.0.0",
            "NaN",
        ] {
            assert_eq!(read(&format, bad), None, "{bad}");
        }
        assert_eq!(
            format.read("0.001", 2),
            Err(NumberError::TooPrecise("0.001".to_owned()))
        );
        assert_eq!(
            format.read("2814749767106.56", 2),
            Err(NumberError::TooLarge("2814749767106.56".to_owned()))
        );
        assert_eq!(read(&format, "2814749767106.55"), Some((1 << 48) - 1));
        let digits = "9".repeat(40);
        assert!(format.read(&digits, 2).is_err());
    }

    #[test]
    fn decimal_commas_and_groups() {
        let format = NumberFormat {
            decimal: ',',
            thousands: Some('.'),
            ..NumberFormat::default()
        };
        assert_eq!(read(&format, "1.234.567,89"), Some(123_456_789));
        assert_eq!(read(&format, "-1234,5"), Some(-123_450));
        for bad in ["1.23,4", "1234.567", "1,234.5", ".123", "1..234"] {
            assert_eq!(read(&format, bad), None, "{bad}");
        }
        let spaces = NumberFormat {
            thousands: Some(' '),
            ..format
        };
        assert_eq!(read(&spaces, "1\u{202f}234\u{a0}567"), Some(123_456_700));
    }

    #[test]
    fn units_and_parentheses() {
        let format = |unit, parentheses| NumberFormat {
            unit,
            parentheses,
            ..NumberFormat::default()
        };
        assert_eq!(read(&format(NumberUnit::Minor, false), "-7"), Some(-7));
        assert_eq!(read(&format(NumberUnit::Minor, false), "7.1"), None);
        assert_eq!(
            read(&format(NumberUnit::Thousand, true), "(1.5)"),
            Some(-150_000)
        );
        assert_eq!(
            read(&format(NumberUnit::TenThousand, false), "0.000001"),
            Some(1)
        );
        assert_eq!(
            read(&format(NumberUnit::Million, false), "2"),
            Some(200_000_000)
        );
    }

    proptest! {
        #[test]
        fn plain_numbers_are_those_of_any(
            text in "-?[0-9]{0,19}[.,]?[0-9]{0,5}",
            comma in any::<bool>(),
            unit in 0usize..3,
        ) {
            let format = NumberFormat {
                decimal: if comma { ',' } else { '.' },
                unit: [NumberUnit::Minor, NumberUnit::Whole, NumberUnit::Million][unit],
                ..NumberFormat::default()
            };
            let plain = format.read_plain(&text, 2);
            let any = format.read_any(&text, 2);
            prop_assert!(plain.is_none() || plain == any.clone().ok(), "{plain:?} {any:?}");
            // It is there for these.
            let is_plain = text.len() < 12 && any.is_ok() && !text.ends_with('0');
            prop_assert!(plain.is_some() || !is_plain);
        }
    }

    #[test]
    fn marks_must_differ() {
        let format = |decimal, thousands| NumberFormat {
            decimal,
            thousands,
            ..NumberFormat::default()
        };
        assert!(format(',', Some('.')).is_sound());
        assert!(!format('.', Some('.')).is_sound());
        assert!(!format('0', None).is_sound());
        assert!(!format('.', Some('-')).is_sound());
    }
}
