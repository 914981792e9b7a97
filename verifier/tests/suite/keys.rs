//! Which key files are admitted.

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::{KeyFileError, KeyFingerprint, KeyHeader, KeyKind, Provenance};
use taxproof_claims::shape::Q16S;
use taxproof_verifier::config::ConfigError;
use taxproof_verifier::key::{Admission, AdmittedKey, KeyRefused, WeakKey};

use crate::world::{Authority, create, key_file};

const DEV: Admission = Admission {
    allow_dev: true,
    ceremony_keys: Vec::new(),
};

fn open(broken: impl FnOnce(&mut KeyHeader, &mut Vec<u8>)) -> Result<(), KeyRefused> {
    AdmittedKey::<Bn254>::open(&key_file(broken), &DEV).map(|_| ())
}

/// A body that the header's digests fit again, so that only the points can betray it.
fn reseal(header: &mut KeyHeader, body: &[u8]) {
    header.body = KeyHeader::body_digest(body);
    header.body_length = body.len() as u64;
    header.fingerprint = KeyFingerprint::of(body);
}

#[test]
fn a_good_key_is_admitted() {
    let file = key_file(|_, _| {});
    let key = AdmittedKey::<Bn254>::open(&file, &DEV).unwrap();
    assert_eq!(key.key().fingerprint(), key.header().fingerprint);
}

#[test]
fn a_dev_key_is_admitted_only_when_told() {
    let file = key_file(|_, _| {});
    let refused = AdmittedKey::<Bn254>::open(&file, &Admission::default());
    assert_eq!(refused.unwrap_err(), KeyRefused::Dev);
    let transcript = Digest([1; 32]);
    let ceremony = key_file(|h, _| h.provenance = Provenance::Ceremony(transcript));
    // A dev key whose header claims a ceremony is no better than its header.
    let refused = AdmittedKey::<Bn254>::open(&ceremony, &Admission::default());
    let (header, _) = KeyHeader::peek(&ceremony).unwrap();
    let key = header.fingerprint;
    assert_eq!(
        refused.unwrap_err(),
        KeyRefused::Ceremony { key, transcript }
    );
    let listed = |key| Admission {
        allow_dev: false,
        ceremony_keys: vec![key],
    };
    // Listed is the key, and not a ceremony of which any key may call itself.
    let other = listed(KeyFingerprint(transcript));
    assert!(AdmittedKey::<Bn254>::open(&ceremony, &other).is_err());
    assert!(AdmittedKey::<Bn254>::open(&ceremony, &listed(key)).is_ok());

    let folder = tempfile::tempdir().unwrap();
    let refused = create(folder.path(), &Authority::new(), &file, false);
    assert!(matches!(
        refused,
        Err(ConfigError::Key {
            why: KeyRefused::Dev,
            ..
        })
    ));
    // What was refused left nothing behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn foreign_and_damaged_files_are_refused() {
    let refused = |broken: fn(&mut KeyHeader, &mut Vec<u8>)| open(broken).unwrap_err();
    let file = |error| matches!(error, KeyRefused::File(_));
    assert!(file(refused(|h, _| h.kind = KeyKind::Proving)));
    assert!(matches!(
        refused(|h, _| h.circuit.0[0] ^= 1),
        KeyRefused::File(KeyFileError::Circuit { .. })
    ));
    assert!(file(refused(|h, _| h.shape = Q16S)));
    let damages: [fn(&mut Vec<u8>); 3] =
        [|b| b[40] ^= 1, |b| b.push(0), |b| b.truncate(b.len() - 1)];
    for damage in damages {
        let damaged = open(|_, body| damage(body)).unwrap_err();
        assert_eq!(damaged, KeyRefused::File(KeyFileError::Damaged));
    }
    assert_eq!(
        refused(|h, _| h.fingerprint.0.0[0] ^= 1),
        KeyRefused::Fingerprint
    );
    let other = AdmittedKey::<Bls12_381>::open(&key_file(|_, _| {}), &DEV).unwrap_err();
    assert!(matches!(
        other,
        KeyRefused::File(KeyFileError::Curve { .. })
    ));
}

#[test]
fn a_whole_file_with_weak_points_is_refused() {
    let weak = |error| matches!(error, KeyRefused::Weak(_));
    let delta_is_gamma = open(|header, body| {
        let gamma = body[32 + 64..32 + 128].to_vec();
        body[32 + 128..32 + 192].copy_from_slice(&gamma);
        reseal(header, body);
    });
    assert_eq!(delta_is_gamma, Err(KeyRefused::Weak(WeakKey::GammaIsDelta)));
    assert!(weak(
        open(|header, body| {
            body.push(0);
            reseal(header, body);
        })
        .unwrap_err()
    ));
    assert!(weak(
        open(|header, body| {
            body.truncate(body.len() - 32);
            reseal(header, body);
        })
        .unwrap_err()
    ));
}
