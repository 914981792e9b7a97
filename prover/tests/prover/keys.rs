use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use ark_bls12_381::Bls12_381;
use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup as _};
use ark_groth16::VerifyingKey;
use ark_serialize::{CanonicalDeserialize as _, CanonicalSerialize as _};
use taxproof_circuits::matrices;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::{KeyFileError, KeyFingerprint, KeyHeader, KeyKind, Provenance};
use taxproof_claims::shape::{Q16, Q32};
use taxproof_engine::msm::Budget;
use taxproof_prover::prover::Prover;
use taxproof_prover::proving_key::{ProvingKeyError, admission, verifying_key_bytes};
use taxproof_prover::wallet::Wallet;

use crate::bank::Keys;
use crate::bureau::Bureau;
use crate::prove::true_statement;
use crate::wallets::{folder_of, wallet_of};

/// Bytes of BN254's points in a body.
const G1: usize = 64;
const G2: usize = 128;
const BETA_2: usize = 3 * G1;
const GAMMA_2: usize = BETA_2 + G2;
const DELTA_2: usize = GAMMA_2 + G2;
const IC: usize = DELTA_2 + G2;

fn refusal<E: Keys>(file: &[u8]) -> ProvingKeyError {
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
    let g1 = |at: usize| G1Affine::deserialize_uncompressed(&body[at..at + G1]).ok();
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

fn keys_are_marked_and_kept_ones_are_not_read_again<E: Keys>() {
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
    let load = || {
        let mut file = Counted(&files.proving, 0);
        let prover = wallet.prover::<E>(&mut file).unwrap();
        (prover, file.1)
    };
    let whole = files.proving.len();
    let (prover, read) = load();
    assert_eq!(read, whole);
    let is_kept = Wallet::would_keep_prover(&prover, None);
    wallet.keep_prover(&prover, None).unwrap();
    let (_, read) = load();
    assert_eq!(read < whole / 100, is_kept);
}

/// A key file, and how much of it was read.
struct Counted<'a>(&'a [u8], usize);

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(into)?;
        self.1 += read;
        Ok(read)
    }
}

#[test]
fn keys_over_bn254_are_marked_and_kept_ones_are_not_read_again() {
    keys_are_marked_and_kept_ones_are_not_read_again::<Bn254>();
}

#[test]
fn keys_over_bls12_381_are_marked_and_kept_ones_are_not_read_again() {
    keys_are_marked_and_kept_ones_are_not_read_again::<Bls12_381>();
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

/// Puts the negative of a point at another place.
fn negate<A: AffineRepr>(body: &mut [u8], from: usize, to: usize, length: usize) {
    let point = A::deserialize_uncompressed(&body[from..from + length]).unwrap();
    let negative = (-point.into_group()).into_affine();
    negative
        .serialize_uncompressed(&mut body[to..to + length])
        .unwrap();
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
    for (from, to) in [(DELTA_2, GAMMA_2), (BETA_2, GAMMA_2)] {
        weak(&|body| negate::<G2Affine>(body, from, to, G2));
    }
    // Both groups agree on delta = ±beta, so that nothing but the equality is wrong.
    let error = refusal::<Bn254>(&rewritten(|body| {
        copy(body, BETA_2, DELTA_2, G2);
        copy(body, G1, 2 * G1, G1);
    }));
    assert_eq!(error, ProvingKeyError::Weak("delta and beta are the same"));
    let error = refusal::<Bn254>(&rewritten(|body| {
        negate::<G2Affine>(body, BETA_2, DELTA_2, G2);
        negate::<G1Affine>(body, G1, 2 * G1, G1);
    }));
    assert_eq!(error, ProvingKeyError::Weak("delta and beta are the same"));
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
    assert!(wallet.prover::<Bn254>(other.as_slice()).is_err());
    assert!(wallet.prover::<Bn254>(other.as_slice()).is_err());
    let (header, _) = KeyHeader::peek(file).unwrap();
    assert_eq!(admission(&header), admitted);
}

/// The wallet's file with the prover of the only key.
fn kept_file(folder: &std::path::Path) -> PathBuf {
    let kept = fs::read_dir(folder.join("prepared")).unwrap();
    let paths: Vec<PathBuf> = kept.map(|entry| entry.unwrap().path()).collect();
    let [path] = &paths[..] else {
        panic!("{paths:?}");
    };
    path.clone()
}

fn proves(prover: &Prover<Bn254>) -> bool {
    let statement = true_statement::<Bn254>();
    prover.prove(&statement.public, &statement.witness).is_ok()
}

#[test]
fn a_kept_prover_needs_no_more_of_the_key_than_its_header() {
    let file = &Bn254::keys().proving;
    let (folder, wallet) = wallet_of(&Bureau::new());
    let (header, _) = KeyHeader::peek(file).unwrap();
    let header = header.encode();
    let cut = || wallet.prover::<Bn254>(header.as_slice());
    assert!(cut().is_err());
    let prover = wallet.prover::<Bn254>(file.as_slice()).unwrap();
    assert!(cut().is_err());
    assert!(Wallet::would_keep_prover(&prover, None));
    wallet.keep_prover(&prover, Some(Budget(16 << 20))).unwrap();
    let kept = cut().unwrap();
    assert!(proves(&kept));
    assert!(!Wallet::would_keep_prover(&kept, None));
    assert!(!Wallet::would_keep_prover(&kept, Some(Budget(16 << 20))));
    assert!(Wallet::would_keep_prover(&kept, Some(Budget(0))));
    let path = kept_file(&folder_of(&folder));
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::metadata(&path).unwrap().len();
    wallet.keep_prover(&kept, Some(Budget(0))).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < before);
    assert!(proves(&cut().unwrap()));
    // What was mapped before is still there.
    assert!(proves(&kept));
}

#[test]
fn a_kept_prover_that_is_not_the_one_that_was_kept_is_not_used() {
    let file = &Bn254::keys().proving;
    let (folder, wallet) = wallet_of(&Bureau::new());
    let prover = wallet.prover::<Bn254>(file.as_slice()).unwrap();
    wallet.keep_prover(&prover, Some(Budget(0))).unwrap();
    let (header, _) = KeyHeader::peek(file).unwrap();
    let header = header.encode();
    let path = kept_file(&folder_of(&folder));
    let good = fs::read(&path).unwrap();
    let unused = || wallet.prover::<Bn254>(header.as_slice()).is_err();
    assert!(!unused());
    for at in (0..good.len()).step_by(good.len() / 7) {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert!(unused(), "byte {at}");
    }
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    assert!(unused());
    fs::write(&path, &good).unwrap();
    assert!(!unused());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(unused());
    // From the whole key it is made again, and kept again.
    let again = wallet.prover::<Bn254>(file.as_slice()).unwrap();
    assert!(Wallet::would_keep_prover(&again, None));
    wallet.keep_prover(&again, Some(Budget(0))).unwrap();
    assert!(!unused());
}

/// Somebody moves a file between keys, with its digest.
#[test]
fn a_kept_prover_of_another_key_is_not_used() {
    let other = rewritten(|body| copy(body, IC + 3 * G1, 0, G1));
    let (folder, wallet) = wallet_of(&Bureau::new());
    let folder = folder_of(&folder);
    let prover = wallet.prover::<Bn254>(other.as_slice()).unwrap();
    wallet.keep_prover(&prover, Some(Budget(0))).unwrap();
    let from = kept_file(&folder);
    let file = &Bn254::keys().proving;
    wallet.prover::<Bn254>(file.as_slice()).unwrap();
    let (header, _) = KeyHeader::peek(file).unwrap();
    let key = admission(&header).0.to_string();
    let admitted = folder.join("admitted.toml");
    let text = fs::read_to_string(&admitted).unwrap();
    let (keys, kept) = text.split_once("[prepared]").unwrap();
    let old = from.file_name().unwrap().to_str().unwrap();
    fs::write(
        &admitted,
        format!("{keys}[prepared]{}", kept.replace(old, &key)),
    )
    .unwrap();
    fs::rename(&from, from.with_file_name(&key)).unwrap();
    assert!(wallet.prover::<Bn254>(header.encode().as_slice()).is_err());
    assert!(proves(&wallet.prover::<Bn254>(file.as_slice()).unwrap()));
}
