//! Evidence files, and such as somebody made up who has keys of his own.

use std::sync::LazyLock;

use ark_bn254::Bn254;
use taxproof_claims::digest::Profile;
use taxproof_claims::key::{KeyFingerprint, KeyKind};
use taxproof_claims::policy::{Format, Policy};
use taxproof_claims::signature::SigningKey;
use taxproof_verifier::evidence::Evidence;
use taxproof_verifier::receipt::Receipt;

use crate::Target;
use crate::fixture::{
    authority_key, credential, international_key, key_file, policies, registration, request,
    schema, verifying_key,
};
use crate::input::{Input, chosen};
use crate::property::canonical;
use crate::targets::objects::{presentation, receipt};

/// A file as it is; with the checksum that belongs to it; and signed anew by keys of one's own.
pub(super) const EVIDENCE: Target = Target::new(
    "evidence",
    |bytes| {
        let mut input = Input::new(bytes);
        let kind = input.below(3);
        let mut file = input.rest().to_vec();
        if kind > 0 {
            let checksum = Profile::International.digest("taxproof/evidence/1", &[&file]);
            file.extend(checksum.0);
        }
        let Some(evidence) = canonical(&file, Evidence::decode, Evidence::encode) else {
            return;
        };
        let evidence = if kind == 2 {
            signed_anew(evidence)
        } else {
            evidence
        };
        assert!(
            evidence.verify().is_err(),
            "a proof of nothing was accepted"
        );
    },
    || {
        let file = EVIDENCE_FILE.clone();
        let unchecked = &file[..file.len() - 32];
        vec![chosen(0, &file), chosen(1, unchecked), chosen(2, unchecked)]
    },
)
.mebibytes(16)
.mutations(500);

fn signed_anew(evidence: Evidence) -> Evidence {
    let bank = match evidence.request.request.profile {
        Profile::Sm => authority_key(),
        Profile::International => international_key(),
    };
    let authority = match evidence.epoch.header.profile {
        Profile::Sm => authority_key(),
        Profile::International => international_key(),
    };
    Evidence {
        receipt: evidence.receipt.receipt.sign(bank),
        request: evidence.request.request.sign(bank),
        epoch: evidence.epoch.header.sign(authority),
        bank_key: bank.verifying_key(),
        authority_key: authority.verifying_key(),
        ..evidence
    }
}

/// Evidence in which everything fits but the proof.
static EVIDENCE_FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let bank: &SigningKey = international_key();
    let epoch = credential(&registration()).epoch;
    let policy = policies().into_iter().find_map(|text| {
        let policy = Policy::parse(&text, Format::Toml, schema()).ok()?;
        policy.parameters().is_empty().then_some(policy)
    });
    let policy = policy.expect("a policy without parameters");
    let request = request(policy.encode(), Vec::new(), &epoch.header);
    let mut presentation = presentation();
    presentation.request = request.digest();
    presentation.epoch = request.accepted[0].clone();
    presentation.proof = vec![0; 128];
    let receipt = Receipt {
        nonce: request.nonce,
        policy: policy.digest(request.profile),
        epoch: epoch.header.epoch,
        key: KeyFingerprint::of(&verifying_key()),
        presentation,
        ..receipt()
    };
    let schema = serde_json::to_value(schema()).expect("a schema has text keys");
    Evidence {
        receipt: receipt.sign(bank),
        request: request.sign(bank),
        epoch,
        schema: schema.to_string(),
        key_file: key_file::<Bn254>(KeyKind::Verifying, &verifying_key()),
        bank_key: bank.verifying_key(),
        authority_key: authority_key().verifying_key(),
    }
    .encode()
});
