use std::time::Instant;

use ark_bls12_381::Bls12_381;
use ark_bn254::{Bn254, G2Affine};
use ark_groth16::VerifyingKey;
use ark_serialize::{CanonicalDeserialize as _, CanonicalSerialize as _};
use taxproof_circuits::matrices;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::{KeyFileError, KeyFingerprint, KeyHeader, KeyKind, Provenance};
use taxproof_claims::shape::{Q16, Q32};
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_prover::prover::Prover;
use taxproof_prover::proving_key::{ProvingKeyError, admission, verifying_key_bytes};

use crate::bank::Keys;
use crate::bureau::Bureau;
use crate::wallets::wallet_of;

/// Bytes of BN254's points in a body.
const G1: usize = 64;
const G2: usize = 128;
const BETA_2: usize = 3 * G1;
const GAMMA_2: usize = BETA_2 + G2;
const DELTA_2: usize = GAMMA_2 + G2;
const IC: usize = DELTA_2 + G2;

fn refusal<E: Keys>(file: &[u8]) -> ProvingKeyError
where
    E::ScalarField: Poseidon2Field,
{
    Prover::<E>::admit(file).map(|_| ()).unwrap_err()
}

/// A key file with other points, as somebody writes it who computes every digest anew.
fn rewritten(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let (mut header, body) = KeyHeader::peek(&Bn254::keys().proving).unwrap();
    let mut body = body.to_vec();
    change(&mut body);
    if let Some(key) = verifying_key(&body) {
        header.fingerprint = KeyFingerprint::of(&verifying_key_bytes(&key));
    }
    header.body = KeyHeader::body_digest(&body);
    header.body_length = body.len() as u64;
    [header.encode(), body].concat()
}

fn verifying_key(body: &[u8]) -> Option<VerifyingKey<Bn254>> {
    let inputs = matrices::<ark_bn254::Fr>(Q16).instance;
    let g1 = |at: usize| ark_bn254::G1Affine::deserialize_uncompressed(&body[at..at + G1]).ok();
    let g2 = |at: usize| G2Affine::deserialize_uncompressed(&body[at..at + G2]).ok();
    Some(VerifyingKey {
        alpha_g1: g1(0)?,
        beta_g2: g2(BETA_2)?,
        gamma_g2: g2(GAMMA_2)?,
        delta_g2: g2(DELTA_2)?,
        gamma_abc_g1: (0..inputs)
            .map(|i| g1(IC + i * G1))
            .collect::<Option<_>>()?,
    })
}

fn copy(body: &mut [u8], from: usize, to: usize, length: usize) {
    body.copy_within(from..from + length, to);
}

fn keys_are_marked_and_load_fast<E: Keys>()
where
    E::ScalarField: Poseidon2Field,
{
    let files = E::keys();
    for (file, kind) in [
        (&files.proving, KeyKind::Proving),
        (&files.verifying, KeyKind::Verifying),
    ] {
        let (header, _) = KeyHeader::open(file, kind, E::CURVE).unwrap();
        assert_eq!(header.provenance, Provenance::Dev);
        assert_eq!(header.fingerprint, files.fingerprint);
        assert_eq!(header.shape, Q16);
    }
    let (_, body) = KeyHeader::open(&files.verifying, KeyKind::Verifying, E::CURVE).unwrap();
    assert_eq!(KeyFingerprint::of(body), files.fingerprint);
    let key = VerifyingKey::<E>::deserialize_compressed(body).unwrap();
    assert_eq!(verifying_key_bytes(&key), body);

    let bureau = Bureau::new();
    let (_folder, wallet) = wallet_of(&bureau);
    let mut times = vec![];
    for _ in 0..4 {
        let start = Instant::now();
        wallet.prover::<E>(&files.proving).unwrap();
        times.push(start.elapsed());
    }
    let megabytes = files.proving.len() as f64 / 1e6;
    eprintln!(
        "{}: {megabytes:.1} MB, admitted in {:?}, then loaded in {:?}",
        E::CURVE,
        times[0],
        &times[1..]
    );
}

#[test]
fn keys_over_bn254_are_marked_and_load_fast() {
    keys_are_marked_and_load_fast::<Bn254>();
}

#[test]
fn keys_over_bls12_381_are_marked_and_load_fast() {
    keys_are_marked_and_load_fast::<Bls12_381>();
}

#[test]
fn a_damaged_file_is_refused_wherever_the_damage_is() {
    let file = &Bn254::keys().proving;
    let (header, _) = KeyHeader::peek(file).unwrap();
    let header_length = header.encode().len();
    let body = (header_length..file.len()).step_by(file.len() / 40);
    for i in (0..header_length)
        .step_by(5)
        .chain(body)
        .chain([file.len() - 1])
    {
        let mut damaged = file.clone();
        damaged[i] ^= 0x10;
        let error = refusal::<Bn254>(&damaged);
        assert!(
            i < header_length || error == KeyFileError::Damaged.into(),
            "byte {i}: {error}"
        );
    }
    for length in [0, 7, 100, header_length, file.len() / 2, file.len() - 1] {
        refusal::<Bn254>(&file[..length]);
    }
    assert_eq!(
        refusal::<Bn254>(&[&file[..], &[0]].concat()),
        KeyFileError::Damaged.into()
    );
}

#[test]
fn a_file_for_something_else_is_refused() {
    let files = Bn254::keys();
    let file_error = |error: ProvingKeyError| match error {
        ProvingKeyError::File(error) => error,
        other => panic!("{other}"),
    };
    assert!(matches!(
        file_error(refusal::<Bls12_381>(&files.proving)),
        KeyFileError::Curve { .. }
    ));
    assert!(matches!(
        file_error(refusal::<Bn254>(&files.verifying)),
        KeyFileError::Kind { .. }
    ));
    let (header, body) = KeyHeader::peek(&files.proving).unwrap();
    let mut other_shape = header.clone();
    other_shape.shape = Q32;
    let mut other_circuit = header;
    other_circuit.circuit = Digest([7; 32]);
    for header in [other_shape, other_circuit] {
        let file = [header.encode(), body.to_vec()].concat();
        assert!(matches!(
            file_error(refusal::<Bn254>(&file)),
            KeyFileError::Circuit { .. }
        ));
    }
}

#[test]
fn points_that_are_none_are_refused_though_every_digest_is_right() {
    let off_curve = |at: usize| move |body: &mut Vec<u8>| body[at] ^= 1;
    let length = KeyHeader::peek(&Bn254::keys().proving).unwrap().1.len();
    for at in [
        0,
        BETA_2,
        DELTA_2,
        IC + 5 * G1,
        length / 4,
        length / 2,
        length - 3 * G2,
    ] {
        let error = refusal::<Bn254>(&rewritten(off_curve(at)));
        assert!(
            matches!(error, ProvingKeyError::Point(_)),
            "byte {at}: {error}"
        );
    }
    // On the curve, but of the wrong order.
    let outside = (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(x.into(), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    let mut bytes = vec![];
    outside.serialize_uncompressed(&mut bytes).unwrap();
    let error = refusal::<Bn254>(&rewritten(|body| {
        body[length - G2..].copy_from_slice(&bytes)
    }));
    assert_eq!(error, ProvingKeyError::Point("G2"));
    // The identity with something in its coordinates, and a coordinate beyond the field's order.
    let flags = BETA_2 + G2 - 1;
    let identity = |body: &mut Vec<u8>| body[flags] = body[flags] & 0x3f | 0x40;
    let aliased = |body: &mut Vec<u8>| body[IC + 31] = 0xff;
    for change in [&identity as &dyn Fn(&mut Vec<u8>), &aliased] {
        let error = refusal::<Bn254>(&rewritten(change));
        assert!(matches!(error, ProvingKeyError::Point(_)), "{error}");
    }
    let shorter = refusal::<Bn254>(&rewritten(|body| body.truncate(length - G2)));
    assert!(matches!(shorter, ProvingKeyError::Length { .. }));
    let longer = refusal::<Bn254>(&rewritten(|body| body.push(0)));
    assert!(matches!(longer, ProvingKeyError::Length { .. }));
}

/// The keys of Veil Cash and FoomCash, and their relatives.
#[test]
fn weak_keys_are_refused() {
    let identity = |at: usize, size: usize| {
        move |body: &mut Vec<u8>| {
            body[at..at + size].fill(0);
            body[at + size - 1] = 0x40;
        }
    };
    let weak = |change: &dyn Fn(&mut Vec<u8>)| {
        let error = refusal::<Bn254>(&rewritten(change));
        assert!(matches!(error, ProvingKeyError::Weak(_)), "{error}");
    };
    weak(&|body| copy(body, DELTA_2, GAMMA_2, G2));
    weak(&|body| copy(body, BETA_2, GAMMA_2, G2));
    weak(&|body| {
        let delta = G2Affine::deserialize_uncompressed(&body[DELTA_2..DELTA_2 + G2]).unwrap();
        let negated = -delta;
        negated
            .serialize_uncompressed(&mut body[GAMMA_2..GAMMA_2 + G2])
            .unwrap();
    });
    for at in [0, G1, 2 * G1, IC, IC + 100 * G1] {
        weak(&identity(at, G1));
    }
    for at in [BETA_2, GAMMA_2, DELTA_2] {
        weak(&identity(at, G2));
    }
    weak(&|body| copy(body, IC + 9 * G1, IC + 10 * G1, G1));
    weak(&|body| copy(body, IC, 2 * G1, G1));
}

#[test]
fn another_verifying_key_than_the_header_s_is_refused() {
    let file = rewritten(|body| copy(body, IC, 0, G1));
    let (mut header, body) = KeyHeader::peek(&file).unwrap();
    header.fingerprint = Bn254::keys().fingerprint;
    let error = refusal::<Bn254>(&[header.encode(), body.to_vec()].concat());
    assert!(matches!(error, ProvingKeyError::Fingerprint(_)));
}

#[test]
fn only_the_admitted_file_is_loaded_without_the_checks() {
    let file = &Bn254::keys().proving;
    let (_, admitted) = Prover::<Bn254>::admit(file).unwrap();
    assert!(Prover::<Bn254>::load_admitted(file, admitted).is_ok());
    let other = rewritten(|body| copy(body, DELTA_2, GAMMA_2, G2));
    let error = Prover::<Bn254>::load_admitted(&other, admitted)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error, ProvingKeyError::NotAdmitted);
    let mut damaged = file.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let error = Prover::<Bn254>::load_admitted(&damaged, admitted)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error, KeyFileError::Damaged.into());

    let (_folder, wallet) = wallet_of(&Bureau::new());
    assert!(wallet.prover::<Bn254>(&other).is_err());
    assert!(wallet.prover::<Bn254>(&other).is_err());
    let (header, _) = KeyHeader::peek(file).unwrap();
    assert_eq!(admission(&header), admitted);
}
