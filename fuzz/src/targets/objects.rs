//! Objects in the canonical binary encoding.

use taxproof_claims::credential::Credential;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::encoding::Writer;
use taxproof_claims::epoch::{EpochHeader, SignedEpochHeader};
use taxproof_claims::key::{KeyFingerprint, Provenance};
use taxproof_claims::presentation::Presentation;
use taxproof_claims::request::{AcceptedEpoch, Nonce, Request, SignedRequest};
use taxproof_claims::shape::SHAPES;
use taxproof_claims::signature::SigningKey;
use taxproof_verifier::receipt::{Receipt, SignedReceipt};
use taxproof_verifier::seal::Identity;

use crate::Target;
use crate::fixture::{
    AUTHORITY, BANK, NOW, authority_key, credential, header, international_key, registration,
    request, schema, secrets,
};
use crate::input::{Input, chosen};
use crate::property::canonical;

pub(super) const PRESENTATION: Target = Target::new(
    "presentation",
    |bytes| {
        canonical(bytes, Presentation::decode, Presentation::encode);
    },
    || vec![presentation().encode(), disclosing().encode()],
);

pub(super) const REQUEST: Target = Target::new(
    "request",
    |bytes| {
        canonical(bytes, Request::decode, Request::encode);
        let signed = canonical(bytes, SignedRequest::decode, SignedRequest::encode);
        if let Some(signed) = signed {
            assert!(signed.verify(&international_key().verifying_key()).is_err());
            canonical(&signed.request.encode(), Request::decode, Request::encode);
        }
    },
    || {
        let request = request(b"{}".to_vec(), Vec::new(), &header(Vec::new()));
        vec![request.encode(), request.sign(&foreign_key()).encode()]
    },
);

pub(super) const EPOCH_HEADER: Target = Target::new(
    "epoch_header",
    |bytes| {
        canonical(bytes, EpochHeader::decode, EpochHeader::encode);
        let signed = canonical(bytes, SignedEpochHeader::decode, SignedEpochHeader::encode);
        if let Some(SignedEpochHeader { header, .. }) = signed {
            for shape in SHAPES {
                header.root::<ark_bn254::Fr>(Curve::Bn254, shape.layout());
                header.root::<ark_bls12_381::Fr>(Curve::Bls12_381, shape.layout());
            }
        }
    },
    || {
        let signed = credential(&registration()).epoch;
        let bare = header(Vec::new());
        vec![
            signed.encode(),
            signed.header.encode(),
            bare.sign(&foreign_key()).encode(),
        ]
    },
);

pub(super) const CREDENTIAL: Target = Target::new(
    "credential",
    |bytes| {
        let read = |bytes: &[u8]| Credential::decode(bytes, schema());
        let Some(credential) = canonical(bytes, read, Credential::encode) else {
            return;
        };
        let _ = credential.values.check(schema());
        for layout in SHAPES.map(|shape| shape.layout()) {
            let _ = credential.record(layout);
            let _ = credential.open::<ark_bn254::Fr>(Curve::Bn254, layout, secrets());
            let _ = credential.open::<ark_bls12_381::Fr>(Curve::Bls12_381, layout, secrets());
        }
    },
    || {
        let whole = credential(&registration());
        let bare = Credential {
            paths: Vec::new(),
            ..whole.clone()
        };
        vec![whole.encode(), bare.encode()]
    },
);

pub(super) const RECEIPT: Target = Target::new(
    "receipt",
    |bytes| {
        canonical(bytes, Receipt::decode, Receipt::encode);
        let signed = canonical(bytes, SignedReceipt::decode, SignedReceipt::encode);
        if let Some(signed) = signed {
            assert!(signed.verify(&international_key().verifying_key()).is_err());
        }
    },
    || {
        let failed = Receipt {
            passed: false,
            failed_rules: vec!["vat-each-quarter".to_owned(), "grade".to_owned()],
            band: Some(2),
            provenance: Provenance::Ceremony(Digest([9; 32])),
            ..receipt()
        };
        let alone = receipt().sign(&foreign_key());
        vec![
            receipt().encode(),
            failed.encode(),
            alone.encode(),
            signed_together(&failed),
        ]
    },
);

/// A receipt with digests on both sides of its way to what is signed.
fn signed_together(receipt: &Receipt) -> Vec<u8> {
    let mut w = Writer::object("taxproof/signed-receipt/2");
    w.bytes(&receipt.encode());
    w.count(2);
    for side in [2, 1] {
        w.u8(side);
        w.fixed(&[side; 32]);
    }
    w.fixed(&[0; 64]);
    w.finish()
}

/// A presentation as it arrives: what is encrypted to the bank, altered or not, and bytes that
/// claim to be.
pub(super) const SEALED: Target = Target::new(
    "sealed",
    |bytes| {
        let identity = Identity::generate();
        let mut input = Input::new(bytes);
        if input.byte() == 0 {
            let _ = identity.open(input.rest());
            return;
        }
        let recipient: age::x25519::Recipient = identity
            .recipient()
            .parse()
            .expect("an identity has a recipient");
        let (place, by) = (usize::from(input.byte()), input.byte());
        let plain = input.rest();
        let mut sealed = age::encrypt(&recipient, plain).expect("anything can be encrypted");
        // Places from the end on are those of the encrypted presentation.
        if let Some(byte) = sealed.iter_mut().rev().nth(place) {
            *byte ^= by;
        }
        match identity.open(&sealed) {
            Ok(opened) => {
                assert!(
                    by == 0 || place >= sealed.len(),
                    "an altered byte was not noticed"
                );
                assert_eq!(opened, plain);
                let _ = Presentation::decode(&opened);
            }
            Err(_) => assert!(
                by != 0 || sealed.len() > 4096,
                "what was encrypted does not open"
            ),
        }
    },
    || {
        let recipient = age::x25519::Identity::generate().to_public();
        let sealed = age::encrypt(&recipient, &presentation().encode());
        vec![
            chosen(0, sealed.expect("anything can be encrypted")),
            chosen(1, [&[0, 0], &presentation().encode()[..]].concat()),
            chosen(1, [&[20, 1], &presentation().encode()[..]].concat()),
        ]
    },
)
.mutations(1000);

pub(super) fn presentation() -> Presentation {
    Presentation {
        request: Digest([1; 32]),
        epoch: AcceptedEpoch {
            authority: AUTHORITY.parse().expect("an authority's name"),
            header: Digest([2; 32]),
        },
        pseudonym: Digest([0; 32]),
        scope_tag: Digest([0; 32]),
        disclosed_id: String::new(),
        outcome: 1,
        consent: 0,
        proof: vec![7; 128],
    }
}

fn disclosing() -> Presentation {
    Presentation {
        disclosed_id: "91330100799655058B".to_owned(),
        outcome: 0b1101_0100,
        consent: u64::MAX,
        proof: vec![8; 192],
        ..presentation()
    }
}

pub(super) fn receipt() -> Receipt {
    Receipt {
        profile: Profile::International,
        bank: BANK.to_owned(),
        sequence: 1,
        previous: Digest([0; 32]),
        nonce: Nonce([7; 16]),
        policy: Digest([3; 32]),
        epoch: 1,
        key: KeyFingerprint(Digest([4; 32])),
        provenance: Provenance::Dev,
        decided_at: NOW,
        passed: true,
        failed_rules: Vec::new(),
        band: None,
        presentation: presentation(),
    }
}

/// A key that nobody trusts.
fn foreign_key() -> SigningKey {
    let profile = authority_key().profile();
    SigningKey::random(profile).expect("the operating system has randomness")
}
