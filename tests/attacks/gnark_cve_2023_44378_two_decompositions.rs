//! gnark CVE-2023-44378, Semaphore: as many bits as the field has can also spell x + p, so that one
//! number has two decompositions, and what is read from its bits can be chosen.

use ark_bn254::Fr;
use ark_ff::{BigInteger, Field, One, PrimeField, Zero};
use ark_r1cs_std::alloc::AllocVar;
use ark_r1cs_std::boolean::Boolean;
use ark_r1cs_std::convert::ToBitsGadget;
use ark_r1cs_std::eq::EqGadget;
use ark_r1cs_std::fields::fp::FpVar;
use ark_relations::gr1cs::{ConstraintSystemRef, Result};
use num_bigint::BigUint;

use super::support::naive::Naive;
use super::support::ours::{CIRCUIT, Claim, ENOUGH, Firm, passed, prove};

/// "x is odd", by the bits that `bits_of` gives.
fn is_odd(
    bits_of: fn(&FpVar<Fr>) -> Result<Vec<Boolean<Fr>>>,
) -> impl Fn(ConstraintSystemRef<Fr>) -> Result<()> {
    move |cs| {
        let x = FpVar::new_input(cs, || Ok(Fr::from(5)))?;
        bits_of(&x)?[0].enforce_equal(&Boolean::TRUE)
    }
}

#[test]
fn the_naive_bits_prove_that_4_is_odd() {
    let naive = Naive::new(is_odd(|x| x.to_non_unique_bits_le()));
    assert_eq!(naive.z.len(), 2 + 254, "one, x and the bits");
    let mut alias = Fr::from(4).into_bigint();
    alias.add_with_carry(&Fr::MODULUS);
    let mut forged = vec![Fr::one(), Fr::from(4)];
    forged.extend((0..254).map(|i| Fr::from(alias.get_bit(i))));
    assert!(naive.accepts(&forged), "the attack works");

    // arkworks' other method compares with p, for 385 constraints more.
    let unique = Naive::new(is_odd(|x| x.to_bits_le()));
    assert!(unique.constraints() > naive.constraints() + 300);
}

/// A row that holds a number's highest bit to 0 or 1, and what is in it.
struct Decomposition {
    row: usize,
    /// Columns of the lower bits, the lowest first.
    bits: Vec<usize>,
}

/// Rows t·(t − 1) = 0 of a t that is made of many columns that are bits themselves.
fn decompositions() -> Vec<Decomposition> {
    let [a, _, c] = &CIRCUIT.abc;
    let is_bit = |row: usize| c[row].is_empty() && !a[row].is_empty();
    let bits: std::collections::HashSet<usize> = (0..CIRCUIT.constraints())
        .filter(|&row| is_bit(row) && a[row].len() == 1 && a[row][0].0.is_one())
        .map(|row| a[row][0].1)
        .collect();
    let found = (0..CIRCUIT.constraints()).filter(|&row| is_bit(row) && a[row].len() > 1);
    found
        .map(|row| {
            let power = |&(c, column): &(Fr, usize)| bits.contains(&column).then_some((c, column));
            let mut terms: Vec<_> = a[row].iter().filter_map(power).collect();
            let Some(&(unit, _)) = terms.first() else {
                return Decomposition { row, bits: vec![] };
            };
            terms.sort_by_cached_key(|&(c, column)| (exponent(c / unit), column));
            let bits = terms.iter().map(|term| term.1).collect();
            Decomposition { row, bits }
        })
        .filter(|found: &Decomposition| found.bits.len() > 8)
        .collect()
}

/// The k with c = 2^k, for |k| < 128.
fn exponent(c: Fr) -> i32 {
    let two = Fr::from(2);
    let at = |k: i32| two.pow([k.unsigned_abs().into()]);
    let is = |k: &i32| {
        if *k < 0 {
            c * at(*k) == Fr::one()
        } else {
            c == at(*k)
        }
    };
    (-127..128).find(is).expect("bits weigh powers of two")
}

#[test]
fn no_bits_of_ours_have_room_for_an_alias() {
    let firm = Firm::paying(ENOUGH - 1);
    let mut lie = Claim::of(&firm);
    lie.public.fixed.outcome = Fr::one();
    let z = lie.columns();
    let all = decompositions();
    assert!(all.len() > 60, "{} decompositions", all.len());
    let p = BigUint::from(Fr::MODULUS);
    for Decomposition { row, bits } in &all {
        assert!(bits.len() + 1 < 128, "row {row} has room");
        // x = Σ bits + top·2^n, so that x + p cut to the bits would leave the rest to the top.
        let top: Fr = CIRCUIT.abc[0][*row]
            .iter()
            .map(|&(c, column)| c * z[column])
            .sum();
        let bit = |column: usize| BigUint::from(u8::from(!z[column].is_zero()));
        let low: BigUint = (bits.iter().enumerate())
            .map(|(i, &column)| bit(column) << i)
            .sum();
        let alias = low + (BigUint::from(u8::from(top.is_one())) << bits.len()) + &p;
        let mut changed = z.clone();
        for (i, &column) in bits.iter().enumerate() {
            changed[column] = Fr::from(alias.bit(i as u64));
        }
        assert!(
            !CIRCUIT.holds(*row, &changed),
            "row {row} takes the bits of x + p"
        );
    }

    let mut forged = z;
    for (i, &column) in all[0].bits.iter().enumerate() {
        forged[column] = Fr::from(p.bit(i as u64));
    }
    assert!(!passed(&lie.judged(&prove(&forged))));
}
