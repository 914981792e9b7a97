//! Summa and others: a sum of field elements wraps around modulo p, so that liabilities disappear. The
//! class of Polygon's remainders and Penumbra's U128x128.

use ark_bn254::Fr;
use ark_ff::{One, PrimeField};
use ark_relations::gr1cs::{ConstraintSystemRef, Result, Variable};
use ark_relations::lc;
use taxproof_claims::amount::Value;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::record::Values;
use taxproof_claims::schema::PERIODS_AVAILABLE;
use taxproof_claims::shape::{LINEAR_WEIGHT_BITS, Q16, SHAPES, VALUE_BITS};

use super::support::naive::Naive;
use super::support::ours::{Claim, Firm};

/// "What I owe adds up to the total."
fn total(cs: ConstraintSystemRef<Fr>) -> Result<()> {
    let total = cs.new_input_variable(|| Ok(Fr::from(600)))?;
    let mut sum = lc!();
    for debt in [100u64, 200, 300] {
        let debt = cs.new_witness_variable(|| Ok(Fr::from(debt)))?;
        sum += (Fr::one(), debt);
    }
    let one = || lc!() + Variable::One;
    cs.enforce_r1cs_constraint(|| sum, one, || lc!() + total)
}

#[test]
fn the_naive_sum_lets_debts_disappear() {
    let naive = Naive::new(total);
    let [first, second] = [Fr::from(100), Fr::from(200)];
    let forged = [
        Fr::one(),
        Fr::from(50),
        first,
        second,
        Fr::from(50) - first - second,
    ];
    assert!(naive.accepts(&forged), "the attack works");
}

#[test]
fn no_sum_of_ours_reaches_the_field_s_order() {
    for shape in SHAPES {
        let widest = shape.linear_sum_bits().max(shape.counted_sum_bits()) + 2;
        assert!(widest < Fr::MODULUS_BIT_SIZE);
        assert!(widest < ark_bls12_381::Fr::MODULUS_BIT_SIZE);
    }
    let mut numbers = Numbers::neutral(Q16);
    numbers.linear[0].weight[0] = 1 << LINEAR_WEIGHT_BITS;
    assert!(numbers.check().is_err(), "a weight that could make one");
}

/// Every value and every weight as large as it may be, of either sign: the sum is exact.
#[test]
fn the_largest_sums_are_exact() {
    let (value, weight) = ((1i64 << VALUE_BITS) - 1, (1i32 << LINEAR_WEIGHT_BITS) - 1);
    let cells = (Q16.periods * Q16.fields) as i128;
    let largest = cells * i128::from(value) * i128::from(weight).pow(2);
    for sign in [1, -1] {
        let sum = i128::from(sign) * largest;
        for (threshold, holds) in [(sum - 1, true), (sum, true), (sum + 1, false)] {
            let mut claim = Claim::of(&full_of(sign * value));
            let numbers = &mut claim.public.numbers;
            *numbers = Numbers::neutral(Q16);
            numbers.hard[0] = true;
            let rule = &mut numbers.linear[0];
            rule.time.fill(weight);
            rule.weight.fill(weight);
            rule.threshold = threshold;
            for said in [true, false] {
                claim.public.fixed.outcome = Fr::from(said);
                let violated = (said != holds).then_some("verdict");
                assert_eq!(claim.violated(), violated, "{sum} against {threshold}");
            }
        }
    }
}

/// A firm whose every value is the same.
fn full_of(value: i64) -> Firm {
    let value = Value::try_from(value).unwrap();
    let mut attributes = vec![value; Q16.attributes];
    attributes[PERIODS_AVAILABLE] = Value::new(Q16.periods as i128).unwrap();
    let rows = vec![vec![value; Q16.fields]; Q16.periods];
    Firm::of(Values::new(Q16.layout(), &attributes, &rows).unwrap())
}
