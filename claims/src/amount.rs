//! Values: whole minor units of money, counts, days, codes.

use std::fmt;
use std::str::FromStr;

use ark_ff::PrimeField;
use serde::{Deserialize, Serialize};

use crate::shape::VALUE_BITS;

/// A field or attribute of a record: |value| < 2^48, in its schema's unit (fen for money).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Value(i64);

/// The value is not below 2^48 in absolute value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is out of range: a value is below 2^48 in absolute value")]
pub struct ValueTooLarge(pub i128);

impl Value {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// A value.
    ///
    /// # Errors
    /// |value| ≥ 2^48.
    pub fn new(value: i128) -> Result<Self, ValueTooLarge> {
        match i64::try_from(value) {
            Ok(v) if v.unsigned_abs() < 1 << VALUE_BITS => Ok(Self(v)),
            _ => Err(ValueTooLarge(value)),
        }
    }

    /// The integer.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Value {
    type Error = ValueTooLarge;

    fn try_from(value: i64) -> Result<Self, ValueTooLarge> {
        Self::new(value.into())
    }
}

impl From<Value> for i64 {
    fn from(value: Value) -> Self {
        value.0
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An integer as a field element: a negative one as the field's negative.
///
/// The circuit's numbers and values are far below half the field's order, so this is injective on them.
pub fn to_field<F: PrimeField>(n: i128) -> F {
    let magnitude = F::from(n.unsigned_abs());
    if n < 0 { -magnitude } else { magnitude }
}

/// A decimal number, exactly: `mantissa` · 10^-`scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// The digits without the point.
    pub mantissa: i128,
    /// Digits behind the point.
    pub scale: u32,
}

/// The text is not a decimal number that this software can hold exactly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a decimal number such as 50000, 50,000.00 or -0.2")]
pub struct NotDecimal(pub String);

/// The number has more digits behind the point than the unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("more digits behind the point than the unit's {0}")]
pub struct TooPrecise(pub u32);

impl Decimal {
    /// The number in units of 10^-`digits`, if that is a whole number.
    ///
    /// # Errors
    /// The number has non-zero digits beyond that, or is too large for 128 bits.
    pub fn to_units(self, digits: u32) -> Result<i128, TooPrecise> {
        let too_precise = TooPrecise(digits);
        if self.scale <= digits {
            let factor = 10i128
                .checked_pow(digits - self.scale)
                .ok_or_else(|| too_precise.clone())?;
            return self.mantissa.checked_mul(factor).ok_or(too_precise);
        }
        let divisor = 10i128
            .checked_pow(self.scale - digits)
            .ok_or_else(|| too_precise.clone())?;
        match self.mantissa % divisor {
            0 => Ok(self.mantissa / divisor),
            _ => Err(too_precise),
        }
    }
}

impl FromStr for Decimal {
    type Err = NotDecimal;

    /// Digits with an optional sign, groups of three separated by commas or any by underscores,
    /// and a point.
    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        let error = || NotDecimal(text.to_owned());
        let (negative, unsigned) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        let rest: Vec<&str> = groups.collect();
        let by_commas = (1..=3).contains(&first.len())
            && all_digits(first)
            && rest.iter().all(|group| group.len() == 3);
        let by_underscores = first.split('_').all(|group| !group.is_empty());
        let grouped = if rest.is_empty() {
            by_underscores
        } else {
            by_commas
        };
        let first = first.replace('_', "");
        let digits = first + &rest.concat();
        let point_without_fraction = unsigned.ends_with('.');
        if digits.is_empty()
            || !grouped
            || point_without_fraction
            || !all_digits(&digits)
            || !all_digits(fraction)
        {
            return Err(error());
        }
        let magnitude: i128 = (digits + fraction).parse().map_err(|_| error())?;
        let scale = u32::try_from(fraction.len()).map_err(|_| error())?;
        Ok(Self {
            mantissa: if negative { -magnitude } else { magnitude },
            scale,
        })
    }
}

/// Writes a number of units of 10^-`digits` with grouped thousands, such as `50,000.00`.
pub fn format_units(units: i128, digits: u32) -> String {
    let magnitude = units.unsigned_abs().to_string();
    let digits = digits as usize;
    let padded = format!("{magnitude:0>width$}", width = digits + 1);
    let (whole, fraction) = padded.split_at(padded.len() - digits);
    let mut out = String::from(if units < 0 { "-" } else { "" });
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if digits > 0 {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let units = |text: &str| text.parse::<Decimal>().map(|d| d.to_units(2));
        assert_eq!(units("50,000"), Ok(Ok(5_000_000)));
        assert_eq!(units("-0.20"), Ok(Ok(-20)));
        assert_eq!(units("1_000.5"), Ok(Ok(100_050)));
        assert_eq!(units("0.10000"), Ok(Ok(10)));
        assert_eq!(units("0.001"), Ok(Err(TooPrecise(2))));
        for bad in [
            "", "-", ".", "1.", "5e4", "5,00", "1,0000", "１", "1.2.3", "--1", "+", "1.-2", ",123",
            "_1", "1_", "1__0", "1_,000",
        ] {
            assert!(units(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_bounded() {
        assert!(Value::new((1 << 48) - 1).is_ok());
        assert!(Value::new(1 << 48).is_err());
        assert!(Value::new(-(1 << 48)).is_err());
        assert!(Value::new(i128::MAX).is_err());
    }

    #[test]
    fn formatting_groups_thousands() {
        assert_eq!(format_units(5_000_000, 2), "50,000.00");
        assert_eq!(format_units(-5, 2), "-0.05");
        assert_eq!(format_units(123_456_789, 0), "123,456,789");
        assert_eq!(format_units(0, 0), "0");
    }
}
