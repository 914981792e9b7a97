//! Field elements as little-endian numbers, plain or times a power of R.
//!
//! R is 2^64 to the number of words, as in Montgomery's multiplication. Points are stored with
//! each coordinate times R, a key's coefficients times R².

use ark_ff::{BigInteger, PrimeField};

use crate::FormatError;
use crate::container::Cursor;

/// Bytes of an element: whole words.
pub(crate) fn width<F: PrimeField>() -> usize {
    (F::MODULUS_BIT_SIZE as usize).div_ceil(64) * 8
}

/// The element as a number.
pub(crate) fn encode<F: PrimeField>(element: F) -> Vec<u8> {
    element.into_bigint().to_bytes_le()
}

/// The element of [`width`] bytes, if they are a number below the field's order.
pub(crate) fn decode<F: PrimeField>(bytes: &[u8]) -> Option<F> {
    F::deserialize_compressed(bytes).ok()
}

/// R.
pub(crate) fn radix<F: PrimeField>() -> F {
    F::from(2u64).pow([8 * width::<F>() as u64])
}

/// The width and the order of a field, as the headers of all binary formats state them.
pub(crate) fn write_order<F: PrimeField>(out: &mut Vec<u8>) {
    out.extend_from_slice(&(width::<F>() as u32).to_le_bytes());
    out.extend_from_slice(&F::MODULUS.to_bytes_le());
}

/// Refuses another field's width or order.
pub(crate) fn expect_order<F: PrimeField>(
    cursor: &mut Cursor<'_>,
    curve: &'static str,
) -> Result<(), FormatError> {
    let width = cursor.u32()? as usize;
    if width != self::width::<F>() || cursor.take(width)? != F::MODULUS.to_bytes_le() {
        return Err(FormatError::Curve(curve));
    }
    Ok(())
}
