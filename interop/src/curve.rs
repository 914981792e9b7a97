//! The curves that snarkjs knows.

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ec::pairing::Pairing;
use ark_ff::{LegendreSymbol, PrimeField};

use crate::point::Coordinates;

/// A pairing that snarkjs knows.
pub trait SnarkjsCurve: Pairing<G1Affine: Coordinates, G2Affine: Coordinates> {
    /// What snarkjs calls it.
    const NAME: &'static str;
}

impl SnarkjsCurve for Bn254 {
    const NAME: &'static str = "bn128";
}

impl SnarkjsCurve for Bls12_381 {
    const NAME: &'static str = "bls12381";
}

/// snarkjs' root of unity of order 2^log: a power of the least quadratic non-residue. Over BN254 it
/// is arkworks' root, over BLS12-381 another. `None` beyond the field's two-adicity.
pub(crate) fn root_of_unity<F: PrimeField>(log: u32) -> Option<F> {
    let rest = F::TWO_ADICITY.checked_sub(log)?;
    let non_residue = (2u64..)
        .map(F::from)
        .find(|n| n.legendre() == LegendreSymbol::QuadraticNonResidue)
        .expect("half of a field's elements are non-residues");
    let root = non_residue.pow(F::TRACE);
    Some((0..rest).fold(root, |root, _| root.square()))
}

/// The e with `snarkjs' root`^e = `arkworks' root`, both of order `size`: the row that arkworks
/// puts at the i-th power of its root is snarkjs' row i·e.
pub(crate) fn row_stride<F: PrimeField>(size: usize) -> Option<usize> {
    let theirs = root_of_unity::<F>(size.trailing_zeros())?;
    let ours = F::get_root_of_unity(size as u64)?;
    let mut power = F::ONE;
    (0..size).find(|_| {
        let found = power == ours;
        power *= theirs;
        found
    })
}
