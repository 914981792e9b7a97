//! Dark Forest, 2020: a comparison whose sides were never held to a range, so that a negative number,
//! which is a very large one modulo p, passed for a positive one.

use ark_bn254::Fr;
use ark_ff::{Field, One, Zero};
use ark_relations::gr1cs::{ConstraintSystemRef, Result, Variable};
use ark_relations::lc;
use taxproof_claims::amount::Value;

use super::support::naive::Naive;
use super::support::ours::{CIRCUIT, Claim, ENOUGH, Firm, passed, rows_by_column};

/// "I paid at least the threshold": paid = threshold + more, and `more` is what it likes.
fn at_least(cs: ConstraintSystemRef<Fr>) -> Result<()> {
    let threshold = cs.new_input_variable(|| Ok(Fr::from(50_000)))?;
    let paid = cs.new_witness_variable(|| Ok(Fr::from(60_000)))?;
    let more = cs.new_witness_variable(|| Ok(Fr::from(10_000)))?;
    let one = || lc!() + Variable::One;
    cs.enforce_r1cs_constraint(|| lc!() + threshold + more, one, || lc!() + paid)
}

#[test]
fn the_naive_circuit_takes_1_for_at_least_50_000() {
    let naive = Naive::new(at_least);
    let paid = Fr::one();
    let forged = [Fr::one(), Fr::from(50_000), paid, paid - Fr::from(50_000)];
    assert!(naive.accepts(&forged), "the attack works");
}

#[test]
fn one_fen_less_is_less() {
    let enough = Claim::of(&Firm::paying(ENOUGH));
    assert!(passed(&enough.forged()));
    for paid in [ENOUGH - 1, 0, -1, -ENOUGH, -(1 << 48) + 1] {
        let mut lie = Claim::of(&Firm::paying(paid));
        assert!(!passed(&lie.forged()), "the truth is that {paid} is less");
        lie.public.fixed.outcome = Fr::one();
        assert_eq!(lie.violated(), Some("verdict"), "{paid}");
        assert!(!passed(&lie.forged()), "{paid}");
    }
}

#[test]
fn a_value_out_of_range_cannot_be_written_down() {
    for n in [1i128 << 48, -(1 << 48), 1 << 64, i128::MAX, i128::MIN] {
        assert!(Value::new(n).is_err());
    }
    assert!(Value::new((1 << 48) - 1).is_ok());
}

/// Where ranges turn, on each private value, through the constraints.
#[test]
fn no_private_value_can_be_one_of_the_corpus() {
    let z = Claim::of(&Firm::paying(ENOUGH)).columns();
    let rows = rows_by_column();
    let power = |bits: u64| Fr::from(2).pow([bits]);
    let half = -Fr::from(2).inverse().unwrap();
    let mut corpus = vec![
        half - Fr::one(),
        half,
        half + Fr::one(),
        -Fr::one(),
        Fr::zero(),
        Fr::one(),
    ];
    for bits in [15, 48, 64, 86, 87, 128, 253] {
        corpus.extend([
            power(bits) - Fr::one(),
            power(bits),
            power(bits) + Fr::one(),
        ]);
    }
    let private =
        taxproof_circuits::Symbols::new(taxproof_claims::shape::Q16, &CIRCUIT).private_inputs;
    let mut changed = z.clone();
    for column in CIRCUIT.instance..CIRCUIT.instance + private {
        for &value in corpus.iter().filter(|&&value| value != z[column]) {
            changed[column] = value;
            let noticed = rows[column]
                .iter()
                .any(|&row| !CIRCUIT.holds(row, &changed));
            assert!(noticed, "column {column} may be {value}");
        }
        changed[column] = z[column];
    }
}
