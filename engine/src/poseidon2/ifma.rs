//! The permutation over BN254's scalar field in eight lanes: each lane has a state of its own.
//!
//! Linear layers are sums of limbs without carries, reduced once. In an internal round only the
//! first element's S-box waits for the round before: the other elements' multiplications are
//! written between its steps, so that the processor has something to do meanwhile.

#![allow(
    unsafe_code,
    reason = "functions with target features are called where the processor has them"
)]

use std::array::from_fn;

use ark_bn254::Fr;
use ark_ff::One;

use super::{EXTERNAL_ROUNDS, Poseidon2};
use crate::lanes::constants::{Constants, LIMBS, to_limbs};
use crate::lanes::ifma::{
    ZERO, broadcast_limbs, limbwise_add, load_rows, normalise, product, product_unnormalised,
    reduce_once, reduce_sum, store_rows,
};
use crate::lanes::{Arithmetic, Ifma, LANES, LaneField, Pair};

type Limbs = [u64; LIMBS];
type Vector = <Ifma as Arithmetic<Fr>>::Vector;

const FIELD: &Constants = Fr::CONSTANTS;

/// Vectors whose multiplications are mixed.
const BLOCK: usize = 4;

/// The permutation with its constants as limbs in the lanes' representation.
#[derive(Debug)]
pub(super) struct LanePermutation<const T: usize> {
    external: Box<[[Limbs; T]; EXTERNAL_ROUNDS]>,
    internal: Vec<Limbs>,
    diagonal_minus_one: [Limbs; T],
}

impl<const T: usize> LanePermutation<T> {
    pub(super) fn new(ifma: Ifma) -> Self {
        let permutation = Poseidon2::<Fr, T>::default();
        let limbs = |value: &Fr| to_limbs(ifma.pack(*value));
        Self {
            external: Box::new(from_fn(|round| {
                permutation.external[round].each_ref().map(limbs)
            })),
            internal: permutation.internal.iter().map(limbs).collect(),
            diagonal_minus_one: permutation.diagonal_minus_one.each_ref().map(limbs),
        }
    }

    /// Permutes eight states.
    pub(super) fn permute(&self, _: Ifma, states: &mut [[Fr; T]; LANES]) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { self.permute_states(states) }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn permute_states(&self, states: &mut [[Fr; T]; LANES]) {
        let mut state = load(states);
        self.permute_vectors(&mut state);
        store(&state, states);
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn permute_vectors(&self, state: &mut [Vector; T]) {
        let (first, last) = self.external.split_at(EXTERNAL_ROUNDS / 2);
        external_layer(state, Some(&first[0]));
        for constants in &first[1..] {
            sboxes(state);
            external_layer(state, Some(constants));
        }
        sboxes(state);
        external_layer(state, None);
        self.internal_rounds(state);
        add(state, &last[0]);
        for constants in &last[1..] {
            sboxes(state);
            external_layer(state, Some(constants));
        }
        sboxes(state);
        external_layer(state, None);
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn internal_rounds(&self, state: &mut [Vector; T]) {
        for constant in &self.internal {
            self.internal_round(state, constant);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn internal_round(&self, state: &mut [Vector; T], constant: &Limbs) {
        let mut products = [ZERO; T];
        let mut sum = ZERO;
        for element in &state[1..] {
            sum = limbwise_add(&sum, element);
        }
        let sum = reduce_sum(FIELD, sum);
        let x = normalise(limbwise_add(&state[0], &broadcast_limbs(constant)));
        // A quarter of the other elements' products after each step of the S-box.
        let multiply = |products: &mut [Vector; T], quarter: usize| {
            for i in (1..T).skip(quarter * T / 4).take(T / 4) {
                products[i] = self.times_diagonal(&state[i], i);
            }
        };
        let square = product(FIELD, &x, &x);
        multiply(&mut products, 0);
        let fourth = product(FIELD, &square, &square);
        multiply(&mut products, 1);
        let power = product(FIELD, &fourth, &x);
        multiply(&mut products, 2);
        products[0] = self.times_diagonal(&power, 0);
        multiply(&mut products, 3);
        let sum = limbwise_add(&sum, &power);
        for (element, product) in state.iter_mut().zip(&products) {
            *element = normalise(limbwise_add(product, &sum));
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn times_diagonal(&self, element: &Vector, i: usize) -> Vector {
        let factor = broadcast_limbs(&self.diagonal_minus_one[i]);
        product_unnormalised(FIELD, element, &factor)
    }
}

/// The states in lanes, below 16p: sixteen times arkworks' representation is that of the lanes.
#[target_feature(enable = "avx512f,avx512ifma")]
fn load<const T: usize>(states: &[[Fr; T]; LANES]) -> [Vector; T] {
    let mut out = [ZERO; T];
    for i in (0..T).step_by(2) {
        let pair =
            |state: &[Fr; T]| Pair::new(state[i].to_montgomery(), state[i + 1].to_montgomery());
        [out[i], out[i + 1]] = load_rows(&states.each_ref().map(pair));
    }
    out
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn store<const T: usize>(vectors: &[Vector; T], states: &mut [[Fr; T]; LANES]) {
    // Times 2^256 / 2^260.
    let scale = broadcast_limbs(&to_limbs(Fr::one().to_montgomery()));
    for i in (0..T).step_by(2) {
        let scaled = |element| reduce_once(FIELD, &product(FIELD, element, &scale));
        let rows = store_rows([&scaled(&vectors[i]), &scaled(&vectors[i + 1])]);
        for (state, row) in states.iter_mut().zip(rows) {
            [state[i], state[i + 1]] = row.split().map(Fr::from_montgomery);
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn add<const T: usize>(state: &mut [Vector; T], constants: &[Limbs; T]) {
    for (element, constant) in state.iter_mut().zip(constants) {
        *element = normalise(limbwise_add(element, &broadcast_limbs(constant)));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn sboxes<const T: usize>(state: &mut [Vector; T]) {
    let (blocks, _) = state.as_chunks_mut::<BLOCK>();
    for block in blocks {
        let mut powers = *block;
        for power in &mut powers {
            *power = product(FIELD, power, power);
        }
        for power in &mut powers {
            *power = product(FIELD, power, power);
        }
        for (x, power) in block.iter_mut().zip(&powers) {
            *x = product(FIELD, x, power);
        }
    }
}

/// The external layer and the constants of the round that follows it.
#[target_feature(enable = "avx512f,avx512ifma")]
fn external_layer<const T: usize>(state: &mut [Vector; T], constants: Option<&[Limbs; T]>) {
    let mut sums = [ZERO; 4];
    let (blocks, _) = state.as_chunks_mut::<4>();
    for block in &mut *blocks {
        block_layer(block);
        for (sum, element) in sums.iter_mut().zip(&*block) {
            *sum = limbwise_add(sum, element);
        }
    }
    let several = blocks.len() > 1;
    for (i, element) in state.iter_mut().enumerate() {
        let mut total = *element;
        if several {
            total = limbwise_add(&total, &sums[i % 4]);
        }
        if let Some(constants) = constants {
            total = limbwise_add(&total, &broadcast_limbs(&constants[i]));
        }
        *element = reduce_sum(FIELD, total);
    }
}

/// M4 as in [`super::block_layer`], without carries.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn block_layer(block: &mut [Vector; 4]) {
    let [a, b, c, d] = *block;
    let double = |x: &Vector| limbwise_add(x, x);
    let t0 = limbwise_add(&a, &b);
    let t1 = limbwise_add(&c, &d);
    let t2 = limbwise_add(&double(&b), &t1);
    let t3 = limbwise_add(&double(&d), &t0);
    let t4 = limbwise_add(&double(&double(&t1)), &t3);
    let t5 = limbwise_add(&double(&double(&t0)), &t2);
    *block = [limbwise_add(&t3, &t5), t5, limbwise_add(&t2, &t4), t4];
}
