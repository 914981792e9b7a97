//! The Poseidon2 permutation over both curves' scalar fields, for the widths 4, 8 and 16.
//!
//! S-box x^5, 8 external rounds, 56 internal rounds at width 4 and 57 at 8 and 16; the external
//! matrix is circ(2·M4, M4, ..., M4), the internal one 1 + diag. As in the paper
//! ([eprint 2023/323](https://eprint.iacr.org/2023/323)), an external linear layer comes first.
//!
//! # Constants
//! `params/poseidon2.py` generates them by the procedure of the paper's authors. Its BN254 tables
//! make the permutation of the crate `taceo-poseidon2`, and its BLS12-381 tables at widths 4 and 8
//! are those that the authors published with the S-box coded as 0 in the generator's seed (a later
//! version of their script codes it as 1). Width 16 over BLS12-381 was published nowhere: it comes
//! from the same procedure.
//!
//! # Many states
//! [`permute_all`], [`compress_all`] and [`absorb_all`] take many states at once, for BN254 in the
//! lanes of AVX512-IFMA or AVX2 where the processor has them.
//!
//! # Caution!
//! This is a permutation, not a hash: capacity, padding and feed-forward are the caller's.

#[cfg(any(target_arch = "x86_64", test))]
mod blocks;
mod bls12_381;
mod bn254;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod lanes;
mod many;
#[cfg(test)]
mod tests;

use ark_ff::{BigInt, BigInteger as _, Fp, MontBackend, MontConfig, MontFp, PrimeField};

use crate::kernels::Kernels;
pub use many::{absorb_all, compress_all, permute_all};

/// Rounds with an S-box on every element, half of them before and half after the internal ones.
pub const EXTERNAL_ROUNDS: usize = 8;

/// A field that has constants.
pub trait Poseidon2Field: PrimeField {
    /// The constants of a width, or none.
    #[doc(hidden)]
    fn constants(width: usize) -> Option<&'static Constants<Self>>;

    /// A whole number as an element, at a fraction of what `From` costs.
    fn from_small(n: u64) -> Self {
        Self::from(n)
    }

    /// Permutes as many states from the first on as the kernels have lanes for, and says how many.
    #[doc(hidden)]
    fn permute_in_lanes<const T: usize>(_kernels: Kernels, _states: &mut [[Self; T]]) -> usize {
        0
    }
}

impl Poseidon2Field for ark_bn254::Fr {
    fn constants(width: usize) -> Option<&'static Constants<Self>> {
        match width {
            4 => Some(&bn254::WIDTH_4),
            8 => Some(&bn254::WIDTH_8),
            16 => Some(&bn254::WIDTH_16),
            _ => None,
        }
    }

    fn from_small(n: u64) -> Self {
        const UNIT: ark_bn254::Fr = MontFp!("18446744073709551616");
        times_small(&UNIT, n)
    }

    fn permute_in_lanes<const T: usize>(kernels: Kernels, states: &mut [[Self; T]]) -> usize {
        lanes::permute(kernels, states)
    }
}

impl Poseidon2Field for ark_bls12_381::Fr {
    fn constants(width: usize) -> Option<&'static Constants<Self>> {
        match width {
            4 => Some(&bls12_381::WIDTH_4),
            8 => Some(&bls12_381::WIDTH_8),
            16 => Some(&bls12_381::WIDTH_16),
            _ => None,
        }
    }

    fn from_small(n: u64) -> Self {
        const UNIT: ark_bls12_381::Fr = MontFp!("18446744073709551616");
        times_small(&UNIT, n)
    }
}

/// `unit·n / 2^64`: one limb is reduced, where a product of elements has four. The field's order is below
/// 2^255.
fn times_small<C: MontConfig<4>>(
    unit: &Fp<MontBackend<C, 4>, 4>,
    n: u64,
) -> Fp<MontBackend<C, 4>, 4> {
    let add = |sum: &mut [u64; 5], limbs: &[u64; 4], factor: u64| {
        let mut carry = 0;
        for (place, limb) in sum.iter_mut().zip(limbs) {
            // At most 2^128 - 1.
            let total = u128::from(*limb) * u128::from(factor) + u128::from(*place) + carry;
            *place = total as u64;
            carry = total >> 64;
        }
        sum[4] += carry as u64;
    };
    let mut sum = [0; 5];
    add(&mut sum, &unit.0.0, n);
    let factor = sum[0].wrapping_mul(C::INV);
    add(&mut sum, &C::MODULUS.0, factor);
    let mut reduced = BigInt([sum[1], sum[2], sum[3], sum[4]]);
    if reduced >= C::MODULUS {
        reduced.sub_with_borrow(&C::MODULUS);
    }
    Fp::new_unchecked(reduced)
}

/// The generated tables of one field and width, rows one after the other.
#[doc(hidden)]
#[derive(Debug)]
pub struct Constants<F: 'static> {
    external: &'static [F],
    internal: &'static [F],
    diagonal_minus_one: &'static [F],
}

/// The permutation of `T` field elements. A handle: making one costs nothing.
///
/// `T` is 4, 8 or 16; another width does not compile.
#[derive(Debug, Clone, Copy)]
pub struct Poseidon2<F: 'static, const T: usize> {
    external: &'static [[F; T]],
    internal: &'static [F],
    diagonal_minus_one: &'static [F; T],
}

impl<F: Poseidon2Field, const T: usize> Poseidon2<F, T> {
    /// Permutes the state.
    pub fn permute(&self, state: &mut [F; T]) {
        let (first, last) = self.external.split_at(EXTERNAL_ROUNDS / 2);
        external_layer(state);
        first
            .iter()
            .for_each(|constants| external_round(state, constants));
        self.internal
            .iter()
            .for_each(|constant| self.internal_round(state, constant));
        last.iter()
            .for_each(|constants| external_round(state, constants));
    }

    /// Round constants of the external rounds, in order.
    pub fn external(&self) -> &'static [[F; T]] {
        self.external
    }

    /// Round constants of the internal rounds, in order, each for the first element.
    pub fn internal(&self) -> &'static [F] {
        self.internal
    }

    /// `μ` of the internal layer: element i becomes `μ[i]·element + Σ elements`.
    pub fn diagonal_minus_one(&self) -> &'static [F; T] {
        self.diagonal_minus_one
    }

    fn internal_round(&self, state: &mut [F; T], constant: &F) {
        state[0] += constant;
        sbox(&mut state[0]);
        let sum: F = state.iter().sum();
        for (element, factor) in state.iter_mut().zip(self.diagonal_minus_one) {
            *element *= factor;
            *element += sum;
        }
    }
}

impl<F: Poseidon2Field, const T: usize> Default for Poseidon2<F, T> {
    fn default() -> Self {
        const { assert!(T == 4 || T == 8 || T == 16, "no Poseidon2 of this width") }
        let constants = F::constants(T).expect("a field has constants for the three widths");
        Self {
            external: constants.external.as_chunks().0,
            internal: constants.internal,
            diagonal_minus_one: constants
                .diagonal_minus_one
                .first_chunk()
                .expect("the generator writes one entry an element"),
        }
    }
}

fn external_round<F: PrimeField, const T: usize>(state: &mut [F; T], constants: &[F; T]) {
    for (element, constant) in state.iter_mut().zip(constants) {
        *element += constant;
        sbox(element);
    }
    external_layer(state);
}

fn sbox<F: PrimeField>(x: &mut F) {
    let fourth = x.square().square();
    *x *= fourth;
}

/// circ(2·M4, M4, ..., M4): M4 on each block of four, then each block plus the sum of all blocks
/// (of which there is only the one at width 4, where the matrix is M4 itself).
fn external_layer<F: PrimeField, const T: usize>(state: &mut [F; T]) {
    let (blocks, _) = state.as_chunks_mut::<4>();
    blocks.iter_mut().for_each(block_layer);
    if blocks.len() == 1 {
        return;
    }
    let mut sums = [F::zero(); 4];
    for block in blocks.iter() {
        for (sum, element) in sums.iter_mut().zip(block) {
            *sum += element;
        }
    }
    for block in blocks {
        for (element, sum) in block.iter_mut().zip(&sums) {
            *element += sum;
        }
    }
}

/// M4 = [[5, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]] in additions; the paper's
/// appendix B.
fn block_layer<F: PrimeField>(block: &mut [F; 4]) {
    let [a, b, c, d] = *block;
    let t0 = a + b;
    let t1 = c + d;
    let t2 = b.double() + t1;
    let t3 = d.double() + t0;
    let t4 = t1.double().double() + t3;
    let t5 = t0.double().double() + t2;
    *block = [t3 + t5, t5, t2 + t4, t4];
}
