//! A bank that asks and verifies, by the protocol's document and ark-groth16 alone.

use std::sync::OnceLock;

use age::x25519::Identity;
use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ff::Zero as _;
use ark_groth16::{Groth16, Proof, VerifyingKey, prepare_verifying_key};
use ark_serialize::CanonicalDeserialize as _;
use taxproof_claims::curve::{Curve, NamedPairing as _};
use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::{EpochHeader, field_from_bytes};
use taxproof_claims::key::{CircuitVersion, KeyHeader, KeyKind};
use taxproof_claims::policy::{Format, Parameters, Policy};
use taxproof_claims::presentation::Presentation;
use taxproof_claims::request::{
    AcceptedEpoch, Nonce, ParameterValue, Request, bank_digest, scope_digest,
};
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Q16;
use taxproof_claims::signature::SigningKey;
use taxproof_claims::statement::{FixedInputs, PublicInputs};
use taxproof_claims::trust::{TrustList, TrustedBank};
use taxproof_prover::curve::ProvingCurve;
use taxproof_prover::prover::Prover;
use taxproof_prover::setup::{KeyFiles, dev};

/// 2026-11-03.
pub(crate) const NOW: u64 = 1_793_664_000;

/// Rules that the record of the fixture satisfies.
pub(crate) const POLICY: &str = r#"
id = "growing-firms"
version = 1
title = "Growing firms"
schema = "cn-tax-1"

[learns]
id = true
band = true
failed_rules = ["grade"]
scope = "lending-registry"

[[parameter]]
name = "requested_amount"
unit = "money"
min = "10,000"
max = "3,000,000"

[[rule]]
name = "paid"
each_quarter = "vat_paid"
over = "last 8 quarters"
at_least = "50,000"

[[rule]]
name = "grade"
attribute = "grade"
one_of = ["A", "B"]

[[rule]]
name = "limit"
total = "vat_paid + income_tax_paid"
over = "last 12 months"
at_least = "0.125 * requested_amount"

[[rule]]
name = "registered-1-year"
attribute = "registered_on"
at_least_ago = "1 year"
points = 10

[score]
base = 0
bands = [5, 20]
"#;

pub(crate) fn policy(text: &str) -> Policy {
    Policy::parse(text, Format::Toml, &Schema::cn_tax()).unwrap()
}

pub(crate) fn strict_policy() -> Policy {
    policy(&POLICY.replace(r#"one_of = ["A", "B"]"#, r#"one_of = ["A"]"#))
}

pub(crate) struct Bank {
    pub(crate) key: SigningKey,
    pub(crate) identity: Identity,
}

impl Bank {
    pub(crate) fn new() -> Self {
        Self {
            key: SigningKey::random(Profile::Sm).unwrap(),
            identity: Identity::generate(),
        }
    }

    pub(crate) fn trust(&self) -> TrustList {
        TrustList {
            authorities: vec![],
            banks: vec![TrustedBank {
                id: "bank-of-examples".to_owned(),
                name: "Bank of Examples".to_owned(),
                key: self.key.verifying_key(),
            }],
        }
    }

    pub(crate) fn ask<E: Keys>(&self, policy: &Policy, header: &EpochHeader) -> Request {
        let (file, _) = KeyHeader::peek(&E::keys().verifying).unwrap();
        Request {
            profile: Profile::Sm,
            bank: "bank-of-examples".to_owned(),
            recipient: self.identity.to_public().to_string(),
            curve: E::CURVE,
            version: CircuitVersion::V1,
            shape: Q16,
            key: file.fingerprint,
            policy: policy.encode(),
            parameters: policy
                .parameters()
                .iter()
                .map(|p| ParameterValue {
                    name: p.name.clone(),
                    value: 50_000_000,
                })
                .collect(),
            purpose: "Credit line of 500,000 yuan".to_owned(),
            accepted: vec![AcceptedEpoch {
                authority: header.authority.clone(),
                header: header.digest(),
            }],
            nonce: Nonce::random().unwrap(),
            issued_at: NOW - 60,
            expires_at: NOW + 3600,
        }
    }

    /// The public inputs that a bank rebuilds.
    pub(crate) fn inputs<E: Keys>(
        &self,
        policy: &Policy,
        request: &Request,
        header: &EpochHeader,
        presentation: &Presentation,
    ) -> PublicInputs<E::ScalarField> {
        let values = request.parameters.iter().map(|p| p.value).collect();
        let parameters = Parameters::new(policy.parameters(), values).unwrap();
        let numbers = policy
            .compile(header.date().unwrap(), &parameters)
            .unwrap()
            .numbers;
        let context = request
            .context(
                &presentation.epoch,
                policy.digest(request.profile),
                numbers.digest(request.profile),
            )
            .to_field();
        let id = Schema::cn_tax().id_scheme.parse(&presentation.disclosed_id);
        let fixed = FixedInputs {
            schema: header.schema.to_field(),
            newest_period: header.newest_period.index().into(),
            root: header.root(E::CURVE, Q16.layout()).unwrap(),
            context,
            bank: bank_digest(&request.bank).to_field(),
            scope: scope_digest("lending-registry").to_field(),
            pseudonym: field_from_bytes(&presentation.pseudonym).unwrap(),
            scope_tag: field_from_bytes(&presentation.scope_tag).unwrap(),
            disclosed_id: id.map_or(E::ScalarField::zero(), |id| id.to_field()),
            outcome: presentation.outcome.into(),
            consent: presentation.consent.into(),
        };
        PublicInputs { fixed, numbers }
    }

    pub(crate) fn accepts<E: Keys>(&self, inputs: &[E::ScalarField], proof: &[u8]) -> bool {
        let (_, body) =
            KeyHeader::open(&E::keys().verifying, KeyKind::Verifying, E::CURVE).unwrap();
        let key = VerifyingKey::<E>::deserialize_compressed(body).unwrap();
        let proof = Proof::<E>::deserialize_compressed(proof).unwrap();
        assert_eq!(key.gamma_abc_g1.len(), inputs.len() + 1);
        Groth16::<E>::verify_proof(&prepare_verifying_key(&key), &proof, inputs).unwrap()
    }
}

/// A curve with a key that is made once for all tests.
pub(crate) trait Keys: ProvingCurve {
    fn keys() -> &'static KeyFiles;
    fn prover() -> &'static Prover<Self>;
}

macro_rules! keys {
    ($($curve:ty),*) => {$(
        impl Keys for $curve {
            fn keys() -> &'static KeyFiles {
                static KEYS: OnceLock<KeyFiles> = OnceLock::new();
                KEYS.get_or_init(|| dev::<$curve>(CircuitVersion::V1, Q16).unwrap())
            }

            fn prover() -> &'static Prover<Self> {
                static PROVER: OnceLock<Prover<$curve>> = OnceLock::new();
                PROVER.get_or_init(|| Prover::admit(&Self::keys().proving).unwrap().0)
            }
        }
    )*};
}

keys!(Bn254, Bls12_381);

#[test]
fn the_curves_are_those_of_the_protocol() {
    assert_eq!([Bn254::CURVE, Bls12_381::CURVE], Curve::ALL);
}
