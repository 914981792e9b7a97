//! Exact numbers of a policy: rationals, read from decimals and scaled to integers, never rounded.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

use crate::amount::Decimal;

/// An exact number.
pub(super) type Rational = BigRational;

/// Most digits behind the point of a number in a policy.
pub(super) const MAX_DIGITS: u32 = 12;

/// An integer as a rational.
pub(super) fn whole(n: impl Into<BigInt>) -> Rational {
    Rational::from_integer(n.into())
}

/// 10^`digits`.
pub(super) fn power_of_ten(digits: u32) -> Rational {
    whole(BigInt::from(10).pow(digits))
}

/// A decimal of at most [`MAX_DIGITS`] digits behind the point.
pub(super) fn from_decimal(decimal: Decimal) -> Option<Rational> {
    (decimal.scale <= MAX_DIGITS)
        .then(|| Rational::new(decimal.mantissa.into(), BigInt::from(10).pow(decimal.scale)))
}

/// The shortest decimal that is exactly this number, if there is one.
pub(super) fn to_decimal_text(number: &Rational) -> Option<String> {
    // A coefficient of a decimal is a decimal times at most two powers of ten.
    const MOST: u32 = 2 * MAX_DIGITS;
    let digits = (0..=MOST).find(|&digits| (number * power_of_ten(digits)).is_integer())?;
    let units = (number * power_of_ten(digits)).to_integer();
    let magnitude = units.magnitude().to_string();
    let padded = format!("{magnitude:0>width$}", width = digits as usize + 1);
    let (whole, fraction) = padded.split_at(padded.len() - digits as usize);
    let sign = if units.is_negative() { "-" } else { "" };
    Some(match fraction {
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    })
}

/// The least integer n with n ≥ number, or with n > number.
pub(super) fn least_integer(number: &Rational, strict: bool) -> BigInt {
    if strict {
        number.floor().to_integer() + 1
    } else {
        number.ceil().to_integer()
    }
}

/// Numbers as the smallest integers in the same proportion, and the positive factor that makes
/// them so.
pub(super) fn primitive(numbers: &[Rational]) -> (Vec<BigInt>, Rational) {
    let mut denominator = BigInt::one();
    let mut numerator = BigInt::zero();
    for number in numbers {
        denominator = lcm(&denominator, number.denom());
    }
    for number in numbers {
        numerator = gcd(
            &numerator,
            &(number * whole(denominator.clone())).to_integer(),
        );
    }
    if numerator.is_zero() {
        return (vec![BigInt::zero(); numbers.len()], whole(1));
    }
    let factor = Rational::new(denominator, numerator);
    (
        numbers
            .iter()
            .map(|number| (number * &factor).to_integer())
            .collect(),
        factor,
    )
}

/// Integers of at most `bits` bits in absolute value.
pub(super) fn narrow(numbers: &[BigInt], bits: u32) -> Option<Vec<i32>> {
    let fits = |n: &BigInt| n.bits() <= u64::from(bits);
    numbers
        .iter()
        .map(|n| n.to_i32().filter(|_| fits(n)))
        .collect()
}

pub(super) fn lcm(a: &BigInt, b: &BigInt) -> BigInt {
    a / gcd(a, b) * b
}

fn gcd(a: &BigInt, b: &BigInt) -> BigInt {
    let (mut a, mut b) = (a.abs(), b.abs());
    while !b.is_zero() {
        (a, b) = (b.clone(), a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(n: i64, d: i64) -> Rational {
        Rational::new(n.into(), d.into())
    }

    #[test]
    fn proportions_become_the_smallest_integers() {
        let (ints, factor) = primitive(&[ratio(1, 1), ratio(-15, 1000), ratio(0, 1)]);
        assert_eq!(ints, [200, -3, 0].map(BigInt::from));
        assert_eq!(factor, whole(200));
        assert_eq!(
            primitive(&[ratio(4, 8), ratio(2, 1)]).0,
            [1, 4].map(BigInt::from)
        );
        assert_eq!(primitive(&[whole(0)]), (vec![BigInt::zero()], whole(1)));
    }

    #[test]
    fn strict_bounds_step_over_whole_numbers() {
        assert_eq!(least_integer(&ratio(5, 1), true), 6.into());
        assert_eq!(least_integer(&ratio(5, 1), false), 5.into());
        assert_eq!(least_integer(&ratio(-9, 2), true), (-4).into());
        assert_eq!(least_integer(&ratio(-9, 2), false), (-4).into());
    }

    #[test]
    fn decimals_are_shortest() {
        assert_eq!(to_decimal_text(&ratio(-1, 8)).as_deref(), Some("-0.125"));
        assert_eq!(to_decimal_text(&ratio(50_000, 1)).as_deref(), Some("50000"));
        assert_eq!(to_decimal_text(&ratio(1, 3)), None);
    }

    #[test]
    fn weights_are_narrowed_only_within_their_bits() {
        assert_eq!(narrow(&[BigInt::from(-127)], 7), Some(vec![-127]));
        assert_eq!(narrow(&[BigInt::from(128)], 7), None);
    }
}
