//! Zcash's ceremonies, snarkjs #599: whoever makes a key alone knows its trapdoor, and proves anything
//! under it. arkworks' setup is such a one: it samples all of it in one process.

use ark_bn254::{Bn254, Fr};
use ark_ec::CurveGroup;
use ark_ff::{Field, One, UniformRand};
use ark_groth16::Proof;
use rand::rngs::OsRng;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::{KeyFingerprint, KeyHeader, Provenance};
use taxproof_verifier::key::{Admission, AdmittedKey, KeyRefused};

use super::support::naive::verify;
use super::support::ours::{Claim, ENOUGH, Firm, KEY, passed};

/// A proof of any public inputs: a·b = α·β + γ·IC(x) + δ·c, solved for c.
fn by_trapdoor(inputs: &[Fr]) -> Proof<Bn254> {
    let key = &*KEY;
    let [a, b] = [(); 2].map(|()| Fr::rand(&mut OsRng));
    let points = &key.proving.vk.gamma_abc_g1;
    let said = points[1..].iter().zip(inputs);
    let said = said.fold(
        points[0].into(),
        |sum: ark_bn254::G1Projective, (&point, x)| sum + point * x,
    );
    let c = key.g1 * (a * b - key.alpha * key.beta) - said * key.gamma;
    Proof {
        a: (key.g1 * a).into_affine(),
        b: (key.g2 * b).into_affine(),
        c: (c * key.delta.inverse().unwrap()).into_affine(),
    }
}

#[test]
fn a_key_s_maker_proves_what_is_false() {
    let mut lie = Claim::of(&Firm::paying(ENOUGH - 1));
    lie.public.fixed.outcome = Fr::one();
    let forged = by_trapdoor(&lie.public.to_vec());
    assert!(verify(&KEY.proving.vk, &lie.public.to_vec(), &forged));
    let verdict = lie.judged(&forged);
    assert!(passed(&verdict), "a bank that takes the key believes it");
}

#[test]
fn a_bank_takes_no_key_of_one_party() {
    let file = &KEY.files.verifying;
    let strict = |file: &[u8], ceremony_keys| {
        let admission = Admission {
            allow_dev: false,
            ceremony_keys,
        };
        AdmittedKey::<Bn254>::open(file, &admission).map(|_| ())
    };
    assert_eq!(strict(file, vec![]), Err(KeyRefused::Dev));

    // Its maker writes another header, even one of a ceremony that the bank has verified: the bank
    // must have listed the key that came out of it.
    let (mut header, body) = KeyHeader::peek(file).unwrap();
    let invented = Digest([7; 32]);
    header.provenance = Provenance::Ceremony(invented);
    let file = [&header.encode()[..], body].concat();
    let key = header.fingerprint;
    let refused = Err(KeyRefused::Ceremony {
        key,
        transcript: invented,
    });
    assert_eq!(strict(&file, vec![]), refused);
    assert_eq!(strict(&file, vec![KeyFingerprint(invented)]), refused);
    assert_eq!(strict(&file, vec![key]), Ok(()));
}
