//! Evidence: one file that holds all that a decision follows from, to be verified by an auditor
//! without the bank, its service or its database.
//!
//! Everything in it hangs together: the receipt names the request, the key and the policy, the
//! request the epoch, the header the schema; the proof is verified again, and must show what the
//! receipt says. What the file cannot show is that its two anchors, the bank's and the authority's
//! public keys, are theirs: an auditor compares them with a trust list.

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::encoding::{DecodeError, Reader, Writer};
use taxproof_claims::epoch::{MAX_SIGNED_HEADER, SignedEpochHeader};
use taxproof_claims::key::{KeyFileError, KeyFingerprint, KeyHeader};
use taxproof_claims::policy::{Policy, PolicyErrors};
use taxproof_claims::request::{MAX_SIGNED_REQUEST, SignedRequest};
use taxproof_claims::schema::{Schema, SchemaError};
use taxproof_claims::signature::{SignatureError, VerifyingKey};
use taxproof_claims::trust::{TrustList, TrustedAuthority};

use crate::epoch::{TrustedEpoch, UntrustedEpoch};
use crate::key::{Admission, KeyRefused};
use crate::keyring::AnyVerifier;
use crate::presentation::{CannotJudge, InvalidReason, NotAQuestion, Question, Verdict};
use crate::receipt::{MAX_SIGNED_RECEIPT, Receipt, SignedReceipt};

/// What an evidence file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The receipt, signed by the bank.
    pub receipt: SignedReceipt,
    /// The request, signed by the bank, with the policy's text.
    pub request: SignedRequest,
    /// The epoch's header, signed by the authority.
    pub epoch: SignedEpochHeader,
    /// The schema that the policy speaks about, as JSON.
    pub schema: String,
    /// The verifying key file.
    pub key_file: Vec<u8>,
    /// The anchor: the bank's key.
    pub bank_key: VerifyingKey,
    /// The anchor: the authority's key.
    pub authority_key: VerifyingKey,
}

/// What the bank lacks to make evidence of a receipt. Whoever runs it must bring it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotExport {
    /// The verifying key's file.
    #[error("the bank has not the receipt's verifying key")]
    Key,
    /// The epoch's header, or the key that its authority signed it with.
    #[error("the bank has not the receipt's epoch, or not the key that signed it")]
    Epoch,
    /// The policy's schema.
    #[error("the bank has not the schema of the receipt's policy")]
    Schema,
}

/// What does not verify in evidence. Somebody altered it, or made it up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEvidence {
    /// The file does not parse.
    #[error("the file is no evidence: {0}")]
    Encoding(#[from] DecodeError),
    /// The file was damaged on its way.
    #[error("the file was altered: its checksum is another")]
    Checksum,
    /// An anchor is no public key.
    #[error("an anchor of the file is no public key")]
    Anchor(#[from] SignatureError),
    /// The bank's key did not sign.
    #[error("the {0} is not signed by the bank's key in the file")]
    BankSignature(&'static str),
    /// The authority's key did not sign the header.
    #[error("the epoch: {0}")]
    Epoch(#[from] UntrustedEpoch),
    /// The schema does not parse.
    #[error("the schema: {0}")]
    Schema(#[from] SchemaError),
    /// The policy does not parse under the schema.
    #[error("the policy: {0}")]
    Policy(PolicyErrors),
    /// The verifying key is none, or weak.
    #[error("the verifying key: {0}")]
    Key(#[from] KeyRefused),
    /// The verifying key's file does not parse.
    #[error("the verifying key: {0}")]
    KeyFile(#[from] KeyFileError),
    /// Two parts do not belong together.
    #[error("the receipt names another {0} than the file holds")]
    Other(&'static str),
    /// Request and policy do not go together.
    #[error("the request: {0}")]
    Question(#[from] NotAQuestion),
    /// Key, policy and epoch do not go together.
    #[error("the proof cannot be verified: {0}")]
    CannotJudge(#[from] CannotJudge),
    /// The presentation shows nothing.
    #[error("the presentation shows nothing: {0}")]
    Invalid(InvalidReason),
    /// The proof shows something else than the receipt says.
    #[error("the proof shows another verdict than the receipt says")]
    Verdict,
    /// An anchor is not the one that the auditor trusts.
    #[error("the trust list names another key for {0}, or none")]
    Untrusted(String),
    /// The proof is one under a key that the auditor does not trust.
    #[error(
        "the proof is one under the verifying key {0}, which is not trusted: who made that key could \
         have forged it"
    )]
    UntrustedKey(KeyFingerprint),
}

/// Evidence that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was decided.
    pub receipt: Receipt,
    /// The policy.
    pub policy: Policy,
    /// The bank's purpose.
    pub purpose: String,
    /// The anchor that all of the bank's words hang on.
    pub bank_key: VerifyingKey,
    /// The anchor that the record hangs on.
    pub authority_key: VerifyingKey,
}

const TAG: &str = "taxproof/evidence/1";
/// Longest schema, as JSON.
const MAX_SCHEMA: usize = 64 * 1024;
/// Longest verifying key file.
const MAX_KEY_FILE: usize = 256 * 1024;
const MAX_KEY_TEXT: usize = 256;

/// A schema as JSON with sorted keys.
pub(crate) fn schema_text(schema: &Schema) -> String {
    let json = serde_json::to_value(schema).expect("a schema has text keys");
    json.to_string()
}

impl Evidence {
    /// The file's bytes; the last 32 are the SHA-256 digest of those before.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(TAG);
        w.bytes(&self.receipt.encode());
        w.bytes(&self.request.encode());
        w.bytes(&self.epoch.encode());
        w.text(&self.schema);
        w.bytes(&self.key_file);
        w.text(&self.bank_key.to_string());
        w.text(&self.authority_key.to_string());
        let mut bytes = w.finish();
        let checksum = checksum(&bytes);
        bytes.extend(checksum.0);
        bytes
    }

    /// Reads a file. Verifies nothing but that it came whole: see [`Self::verify`].
    ///
    /// # Errors
    /// The bytes are not an evidence file, or were altered.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadEvidence> {
        let split = bytes.len().checked_sub(32).ok_or(DecodeError::Truncated)?;
        let (body, found) = bytes.split_at(split);
        let mut r = Reader::object(body, TAG)?;
        if checksum(body).0 != found {
            return Err(BadEvidence::Checksum);
        }
        let evidence = Self {
            receipt: SignedReceipt::decode(r.bytes(MAX_SIGNED_RECEIPT)?)?,
            request: SignedRequest::decode(r.bytes(MAX_SIGNED_REQUEST)?)?,
            epoch: SignedEpochHeader::decode(r.bytes(MAX_SIGNED_HEADER)?)?,
            schema: r.text(MAX_SCHEMA)?.to_owned(),
            key_file: r.bytes(MAX_KEY_FILE)?.to_vec(),
            bank_key: r.text(MAX_KEY_TEXT)?.parse()?,
            authority_key: r.text(MAX_KEY_TEXT)?.parse()?,
        };
        r.finish()?;
        Ok(evidence)
    }

    /// Verifies everything again, the proof included.
    ///
    /// # What is not checked
    /// That the two anchors are the bank's and the authority's: see [`Verified::ensure_trusted`].
    /// That the receipt is in the bank's chain: see [`crate::chain`].
    ///
    /// # Errors
    /// The first part that does not verify.
    pub fn verify(&self) -> Result<Verified, BadEvidence> {
        let receipt = self.receipt.verify(&self.bank_key);
        let receipt = receipt.map_err(|_| BadEvidence::BankSignature("receipt"))?;
        let request = self.request.verify(&self.bank_key);
        let request = request.map_err(|_| BadEvidence::BankSignature("request"))?;
        let epoch = self.epoch()?;
        let schema = Schema::from_json(&self.schema)?;
        if schema_text(&schema) != self.schema {
            return Err(BadEvidence::Other("schema"));
        }
        let policy = Policy::decode(&request.policy, &schema).map_err(BadEvidence::Policy)?;
        let verifier = self.verifier()?;
        let question = Question::new(request.clone(), policy.clone().into())?;
        let header = verifier.header();
        for (same, what) in [
            (receipt.bank == request.bank, "bank"),
            (receipt.nonce == request.nonce, "nonce"),
            (receipt.policy == question.policy_digest(), "policy"),
            (receipt.epoch == epoch.header().epoch, "epoch"),
            (receipt.key == header.fingerprint, "verifying key"),
            (receipt.provenance == header.provenance, "provenance"),
            (receipt.profile == request.profile, "profile"),
        ] {
            if !same {
                return Err(BadEvidence::Other(what));
            }
        }
        let now = receipt.decided_at;
        match verifier.judge(&question, &epoch, &receipt.presentation, now)? {
            Verdict::Invalid(reason) => Err(BadEvidence::Invalid(reason)),
            verdict if says(&verdict, receipt) => Ok(Verified {
                receipt: receipt.clone(),
                policy,
                purpose: request.purpose.clone(),
                bank_key: self.bank_key.clone(),
                authority_key: self.authority_key.clone(),
            }),
            _ => Err(BadEvidence::Verdict),
        }
    }

    fn epoch(&self) -> Result<TrustedEpoch, BadEvidence> {
        let id = self.epoch.header.authority.clone();
        let authority = TrustedAuthority {
            name: id.to_string(),
            id,
            key: self.authority_key.clone(),
        };
        let trust = TrustList {
            authorities: vec![authority],
            ..TrustList::default()
        };
        Ok(TrustedEpoch::verify(self.epoch.clone(), &trust)?)
    }

    /// Whatever its provenance: the receipt says which it is.
    fn verifier(&self) -> Result<AnyVerifier, BadEvidence> {
        let (header, _) = KeyHeader::peek(&self.key_file)?;
        let admission = Admission {
            allow_dev: true,
            ceremony_keys: vec![header.fingerprint],
        };
        Ok(AnyVerifier::open(&self.key_file, &admission)?)
    }
}

impl Verified {
    /// That the anchors are those of a trust list.
    ///
    /// # Errors
    /// The list names other keys, or none.
    pub fn ensure_trusted(&self, trust: &TrustList) -> Result<(), BadEvidence> {
        let bank = &self.receipt.bank;
        let authority = &self.receipt.presentation.epoch.authority;
        let untrusted = |name: &str| BadEvidence::Untrusted(format!("`{name}`"));
        if trust.bank(bank).is_none_or(|b| b.key != self.bank_key) {
            return Err(untrusted(bank));
        }
        let trusted = trust.authority(authority);
        if trusted.is_none_or(|a| a.key != self.authority_key) {
            return Err(untrusted(authority.as_str()));
        }
        Ok(())
    }
}

impl Verified {
    /// That the proof is one under a key that the auditor trusts.
    ///
    /// # Errors
    /// It is another.
    pub fn ensure_key(&self, keys: &[KeyFingerprint]) -> Result<(), BadEvidence> {
        match keys.contains(&self.receipt.key) {
            true => Ok(()),
            false => Err(BadEvidence::UntrustedKey(self.receipt.key)),
        }
    }
}

/// Whether a verdict is what a receipt says.
fn says(verdict: &Verdict, receipt: &Receipt) -> bool {
    let (passed, shown, rules) = match verdict {
        Verdict::Passed(shown) => (true, shown, &[][..]),
        Verdict::Failed { shown, rules } => (false, shown, rules.as_slice()),
        Verdict::Invalid(_) => return false,
    };
    (passed, rules, shown.band)
        == (
            receipt.passed,
            receipt.failed_rules.as_slice(),
            receipt.band,
        )
}

/// Finds what happens to a file by chance; against people there are the signatures.
fn checksum(bytes: &[u8]) -> Digest {
    Profile::International.digest("taxproof/evidence/1", &[bytes])
}
