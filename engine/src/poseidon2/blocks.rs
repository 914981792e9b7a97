//! The permutation over BN254's scalar field, 32 states at a time, with any arithmetic in lanes: an
//! element of the state is a block, in which each lane of each vector belongs to another state.

use ark_bn254::Fr;
use ark_ff::Field;

use super::{EXTERNAL_ROUNDS, Poseidon2};
use crate::lanes::{Arithmetic, BLOCK, Block, LANES};

/// States that are permuted together.
pub(super) const STATES: usize = BLOCK * LANES;

/// The permutation with its constants in all lanes. All elements of a state are narrow between
/// rounds.
#[derive(Debug)]
pub(super) struct BlockPermutation<A: Arithmetic<Fr>, const T: usize> {
    arithmetic: A,
    external: Vec<[A::Vector; T]>,
    internal: Vec<A::Vector>,
    diagonal_minus_one: [A::Vector; T],
    /// The arithmetic's scale and its inverse: elements come and go at no cost but a product.
    scale: A::Vector,
    unscale: A::Vector,
}

type State<A, const T: usize> = [Block<<A as Arithmetic<Fr>>::Vector>; T];

impl<A: Arithmetic<Fr>, const T: usize> BlockPermutation<A, T> {
    pub(super) fn new(arithmetic: A) -> Self {
        let permutation = Poseidon2::<Fr, T>::default();
        let everywhere = |value: &Fr| arithmetic.vector([arithmetic.pack(*value); LANES]);
        let scale = arithmetic.scale();
        let unscale = scale.inverse().expect("a scale is not zero");
        let external = permutation.external.iter();
        Self {
            arithmetic,
            external: external.map(|row| row.each_ref().map(everywhere)).collect(),
            internal: permutation.internal.iter().map(everywhere).collect(),
            diagonal_minus_one: permutation.diagonal_minus_one.each_ref().map(everywhere),
            scale: everywhere(&scale),
            unscale: everywhere(&unscale),
        }
    }

    /// Permutes 32 states.
    pub(super) fn permute(&self, states: &mut [[Fr; T]; STATES]) {
        let mut state = self.load(states);
        let (first, last) = self.external.split_at(EXTERNAL_ROUNDS / 2);
        self.external_layer(&mut state);
        for constants in first {
            self.external_round(&mut state, constants);
        }
        for constant in &self.internal {
            self.internal_round(&mut state, constant);
        }
        for constants in last {
            self.external_round(&mut state, constants);
        }
        self.store(&state, states);
    }

    fn load(&self, states: &[[Fr; T]; STATES]) -> State<A, T> {
        let a = self.arithmetic;
        let (groups, _) = states.as_chunks::<LANES>();
        let mut out = [[self.scale; BLOCK]; T];
        for (i, element) in out.iter_mut().enumerate() {
            let mut scaled = *element;
            for (vector, group) in scaled.iter_mut().zip(groups) {
                *vector = a.vector(group.each_ref().map(|state| a.pack_scaled(state[i])));
            }
            a.mul(scaled.each_ref(), [&self.scale; BLOCK], element);
        }
        out
    }

    fn store(&self, state: &State<A, T>, states: &mut [[Fr; T]; STATES]) {
        let a = self.arithmetic;
        let (groups, _) = states.as_chunks_mut::<LANES>();
        for (i, element) in state.iter().enumerate() {
            let mut scaled = *element;
            a.mul(element.each_ref(), [&self.unscale; BLOCK], &mut scaled);
            for (vector, group) in scaled.iter().zip(&mut *groups) {
                for (state, words) in group.iter_mut().zip(a.elements(vector)) {
                    state[i] = a.unpack_scaled(words);
                }
            }
        }
    }

    fn external_round(&self, state: &mut State<A, T>, constants: &[A::Vector; T]) {
        for (element, constant) in state.iter_mut().zip(constants) {
            self.add_and_power(element, constant);
        }
        self.external_layer(state);
    }

    fn internal_round(&self, state: &mut State<A, T>, constant: &A::Vector) {
        let a = self.arithmetic;
        self.add_and_power(&mut state[0], constant);
        let mut sum = state[0];
        for element in &state[1..] {
            self.add_to(&mut sum, element);
        }
        for (element, factor) in state.iter_mut().zip(&self.diagonal_minus_one) {
            let before = *element;
            a.mul(before.each_ref(), [factor; BLOCK], element);
            self.add_to(element, &sum);
        }
    }

    /// `(x + constant)^5`.
    fn add_and_power(&self, x: &mut Block<A::Vector>, constant: &A::Vector) {
        let a = self.arithmetic;
        let (mut sum, mut square) = (*x, *x);
        a.add(x.each_ref(), [constant; BLOCK], &mut sum);
        a.square(sum.each_ref(), &mut square);
        let mut fourth = square;
        a.square(square.each_ref(), &mut fourth);
        a.mul(fourth.each_ref(), sum.each_ref(), x);
    }

    fn add_to(&self, sum: &mut Block<A::Vector>, summand: &Block<A::Vector>) {
        let before = *sum;
        let (before, summand) = (before.each_ref(), summand.each_ref());
        self.arithmetic.add_narrow(before, summand, sum);
    }

    fn plus(&self, a: &Block<A::Vector>, b: &Block<A::Vector>) -> Block<A::Vector> {
        let mut sum = *a;
        self.arithmetic
            .add_narrow(a.each_ref(), b.each_ref(), &mut sum);
        sum
    }

    /// As [`super::external_layer`].
    fn external_layer(&self, state: &mut State<A, T>) {
        let (blocks, _) = state.as_chunks_mut::<4>();
        for block in &mut *blocks {
            self.block_layer(block);
        }
        let [first, others @ ..] = &mut *blocks else {
            unreachable!("a state has four elements or more");
        };
        if others.is_empty() {
            return;
        }
        let mut sums = *first;
        for block in others {
            for (sum, element) in sums.iter_mut().zip(&*block) {
                self.add_to(sum, element);
            }
        }
        for block in blocks {
            for (element, sum) in block.iter_mut().zip(&sums) {
                self.add_to(element, sum);
            }
        }
    }

    /// As [`super::block_layer`].
    fn block_layer(&self, block: &mut [Block<A::Vector>; 4]) {
        let [a, b, c, d] = &*block;
        let double = |x: &Block<A::Vector>| self.plus(x, x);
        let t0 = self.plus(a, b);
        let t1 = self.plus(c, d);
        let t2 = self.plus(&double(b), &t1);
        let t3 = self.plus(&double(d), &t0);
        let t4 = self.plus(&double(&double(&t1)), &t3);
        let t5 = self.plus(&double(&double(&t0)), &t2);
        *block = [self.plus(&t3, &t5), t5, self.plus(&t2, &t4), t4];
    }
}

#[cfg(test)]
mod tests {
    use std::array::from_fn;

    use ark_ff::{One, UniformRand, Zero};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::lanes::Portable;

    fn check<A: Arithmetic<Fr>, const T: usize>(arithmetic: A) {
        let rng = &mut StdRng::seed_from_u64(5);
        let edges = [Fr::zero(), Fr::one(), -Fr::one(), -Fr::from(2u64)];
        let mut states: [[Fr; T]; STATES] = from_fn(|i| {
            from_fn(|j| match i {
                ..4 => edges[i],
                4..8 => edges[(i + j) % 4],
                _ => Fr::rand(rng),
            })
        });
        let mut expected = states;
        for state in &mut expected {
            Poseidon2::<Fr, T>::default().permute(state);
        }
        BlockPermutation::new(arithmetic).permute(&mut states);
        assert_eq!(states, expected);
    }

    fn check_widths<A: Arithmetic<Fr>>(arithmetic: A) {
        check::<A, 4>(arithmetic);
        check::<A, 8>(arithmetic);
        check::<A, 16>(arithmetic);
    }

    #[test]
    fn portable_blocks_agree_with_one_at_a_time() {
        check_widths(Portable);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn avx2_blocks_agree_with_one_at_a_time() {
        match crate::lanes::Avx2::detect() {
            Some(avx2) => check_widths(avx2),
            None => eprintln!("skipped: this processor has no AVX2"),
        }
    }
}
