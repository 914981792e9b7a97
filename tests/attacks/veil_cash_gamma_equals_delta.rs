//! Veil Cash and FoomCash, 2026: keys whose setup had no second phase, γ = δ. With them
//! A = α, B = β, C = −IC(x) proves any x.

use ark_bn254::{Bn254, Fr};
use ark_ec::{AffineRepr, CurveGroup};
use ark_groth16::{Proof, VerifyingKey};
use taxproof_verifier::key::{CheckedKey, WeakKey};

use super::support::naive::{saying, verify};
use super::support::snarkjs::{self, vectors};

/// A sound key for so many inputs.
fn fresh(inputs: usize) -> VerifyingKey<Bn254> {
    saying(&vec![Fr::from(5); inputs]).key.vk
}

fn forge(key: &VerifyingKey<Bn254>, x: Fr, delta_over_gamma: i8) -> Proof<Bn254> {
    let inputs = key.gamma_abc_g1[0] + key.gamma_abc_g1[1] * x;
    let c = if delta_over_gamma == 1 {
        -inputs
    } else {
        inputs
    };
    Proof {
        a: key.alpha_g1,
        b: key.beta_g2,
        c: c.into_affine(),
    }
}

#[test]
fn gamma_equal_to_delta_up_to_sign_is_refused() {
    for sign in [1, -1] {
        let mut key = fresh(1);
        key.delta_g2 = if sign == 1 {
            key.gamma_g2
        } else {
            -key.gamma_g2
        };
        let x = Fr::from(123_456);
        assert!(
            verify(&key, &[x], &forge(&key, x, sign)),
            "the attack works"
        );
        assert_eq!(CheckedKey::new(key, 1).unwrap_err(), WeakKey::GammaIsDelta);
    }
}

/// γ = β: for any s, A = α + IC(x), B = β + s·δ, C = s·A proves any x, because
/// e(A, β + s·δ) = e(α, β)·e(IC(x), β)·e(s·A, δ).
#[test]
fn gamma_equal_to_beta_up_to_sign_is_refused() {
    let mut key = fresh(1);
    key.gamma_g2 = key.beta_g2;
    let (x, s) = (Fr::from(123_456), Fr::from(7));
    let a = key.alpha_g1 + (key.gamma_abc_g1[0] + key.gamma_abc_g1[1] * x);
    let forged = Proof {
        a: a.into_affine(),
        b: (key.beta_g2 + key.delta_g2 * s).into_affine(),
        c: (a * s).into_affine(),
    };
    assert!(verify(&key, &[x], &forged), "the attack works");
    assert_eq!(
        CheckedKey::new(key.clone(), 1).unwrap_err(),
        WeakKey::GammaIsBeta
    );
    key.gamma_g2 = -key.beta_g2;
    assert_eq!(CheckedKey::new(key, 1).unwrap_err(), WeakKey::GammaIsBeta);
}

/// δ = β: A = IC(x), B = β + γ, C = A − α proves any x, because
/// e(A, β + γ) = e(α, β)·e(A − α, β)·e(IC(x), γ).
#[test]
fn delta_equal_to_beta_up_to_sign_is_refused() {
    let mut key = fresh(1);
    key.delta_g2 = key.beta_g2;
    let x = Fr::from(123_456);
    let a = key.gamma_abc_g1[0] + key.gamma_abc_g1[1] * x;
    let forged = Proof {
        a: a.into_affine(),
        b: (key.beta_g2 + key.gamma_g2).into_affine(),
        c: (a - key.alpha_g1).into_affine(),
    };
    assert!(verify(&key, &[x], &forged), "the attack works");
    assert_eq!(
        CheckedKey::new(key.clone(), 1).unwrap_err(),
        WeakKey::DeltaIsBeta
    );
    key.delta_g2 = -key.beta_g2;
    assert_eq!(CheckedKey::new(key, 1).unwrap_err(), WeakKey::DeltaIsBeta);
}

#[test]
fn a_point_that_nobody_contributed_to_is_refused() {
    let generator = ark_bn254::G2Affine::generator();
    let good = fresh(1);
    type Break = fn(&mut VerifyingKey<Bn254>, ark_bn254::G2Affine);
    let breaks: [(&str, Break); 3] = [
        ("alpha", |key, _| key.alpha_g1 = AffineRepr::generator()),
        ("beta", |key, generator| key.beta_g2 = -generator),
        ("delta", |key, generator| key.delta_g2 = generator),
    ];
    for (name, broken) in breaks {
        let mut key = good.clone();
        broken(&mut key, generator);
        assert_eq!(
            CheckedKey::new(key, 1).unwrap_err(),
            WeakKey::Generator { name }
        );
    }
    let mut ceremony = good;
    ceremony.gamma_g2 = generator;
    assert!(
        CheckedKey::new(ceremony, 1).is_ok(),
        "many ceremonies leave gamma there"
    );
}

#[test]
fn inputs_that_could_be_exchanged_are_refused() {
    let mut key = fresh(2);
    for sign in [1, -1] {
        let twin = key.gamma_abc_g1[1];
        key.gamma_abc_g1[2] = if sign == 1 { twin } else { -twin };
        assert_eq!(
            CheckedKey::new(key.clone(), 2).unwrap_err(),
            WeakKey::EqualInputs
        );
    }
}

#[test]
fn the_key_that_people_copy_from_circom_compat_is_refused() {
    let at = |file: &str| vectors(&format!("groth16/weak-vk-gamma-eq-delta/{file}.json"));
    let (Some(key), Some(proof)) = (at("verification_key"), at("forged_proof")) else {
        return;
    };
    let key = snarkjs::key(&key);
    assert!(verify(&key, &[Fr::from(123_456)], &snarkjs::proof(&proof)));
    assert_eq!(CheckedKey::new(key, 1).unwrap_err(), WeakKey::GammaIsDelta);
}
