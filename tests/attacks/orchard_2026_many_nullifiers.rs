//! Zcash Orchard, 2026: nothing tied the base of a multiplication to the real base, so one note had many
//! nullifiers and could be spent as often. The class of StealthDrop and Aztec.

use ark_bn254::Fr;
use ark_ff::One;
use ark_relations::gr1cs::{ConstraintSystemRef, Result};
use ark_relations::lc;
use taxproof_claims::holder::{HolderSecrets, Secret};

use super::support::naive::Naive;
use super::support::ours::{CIRCUIT, Claim, ENOUGH, Firm, passed, prove, rows_by_column};

/// "nullifier = nk·base, for the nk that is in the note": which base, no constraint says.
fn nullifier(cs: ConstraintSystemRef<Fr>) -> Result<()> {
    let (nk, base) = (Fr::from(12), Fr::from(5));
    let note = cs.new_input_variable(|| Ok(nk * nk))?;
    let nullifier = cs.new_input_variable(|| Ok(nk * base))?;
    let nk = cs.new_witness_variable(|| Ok(nk))?;
    let base = cs.new_witness_variable(|| Ok(base))?;
    cs.enforce_r1cs_constraint(|| lc!() + nk, || lc!() + nk, || lc!() + note)?;
    cs.enforce_r1cs_constraint(|| lc!() + nk, || lc!() + base, || lc!() + nullifier)
}

#[test]
fn a_naive_note_has_many_nullifiers() {
    let naive = Naive::new(nullifier);
    assert!(naive.accepts(&naive.z));
    for base in [6u64, 7, 8] {
        let [nk, base] = [Fr::from(12), Fr::from(base)];
        let forged = [Fr::one(), nk * nk, nk * base, nk, base];
        assert!(naive.accepts(&forged), "the attack works");
    }
}

#[test]
fn a_firm_has_one_pseudonym_at_a_bank() {
    let firm = Firm::paying(ENOUGH);
    let honest = Claim::of(&firm);
    let fixed = honest.public.fixed;
    let other = HolderSecrets {
        sk: firm.secrets.sk.clone(),
        nk: Secret::from_bytes([9; 31]),
    };
    let id = firm.record.id.to_field();

    // The pseudonym of another secret, which the leaf does not hold.
    let mut second = honest.clone();
    second.witness.nk = other.nk.to_field();
    second.public.fixed.pseudonym = other.pseudonym(id, fixed.bank);
    second.public.fixed.scope_tag = other.scope_tag(id, fixed.scope);
    assert_eq!(second.violated(), Some("membership"));
    assert!(!passed(&second.forged()));

    // The leaf's own secret where the leaf is hashed, and the other one where the pseudonym is.
    let mut spliced = second.columns();
    let rows = &CIRCUIT
        .clauses
        .iter()
        .find(|c| c.name == "leaf")
        .unwrap()
        .rows;
    let truth = honest.columns();
    let after = |column: &usize| first_row(*column) >= rows.start;
    for column in (CIRCUIT.instance..spliced.len()).filter(after) {
        spliced[column] = truth[column];
    }
    assert!((0..CIRCUIT.constraints()).any(|row| !CIRCUIT.holds(row, &spliced)));
    assert!(!passed(&second.judged(&prove(&spliced))));

    // The right secret, and a pseudonym at will.
    let mut chosen = honest;
    chosen.public.fixed.pseudonym += Fr::one();
    assert_eq!(chosen.violated(), Some("holder"));
    assert!(!passed(&chosen.forged()));
}

fn first_row(column: usize) -> usize {
    static ROWS: std::sync::LazyLock<Vec<Vec<usize>>> = std::sync::LazyLock::new(rows_by_column);
    ROWS[column].iter().copied().min().unwrap_or(usize::MAX)
}
