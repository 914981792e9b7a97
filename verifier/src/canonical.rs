//! Points as the one encoding that each has.
//!
//! The compressed encoding of arkworks is strict about curve and subgroup, but reads past trailing
//! bytes and takes an infinity flag beside any x. Here a point is read from exactly its bytes, and
//! writing it again must give them back. The identity is never a part of a key or of a proof.

use ark_ec::AffineRepr;

/// Why bytes are not a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAPoint {
    /// No point of the curve's group of prime order.
    #[error("not a point of the group")]
    NotInGroup,
    /// A point, but not in the encoding that it has.
    #[error("not the canonical encoding of a point")]
    NotCanonical,
    /// The identity, with which a verification equation holds by itself.
    #[error("the identity")]
    Identity,
}

/// Bytes of a point of `G`.
pub(crate) fn length<G: AffineRepr>() -> usize {
    G::zero().compressed_size()
}

/// The point of [`length`] bytes.
pub(crate) fn point<G: AffineRepr>(bytes: &[u8]) -> Result<G, NotAPoint> {
    of(G::deserialize_compressed(bytes).ok(), bytes)
}

/// The point that was read from some bytes as arkworks reads it, if these are its encoding.
pub(crate) fn of<G: AffineRepr>(read: Option<G>, bytes: &[u8]) -> Result<G, NotAPoint> {
    let point = read.ok_or(NotAPoint::NotInGroup)?;
    let mut again = Vec::with_capacity(bytes.len());
    point
        .serialize_compressed(&mut again)
        .map_err(|_| NotAPoint::NotCanonical)?;
    if again != bytes {
        return Err(NotAPoint::NotCanonical);
    }
    not_identity(point)
}

/// The point itself, if it is in the group of prime order and not the identity.
pub(crate) fn check<G: AffineRepr>(point: G) -> Result<G, NotAPoint> {
    point.check().map_err(|_| NotAPoint::NotInGroup)?;
    not_identity(point)
}

fn not_identity<G: AffineRepr>(point: G) -> Result<G, NotAPoint> {
    if point.is_zero() {
        Err(NotAPoint::Identity)
    } else {
        Ok(point)
    }
}
