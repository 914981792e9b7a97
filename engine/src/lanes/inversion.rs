//! Inverses modulo a prime by the division steps of Bernstein and Yang ("Fast constant-time gcd
//! computation and modular inversion", 2019), 62 at a time. Not in constant time: zeros are stepped
//! over as many as there are.

use super::LaneField;

/// Bits of a limb. Limbs of numbers are signed, and all but the last not negative.
const BITS: u32 = 62;
const MASK: u64 = (1 << BITS) - 1;
const LIMBS: usize = 5;

type Number = [i64; LIMBS];

/// The inverse of an element, or none of zero.
pub(crate) fn invert<F: LaneField>(element: F) -> Option<F> {
    // Of a·R this is 1/(a·R), by which arkworks means 1/(a·R²).
    let words = Modulus::of(F::MODULUS.0).invert(element.to_montgomery())?;
    let r = F::from_montgomery(F::R_SQUARED);
    Some(F::from_montgomery(words) * r * r)
}

/// An odd prime below 2^256.
#[derive(Debug, Clone, Copy)]
struct Modulus {
    limbs: Number,
    /// 1/p mod 2^62.
    inverse: u64,
}

/// What some steps do to a pair of numbers, times 2^62. The absolute values of a row's entries are
/// together at most 2^62.
#[derive(Debug, Clone, Copy)]
struct Matrix {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

impl Modulus {
    const fn of(words: [u64; 4]) -> Self {
        let mut inverse = words[0];
        let mut round = 0;
        while round < 5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(words[0].wrapping_mul(inverse)));
            round += 1;
        }
        Self {
            limbs: to_limbs(words),
            inverse: inverse & MASK,
        }
    }

    /// Steps from (p, a) to (±1, 0), which is where they end, and does the same to (0, 1).
    fn invert(&self, words: [u64; 4]) -> Option<[u64; 4]> {
        if words == [0; 4] {
            return None;
        }
        let (mut f, mut g) = (self.limbs, to_limbs(words));
        let (mut d, mut e) = ([0; LIMBS], [1, 0, 0, 0, 0]);
        let mut delta = 1;
        while g != [0; LIMBS] {
            let matrix = steps(&mut delta, f[0] as u64, g[0] as u64);
            matrix.apply(&mut f, &mut g);
            self.apply(matrix, &mut d, &mut e);
        }
        Some(self.reduced(d, f[LIMBS - 1] < 0))
    }

    /// As [`Matrix::apply`], modulo p; numbers from -2p to p, to the same range.
    fn apply(&self, Matrix { u, v, q, r }: Matrix, d: &mut Number, e: &mut Number) {
        // Multiples of p bring negative numbers above -p, and clear the lowest limb.
        let (below_d, below_e) = (d[LIMBS - 1] >> 63, e[LIMBS - 1] >> 63);
        let add_d = (u & below_d) + (v & below_e);
        let add_e = (q & below_d) + (r & below_e);
        let mut sum_d = dot(u, d[0], v, e[0]);
        let mut sum_e = dot(q, d[0], r, e[0]);
        let add_d = add_d - self.clearing(sum_d, add_d);
        let add_e = add_e - self.clearing(sum_e, add_e);
        sum_d = (sum_d + times(self.limbs[0], add_d)) >> BITS;
        sum_e = (sum_e + times(self.limbs[0], add_e)) >> BITS;
        for i in 1..LIMBS {
            sum_d += dot(u, d[i], v, e[i]) + times(self.limbs[i], add_d);
            sum_e += dot(q, d[i], r, e[i]) + times(self.limbs[i], add_e);
            d[i - 1] = low(sum_d);
            e[i - 1] = low(sum_e);
            sum_d >>= BITS;
            sum_e >>= BITS;
        }
        d[LIMBS - 1] = sum_d as i64;
        e[LIMBS - 1] = sum_e as i64;
    }

    /// What to subtract from a multiple of p so that with the sum it is divisible by 2^62.
    fn clearing(&self, sum: i128, multiple: i64) -> i64 {
        let scaled = self.inverse.wrapping_mul(sum as u64);
        (scaled.wrapping_add(multiple as u64) & MASK) as i64
    }

    /// A number from -2p to p, or its negative, as one below p.
    fn reduced(&self, number: Number, negate: bool) -> [u64; 4] {
        let number = self.plus_if_negative(number);
        let number = if negate {
            carried(number.map(|limb| -limb))
        } else {
            number
        };
        let [a, b, c, d, e] = self.plus_if_negative(number).map(|limb| limb as u64);
        [
            a | b << 62,
            b >> 2 | c << 60,
            c >> 4 | d << 58,
            d >> 6 | e << 56,
        ]
    }

    /// The number, and the modulus where it is negative.
    fn plus_if_negative(&self, mut number: Number) -> Number {
        if number[LIMBS - 1] < 0 {
            for (limb, modulus) in number.iter_mut().zip(self.limbs) {
                *limb += modulus;
            }
        }
        carried(number)
    }
}

impl Matrix {
    /// `(u·f + v·g, q·f + r·g) / 2^62`, which is whole.
    fn apply(self, f: &mut Number, g: &mut Number) {
        let Self { u, v, q, r } = self;
        let mut sum_f = dot(u, f[0], v, g[0]) >> BITS;
        let mut sum_g = dot(q, f[0], r, g[0]) >> BITS;
        for i in 1..LIMBS {
            sum_f += dot(u, f[i], v, g[i]);
            sum_g += dot(q, f[i], r, g[i]);
            f[i - 1] = low(sum_f);
            g[i - 1] = low(sum_g);
            sum_f >>= BITS;
            sum_g >>= BITS;
        }
        f[LIMBS - 1] = sum_f as i64;
        g[LIMBS - 1] = sum_g as i64;
    }
}

/// 62 steps, of which only the lowest 62 bits of the numbers matter; `f` is odd.
fn steps(delta: &mut i32, mut f: u64, mut g: u64) -> Matrix {
    let (mut u, mut v, mut q, mut r) = (1i64, 0i64, 0i64, 1i64);
    let mut left = BITS;
    loop {
        // While g is even it is halved.
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        *delta += zeros as i32;
        left -= zeros;
        if left == 0 {
            return Matrix { u, v, q, r };
        }
        if *delta > 0 {
            *delta = -*delta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, -u);
            (v, r) = (r, -v);
        }
        // The steps until delta is positive again add f or not: a multiple of f, of up to six bits
        // since f·(2 - f²) is 1/f mod 2^6.
        let bits = left.min((1 - *delta) as u32).min(6);
        let minus_inverse = f.wrapping_mul(f.wrapping_mul(f).wrapping_sub(2));
        let multiple = g.wrapping_mul(minus_inverse) & ((1 << bits) - 1);
        g = g.wrapping_add(f.wrapping_mul(multiple));
        q += u * multiple as i64;
        r += v * multiple as i64;
    }
}

fn dot(a: i64, b: i64, c: i64, d: i64) -> i128 {
    times(a, b) + times(c, d)
}

fn times(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

fn low(sum: i128) -> i64 {
    (sum as u64 & MASK) as i64
}

/// The same number with all limbs but the last from 0 to 2^62.
fn carried(mut number: Number) -> Number {
    for i in 0..LIMBS - 1 {
        number[i + 1] += number[i] >> BITS;
        number[i] &= MASK as i64;
    }
    number
}

const fn to_limbs([a, b, c, d]: [u64; 4]) -> Number {
    [
        (a & MASK) as i64,
        ((a >> 62 | b << 2) & MASK) as i64,
        ((b >> 60 | c << 4) & MASK) as i64,
        ((c >> 58 | d << 6) & MASK) as i64,
        (d >> 56) as i64,
    ]
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Fq, Fr};
    use ark_ff::BigInteger;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn check<F: LaneField>() {
        let mut rng = StdRng::seed_from_u64(11);
        assert_eq!(invert(F::zero()), None);
        let bits = (0..256).map(|bit| F::from(2u64).pow([bit]));
        // Words with few bits, and few bits less than the modulus.
        let words = (0..254).map(|bit| {
            let mut words = [0; 4];
            words[bit / 64] = 1 << (bit % 64);
            F::from_montgomery(words)
        });
        let small = (1..2000u64).map(F::from);
        let random = (0..20_000).map(|_| F::rand(&mut rng));
        for element in bits.chain(words).chain(small).chain(random) {
            for element in [element, -element] {
                assert_eq!(invert(element), element.inverse(), "{element}");
            }
        }
    }

    #[test]
    fn inverses_are_those_of_arkworks() {
        check::<Fq>();
        check::<Fr>();
    }

    /// Other moduli, among them those at both ends of what fits.
    #[test]
    fn inverses_multiply_to_one() {
        use num_bigint::BigUint;
        let primes = [
            "7",
            "4294967291",
            "115792089237316195423570985008687907853269984665640564039457584007913129639747",
        ];
        for prime in primes {
            let prime: BigUint = prime.parse().unwrap();
            let words = |number: &BigUint| {
                let mut words = number.to_u64_digits();
                words.resize(4, 0);
                <[u64; 4]>::try_from(words).unwrap()
            };
            let modulus = Modulus::of(words(&prime));
            for number in 1..500u32 {
                let number = BigUint::from(number).pow(25) % &prime;
                let Some(inverse) = modulus.invert(words(&number)) else {
                    assert_eq!(number, BigUint::ZERO);
                    continue;
                };
                let inverse = ark_ff::BigInt(inverse).to_bytes_le();
                let product = BigUint::from_bytes_le(&inverse) * number % &prime;
                assert_eq!(product, BigUint::from(1u32), "modulo {prime}");
            }
        }
    }
}
