//! gnark CVE-2024-45040: a commitment without randomness is found by trying. A quarter's tax is a number
//! that fits a loop, and a neighbour's leaf is in one's own path.

use ark_bn254::Fr;
use ark_ff::{PrimeField, Zero};
use taxproof_claims::holder::Secret;
use taxproof_claims::schema::Schema;

use super::support::ours::{ENOUGH, Firm, paid};
use super::support::poseidon::squeezed;

#[test]
fn a_naive_leaf_is_found_by_trying() {
    let secret = 3_719;
    let leaf = squeezed(2, &[Fr::from(91330100), Fr::from(secret)]).0;
    let found =
        (0..5_000u64).find(|&guess| squeezed(2, &[Fr::from(91330100), Fr::from(guess)]).0 == leaf);
    assert_eq!(found, Some(secret), "the attack works");
}

/// A neighbour who knows everything but the amount and the salt, and guesses the amount right.
#[test]
fn our_leaf_is_not_found_even_by_the_right_guess() {
    let firm = Firm::paying(ENOUGH);
    let commitment = firm.secrets.commitment();
    let leaf = firm.record.leaf(&commitment, firm.salt);
    let salts = [
        Fr::zero(),
        Fr::from(1),
        -Fr::from(1),
        commitment.authorising,
        commitment.nullifying,
    ];
    for quarterly in ENOUGH - 20..=ENOUGH + 20 {
        let mut guess = firm.record.clone();
        guess.values = paid(quarterly);
        for salt in salts {
            assert_ne!(guess.leaf(&commitment, salt), leaf);
        }
    }
    assert_eq!(firm.record.leaf(&commitment, firm.salt), leaf);
}

/// A salt has 248 bits of the system's generator: of many, every bit was 0 and 1, and none came twice.
#[test]
fn salts_are_whole_and_fresh() {
    assert_eq!(Secret::LENGTH * 8, 248);
    let salts: Vec<Secret> = (0..64).map(|_| Secret::random().unwrap()).collect();
    let distinct: std::collections::HashSet<_> = salts.iter().map(Secret::expose).collect();
    assert_eq!(distinct.len(), salts.len());
    for bit in 0..248 {
        let set = salts
            .iter()
            .filter(|s| s.expose()[bit / 8] >> (bit % 8) & 1 == 1);
        assert!(
            (1..64).contains(&set.count()),
            "bit {bit} is always the same"
        );
    }
    let [first, second]: [Fr; 2] = [0, 1].map(|i| salts[i].to_field());
    assert_ne!(first.into_bigint(), second.into_bigint());
    // Records hold nothing else that is random: with one salt, equal records are one leaf.
    let (a, b) = (Firm::paying(ENOUGH), Firm::paying(ENOUGH));
    let same = a.secrets.commitment();
    assert_eq!(a.record.leaf(&same, a.salt), b.record.leaf(&same, a.salt));
    assert_ne!(a.record.leaf(&same, a.salt), b.record.leaf(&same, b.salt));
    assert_eq!(a.record.schema, Schema::cn_tax().digest());
}
