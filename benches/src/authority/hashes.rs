//! The hashes of an epoch and nothing else: what no authority can do without.

use std::time::Instant;

use ark_bn254::Fr;
use ark_ff::Zero as _;
use serde::Serialize;
use taxproof_claims::hash::{LEAF, LEAF_WIDTH, Sponge, nodes};
use taxproof_claims::record::leaf_elements;
use taxproof_claims::shape::{Q16, TREE_ARITY};

/// Hashes, and how long they take by themselves: all threads, in lanes, from memory that is warm.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Hashes {
    /// Permutations of width 16 for the leaves of an epoch whose records are all new.
    pub leaf_permutations: u64,
    /// Their seconds.
    pub leaf_seconds: f64,
    /// Seconds of one permutation a leaf: an epoch whose records are all unchanged.
    pub salt_seconds: f64,
    /// Compressions of width 8.
    pub nodes: u64,
    /// Their seconds.
    pub node_seconds: f64,
}

/// Leaves that are hashed at once, so that they stay in the cache.
const BATCH: usize = 1024;

/// Hashes as many leaves and nodes as an epoch of `leaves` over BN254 has in the layout of Q16.
pub(super) fn bare(leaves: u64) -> Hashes {
    let elements = leaf_elements(Q16.layout());
    let inputs: Vec<Fr> = (0..(elements - 1) as u64 * BATCH as u64)
        .map(Fr::from)
        .collect();
    let mut hashes = Hashes {
        leaf_permutations: leaves * elements.div_ceil(LEAF_WIDTH - 1) as u64,
        leaf_seconds: 0.0,
        salt_seconds: 0.0,
        nodes: 0,
        node_seconds: 0.0,
    };
    let mut sum = Fr::zero();
    let mut left = leaves;
    while left > 0 {
        let batch = left.min(BATCH as u64) as usize;
        let begin = Instant::now();
        let inputs = &inputs[..batch * (elements - 1)];
        let sponges = Sponge::absorb_all(LEAF, elements, elements - 1, inputs);
        let absorbed = Instant::now();
        let digests = Sponge::<Fr, LEAF_WIDTH>::squeeze_all(&sponges);
        let end = Instant::now();
        sum += digests[0];
        hashes.leaf_seconds += (end - begin).as_secs_f64();
        hashes.salt_seconds += (end - absorbed).as_secs_f64();
        left -= batch as u64;
    }
    let children = [[sum; TREE_ARITY]; BATCH];
    let mut level = leaves;
    while level > 1 {
        level = level.div_ceil(TREE_ARITY as u64);
        hashes.nodes += level;
    }
    let mut left = hashes.nodes;
    while left > 0 {
        let batch = left.min(BATCH as u64) as usize;
        let begin = Instant::now();
        sum += nodes(&children[..batch])[0];
        hashes.node_seconds += begin.elapsed().as_secs_f64();
        left -= batch as u64;
    }
    std::hint::black_box(sum);
    hashes
}
