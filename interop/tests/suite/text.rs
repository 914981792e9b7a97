//! JSON and symbols.

use ark_bls12_381::Bls12_381;
use ark_bn254::{Bn254, Fr};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};
use ark_groth16::Proof;
use taxproof_interop::symbols::{self, Symbol};
use taxproof_interop::{SnarkjsCurve, proof, public, verification_key};

use crate::fixture::{Fixture, prove, verifies};

fn json<E: SnarkjsCurve>() {
    let fixture = Fixture::<E>::new(3, 9);
    let made = prove(&fixture.key, &fixture.matrices, &fixture.assignment);
    let key = verification_key::read::<E>(&verification_key::write(&fixture.key.vk)).unwrap();
    let proof = proof::read::<E>(&proof::write(&made)).unwrap();
    let inputs = public::read(&public::write(fixture.inputs())).unwrap();
    assert_eq!((&key, &proof), (&fixture.key.vk, &made));
    assert_eq!(inputs, fixture.inputs());
    assert!(verifies(&key, &inputs, &proof));
}

#[test]
fn json_round_trips_over_bn254() {
    json::<Bn254>();
}

#[test]
fn json_round_trips_over_bls12_381() {
    json::<Bls12_381>();
}

#[test]
fn json_of_another_curve_is_refused() {
    let fixture = Fixture::<Bn254>::new(1, 2);
    assert!(
        verification_key::read::<Bls12_381>(&verification_key::write(&fixture.key.vk)).is_err()
    );
}

#[test]
fn the_point_at_infinity_has_its_own_form() {
    let infinity = Proof::<Bn254> {
        a: AffineRepr::zero(),
        b: AffineRepr::zero(),
        c: AffineRepr::zero(),
    };
    let text = proof::write(&infinity);
    assert_eq!(proof::read(&text).unwrap(), infinity);
    // (0, 1, 1) is on no curve, and z = 2 is another way of writing another point.
    assert!(proof::read::<Bn254>(&text.replacen("\"0\"\n  ],", "\"1\"\n  ],", 1)).is_err());
}

/// Every byte of a proof and of inputs, changed.
#[test]
fn damaged_json_is_refused_or_says_so() {
    let fixture = Fixture::<Bn254>::new(3, 4);
    let made = prove(&fixture.key, &fixture.matrices, &fixture.assignment);
    let proof_file = proof::write(&made);
    let public_file = public::write(fixture.inputs());
    let change = |file: &str, at: usize, to: u8| {
        let mut bytes = file.as_bytes().to_vec();
        bytes[at] = to;
        String::from_utf8(bytes).unwrap()
    };
    for to in *b"0 9\"],x" {
        for at in 0..proof_file.len() {
            if let Ok(read) = proof::read::<Bn254>(&change(&proof_file, at, to)) {
                assert_eq!(read, made, "{at}");
            }
        }
        for at in 0..public_file.len() {
            let changed = change(&public_file, at, to);
            if let Ok(read) = public::read::<Fr>(&changed) {
                let same = read == fixture.inputs();
                assert!(same || public::write(&read) == changed, "{at}");
            }
        }
    }
    for cut in 0..proof_file.len() - 1 {
        assert!(proof::read::<Bn254>(&proof_file[..cut]).is_err());
    }
}

#[test]
fn aliased_and_malformed_numbers_are_refused() {
    let order = num(&Fr::MODULUS.to_bytes_be());
    let largest = public::write(&[-Fr::from(1u64)]);
    assert_eq!(public::read::<Fr>(&largest).unwrap(), [-Fr::from(1u64)]);
    for wrong in [
        order.as_str(),
        "007",
        "-1",
        "+1",
        "",
        " 1",
        "1 ",
        "0x1",
        "1e3",
        "１",
    ] {
        assert!(
            public::read::<Fr>(&format!("[\"{wrong}\"]")).is_err(),
            "{wrong}"
        );
    }
    assert!(public::read::<Fr>("[1]").is_err());
    assert!(public::read::<Fr>("[\"1\"] ,").is_err());
    assert_eq!(public::read::<Fr>("[]"), Ok(vec![]));
}

/// Decimal digits of a big-endian number.
fn num(bytes: &[u8]) -> String {
    let mut digits = vec![0u32];
    for &byte in bytes {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            let value = *digit * 256 + carry;
            (*digit, carry) = (value % 10, value / 10);
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(u32::to_string).collect()
}

#[test]
fn keys_with_too_few_input_points_are_refused() {
    let fixture = Fixture::<Bn254>::new(2, 2);
    let text = verification_key::write(&fixture.key.vk);
    let fewer = text.replace("\"nPublic\": 2", "\"nPublic\": 3");
    assert_ne!(text, fewer);
    assert!(verification_key::read::<Bn254>(&fewer).is_err());
    let plonk = text.replace("groth16", "plonk");
    assert!(verification_key::read::<Bn254>(&plonk).is_err());
    let more = text.replacen('{', "{\"vk_gamma_3\": 1,", 1);
    assert!(verification_key::read::<Bn254>(&more).is_err());
}

#[test]
fn symbols_round_trip() {
    let symbols = symbols::of_wires(["main.a", "main.b.c", "main.d"].map(str::to_owned));
    let file = symbols::write(&symbols);
    assert_eq!(file, "1,1,0,main.a\n2,2,1,main.b.c\n3,3,0,main.d\n");
    assert_eq!(symbols::read(&file).unwrap(), symbols);
    let gone = Symbol {
        label: 7,
        wire: None,
        component: 2,
        name: "main.gone".to_owned(),
    };
    let file = symbols::write(std::slice::from_ref(&gone));
    assert_eq!(symbols::read(&file).unwrap(), [gone]);
    assert_eq!(symbols::read("").unwrap(), []);
    for wrong in [
        "\n",
        "1,1,0,a",
        "1,1,0\n",
        "01,1,0,a\n",
        "1,-2,0,a\n",
        "1,1,0,\n",
        "1,1,0,a,b\n",
    ] {
        assert!(symbols::read(wrong).is_err(), "{wrong:?}");
    }
}
