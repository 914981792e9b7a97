//! The quotient's points in snarkjs' form.
//!
//! arkworks holds h_k = τ^k·Z(τ)/δ for k below n − 1 and multiplies them by the coefficients of
//! H = (A·B − C)/Z, Z = X^n − 1. snarkjs takes P = A·B − C at the odd powers x_i = ω^(2i+1) of a
//! root ω of order 2n and multiplies by L_i(τ)/δ, where L_i is the Lagrange polynomial of x_i over
//! all powers of ω. P vanishes at the even ones, so L_i = Z/Z(x_i)·ℓ_i with ℓ_i the Lagrange
//! polynomial of x_i over the odd ones alone; Z(x_i) = ω^n − 1 = −2, and
//! ℓ_i = 1/n·Σ_k (X/x_i)^k. With w = ω² that is
//!
//! L_i(τ)/δ = −1/(2n)·Σ_k (ω^−k·h_k)·w^−ik,   h_k = −2·ω^k·Σ_i (L_i(τ)/δ)·w^ik:
//!
//! a transform of points each way. The sum runs to k = n − 1, and arkworks has no h_(n−1). It is
//! never needed, for H has degree n − 2 at most: the identity stands in for it, and makes the same
//! proofs.

use ark_ec::CurveGroup;
use ark_ff::Field;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rayon::prelude::*;

use crate::curve;

type Scalar<G> = <G as ark_ec::PrimeGroup>::ScalarField;

/// arkworks' points to snarkjs', one for each element of a domain of `size`. `None` for domains
/// that either library has not, or of another size than the points'.
pub(crate) fn from_powers<G: CurveGroup>(
    powers: &[G::Affine],
    size: usize,
) -> Option<Vec<G::Affine>> {
    let (domain, stride, root) = parameters::<G>(size)?;
    if powers.len() + 1 != size {
        return None;
    }
    // The inverse transform divides by n.
    let half = -Scalar::<G>::from(2u64).inverse()?;
    let mut points: Vec<G> = powers.iter().map(|&point| point.into()).collect();
    points.push(G::zero());
    multiply_by_powers(&mut points, half, root.inverse()?);
    domain.ifft_in_place(&mut points);
    let points = G::normalize_batch(&points);
    // snarkjs' i-th power is arkworks' j-th where i = j·stride.
    let mut permuted = points.clone();
    for (j, point) in points.into_iter().enumerate() {
        permuted[j * stride % size] = point;
    }
    Some(permuted)
}

/// snarkjs' points to arkworks'. `None` as of [`from_powers`].
pub(crate) fn to_powers<G: CurveGroup>(points: &[G::Affine]) -> Option<Vec<G::Affine>> {
    let size = points.len();
    let (domain, stride, root) = parameters::<G>(size)?;
    let mut powers: Vec<G> = (0..size)
        .map(|j| points[j * stride % size].into())
        .collect();
    domain.fft_in_place(&mut powers);
    powers.pop();
    multiply_by_powers(&mut powers, -Scalar::<G>::from(2u64), root);
    Some(G::normalize_batch(&powers))
}

/// arkworks' domain, what permutes its elements to snarkjs', and ω.
fn parameters<G: CurveGroup>(
    size: usize,
) -> Option<(Radix2EvaluationDomain<Scalar<G>>, usize, Scalar<G>)> {
    let domain = Radix2EvaluationDomain::new(size).filter(|domain| domain.size() == size)?;
    let root = curve::root_of_unity::<Scalar<G>>(size.trailing_zeros() + 1)?;
    Some((domain, curve::row_stride::<Scalar<G>>(size)?, root))
}

/// Multiplies the k-th point by first·base^k.
fn multiply_by_powers<G: CurveGroup>(points: &mut [G], first: Scalar<G>, base: Scalar<G>) {
    const SERIAL: usize = 64;
    points
        .par_chunks_mut(SERIAL)
        .enumerate()
        .for_each(|(chunk, points)| {
            let mut factor = first * base.pow([(chunk * SERIAL) as u64]);
            for point in points {
                *point *= factor;
                factor *= base;
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::AffineRepr;
    use ark_ff::{FftField, UniformRand};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    /// L_i(τ) over all powers of ω, as the definition says.
    fn lagrange<F: FftField>(root: F, size: usize, i: usize, tau: F) -> F {
        let x = |j: usize| root.pow([j as u64]);
        (0..2 * size)
            .filter(|&j| j != 2 * i + 1)
            .map(|j| (tau - x(j)) / (x(2 * i + 1) - x(j)))
            .product()
    }

    /// With the last power known, the points are those of the definition; without it, they differ
    /// from them by a multiple of that power alone.
    fn follows_the_definition<G: CurveGroup>() {
        let rng = &mut StdRng::seed_from_u64(1);
        let (size, tau) = (8usize, Scalar::<G>::rand(rng));
        let z = tau.pow([size as u64]) - Scalar::<G>::ONE;
        let generator = G::generator();
        let power = |k: usize| generator * (tau.pow([k as u64]) * z);
        let powers: Vec<_> = (0..size - 1).map(|k| power(k).into_affine()).collect();
        let points = from_powers::<G>(&powers, size).unwrap();
        let root = curve::root_of_unity::<Scalar<G>>(4).unwrap();
        let scale = -Scalar::<G>::from(2 * size as u64).inverse().unwrap();
        for (i, point) in points.iter().enumerate() {
            let x = root.pow([2 * i as u64 + 1]);
            let last = power(size - 1) * (scale / x.pow([size as u64 - 1]));
            let expected = generator * lagrange(root, size, i, tau) - last;
            assert_eq!(point.into_group(), expected, "{i}");
        }
        assert_eq!(to_powers::<G>(&points).unwrap(), powers);
    }

    #[test]
    fn points_follow_the_definition_over_bn254() {
        follows_the_definition::<ark_bn254::G1Projective>();
    }

    #[test]
    fn points_follow_the_definition_over_bls12_381() {
        follows_the_definition::<ark_bls12_381::G1Projective>();
    }

    #[test]
    fn other_sizes_have_no_points() {
        let point = ark_bn254::G1Affine::zero();
        assert_eq!(from_powers::<ark_bn254::G1Projective>(&[point; 4], 4), None);
        assert_eq!(to_powers::<ark_bn254::G1Projective>(&[point; 3]), None);
        assert_eq!(to_powers::<ark_bn254::G1Projective>(&[]), None);
    }
}
