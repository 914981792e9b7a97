//! Batches accept what each proof alone is accepted for, and name every other.

use ark_bn254::{Bn254, Fr};
use proptest::prelude::*;
use std::sync::{Arc, OnceLock};
use taxproof_verifier::batch::{BadProofs, Batch, BatchError};
use taxproof_verifier::key::CheckedKey;
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey};

use crate::fixture::Fake;

/// Two policies under one key, and proofs that alternate between them.
struct Fixture {
    key: Arc<CheckedKey<Bn254>>,
    policies: [ReducedKey<Bn254>; 2],
    entries: Vec<(usize, CanonicalProof<Bn254>, Vec<Fr>)>,
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let fake = Fake::<Bn254>::new(3);
        let key = Arc::new(fake.checked());
        let policies = [7, -9].map(|number| {
            let inputs = [Input::Open, Input::Number(number), Input::Open];
            ReducedKey::new(Arc::clone(&key), &inputs).unwrap()
        });
        let entries = (0..9u64).map(|i| {
            let policy = i as usize % 2;
            let number = [Fr::from(7), -Fr::from(9)][policy];
            let inputs = [Fr::from(i + 100), number, Fr::from(i)];
            (policy, fake.canonical(&inputs), vec![inputs[0], inputs[2]])
        });
        let entries = entries.collect();
        Fixture {
            key,
            policies,
            entries,
        }
    })
}

impl Fixture {
    /// Verifies entries, each given by its policy, its proof's place and its inputs' place.
    fn verify(&self, entries: &[(usize, usize, usize)]) -> Result<(), BadProofs> {
        let mut batch = Batch::new(&self.key);
        for &(policy, proof, inputs) in entries {
            let open = self.entries[inputs].2.clone();
            batch
                .push(&self.policies[policy], &self.entries[proof].1, open)
                .unwrap();
        }
        batch.verify()
    }

    fn good(&self, n: usize) -> Vec<(usize, usize, usize)> {
        (0..n).map(|i| (self.entries[i].0, i, i)).collect()
    }
}

#[test]
fn good_batches_verify() {
    for n in 0..=9 {
        assert_eq!(fixture().verify(&fixture().good(n)), Ok(()), "{n} proofs");
    }
}

#[test]
fn any_single_bad_proof_is_named() {
    for n in 1..=9 {
        for bad in 0..n {
            let mut entries = fixture().good(n);
            entries[bad].2 = (bad + 2) % 9;
            let expected = Err(BadProofs(vec![bad]));
            assert_eq!(fixture().verify(&entries), expected, "{bad} of {n}");
        }
    }
}

/// Longer than the parts that a batch is tried in.
#[test]
fn bad_proofs_of_long_batches_are_named() {
    let good = || (0..40).map(|i| (fixture().entries[i % 9].0, i % 9, i % 9));
    assert_eq!(fixture().verify(&good().collect::<Vec<_>>()), Ok(()));
    let all: Vec<usize> = (0..40).collect();
    for bad in [&[0][..], &[15, 16], &[32, 39], &[3, 20, 21, 38], &all] {
        let mut entries: Vec<_> = good().collect();
        for &place in bad {
            entries[place].2 = (place + 2) % 9;
        }
        let expected = Err(BadProofs(bad.to_vec()));
        assert_eq!(fixture().verify(&entries), expected);
    }
}

#[test]
fn a_proof_for_another_policy_is_bad() {
    let mut entries = fixture().good(5);
    entries[3].0 = 0;
    assert_eq!(fixture().verify(&entries), Err(BadProofs(vec![3])));
}

#[test]
fn swapped_proofs_are_both_bad() {
    let mut entries = fixture().good(6);
    (entries[1].1, entries[3].1) = (3, 1);
    assert_eq!(fixture().verify(&entries), Err(BadProofs(vec![1, 3])));
}

#[test]
fn policies_of_another_key_and_wrong_counts_are_refused() {
    let fixture = fixture();
    let other = Arc::new(Fake::<Bn254>::new(3).checked());
    let (_, proof, open) = &fixture.entries[0];
    let mut batch = Batch::new(&other);
    let refused = batch.push(&fixture.policies[0], proof, open.clone());
    assert_eq!(refused, Err(BatchError::OtherKey));
    let mut batch = Batch::new(&fixture.key);
    for open in [vec![], vec![Fr::from(1); 3]] {
        let refused = batch.push(&fixture.policies[0], proof, open);
        assert!(matches!(refused, Err(BatchError::Count(_))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn exactly_the_bad_proofs_are_named(bad in prop::collection::vec(any::<bool>(), 1..=9)) {
        let mut entries = fixture().good(bad.len());
        for (i, _) in bad.iter().enumerate().filter(|(_, bad)| **bad) {
            entries[i].2 = (i + 2) % 9;
        }
        let named: Vec<_> = (0..bad.len()).filter(|&i| bad[i]).collect();
        let expected = if named.is_empty() { Ok(()) } else { Err(BadProofs(named)) };
        prop_assert_eq!(fixture().verify(&entries), expected);
    }
}
