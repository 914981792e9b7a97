//! Signatures that others made or broke: the authors' of Ed25519, Wycheproof's, and the standard's
//! of SM2.

use serde_json::Value;
use taxproof_claims::digest::Profile;
use taxproof_claims::signature::{SIGNATURE_LENGTH, Signature, VerifyingKey};

/// A file of the shared vectors, where it is there.
fn vectors(name: &str) -> Option<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors/");
    let text = std::fs::read_to_string(format!("{folder}{name}"));
    if text.is_err() {
        eprintln!("skipped: the vectors {name} are not at hand");
    }
    text.ok()
}

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("hexadecimal digits")
}

fn verifies(profile: Profile, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(profile, key);
    let signature: Result<[u8; SIGNATURE_LENGTH], _> = signature.try_into();
    match (key, signature) {
        (Ok(key), Ok(signature)) => key.verify_bytes(message, &Signature(signature)).is_ok(),
        _ => false,
    }
}

#[test]
fn ed25519_accepts_and_rejects_as_wycheproof_says() {
    let Some(text) = vectors("ed25519/wycheproof_ed25519_test.json") else {
        return;
    };
    let vectors: Value = serde_json::from_str(&text).expect("JSON");
    let (mut valid, mut invalid) = (0, 0);
    for group in vectors["testGroups"].as_array().expect("groups") {
        let text = |json: &Value| bytes(json.as_str().expect("a text"));
        let key = text(&group["publicKey"]["pk"]);
        for test in group["tests"].as_array().expect("tests") {
            let (message, signature) = (text(&test["msg"]), text(&test["sig"]));
            let expected = test["result"] == "valid";
            let found = verifies(Profile::International, &key, &message, &signature);
            assert_eq!(found, expected, "{}: {}", test["tcId"], test["comment"]);
            *if expected { &mut valid } else { &mut invalid } += 1;
        }
    }
    assert!(
        valid > 50 && invalid > 50,
        "{valid} valid, {invalid} invalid"
    );
}

#[test]
fn ed25519_accepts_what_its_authors_signed() {
    let Some(text) = vectors("ed25519/dalek_TESTVECTORS_sign.input") else {
        return;
    };
    let mut count = 0;
    for line in text.lines() {
        let fields: Vec<Vec<u8>> = line.split(':').map(bytes).collect();
        let [_, key, message, signed, ..] = fields.as_slice() else {
            panic!("a line of other fields: {line}");
        };
        let signature = &signed[..SIGNATURE_LENGTH];
        assert!(verifies(Profile::International, key, message, signature));
        let other = [message.as_slice(), &[0]].concat();
        assert!(!verifies(Profile::International, key, &other, signature));
        count += 1;
    }
    assert!(count > 100, "{count} signatures");
}

/// GM/T 0003.5-2012, Annex A, and what its file says must be rejected.
#[test]
fn sm2_accepts_the_standards_signature_and_nothing_beside_it() {
    let Some(text) = vectors("sm2/gmt0003_5_annexA_sm2_sign.json") else {
        return;
    };
    let vector: Value = serde_json::from_str(&text).expect("JSON");
    let field = |name: &str| bytes(vector[name].as_str().expect("a text"));
    let (key, r, s) = (field("public_key"), field("r"), field("s"));
    let message = vector["message_ascii"].as_str().expect("a text").as_bytes();
    let accepts = |r: &[u8], s: &[u8]| verifies(Profile::Sm, &key, message, &[r, s].concat());
    assert!(accepts(&r, &s));
    let order = bytes("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123");
    let zero = vec![0; 32];
    let rest = minus(&order, &r);
    for (why, r, s) in [
        ("r = 0", &zero, &s),
        ("s = 0", &r, &zero),
        ("r = n", &order, &s),
        ("s = n", &r, &order),
        ("r + s = n", &r, &rest),
    ] {
        assert!(!accepts(r, s), "{why}");
    }
}

/// a − b of big-endian numbers, of which a is the larger.
fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    use num_bigint::BigUint;
    let difference = BigUint::from_bytes_be(a) - BigUint::from_bytes_be(b);
    let digits = difference.to_bytes_be();
    [vec![0; a.len() - digits.len()], digits].concat()
}
