//! Points as their affine coordinates, each times R; zeros are the point at infinity.

use std::marker::PhantomData;

use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use rayon::prelude::*;

use crate::FormatError;
use crate::element;

/// Points that can be made of coordinates.
pub trait Coordinates: AffineRepr {
    /// The point (x, y).
    ///
    /// # What is not checked
    /// That it is on the curve and in the group.
    fn from_coordinates_unchecked(x: Self::BaseField, y: Self::BaseField) -> Self;
}

impl<P: SWCurveConfig> Coordinates for Affine<P> {
    fn from_coordinates_unchecked(x: P::BaseField, y: P::BaseField) -> Self {
        Self::new_unchecked(x, y)
    }
}

type Prime<G> = <<G as AffineRepr>::BaseField as Field>::BasePrimeField;

/// How points of a group are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encoding<G: AffineRepr> {
    radix: Prime<G>,
    inverse: Prime<G>,
    group: PhantomData<G>,
}

impl<G: Coordinates> Encoding<G> {
    pub(crate) fn new() -> Self {
        let radix = element::radix::<Prime<G>>();
        Self {
            radix,
            inverse: radix.inverse().expect("a power of two is not zero"),
            group: PhantomData,
        }
    }

    /// Bytes of a point.
    pub(crate) fn size() -> usize {
        2 * Self::coordinate()
    }

    fn coordinate() -> usize {
        element::width::<Prime<G>>() * G::BaseField::extension_degree() as usize
    }

    pub(crate) fn write(&self, point: &G, out: &mut Vec<u8>) {
        let Some((x, y)) = point.xy() else {
            out.resize(out.len() + Self::size(), 0);
            return;
        };
        for coordinate in [x, y] {
            for part in coordinate.to_base_prime_field_elements() {
                out.extend(element::encode(part * self.radix));
            }
        }
    }

    pub(crate) fn write_all(&self, points: &[G]) -> Vec<u8> {
        let pieces = points.par_chunks(256).map(|points| {
            let mut piece = Vec::with_capacity(points.len() * Self::size());
            points
                .iter()
                .for_each(|point| self.write(point, &mut piece));
            piece
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// The point of [`Self::size`] bytes, if they are one of the group.
    pub(crate) fn read(&self, bytes: &[u8], name: &'static str) -> Result<G, FormatError> {
        if bytes.iter().all(|&byte| byte == 0) {
            return Ok(G::zero());
        }
        let (x, y) = bytes.split_at(Self::coordinate());
        let (x, y) = (self.field(x), self.field(y));
        let (x, y) = x.zip(y).ok_or(FormatError::Element(name))?;
        checked(x, y).ok_or(FormatError::Point(name))
    }

    /// As many points as there are bytes for.
    pub(crate) fn read_all(&self, bytes: &[u8], name: &'static str) -> Result<Vec<G>, FormatError> {
        bytes
            .par_chunks_exact(Self::size())
            .map(|bytes| self.read(bytes, name))
            .collect()
    }

    fn field(&self, bytes: &[u8]) -> Option<G::BaseField> {
        let parts = bytes.chunks(element::width::<Prime<G>>());
        let parts: Option<Vec<Prime<G>>> = parts.map(element::decode).collect();
        G::BaseField::from_base_prime_field_elems(
            parts?.into_iter().map(|part| part * self.inverse),
        )
    }
}

/// The point (x, y), if it is one of the group. (0, 0) is on neither curve.
pub(crate) fn checked<G: Coordinates>(x: G::BaseField, y: G::BaseField) -> Option<G> {
    let point = G::from_coordinates_unchecked(x, y);
    let point = (x, y) != (G::BaseField::ZERO, G::BaseField::ZERO) && point.check().is_ok();
    point.then(|| G::from_coordinates_unchecked(x, y))
}

/// The degree of a group's field over its prime field: 1 for G1, 2 for G2.
pub(crate) fn degree<G: AffineRepr>() -> usize
where
    Prime<G>: PrimeField,
{
    G::BaseField::extension_degree() as usize
}
