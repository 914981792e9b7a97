//! Encodings that are not the one that a point has: trailing bytes, an infinity flag beside garbage,
//! points off the curve or outside the subgroup.

use ark_bn254::{Bn254, Fr, G1Affine};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::field_from_bytes;
use taxproof_verifier::canonical::NotAPoint;
use taxproof_verifier::key::{CheckedKey, WeakKey};
use taxproof_verifier::proof::{CanonicalProof, NotAProof};

use crate::fixture::{Fake, vectors};

/// x = 1, y unsaid, the infinity flag set.
fn infinity_with_garbage() -> [u8; 32] {
    let mut bytes = [0; 32];
    (bytes[0], bytes[31]) = (1, 0x40);
    bytes
}

#[test]
fn arkworks_reads_what_it_would_not_write() {
    assert!(G1Affine::deserialize_compressed(&infinity_with_garbage()[..]).is_ok());
    let generator = [[1].as_slice(), &[0; 31], &[0]].concat();
    assert!(G1Affine::deserialize_compressed(&generator[..]).is_ok());
}

#[test]
fn a_proof_has_one_encoding() {
    let fake = Fake::<Bn254>::new(1);
    let mut bytes = Vec::new();
    fake.prove(&[Fr::from(5)])
        .serialize_compressed(&mut bytes)
        .unwrap();
    assert_eq!(bytes.len(), 128);
    let read = |bytes: &[u8]| CanonicalProof::<Bn254>::from_bytes(bytes);
    assert!(read(&bytes).is_ok());
    for length in [0, 1, 127, 129, 192, 256] {
        let mut other = bytes.clone();
        other.resize(length, 0);
        let expected = NotAProof::Length {
            expected: 128,
            found: length,
        };
        assert_eq!(read(&other), Err(expected));
    }
    bytes[..32].copy_from_slice(&infinity_with_garbage());
    let expected = NotAProof::Point {
        name: "A",
        why: NotAPoint::NotCanonical,
    };
    assert_eq!(read(&bytes), Err(expected));
}

#[test]
fn a_key_has_one_encoding() {
    let key = Fake::<Bn254>::new(3).proving.vk;
    let mut bytes = Vec::new();
    key.serialize_compressed(&mut bytes).unwrap();
    let read = |bytes: &[u8], inputs| CheckedKey::<Bn254>::from_bytes(bytes, inputs);
    let same = read(&bytes, 3).unwrap();
    assert_eq!(same.points(), &key);
    assert_eq!(
        same.fingerprint(),
        CheckedKey::new(key, 3).unwrap().fingerprint()
    );

    for cut in 0..bytes.len() {
        assert!(matches!(
            read(&bytes[..cut], 3),
            Err(WeakKey::Length { .. })
        ));
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(read(&longer, 3), Err(WeakKey::Length { .. })));
    for inputs in [0, 2, 4] {
        assert!(matches!(read(&bytes, inputs), Err(WeakKey::Length { .. })));
    }
    let mut count = bytes.clone();
    count[32 + 3 * 64] = 3;
    assert_eq!(
        read(&count, 3).unwrap_err(),
        WeakKey::Inputs {
            expected: 4,
            found: 3
        }
    );
    count[32 + 3 * 64..][..8].fill(0xff);
    assert!(matches!(
        read(&count, 3),
        Err(WeakKey::Inputs {
            found: u64::MAX,
            ..
        })
    ));

    let points = 32 + 3 * 64 + 8;
    bytes[points + 32..][..32].copy_from_slice(&infinity_with_garbage());
    let why = NotAPoint::NotCanonical;
    let expected = WeakKey::Point {
        name: "an input point",
        why,
    };
    assert_eq!(read(&bytes, 3).unwrap_err(), expected);
}

#[test]
fn no_flip_of_a_bit_of_a_key_reads_as_the_same_key() {
    let key = Fake::<Bn254>::new(1).proving.vk;
    let mut bytes = Vec::new();
    key.serialize_compressed(&mut bytes).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        let read = CheckedKey::<Bn254>::from_bytes(&other, 1);
        assert!(read.map_or(true, |read| read.points() != &key), "bit {bit}");
    }
}

#[test]
fn vectors_of_encodings() {
    let Some(json) = vectors("groth16/arkworks_bn254_encodings.json") else {
        return;
    };
    let mut proof = Vec::new();
    let fake = Fake::<Bn254>::new(1);
    fake.prove(&[Fr::from(5)])
        .serialize_compressed(&mut proof)
        .unwrap();
    for vector in json["vectors"].as_array().unwrap() {
        let text = |key: &str| vector[key].as_str().unwrap();
        let bytes = hex::decode(text("hex")).unwrap();
        // Points are read as a part of a proof; uncompressed ones are nowhere read.
        let at = |range: std::ops::Range<usize>| {
            let other = [&proof[..range.start], &bytes, &proof[range.end..]].concat();
            CanonicalProof::<Bn254>::from_bytes(&other).is_ok()
        };
        let accepted = match text("type") {
            "G1" => at(0..32),
            "G2" => at(32..96),
            _ => {
                let mut big_endian = <[u8; 32]>::try_from(bytes).unwrap();
                big_endian.reverse();
                field_from_bytes::<Fr>(&Digest(big_endian)).is_some()
            }
        };
        assert_eq!(accepted, text("expect") == "accept", "{}", text("why"));
    }
}
