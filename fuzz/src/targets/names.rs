//! Texts that stand for one thing: names, days, numbers, digests, keys.

use std::fmt::Display;
use std::str::FromStr;

use taxproof_authority::token::TokenUri;
use taxproof_claims::amount::{Decimal, format_units};
use taxproof_claims::curve::Curve;
use taxproof_claims::date::Date;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::key::KeyFingerprint;
use taxproof_claims::period::Period;
use taxproof_claims::shape::Shape;
use taxproof_claims::signature::{SigningKey, VerifyingKey};
use taxproof_claims::subject::{EnterpriseId, IdScheme};
use taxproof_log::{LogKey, SignatureLine, WitnessKey};
use taxproof_verifier::seal::Identity;
use taxproof_verifier::store::Location;

use crate::Target;
use crate::fixture::{
    BANK, NOW, authority_key, enterprise, international_key, schema, verifying_key,
};
use crate::input::{Input, chosen, text};
use crate::property::canonical_text;

pub(super) const NAMES: Target = Target::new(
    "names",
    |bytes| {
        let mut input = Input::new(bytes);
        let kind = input.below(KINDS.len());
        KINDS[kind](text(input.rest()));
    },
    || {
        let (sm2, ed25519) = (authority_key(), international_key());
        let log = LogKey::new("a.log", sm2.verifying_key()).expect("a log's key");
        let witness = WitnessKey::new("a.witness", ed25519.verifying_key()).expect("a key");
        let texts = [
            "2026-11-01".to_owned(),
            "2026Q3".to_owned(),
            "-1,234,567.890".to_owned(),
            Digest([0xab; 32]).to_string(),
            KeyFingerprint::of(&verifying_key()).to_string(),
            "bls12-381".to_owned(),
            "Q16S".to_owned(),
            BANK.to_owned(),
            sm2.verifying_key().to_string(),
            enterprise().to_string(),
            "acme & co".to_owned(),
            log.to_string(),
            witness.to_string(),
            witness.cosign(ed25519, "a.log\n0\n\n", NOW).to_string(),
            "postgres://user@host:5432/name?sslmode=require".to_owned(),
            "50,000.00".to_owned(),
            "pkcs11:token=a%20b;object=c?module-path=/d.so&pin-source=file:///e".to_owned(),
        ];
        let kinds = 0u8..;
        kinds
            .zip(texts)
            .map(|(kind, text)| chosen(kind, text))
            .collect()
    },
);

/// What a text may stand for; the first byte of an input chooses.
const KINDS: [fn(&str); 17] = [
    one::<Date>,
    one::<Period>,
    decimal,
    one::<Digest>,
    one::<KeyFingerprint>,
    one::<Curve>,
    one::<Shape>,
    one::<AuthorityId>,
    one::<VerifyingKey>,
    |text| enterprise_id(IdScheme::Uscc, text),
    |text| enterprise_id(IdScheme::Plain, text),
    one::<LogKey>,
    one::<WitnessKey>,
    one::<SignatureLine>,
    location,
    quantities,
    one::<TokenUri>,
];

fn one<T: FromStr + Display>(text: &str) {
    canonical_text::<T>(text);
}

fn decimal(text: &str) {
    let Ok(decimal) = Decimal::from_str(text) else {
        return;
    };
    for digits in [0, 2, 9, 38] {
        let Ok(units) = decimal.to_units(digits) else {
            continue;
        };
        let written: Decimal = format_units(units, digits)
            .parse()
            .expect("a written number");
        assert_eq!(written.to_units(digits), Ok(units));
    }
}

fn enterprise_id(scheme: IdScheme, text: &str) {
    let Ok(id) = scheme.parse(text) else { return };
    assert_eq!(id.as_str(), text);
    let element: ark_bn254::Fr = id.to_field();
    assert_eq!(EnterpriseId::from_field(scheme, element), Some(id));
}

fn location(text: &str) {
    for password in [None, Some("a secret")] {
        let Ok(location) = Location::postgres(text, password) else {
            continue;
        };
        assert!(
            !format!("{location:?}").contains("a secret"),
            "a password is shown"
        );
    }
}

/// A value of each of the schema's quantities.
fn quantities(text: &str) {
    for quantity in schema().fields.iter().chain(&schema().attributes) {
        let Ok(value) = schema().parse_value(quantity, text) else {
            continue;
        };
        let written = schema().format_value(quantity, value.get().into());
        if let Ok(again) = schema().parse_value(quantity, &written) {
            assert_eq!(again, value, "{}: {written}", quantity.name);
        }
    }
}

/// Secrets in files: of signatures in PEM, of encryption in age's form.
pub(super) const SECRET_KEYS: Target = Target::new(
    "secret_keys",
    |bytes| {
        let text = text(bytes);
        if let Ok(key) = SigningKey::from_pem(text) {
            let pem = key.to_pem().expect("a key that was read can be written");
            let again = SigningKey::from_pem(&pem).expect("what was written is read");
            assert_eq!(again.verifying_key(), key.verifying_key());
        }
        if let Ok(identity) = Identity::from_str(text) {
            let again = Identity::from_str(&identity.to_file()).expect("what was written is read");
            assert_eq!(again.recipient(), identity.recipient());
        }
    },
    || {
        let pem = |key: &SigningKey| {
            key.to_pem()
                .expect("a key can be written")
                .as_bytes()
                .to_vec()
        };
        vec![
            pem(authority_key()),
            pem(international_key()),
            Identity::generate().to_file().as_bytes().to_vec(),
        ]
    },
);
