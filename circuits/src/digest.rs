//! What names a circuit: a digest of its matrices, which is pinned.

use ark_ff::{BigInteger, PrimeField};
use sha2::{Digest, Sha256};
use taxproof_claims::shape::Shape;
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::matrices::{Matrices, matrices};

/// The digest of a shape's circuit over one field: see [`Matrices::digest`].
///
/// [`CircuitVersion::pinned_digest`](taxproof_claims::key::CircuitVersion::pinned_digest) holds
/// what it must be.
pub fn circuit_digest<F: Poseidon2Field>(shape: Shape) -> [u8; 32] {
    matrices::<F>(shape).digest()
}

impl<F: PrimeField> Matrices<F> {
    /// SHA-256 of the tag `taxproof/circuit/1`, the field's order, the numbers of instance columns,
    /// witness columns and constraints, then A, B and C: for each row the number of its entries and
    /// for each entry its column and its coefficient. Integers are 8 bytes, field elements as many
    /// as the order, all big-endian.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"taxproof/circuit/1");
        hash.update(F::MODULUS.to_bytes_be());
        for count in [self.instance, self.witness, self.constraints()] {
            hash.update((count as u64).to_be_bytes());
        }
        for row in self.abc.iter().flatten() {
            hash.update((row.len() as u64).to_be_bytes());
            for (coefficient, column) in row {
                hash.update((*column as u64).to_be_bytes());
                hash.update(coefficient.into_bigint().to_bytes_be());
            }
        }
        hash.finalize().into()
    }
}
