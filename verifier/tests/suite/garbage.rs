//! Nothing that arrives from outside makes the verifier panic.

use ark_bn254::Bn254;
use proptest::prelude::*;
use taxproof_verifier::key::Admission;
use taxproof_verifier::keyring::AnyVerifier;
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::receipt::SignedReceipt;
use taxproof_verifier::seal::Identity;

use crate::world::key_file;

const DEV: Admission = Admission {
    allow_dev: true,
    ceremony_keys: Vec::new(),
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(CanonicalProof::<Bn254>::from_bytes(&bytes).is_err());
        prop_assert!(AnyVerifier::open(&bytes, &DEV).is_err());
        prop_assert!(SignedReceipt::decode(&bytes).is_err());
        prop_assert!(Identity::generate().open(&bytes).is_err());
    }

    #[test]
    fn a_key_file_with_changed_bytes_is_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut file = key_file(|_, _| {});
        let shorter = &file[..cut.index(file.len())];
        prop_assert!(AnyVerifier::open(shorter, &DEV).is_err());
        let good = file.clone();
        for (at, by) in changes {
            file[at.index(good.len())] ^= by;
        }
        prop_assert!(file == good || AnyVerifier::open(&file, &DEV).is_err());
    }
}
