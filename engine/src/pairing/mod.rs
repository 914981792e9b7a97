//! Pairings for verifiers: over BN254 by AVX512-IFMA or AVX2 where the processor has them, else by
//! arkworks.
//!
//! With AVX512-IFMA the lines of eight points of G2 are found in eight lanes, and an element of Fq12
//! is spread over the lanes of one vector pair, so that a single verification gains as much as a
//! batch. With AVX2 each lane has pairs of its own, and only many pairs gain. Values
//! after [`EnginePairing::exponentiate`] are those of arkworks, whatever the kernels; values before
//! it may differ from them by factors in smaller fields.
//!
//! # Caution!
//! Points must be in their groups of prime order, as those are that [`EnginePairing::read_g1`] and
//! [`EnginePairing::read_g2`] give: nothing else here checks it.

#[cfg(target_arch = "x86_64")]
mod blocks;
mod coefficients;
#[cfg(target_arch = "x86_64")]
mod element;
#[cfg(target_arch = "x86_64")]
mod exponentiation;
#[cfg(target_arch = "x86_64")]
mod extension;
#[cfg(target_arch = "x86_64")]
mod lines;
#[cfg(target_arch = "x86_64")]
mod points;
#[cfg(target_arch = "x86_64")]
mod scaling;
#[cfg(target_arch = "x86_64")]
mod target;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use ark_bls12_381::Bls12_381;
#[cfg(target_arch = "x86_64")]
use ark_bn254::Config;
use ark_bn254::{Bn254, Fq12, Fr, G1Affine, G1Projective, G2Affine, g1};
#[cfg(target_arch = "x86_64")]
use ark_ec::bn::BnConfig as _;
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ec::{AffineRepr, VariableBaseMSM};
use ark_ff::Field;
use rayon::prelude::*;

pub use coefficients::Coefficient;

use crate::kernels::{Kernels, Path};
#[cfg(target_arch = "x86_64")]
use crate::lanes::Ifma;
use crate::lanes::LANES;
use crate::msm::{Budget, FixedBases};

/// A pairing whose parts can be had by kernels.
pub trait EnginePairing: Pairing {
    /// A point of G2 as the lines of its Miller loop.
    type Lines: Clone + Debug + Send + Sync;

    /// The points of G1 of some compressed encodings, as arkworks reads and checks each.
    fn read_g1(kernels: Kernels, encodings: &[&[u8]]) -> Vec<Option<Self::G1Affine>>;

    /// The same for G2.
    fn read_g2(kernels: Kernels, encodings: &[&[u8]]) -> Vec<Option<Self::G2Affine>>;

    /// A coefficient as a scalar.
    fn coefficient(coefficient: Coefficient) -> Self::ScalarField;

    /// Points times a coefficient each, spread over the current rayon pool.
    fn scale(
        kernels: Kernels,
        points: &[Self::G1Affine],
        by: &[Coefficient],
    ) -> Vec<Self::G1Affine>;

    /// The sum of points times a coefficient each.
    fn combine(kernels: Kernels, points: &[Self::G1Affine], by: &[Coefficient]) -> Self::G1;

    /// The lines of a point.
    fn lines(kernels: Kernels, point: Self::G2Affine) -> Self::Lines;

    /// The product of Miller loops; pairs with an identity count as one.
    fn multiply_lines(pairs: &[(Self::G1Affine, &Self::Lines)]) -> Self::TargetField;

    /// The product of the Miller loops of each `together` pairs in a row, spread over the current
    /// rayon pool; pairs with an identity count as one.
    ///
    /// # Panics
    /// Where `together` is zero.
    fn miller_loops(
        kernels: Kernels,
        pairs: &[(Self::G1Affine, Self::G2Affine)],
        together: usize,
    ) -> Vec<Self::TargetField>;

    /// The final exponentiation, or none of zero.
    fn exponentiate(kernels: Kernels, value: Self::TargetField) -> Option<Self::TargetField>;
}

/// The product of pairings.
pub fn multi_pairing<E: EnginePairing>(
    kernels: Kernels,
    pairs: &[(E::G1Affine, E::G2Affine)],
) -> Option<E::TargetField> {
    let lines: Vec<_> = pairs.iter().map(|(_, q)| E::lines(kernels, *q)).collect();
    let pairs: Vec<_> = pairs.iter().map(|(p, _)| *p).zip(&lines).collect();
    E::exponentiate(kernels, E::multiply_lines(&pairs))
}

/// Lines over BN254 for the kernels that they were made for.
#[derive(Debug, Clone)]
pub struct Lines(Prepared);

#[derive(Debug, Clone)]
enum Prepared {
    Identity,
    Portable(<Bn254 as Pairing>::G2Prepared),
    #[cfg(target_arch = "x86_64")]
    Ifma(Ifma, Vec<lines::Line>),
}

/// The digits of 6x + 2 below the first, from the most significant.
#[cfg(target_arch = "x86_64")]
fn digits() -> impl Iterator<Item = i8> {
    Config::ATE_LOOP_COUNT.iter().rev().skip(1).copied()
}

impl EnginePairing for Bn254 {
    type Lines = Lines;

    fn read_g1(kernels: Kernels, encodings: &[&[u8]]) -> Vec<Option<G1Affine>> {
        match kernels.0 {
            #[cfg(target_arch = "x86_64")]
            Path::Ifma(ifma) => points::read_g1(ifma, encodings),
            #[cfg(target_arch = "x86_64")]
            Path::Avx2(avx2) => points::read_g1(avx2, encodings),
            _ => by_arkworks::read(encodings),
        }
    }

    fn read_g2(kernels: Kernels, encodings: &[&[u8]]) -> Vec<Option<G2Affine>> {
        match kernels.0 {
            #[cfg(target_arch = "x86_64")]
            Path::Ifma(ifma) => points::read_g2(ifma, encodings),
            #[cfg(target_arch = "x86_64")]
            Path::Avx2(avx2) => points::read_g2(avx2, encodings),
            _ => by_arkworks::read(encodings),
        }
    }

    fn coefficient(coefficient: Coefficient) -> Fr {
        coefficient.scalar::<g1::Config>()
    }

    fn scale(kernels: Kernels, points: &[G1Affine], by: &[Coefficient]) -> Vec<G1Affine> {
        let chunks = |size| points.par_chunks(size).zip(by.par_chunks(size));
        match kernels.0 {
            #[cfg(target_arch = "x86_64")]
            Path::Ifma(ifma) => chunks(LANES)
                .flat_map_iter(|(points, by)| scaling::scale_points(ifma, points, by))
                .collect(),
            #[cfg(target_arch = "x86_64")]
            Path::Avx2(avx2) if points.len() >= blocks::FEWEST_POINTS => chunks(blocks::WIDTH)
                .flat_map_iter(|(points, by)| blocks::scale_points(avx2, points, by))
                .collect(),
            _ => chunks(LANES)
                .flat_map_iter(|(points, by)| coefficients::scale(points, by))
                .collect(),
        }
    }

    fn combine(kernels: Kernels, points: &[G1Affine], by: &[Coefficient]) -> G1Projective {
        if points.len() < coefficients::FEWEST {
            return coefficients::sum(points, by);
        }
        let (points, scalars) = coefficients::halves(points, by);
        FixedBases::new(&points, Budget::NO_TABLES, kernels).msm(&scalars)
    }

    fn lines(kernels: Kernels, point: G2Affine) -> Lines {
        Lines(match kernels.0 {
            _ if point.is_zero() => Prepared::Identity,
            #[cfg(target_arch = "x86_64")]
            Path::Ifma(ifma) => {
                let [lines, ..] = lines::prepare(ifma, &[point; LANES]);
                Prepared::Ifma(ifma, lines)
            }
            _ => Prepared::Portable(point.into()),
        })
    }

    fn multiply_lines(pairs: &[(G1Affine, &Lines)]) -> Fq12 {
        let (mut points, mut prepared) = (Vec::new(), Vec::new());
        #[cfg(target_arch = "x86_64")]
        let mut vectors = (None, Vec::new());
        for (point, lines) in pairs.iter().filter(|(point, _)| !point.is_zero()) {
            match &lines.0 {
                Prepared::Identity => {}
                Prepared::Portable(lines) => {
                    points.push(*point);
                    prepared.push(lines.clone());
                }
                #[cfg(target_arch = "x86_64")]
                Prepared::Ifma(ifma, lines) => {
                    vectors.0 = Some(*ifma);
                    let evaluation = exponentiation::evaluation(*ifma, point);
                    vectors.1.push((evaluation, lines.as_slice()));
                }
            }
        }
        let portable = match points.is_empty() {
            true => Fq12::ONE,
            false => Self::multi_miller_loop(points, prepared).0,
        };
        #[cfg(target_arch = "x86_64")]
        if let (Some(ifma), pairs) = vectors {
            return portable * exponentiation::miller_loop(ifma, &pairs);
        }
        portable
    }

    fn miller_loops(
        kernels: Kernels,
        pairs: &[(G1Affine, G2Affine)],
        together: usize,
    ) -> Vec<Fq12> {
        match kernels.0 {
            #[cfg(target_arch = "x86_64")]
            Path::Ifma(ifma) => pairs
                .par_chunks(together)
                .map(|pairs| exponentiation::miller_loops(ifma, pairs))
                .collect(),
            #[cfg(target_arch = "x86_64")]
            Path::Avx2(avx2) if pairs.len() >= blocks::FEWEST_PAIRS => {
                let products: Vec<_> = pairs.chunks(together).collect();
                let at_once = blocks::at_once(products.len(), together);
                let loops = |products: &[_]| {
                    blocks::miller_loops(avx2, products)
                        .unwrap_or_else(|| by_arkworks::products::<Self>(products))
                };
                products.par_chunks(at_once).flat_map_iter(loops).collect()
            }
            _ => by_arkworks::miller_loops::<Self>(pairs, together),
        }
    }

    fn exponentiate(kernels: Kernels, value: Fq12) -> Option<Fq12> {
        match kernels.0 {
            #[cfg(target_arch = "x86_64")]
            Path::Ifma(ifma) => exponentiation::final_exponentiation(ifma, &value),
            _ => by_arkworks::exponentiate::<Self>(value),
        }
    }
}

impl EnginePairing for Bls12_381 {
    type Lines = Self::G2Prepared;

    fn read_g1(_: Kernels, encodings: &[&[u8]]) -> Vec<Option<Self::G1Affine>> {
        by_arkworks::read(encodings)
    }

    fn read_g2(_: Kernels, encodings: &[&[u8]]) -> Vec<Option<Self::G2Affine>> {
        by_arkworks::read(encodings)
    }

    fn coefficient(coefficient: Coefficient) -> Self::ScalarField {
        coefficient.scalar::<ark_bls12_381::g1::Config>()
    }

    fn scale(_: Kernels, points: &[Self::G1Affine], by: &[Coefficient]) -> Vec<Self::G1Affine> {
        let chunks = points.par_chunks(LANES).zip(by.par_chunks(LANES));
        chunks
            .flat_map_iter(|(points, by)| coefficients::scale(points, by))
            .collect()
    }

    fn combine(_: Kernels, points: &[Self::G1Affine], by: &[Coefficient]) -> Self::G1 {
        if points.len() < coefficients::FEWEST {
            return coefficients::sum(points, by);
        }
        let (points, scalars) = coefficients::halves(points, by);
        Self::G1::msm_unchecked(&points, &scalars)
    }

    fn lines(_: Kernels, point: Self::G2Affine) -> Self::Lines {
        point.into()
    }

    fn multiply_lines(pairs: &[(Self::G1Affine, &Self::Lines)]) -> Self::TargetField {
        let points = pairs.iter().map(|(point, _)| *point);
        Self::multi_miller_loop(points, pairs.iter().map(|(_, lines)| (*lines).clone())).0
    }

    fn miller_loops(
        _: Kernels,
        pairs: &[(Self::G1Affine, Self::G2Affine)],
        together: usize,
    ) -> Vec<Self::TargetField> {
        by_arkworks::miller_loops::<Self>(pairs, together)
    }

    fn exponentiate(_: Kernels, value: Self::TargetField) -> Option<Self::TargetField> {
        by_arkworks::exponentiate::<Self>(value)
    }
}

mod by_arkworks {
    use super::*;

    pub(super) fn read<G: AffineRepr>(encodings: &[&[u8]]) -> Vec<Option<G>> {
        let read = |encoding: &&[u8]| G::deserialize_compressed(*encoding).ok();
        encodings.iter().map(read).collect()
    }

    pub(super) fn miller_loops<E: Pairing>(
        pairs: &[(E::G1Affine, E::G2Affine)],
        together: usize,
    ) -> Vec<E::TargetField> {
        pairs.par_chunks(together).map(product::<E>).collect()
    }

    pub(super) fn products<E: Pairing>(
        products: &[&[(E::G1Affine, E::G2Affine)]],
    ) -> Vec<E::TargetField> {
        products.iter().map(|pairs| product::<E>(pairs)).collect()
    }

    fn product<E: Pairing>(pairs: &[(E::G1Affine, E::G2Affine)]) -> E::TargetField {
        let (points, others): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        E::multi_miller_loop(points, others).0
    }

    pub(super) fn exponentiate<E: Pairing>(value: E::TargetField) -> Option<E::TargetField> {
        E::final_exponentiation(MillerLoopOutput(value)).map(|output| output.0)
    }
}
