//! The small languages inside a policy's texts: sums, thresholds, windows, lengths of time.

use std::collections::BTreeMap;

use num_traits::{Signed, Zero};

use super::exact::{MAX_DIGITS, Rational, from_decimal, power_of_ten, whole};
use crate::amount::Decimal;
use crate::date::Date;

/// A sum of numbers and of names with factors: `0.5 * requested_amount + 1,000`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Expression {
    /// The sum of the terms without a name.
    pub(super) constant: Rational,
    /// Whether such a term was there, and whether they were per cent.
    pub(super) constant_kind: ConstantKind,
    /// The factor of each name.
    pub(super) terms: BTreeMap<String, Rational>,
}

/// How the terms without a name were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ConstantKind {
    /// There are none.
    #[default]
    None,
    /// Without `%`.
    Plain,
    /// With `%`.
    Percent,
    /// Some with and some without.
    Mixed,
}

impl Expression {
    /// Reads `term ± term ± …`, each term `number`, `number %`, `name`, `number * name` or
    /// `name * number`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        let mut tokens = tokens.as_slice();
        let mut expression = Self::default();
        let mut first = true;
        while !tokens.is_empty() {
            let negative = match tokens[0] {
                Token::Plus | Token::Minus => {
                    let negative = tokens[0] == Token::Minus;
                    tokens = &tokens[1..];
                    negative
                }
                _ if first => false,
                _ => return None,
            };
            first = false;
            let (term, rest) = Term::parse(tokens)?;
            expression.add(term, negative);
            tokens = rest;
        }
        (!first && expression.can_be_written()).then_some(expression)
    }

    fn can_be_written(&self) -> bool {
        let limit = power_of_ten(MOST_DIGITS_BEFORE_POINT);
        self.terms
            .values()
            .chain([&self.constant])
            .all(|number| number.abs() < limit)
    }

    fn add(&mut self, term: Term, negative: bool) {
        let factor = if negative { -term.factor } else { term.factor };
        match term.name {
            Some(name) => *self.terms.entry(name).or_default() += factor,
            None => {
                self.constant += factor;
                let kind = if term.percent {
                    ConstantKind::Percent
                } else {
                    ConstantKind::Plain
                };
                self.constant_kind = match self.constant_kind {
                    ConstantKind::None => kind,
                    same if same == kind => kind,
                    _ => ConstantKind::Mixed,
                };
            }
        }
    }
}

struct Term {
    factor: Rational,
    percent: bool,
    name: Option<String>,
}

impl Term {
    fn parse(tokens: &[Token]) -> Option<(Self, &[Token])> {
        let (number, percent, rest) = match tokens {
            [Token::Number(n), Token::Percent, rest @ ..] => (Some(hundredth(n)?), true, rest),
            [Token::Number(n), rest @ ..] => (Some(n.clone()), false, rest),
            [Token::Name(_), ..] => (None, false, tokens),
            _ => return None,
        };
        let (name, rest) = match (&number, rest) {
            (Some(_), [Token::Times, Token::Name(name), rest @ ..])
            | (None, [Token::Name(name), rest @ ..]) => (Some(name.clone()), rest),
            (Some(_), [Token::Times, ..]) => return None,
            _ => (None, rest),
        };
        let (factor, percent, rest) = match (number, rest) {
            (Some(n), rest) => (n, percent, rest),
            (None, [Token::Times, Token::Number(n), Token::Percent, rest @ ..]) => {
                (hundredth(n)?, true, rest)
            }
            (None, [Token::Times, Token::Number(n), rest @ ..]) => (n.clone(), false, rest),
            (None, [Token::Times, ..]) => return None,
            (None, rest) => (whole(1), false, rest),
        };
        Some((
            Self {
                factor,
                percent,
                name,
            },
            rest,
        ))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Plus,
    Minus,
    Times,
    Percent,
    Number(Rational),
    Name(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let word = |is_part: fn(char) -> bool| rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (token, length) = match c {
            '+' => (Token::Plus, 1),
            '-' => (Token::Minus, 1),
            '*' => (Token::Times, 1),
            '%' => (Token::Percent, 1),
            '0'..='9' | '.' => {
                let length = word(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '_'));
                (Token::Number(number(&rest[..length])?), length)
            }
            'a'..='z' | 'A'..='Z' => {
                let length = word(|c| c.is_ascii_alphanumeric() || c == '_');
                (Token::Name(rest[..length].to_owned()), length)
            }
            _ => return None,
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

/// An unsigned decimal with at most [`MAX_DIGITS`] digits behind the point.
fn number(text: &str) -> Option<Rational> {
    from_decimal(text.parse::<Decimal>().ok()?)
}

/// A percentage as a number, which then has at most [`MAX_DIGITS`] digits behind the point too.
fn hundredth(percent: &Rational) -> Option<Rational> {
    let number = percent / whole(100);
    (&number * power_of_ten(MAX_DIGITS))
        .is_integer()
        .then_some(number)
}

/// Numbers of an expression have fewer digits before the point than this, so that they can be
/// written and read again.
const MOST_DIGITS_BEFORE_POINT: u32 = 24;

/// Consecutive quarters, counted from 1, the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Window {
    /// The newest quarter.
    pub(super) newest: u32,
    /// The oldest quarter.
    pub(super) oldest: u32,
}

impl Window {
    /// Reads `last 8 quarters`, `last quarter`, `last 2 years`, `last year`, `last 12 months`,
    /// `quarters 5 to 8` or `quarter 5`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        match words[..] {
            ["last", unit] => Self::last("1", unit),
            ["last", n, unit] => Self::last(n, unit),
            ["quarter", n] => Self::new(small(n)?, small(n)?),
            ["quarters", newest, "to", oldest] => Self::new(small(newest)?, small(oldest)?),
            _ => None,
        }
    }

    fn last(n: &str, unit: &str) -> Option<Self> {
        let n = small(n)?;
        let quarters = match unit {
            "quarter" | "quarters" => n,
            "year" | "years" => n * 4,
            "month" | "months" if n % 3 == 0 => n / 3,
            _ => return None,
        };
        Self::new(1, quarters)
    }

    const fn new(newest: u32, oldest: u32) -> Option<Self> {
        if newest >= 1 && newest <= oldest {
            Some(Self { newest, oldest })
        } else {
            None
        }
    }

    /// How many quarters.
    pub(super) const fn quarters(self) -> u32 {
        self.oldest - self.newest + 1
    }

    /// Whether every quarter of this is one of the other's.
    pub(super) const fn is_within(self, other: Self) -> bool {
        other.newest <= self.newest && self.oldest <= other.oldest
    }

    /// The one way to write it.
    pub(super) fn canonical(self) -> String {
        match (self.newest, self.oldest) {
            (1, oldest) => format!("last {oldest} quarters"),
            (newest, oldest) => format!("quarters {newest} to {oldest}"),
        }
    }
}

/// A length of time on the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Ago {
    /// Calendar months: the same day of the month, or that month's last.
    Months(u32),
    /// Days.
    Days(u32),
}

impl Ago {
    /// Reads `2 years`, `6 months`, `1 quarter` or `90 days`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [n, unit] = words[..] else { return None };
        let n = small(n)?;
        match unit {
            "year" | "years" => Some(Self::Months(n * 12)),
            "quarter" | "quarters" => Some(Self::Months(n * 3)),
            "month" | "months" => Some(Self::Months(n)),
            "day" | "days" => Some(Self::Days(n)),
            _ => None,
        }
    }

    /// The day so long before another, as days since 1970-01-01, if the calendar has it.
    pub(super) fn before(self, day: Date) -> Option<i64> {
        match self {
            Self::Months(months) => day.months_before(months).map(Date::days),
            Self::Days(days) => Some(day.days() - i64::from(days)),
        }
    }

    /// The one way to write it, which is also how it is said.
    pub(super) fn canonical(self) -> String {
        let (n, unit) = match self {
            Self::Months(n) if n > 0 && n % 12 == 0 => (n / 12, "year"),
            Self::Months(n) => (n, "month"),
            Self::Days(n) => (n, "day"),
        };
        format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
    }
}

/// A whole number of at most four digits.
fn small(text: &str) -> Option<u32> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// Drops the terms whose factors cancelled out.
pub(super) fn without_zeros(terms: &BTreeMap<String, Rational>) -> Vec<(&str, &Rational)> {
    terms
        .iter()
        .filter(|(_, f)| !f.is_zero())
        .map(|(name, f)| (name.as_str(), f))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_exactly() {
        let parse = |text: &str| {
            let e = Expression::parse(text)?;
            let terms: Vec<_> = e.terms.iter().map(|(n, f)| format!("{f} {n}")).collect();
            Some((e.constant.to_string(), e.constant_kind, terms.join(" ")))
        };
        let read = |text: &str| parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(
            read("5 * a - 0.2*b"),
            ("0".into(), ConstantKind::None, "5 a -1/5 b".into())
        );
        assert_eq!(
            read("a * 50 % + 1,000"),
            ("1000".into(), ConstantKind::Plain, "1/2 a".into())
        );
        assert_eq!(
            read("-20 %"),
            ("-1/5".into(), ConstantKind::Percent, String::new())
        );
        assert_eq!(
            read("a + a"),
            ("0".into(), ConstantKind::None, "2 a".into())
        );
        assert_eq!(read("1 + 1 %").1, ConstantKind::Mixed);
        for bad in [
            "",
            "+",
            "5 a",
            "a b",
            "a * b",
            "5 * 5",
            "1e5",
            "1 +",
            "(a)",
            "a **2",
            "1,00",
            "税",
            "0.0000000000001",
            "0.00000000001 %",
            "9000000000000000000000000",
            "a * 5 * 5",
            "-",
            "5 * % a",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn windows_are_read_and_written() {
        let window = |text: &str| Window::parse(text).map(Window::canonical);
        assert_eq!(window("last 2 years").as_deref(), Some("last 8 quarters"));
        assert_eq!(window("last  quarter").as_deref(), Some("last 1 quarters"));
        assert_eq!(
            window("last 1 quarters").as_deref(),
            Some("last 1 quarters")
        );
        assert_eq!(window("last 12 months").as_deref(), Some("last 4 quarters"));
        assert_eq!(window("quarter 5").as_deref(), Some("quarters 5 to 5"));
        assert_eq!(
            window("quarters 1 to 4").as_deref(),
            Some("last 4 quarters")
        );
        for bad in [
            "",
            "last",
            "last 4 months",
            "last 0 quarters",
            "quarters 8 to 5",
            "quarter 0",
            "last -1 years",
            "last 99999 years",
            "quarters 1-4",
            "Last 4 quarters",
        ] {
            assert_eq!(window(bad), None, "{bad}");
        }
    }

    #[test]
    fn lengths_of_time_are_read_and_written() {
        let ago = |text: &str| Ago::parse(text).map(Ago::canonical);
        assert_eq!(ago("24 months").as_deref(), Some("2 years"));
        assert_eq!(ago("1 quarter").as_deref(), Some("3 months"));
        assert_eq!(ago("90 days").as_deref(), Some("90 days"));
        assert_eq!(ago("0 months").as_deref(), Some("0 months"));
        for bad in ["", "2", "years", "-1 years", "1.5 years", "2 fortnights"] {
            assert_eq!(ago(bad), None, "{bad}");
        }
    }
}
