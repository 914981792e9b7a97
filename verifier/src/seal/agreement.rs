//! X25519 (RFC 7748 §5) with one secret and many points, for a service that opens thousands of
//! presentations a second.
//!
//! The Montgomery ladder goes bit by bit. The same multiple is had sooner on the birationally equivalent
//! Edwards curve, where curve25519-dalek has windows and vectors, also in constant time.

use curve25519_dalek::MontgomeryPoint;
use zeroize::Zeroizing;

/// A secret and its public point, which age's keys are derived from, too.
#[derive(Clone)]
pub(super) struct Secret {
    scalar: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl Secret {
    pub(super) fn new(scalar: Zeroizing<[u8; 32]>) -> Self {
        let public = MontgomeryPoint::mul_base_clamped(*scalar).to_bytes();
        Self { scalar, public }
    }

    pub(super) const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// What is shared with whoever has this point's secret; `None` for a point of small order, with
    /// which nothing is (RFC 7748 §6.1).
    pub(super) fn shared(&self, point: [u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        let shared = self.multiple(MontgomeryPoint(point));
        // Without a branch on any byte.
        let any = shared.0.iter().fold(0, |any, byte| any | byte);
        (any != 0).then(|| Zeroizing::new(shared.to_bytes()))
    }

    fn multiple(&self, point: MontgomeryPoint) -> Zeroizing<MontgomeryPoint> {
        // Either of the two points with this coordinate: their multiples share theirs, too.
        Zeroizing::new(match point.to_edwards(0) {
            Some(point) => Zeroizing::new(point.mul_clamped(*self.scalar)).to_montgomery(),
            // A point of the twist, which nobody's key is; X25519 is defined for it all the same.
            None => point.mul_clamped(*self.scalar),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret(scalar: [u8; 32]) -> Secret {
        Secret::new(Zeroizing::new(scalar))
    }

    fn bytes(hex: &str) -> [u8; 32] {
        let bytes = hex::decode(hex).expect("hexadecimal");
        bytes.try_into().expect("32 bytes")
    }

    /// RFC 7748 §5.2.
    #[test]
    fn the_standards_own_numbers_come_out() {
        let scalar = "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4";
        let point = "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c";
        let shared = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552";
        let found = secret(bytes(scalar)).shared(bytes(point));
        assert_eq!(found.as_deref(), Some(&bytes(shared)));
        let scalar = "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d";
        let point = "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493";
        let shared = "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957";
        let found = secret(bytes(scalar)).shared(bytes(point));
        assert_eq!(found.as_deref(), Some(&bytes(shared)));
    }

    #[test]
    fn nothing_is_shared_with_a_point_of_small_order() {
        let secret = secret([7; 32]);
        let small = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ];
        for point in small {
            assert!(secret.shared(bytes(point)).is_none(), "{point}");
        }
    }

    proptest! {
        /// Half of all coordinates are the twist's.
        #[test]
        fn it_is_the_ladders_for_any_coordinate(scalar: [u8; 32], point: [u8; 32]) {
            let ladder = MontgomeryPoint(point).mul_clamped(scalar);
            prop_assert_eq!(*secret(scalar).multiple(MontgomeryPoint(point)), ladder);
        }
    }
}
