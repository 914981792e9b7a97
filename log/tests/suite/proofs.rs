//! Proofs of every pair of sizes, against the definition, and what must not pass.

use taxproof_log::{
    Hash, Leaves, ProofError, prove_consistency, prove_inclusion, root, verify_consistency,
    verify_inclusion,
};

/// MTH of RFC 6962, section 2.1.
fn definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [leaf] => *leaf,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            Hash::node(definition(&leaves[..middle]), definition(&leaves[middle..]))
        }
    }
}

fn leaves(count: u64) -> Leaves {
    Leaves((0..count).map(|i| Hash::leaf(&i.to_be_bytes())).collect())
}

const LARGEST: u64 = 40;

#[test]
fn roots_equal_their_definition() {
    let all = leaves(LARGEST);
    for size in 0..=LARGEST {
        let Ok(root) = root(&all, size);
        assert_eq!(root, definition(&all.0[..usize::try_from(size).unwrap()]));
    }
}

#[test]
fn every_entry_is_shown_to_be_where_it_is_and_nowhere_else() {
    let all = leaves(LARGEST);
    for size in 1..=LARGEST {
        let Ok(root) = root(&all, size);
        for index in 0..size {
            let Ok(proof) = prove_inclusion(&all, index, size);
            let leaf = Hash::leaf(&index.to_be_bytes());
            let verify =
                |leaf, index, proof: &[Hash]| verify_inclusion(leaf, index, size, root, proof);
            assert_eq!(verify(leaf, index, &proof), Ok(()));
            for other in (0..=size).filter(|other| *other != index) {
                assert!(
                    verify(leaf, other, &proof).is_err(),
                    "{index} as {other} of {size}"
                );
            }
            assert!(verify(Hash::leaf(b""), index, &proof).is_err());
            let longer = [&proof[..], &[Hash::empty()]].concat();
            assert_eq!(verify(leaf, index, &longer), Err(ProofError::Length));
            if let Some((_, shorter)) = proof.split_last() {
                assert!(verify(leaf, index, shorter).is_err());
            }
            for place in 0..proof.len() {
                let mut damaged = proof.clone();
                damaged[place].0[7] ^= 1;
                assert_eq!(verify(leaf, index, &damaged), Err(ProofError::Root));
            }
        }
    }
}

#[test]
fn every_tree_continues_the_smaller_ones_and_no_others() {
    let all = leaves(LARGEST);
    for new in 0..=LARGEST {
        let Ok(new_root) = root(&all, new);
        for old in 0..=new {
            let Ok(old_root) = root(&all, old);
            let Ok(proof) = prove_consistency(&all, old, new);
            let verify = |old_root, new_root, proof: &[Hash]| {
                verify_consistency(old, old_root, new, new_root, proof)
            };
            assert_eq!(verify(old_root, new_root, &proof), Ok(()), "{old} {new}");
            let mut other = old_root;
            other.0[0] ^= 1;
            assert!(verify(other, new_root, &proof).is_err(), "{old} {new}");
            let mut other = new_root;
            other.0[31] ^= 128;
            // Any tree begins with the empty one.
            assert_eq!(
                verify(old_root, other, &proof).is_err(),
                old > 0 || new == 0,
                "{old} {new}"
            );
            let longer = [&proof[..], &[Hash::empty()]].concat();
            assert_eq!(verify(old_root, new_root, &longer), Err(ProofError::Length));
            if let Some((_, shorter)) = proof.split_last() {
                assert!(verify(old_root, new_root, shorter).is_err());
            }
            for place in 0..proof.len() {
                let mut damaged = proof.clone();
                damaged[place].0[0] ^= 1;
                assert!(
                    verify(old_root, new_root, &damaged).is_err(),
                    "{old} {new} {place}"
                );
            }
            if old < new {
                let back = verify_consistency(new, new_root, old, old_root, &proof);
                assert_eq!(back, Err(ProofError::Sizes(new, old)));
            }
        }
    }
}

/// snarkVM #685 and others: a node must not pass for an entry.
#[test]
fn a_node_is_no_leaf() {
    let all = leaves(4);
    let Ok(root) = root(&all, 4);
    let left = definition(&all.0[..2]);
    let right = definition(&all.0[2..]);
    // Without prefixes the bytes of a node's children would be an entry of a tree of two.
    let entry = [all.0[0].0, all.0[1].0].concat();
    assert_ne!(Hash::leaf(&entry), left);
    assert!(verify_inclusion(Hash::leaf(&entry), 0, 2, root, &[right]).is_err());
}
