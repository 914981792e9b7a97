//! snarkVM #685: where leaves and nodes are hashed alike, the children of an inner node are a leaf of a
//! tree that is one level lower. arkworks' Merkle paths have the length that they say, and bits of the
//! index beyond it are nobody's.

use ark_bn254::Fr;
use ark_crypto_primitives::crh::poseidon::{CRH, TwoToOneCRH};
use ark_crypto_primitives::merkle_tree::{Config, IdentityDigestConverter, MerkleTree};
use taxproof_claims::credential::climb;
use taxproof_claims::hash::node;
use taxproof_claims::shape::{TREE_ARITY, TREE_DEPTH};

use super::support::ours::{Claim, ENOUGH, Firm, passed};
use super::support::poseidon::config;

/// arkworks' tree with Poseidon for leaves and nodes, as its documentation has it.
struct Tree;

impl Config for Tree {
    type Leaf = [Fr];
    type LeafDigest = Fr;
    type LeafInnerDigestConverter = IdentityDigestConverter<Fr>;
    type InnerDigest = Fr;
    type LeafHash = CRH<Fr>;
    type TwoToOneHash = TwoToOneCRH<Fr>;
}

/// A leaf: whose, and how much.
fn leaf(i: u64) -> [Fr; 2] {
    [Fr::from(i), Fr::from(100 * i)]
}

#[test]
fn the_naive_tree_takes_an_inner_node_for_a_leaf() {
    let poseidon = config(2);
    let leaves: Vec<[Fr; 2]> = (0..8).map(leaf).collect();
    let tree = MerkleTree::<Tree>::new(&poseidon, &poseidon, &leaves).unwrap();
    let root = tree.root();
    let honest = tree.generate_proof(2).unwrap();
    let verifies = |path: &ark_crypto_primitives::merkle_tree::Path<Tree>, leaf: &[Fr]| {
        path.verify(&poseidon, &poseidon, &root, leaf).unwrap()
    };
    assert!(verifies(&honest, &leaf(2)));

    // The two digests above leaves 2 and 3 are a record that no bureau wrote.
    let [own, sibling] = [2, 3].map(|i| {
        let hash = <CRH<Fr> as ark_crypto_primitives::crh::CRHScheme>::evaluate;
        hash(&poseidon, leaf(i).as_slice()).unwrap()
    });
    let mut shorter = honest.clone();
    shorter.leaf_sibling_hash = shorter.auth_path.pop().unwrap();
    shorter.leaf_index >>= 1;
    assert!(verifies(&shorter, &[own, sibling]), "the attack works");

    let mut elsewhere = honest;
    elsewhere.leaf_index += 1 << 3;
    assert!(verifies(&elsewhere, &leaf(2)), "there is no leaf 10");
}

#[test]
fn a_path_of_ours_has_one_length() {
    let firm = Firm::paying(ENOUGH);
    let leaf = firm.record.leaf(&firm.secrets.commitment(), firm.salt);
    let root = climb(leaf, &firm.path).unwrap();
    assert_eq!(root, Claim::of(&firm).public.fixed.root);
    for level in 0..TREE_DEPTH - 1 {
        // A node of the tree as the leaf, its path filled up at either end.
        let inner = node(&firm.path[level]);
        let mut above = [[root; TREE_ARITY]; TREE_DEPTH];
        above[..TREE_DEPTH - 1 - level].copy_from_slice(&firm.path[level + 1..]);
        assert_ne!(climb(inner, &above), Some(root));
        let mut below = [[inner; TREE_ARITY]; TREE_DEPTH];
        below[level + 1..].copy_from_slice(&firm.path[level + 1..]);
        assert_ne!(climb(inner, &below), Some(root));
    }
}

/// A leaf's hash has a tag and a length, a node's has none: a node's children spell no record.
#[test]
fn the_circuit_takes_no_other_path() {
    let honest = Claim::of(&Firm::paying(ENOUGH));
    let mut shorter = honest.clone();
    shorter.witness.path.rotate_left(1);
    shorter.witness.path[TREE_DEPTH - 1] = [honest.public.fixed.root; TREE_ARITY];
    let mut longer = honest.clone();
    longer.witness.path.rotate_right(1);
    let mut swapped = honest;
    swapped.witness.path[0].rotate_left(1);
    for lie in [shorter, longer, swapped] {
        assert_eq!(lie.violated(), Some("membership"));
        assert!(!passed(&lie.forged()));
    }
}
