//! arkworks/sponge #26, snarkVM #2702: a sponge that fills up with zeros and says nowhere how much it was
//! given hashes [7] and [7, 0] alike.

use ark_bn254::Fr;
use ark_ff::Zero;
use taxproof_claims::hash::{
    AUTHORISING_KEY, LEAF, LEAF_WIDTH, NULLIFIER_KEY, PSEUDONYM, Sponge, small,
};
use taxproof_claims::record::Record;
use taxproof_claims::shape::Q32;

use super::support::ours::{ENOUGH, Firm};
use super::support::poseidon::squeezed;

#[test]
fn the_naive_sponge_does_not_count() {
    let hash = |elements: &[Fr]| squeezed(4, elements).0;
    let [zero, seven] = [Fr::zero(), Fr::from(7)];
    assert_eq!(hash(&[seven]), hash(&[seven, zero]), "the attack works");
    assert_eq!(hash(&[]), hash(&[zero, zero]));
}

#[test]
fn ours_counts_and_says_what_it_is_for() {
    let [zero, seven] = [Fr::zero(), Fr::from(7)];
    let inputs: [&[Fr]; 6] = [
        &[zero],
        &[zero, zero],
        &[zero, zero, zero],
        &[seven],
        &[seven, zero],
        &[seven, zero, zero, zero],
    ];
    let tags = [AUTHORISING_KEY, NULLIFIER_KEY, PSEUDONYM, LEAF];
    let hashes: Vec<Fr> = (tags.into_iter())
        .flat_map(|tag| inputs.map(|input| small(tag, input)))
        .collect();
    let distinct: std::collections::HashSet<_> = hashes.iter().collect();
    assert_eq!(distinct.len(), hashes.len());

    // The leaf's sponge: a whole block, and the same with a zero behind it.
    let leaf = |elements: usize| {
        let mut sponge = Sponge::<Fr, LEAF_WIDTH>::new(LEAF, elements);
        (0..elements).for_each(|i| sponge.absorb(if i < 15 { seven } else { zero }));
        sponge.squeeze()
    };
    assert_ne!(leaf(15), leaf(16));
    assert_ne!(leaf(16), leaf(17));
}

#[test]
fn a_record_of_more_empty_quarters_is_another_leaf() {
    let firm = Firm::paying(ENOUGH);
    let longer = Record {
        values: firm.record.values.with_layout(Q32.layout()).unwrap(),
        ..firm.record.clone()
    };
    let leaf = |record: &Record| record.leaf(&firm.secrets.commitment(), firm.salt);
    assert_ne!(leaf(&firm.record), leaf(&longer));
}
