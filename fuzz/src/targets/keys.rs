//! Proofs and keys: points, and the files around them.

use std::io::{Seek as _, Write as _};
use std::sync::{Arc, LazyLock};

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ec::pairing::Pairing;
use ark_ff::PrimeField;
use ark_groth16::Groth16;
use ark_serialize::CanonicalSerialize;
use taxproof_circuits::Matrices;
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::key::{KeyFingerprint, KeyHeader, KeyKind};
use taxproof_engine::msm::Budget;
use taxproof_engine::{Kernels, groth16 as engine};
use taxproof_prover::proving_key::ProvingKey;
use taxproof_verifier::key::{self, AdmittedKey, CheckedKey};
use taxproof_verifier::keyring::AnyVerifier;
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input as Known, ReducedKey};

use crate::Target;
use crate::fixture::{SmallCurve, key_file, small, verifying_key};
use crate::input::{Input, chosen};
use crate::property::canonical;

fn bytes_of(points: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    points
        .serialize_compressed(&mut bytes)
        .expect("a vector takes every byte");
    bytes
}

pub(super) const PROOF: Target = Target::new(
    "proof",
    |bytes| {
        proof::<Bn254>(bytes);
        proof::<Bls12_381>(bytes);
    },
    || {
        vec![
            bytes_of(&small::<Bn254>().proof),
            bytes_of(&small::<Bls12_381>().proof),
        ]
    },
)
.mutations(2000);

/// A proof that is read is the one that arkworks reads, and its bytes are those that arkworks
/// writes.
fn proof<E: NamedPairing + SmallCurve>(bytes: &[u8]) {
    use ark_serialize::CanonicalDeserialize as _;
    let alone = CanonicalProof::<E>::from_bytes(bytes);
    let right = bytes_of(&small::<E>().proof);
    let together = CanonicalProof::<E>::read_all(&[&right, bytes, &right]);
    assert!(together[1] == alone, "beside others, it is read otherwise");
    assert!(together[0].is_ok() && together[0] == together[2]);
    if alone.is_ok() {
        let read = ark_groth16::Proof::<E>::deserialize_compressed(bytes);
        let read = read.expect("arkworks refuses a proof that was accepted");
        assert!(bytes_of(&read) == bytes, "a proof has two encodings");
        assert!(CanonicalProof::from_points(&read).is_ok());
    }
}

const DEV: key::Admission = key::Admission {
    allow_dev: true,
    ceremony_keys: Vec::new(),
};

/// A verifying key's file, and one whose header was made to fit its body.
pub(super) const VERIFYING_KEY: Target = Target::new(
    "verifying_key",
    |bytes| {
        let mut input = Input::new(bytes);
        let file = match input.below(3) {
            0 => input.rest().to_vec(),
            1 => key_file::<Bn254>(KeyKind::Verifying, input.rest()),
            _ => key_file::<Bls12_381>(KeyKind::Verifying, input.rest()),
        };
        let open = |file: &[u8]| AdmittedKey::<Bn254>::open(file, &DEV);
        canonical(&file, open, AdmittedKey::to_file);
        let open = |file: &[u8]| AdmittedKey::<Bls12_381>::open(file, &DEV);
        canonical(&file, open, AdmittedKey::to_file);
        let _ = AnyVerifier::open(&file, &key::Admission::default());
    },
    || {
        let file = key_file::<Bn254>(KeyKind::Verifying, &verifying_key());
        vec![
            chosen(0, &file),
            chosen(0, &file[..300]),
            chosen(1, verifying_key()),
            chosen(2, &verifying_key()[..500]),
        ]
    },
)
.mebibytes(8)
.mutations(300);

/// The points of a verifying key of a few inputs.
pub(super) const VERIFYING_KEY_POINTS: Target = Target::new(
    "verifying_key_points",
    |bytes| {
        let mut input = Input::new(bytes);
        let inputs = input.below(6);
        let points = input.rest();
        let read = |bytes: &[u8]| CheckedKey::<Bn254>::from_bytes(bytes, inputs);
        canonical(points, read, |key| bytes_of(key.points()));
        let read = |bytes: &[u8]| CheckedKey::<Bls12_381>::from_bytes(bytes, inputs);
        canonical(points, read, |key| bytes_of(key.points()));
    },
    || {
        let inputs = small::<Bn254>().inputs().len() as u8;
        vec![
            chosen(inputs, bytes_of(&small::<Bn254>().key.vk)),
            chosen(inputs, bytes_of(&small::<Bls12_381>().key.vk)),
        ]
    },
)
.mutations(500);

/// A verifying key of which inputs are known beforehand says the same as the whole one.
pub(super) const REDUCED_KEY: Target = Target::new(
    "reduced_key",
    |bytes| {
        let mut input = Input::new(bytes);
        match input.below(2) {
            0 => reduced_key::<Bn254>(input),
            _ => reduced_key::<Bls12_381>(input),
        }
    },
    || {
        let right = [1, 0, 0, 0, 0, 0, 0, 0, 0, 5, 3, 0, 0, 0, 0, 0, 0, 0, 6, 0];
        vec![
            chosen(0, right),
            chosen(1, right),
            chosen(0, [4; 40]),
            chosen(1, [255; 40]),
        ]
    },
)
.mebibytes(8)
.mutations(60);

fn reduced_key<E: NamedPairing + SmallCurve>(mut input: Input<'_>) {
    let small = small::<E>();
    let key = Arc::new(checked_key::<E>());
    let (mut known, mut open, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for &right in small.inputs() {
        let other = E::ScalarField::from_le_bytes_mod_order(&input.array::<40>());
        let (kind, value) = match input.below(4) {
            0 => (Known::Open, right),
            1 => (Known::Open, other),
            2 => (Known::Element(right), right),
            _ => {
                let number = i128::from(input.u64() as i64);
                (
                    Known::Number(number),
                    taxproof_claims::amount::to_field(number),
                )
            }
        };
        if kind == Known::Open {
            open.push(value);
        }
        known.push(kind);
        all.push(value);
    }
    let reduced = ReducedKey::new(Arc::clone(&key), &known).expect("as many inputs as the key has");
    let proof = CanonicalProof::from_points(&small.proof).expect("a proof of arkworks");
    let accepted = reduced.verify(&proof, &open).is_ok();
    assert_eq!(accepted, all == small.inputs(), "a proof of other inputs");
    let prepared = ark_groth16::prepare_verifying_key(&reduced.verifying_key());
    let theirs = Groth16::<E>::verify_proof(&prepared, &small.proof, &open);
    assert_eq!(theirs.ok(), Some(accepted), "arkworks says otherwise");
    if !known.is_empty() {
        assert!(ReducedKey::new(key, &known[1..]).is_err());
    }
}

fn checked_key<E: NamedPairing + SmallCurve>() -> CheckedKey<E> {
    let small = small::<E>();
    let key = CheckedKey::new(small.key.vk.clone(), small.inputs().len());
    key.expect("a key of a setup is sound")
}

/// A proving key's file for a circuit of a few constraints.
pub(super) const PROVING_KEY: Target = Target::new(
    "proving_key",
    |bytes| {
        let mut input = Input::new(bytes);
        match input.below(3) {
            0 => refused(input.rest()),
            1 => proving_key::<Bn254>(input.rest()),
            _ => proving_key::<Bls12_381>(input.rest()),
        }
    },
    || {
        let body = proving_body(&small::<Bn254>().key);
        vec![
            chosen(0, key_file::<Bn254>(KeyKind::Proving, &body)),
            chosen(1, body),
            chosen(2, proving_body(&small::<Bls12_381>().key)),
        ]
    },
)
.mebibytes(64)
.mutations(300);

/// A key's header and digests. Of a whole key, the statement's circuit would be made, which takes a
/// second; and compiling that circuit takes longer than everything else here.
fn refused(file: &[u8]) {
    if let Ok((header, body)) = KeyHeader::open(file, KeyKind::Proving, Bn254::CURVE) {
        assert!([header.encode(), body.to_vec()].concat() == file);
    }
    let _ = KeyHeader::open(file, KeyKind::Proving, Bls12_381::CURVE);
}

/// A key that is admitted is loaded again, and is what its file says.
fn proving_key<E: NamedPairing + SmallCurve>(body: &[u8]) {
    let small = small::<E>();
    let matrices = Matrices {
        abc: small.matrices.clone(),
        instance: small.instance(),
        witness: small.assignment.len() - small.instance(),
        clauses: Vec::new(),
    };
    // The header names the verifying key of the circuit: a file that names another is refused.
    let file = proving_file::<E>(body, &bytes_of(&small.key.vk));
    let Ok((key, admission)) = ProvingKey::<E>::admit(&file, &matrices) else {
        return;
    };
    let again = ProvingKey::<E>::load_admitted(&file, &matrices, admission);
    let again = again.expect("an admitted key is loaded");
    assert!(again.key() == key.key());
    assert!(proving_body(key.key()) == body, "a key has two encodings");
}

fn proving_file<E: NamedPairing>(body: &[u8], verifying: &[u8]) -> Vec<u8> {
    let file = key_file::<E>(KeyKind::Proving, body);
    let (mut header, body) = KeyHeader::peek(&file).expect("a key file that was just made");
    header.fingerprint = KeyFingerprint::of(verifying);
    [header.encode(), body.to_vec()].concat()
}

/// The points in the order of the file: see `taxproof_prover::proving_key`.
fn proving_body<E: Pairing>(key: &ark_groth16::ProvingKey<E>) -> Vec<u8> {
    let mut body = Vec::new();
    each(&[key.vk.alpha_g1, key.beta_g1, key.delta_g1], &mut body);
    each(
        &[key.vk.beta_g2, key.vk.gamma_g2, key.vk.delta_g2],
        &mut body,
    );
    for query in [
        &key.vk.gamma_abc_g1,
        &key.a_query,
        &key.b_g1_query,
        &key.h_query,
        &key.l_query,
    ] {
        each(query, &mut body);
    }
    each(&key.b_g2_query, &mut body);
    body
}

fn each<G: CanonicalSerialize>(points: &[G], body: &mut Vec<u8>) {
    for point in points {
        point
            .serialize_uncompressed(&mut *body)
            .expect("a vector takes every byte");
    }
}

/// A key that a wallet keeps ready, with the digest that belongs to it.
pub(super) const PREPARED_KEY: Target = Target::new(
    "prepared_key",
    |bytes| {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(bytes)
            .and_then(|()| file.rewind())
            .expect("a temporary file");
        let digest = blake3::hash(bytes).into();
        for kernels in [Kernels::best(), Kernels::portable()] {
            let _ = engine::Prover::map(&file, &digest, kernels);
        }
        let other = [0; 32];
        let mapped = engine::Prover::map(&file, &other, Kernels::best());
        assert!(mapped.is_err(), "a file of another digest is mapped");
    },
    || PREPARED.clone(),
)
.mebibytes(8)
.mutations(1000);

static PREPARED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let small = small::<Bn254>();
    let prepare = |kernels, budget| {
        let budget = Budget(budget);
        let prover = engine::Prover::new(&small.key, &small.matrices, budget, kernels);
        let mut file = Vec::new();
        let prover = prover.expect("a key of a circuit");
        prover.write(&mut file).expect("a vector takes every byte");
        file
    };
    vec![
        prepare(Kernels::portable(), 0),
        prepare(Kernels::best(), 1 << 16),
    ]
});
