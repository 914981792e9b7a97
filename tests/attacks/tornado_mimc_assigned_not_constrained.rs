//! Tornado Cash, 2019: circomlib's MiMC *assigned* its output instead of constraining it, so any number
//! passed for a hash. The class of most breaks since: MACI, Penumbra, ark-r1cs-std's `mul_by_inverse`.

use ark_bn254::Fr;
use ark_relations::gr1cs::{ConstraintSystemRef, Result, Variable};
use ark_relations::lc;

use super::support::naive::Naive;
use super::support::ours::{CIRCUIT, Claim, ENOUGH, Firm, passed, prove, rows_by_column};

/// "I know x with x⁵ = h", whose last product is computed and never constrained.
fn hash(cs: ConstraintSystemRef<Fr>) -> Result<()> {
    let x = Fr::from(3);
    let squared = x * x;
    let fifth = squared * squared * x;
    let digest = cs.new_input_variable(|| Ok(fifth))?;
    let wire = |value| cs.new_witness_variable(|| Ok(value));
    let (x, square) = (wire(x)?, wire(squared)?);
    let (_fourth, out) = (wire(squared * squared)?, wire(fifth)?);
    cs.enforce_r1cs_constraint(|| lc!() + x, || lc!() + x, || lc!() + square)?;
    let one = || lc!() + Variable::One;
    cs.enforce_r1cs_constraint(|| lc!() + out, one, || lc!() + digest)
}

#[test]
fn the_naive_circuit_proves_a_preimage_that_nobody_knows() {
    let naive = Naive::new(hash);
    assert!(naive.accepts(&naive.z));
    let mut forged = naive.z.clone();
    let out = forged.len() - 1;
    (forged[1], forged[out]) = (Fr::from(42), Fr::from(42));
    assert!(naive.accepts(&forged), "the attack works");
}

#[test]
fn no_hash_of_ours_can_be_chosen() {
    let honest = Claim::of(&Firm::paying(ENOUGH));
    assert!(passed(&honest.forged()), "the true statement is accepted");
    let chosen = Fr::from(42);
    type Change = fn(&mut Claim, Fr);
    let changes: [(&str, Change); 4] = [
        ("holder", |claim, chosen| {
            claim.public.fixed.pseudonym = chosen
        }),
        ("holder", |claim, chosen| {
            claim.public.fixed.scope_tag = chosen
        }),
        ("membership", |claim, chosen| claim.witness.salt = chosen),
        ("membership", |claim, chosen| {
            claim.witness.path[3][5] += chosen
        }),
    ];
    for (clause, change) in changes {
        let mut lie = honest.clone();
        change(&mut lie, chosen);
        assert_eq!(lie.violated(), Some(clause));
        assert!(!passed(&lie.forged()), "{clause}");
    }
}

/// No wire can be given another value by itself, and a proof with one wire off is no proof.
#[test]
fn no_wire_of_ours_is_only_assigned() {
    let z = Claim::of(&Firm::paying(ENOUGH)).columns();
    let rows = rows_by_column();
    let mut changed = z.clone();
    for column in CIRCUIT.instance..z.len() {
        changed[column] += Fr::from(1);
        let noticed = rows[column]
            .iter()
            .any(|&row| !CIRCUIT.holds(row, &changed));
        assert!(noticed, "column {column} is free");
        changed[column] = z[column];
    }
    let claim = Claim::of(&Firm::paying(ENOUGH));
    let mut off = claim.columns();
    let last = off.len() - 1;
    off[last] += Fr::from(1);
    assert!(!passed(&claim.judged(&prove(&off))));
}
