//! The Poseidon2 permutation in constraints.

use std::array;

use ark_ff::PrimeField;
use taxproof_engine::poseidon2::{EXTERNAL_ROUNDS, Poseidon2, Poseidon2Field};

use crate::linear::Linear;
use crate::system::System;

const M4: [[u64; 4]; 4] = [[5, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]];

/// The Poseidon2 permutation of `T` linear combinations, three constraints an S-box.
///
/// Where S-boxes follow S-boxes, the wires are the inputs x of the next ones, and an output x^5 is
/// written as the linear combination of next inputs that it must be (the linear layers are
/// invertible). So the long combinations of the internal rounds stand in one matrix instead of
/// being S-box inputs in two constraints.
pub(crate) struct PermutationVar<F: Poseidon2Field, const T: usize> {
    native: Poseidon2<F, T>,
    external: [[F; T]; T],
    external_inverse: [[F; T]; T],
    /// 1 / (μ_0 + 1): what takes the first output of an internal round back to the S-box.
    first_inverse: F,
}

impl<F: Poseidon2Field, const T: usize> PermutationVar<F, T> {
    pub(crate) fn new() -> Self {
        let native = Poseidon2::default();
        let external = external_matrix();
        let first = native.diagonal_minus_one()[0] + F::one();
        Self {
            native,
            external,
            external_inverse: inverse(external),
            first_inverse: first
                .inverse()
                .expect("no width's first diagonal entry is zero"),
        }
    }

    pub(crate) fn permute(&self, system: &mut System<F>, state: &[Linear<F>; T]) -> [Linear<F>; T] {
        let (first, last) = self.native.external().split_at(EXTERNAL_ROUNDS / 2);
        let state = layer(&self.external, state);
        let state = self.external_rounds(system, &state, first);
        let state = self.internal_rounds(system, state);
        self.external_rounds(system, &state, last)
    }

    fn external_rounds(
        &self,
        system: &mut System<F>,
        state: &[Linear<F>; T],
        constants: &[[F; T]],
    ) -> [Linear<F>; T] {
        let mut inputs = array::from_fn(|i| &state[i] + constants[0][i]);
        for next in &constants[1..] {
            inputs = self.external_round(system, &inputs, next);
        }
        let outputs = inputs.map(|x| {
            let y = system.wire(fifth_power(x.value()));
            system.enforce_fifth_power(&x, &y);
            y
        });
        layer(&self.external, &outputs)
    }

    /// From S-box inputs to the next round's, which are wires.
    fn external_round(
        &self,
        system: &mut System<F>,
        inputs: &[Linear<F>; T],
        next: &[F; T],
    ) -> [Linear<F>; T] {
        let powers = inputs.each_ref().map(|x| fifth_power(x.value()));
        let wires = array::from_fn(|i| {
            let row = self.external[i].iter().zip(&powers);
            system.wire(row.map(|(&m, &y)| m * y).sum::<F>() + next[i])
        });
        let state = array::from_fn(|i| &wires[i] - next[i]);
        let outputs = layer(&self.external_inverse, &state);
        for (x, y) in inputs.iter().zip(&outputs) {
            system.enforce_fifth_power(x, y);
        }
        wires
    }

    fn internal_rounds(&self, system: &mut System<F>, mut state: [Linear<F>; T]) -> [Linear<F>; T] {
        let factors = self.native.diagonal_minus_one();
        for &constant in self.native.internal() {
            let x = &state[0] + constant;
            let y = fifth_power(x.value());
            let rest = Linear::sum(&state[1..]);
            let first = system.wire((factors[0] + F::one()) * y + rest.value());
            let y = &(&first - &rest) * self.first_inverse;
            system.enforce_fifth_power(&x, &y);
            let sum = &y + &rest;
            for (element, &factor) in state.iter_mut().zip(factors).skip(1) {
                *element = Linear::weighted([(factor, &*element), (F::one(), &sum)]);
            }
            state[0] = first;
        }
        state
    }
}

impl<F: PrimeField> System<F> {
    /// y = x^5. Two wires, three constraints.
    fn enforce_fifth_power(&mut self, x: &Linear<F>, y: &Linear<F>) {
        let square = self.product(x, x);
        let fourth = self.product(&square, &square);
        self.enforce(&fourth, x, y);
    }
}

fn fifth_power<F: PrimeField>(x: F) -> F {
    x.square().square() * x
}

fn layer<F: PrimeField, const T: usize>(
    matrix: &[[F; T]; T],
    state: &[Linear<F>; T],
) -> [Linear<F>; T] {
    array::from_fn(|i| Linear::weighted(matrix[i].iter().copied().zip(state)))
}

/// circ(2·M4, M4, ..., M4), and M4 at width 4.
fn external_matrix<F: PrimeField, const T: usize>() -> [[F; T]; T] {
    array::from_fn(|i| {
        array::from_fn(|j| {
            let factor = if T > 4 && i / 4 == j / 4 { 2 } else { 1 };
            F::from(factor * M4[i % 4][j % 4])
        })
    })
}

/// Gauss-Jordan elimination.
fn inverse<F: PrimeField, const T: usize>(mut matrix: [[F; T]; T]) -> [[F; T]; T] {
    let mut inverse: [[F; T]; T] = array::from_fn(|i| array::from_fn(|j| F::from(i == j)));
    for column in 0..T {
        let pivot = (column..T)
            .find(|&row| !matrix[row][column].is_zero())
            .expect("an external matrix is invertible");
        matrix.swap(column, pivot);
        inverse.swap(column, pivot);
        let scale = matrix[column][column]
            .inverse()
            .expect("a pivot is not zero");
        for row in [&mut matrix, &mut inverse] {
            row[column].iter_mut().for_each(|x| *x *= scale);
        }
        for row in (0..T).filter(|&row| row != column) {
            let factor = matrix[row][column];
            for sides in [&mut matrix, &mut inverse] {
                let pivot = sides[column];
                sides[row]
                    .iter_mut()
                    .zip(pivot)
                    .for_each(|(x, p)| *x -= factor * p);
            }
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::Built;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn permutes<F: Poseidon2Field, const T: usize>(internal_rounds: usize) {
        let mut rng = StdRng::seed_from_u64(1);
        for case in 0..8 {
            let input: [F; T] = array::from_fn(|i| match case {
                0 => F::zero(),
                1 => -F::one(),
                2 => F::from(i as u64),
                _ => F::rand(&mut rng),
            });
            let (built, output) = Built::new(|system| {
                let state = input.map(|x| system.wire(x));
                PermutationVar::new().permute(system, &state)
            });
            let mut expected = input;
            Poseidon2::<F, T>::default().permute(&mut expected);
            assert!(built.is_satisfied());
            assert_eq!(output.map(|x| x.value()), expected);
            assert_eq!(
                built.constraints(),
                3 * (EXTERNAL_ROUNDS * T + internal_rounds)
            );
            if case == 3 {
                assert!(built.notices_every_change(T));
            }
        }
    }

    #[test]
    fn the_gadget_is_the_permutation() {
        permutes::<ark_bn254::Fr, 4>(56);
        permutes::<ark_bn254::Fr, 8>(57);
        permutes::<ark_bn254::Fr, 16>(57);
        permutes::<ark_bls12_381::Fr, 4>(56);
        permutes::<ark_bls12_381::Fr, 8>(57);
        permutes::<ark_bls12_381::Fr, 16>(57);
    }

    #[test]
    fn the_inverse_is_one() {
        let matrix = external_matrix::<ark_bn254::Fr, 8>();
        let back = inverse(inverse(matrix));
        assert_eq!(back, matrix);
    }
}
