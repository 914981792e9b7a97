//! Receipts: what the bank keeps of a decision, signed, so that an auditor can verify it again.
//!
//! With the request, the epoch's header and the verifying key that it names, a receipt holds all
//! that the verdict follows from. Receipts form a chain: each names the one before it. Those that are
//! kept at once are signed together: see [`crate::together`].

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::encoding::{DecodeError, Reader, Writer};
use taxproof_claims::epoch::{MAX_NAME, check_name};
use taxproof_claims::key::{KeyFingerprint, Provenance};
use taxproof_claims::presentation::{MAX_PRESENTATION, Presentation};
use taxproof_claims::request::Nonce;
use taxproof_claims::signature::{Signature, SignatureError, SigningKey, VerifyingKey};

use crate::together::{MAX_PATH, Path};

/// What was decided, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Signature and hash algorithms.
    pub profile: Profile,
    /// The bank's name in requests.
    pub bank: String,
    /// Counted from 1 by each bank.
    pub sequence: u64,
    /// The receipt before this one; zeros for the first.
    pub previous: Digest,
    /// The request's nonce, which this receipt uses up.
    pub nonce: Nonce,
    /// The policy's digest.
    pub policy: Digest,
    /// The number of the epoch that the presentation names.
    pub epoch: u64,
    /// The verifying key.
    pub key: KeyFingerprint,
    /// Who could know its trapdoor.
    pub provenance: Provenance,
    /// When it was decided, seconds since 1970-01-01T00:00:00Z.
    pub decided_at: u64,
    /// Whether the policy holds.
    pub passed: bool,
    /// The rules named as failed.
    pub failed_rules: Vec<String>,
    /// The score's band, where it was told.
    pub band: Option<u32>,
    /// The presentation, which names the request, with its proof.
    pub presentation: Presentation,
}

const TAG: &str = "taxproof/receipt/1";
const ALONE_TAG: &str = "taxproof/signed-receipt/1";
const TOGETHER_TAG: &str = "taxproof/signed-receipt/2";
const MAX_RULES: usize = 64;
const MAX_RECEIPT: usize = 16 * 1024;
/// Longest signed receipt, in bytes: a receipt, its path, the signature and their frame.
pub const MAX_SIGNED_RECEIPT: usize = MAX_RECEIPT + MAX_PATH + 256;

impl Receipt {
    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(TAG);
        w.u8(self.profile.code());
        w.text(&self.bank);
        w.u64(self.sequence);
        w.fixed(&self.previous.0);
        w.fixed(&self.nonce.0);
        w.fixed(&self.policy.0);
        w.u64(self.epoch);
        w.fixed(&self.key.0.0);
        match self.provenance {
            Provenance::Dev => w.u8(1),
            Provenance::Ceremony(transcript) => {
                w.u8(2);
                w.fixed(&transcript.0);
            }
        }
        w.u64(self.decided_at);
        w.u8(self.passed.into());
        w.count(self.failed_rules.len());
        self.failed_rules.iter().for_each(|rule| w.text(rule));
        w.count(self.band.iter().len());
        self.band.iter().for_each(|&band| w.u32(band));
        w.bytes(&self.presentation.encode());
        w.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # Errors
    /// The bytes are not the encoding of a receipt.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, TAG)?;
        let receipt = Self {
            profile: Profile::from_code(r.u8()?).ok_or(DecodeError::Invalid("unknown profile"))?,
            bank: name(r.text(MAX_NAME)?)?,
            sequence: r.u64()?,
            previous: Digest(r.array()?),
            nonce: Nonce(r.array()?),
            policy: Digest(r.array()?),
            epoch: r.u64()?,
            key: KeyFingerprint(Digest(r.array()?)),
            provenance: match r.u8()? {
                1 => Provenance::Dev,
                2 => Provenance::Ceremony(Digest(r.array()?)),
                _ => return Err(DecodeError::Invalid("unknown provenance")),
            },
            decided_at: r.u64()?,
            passed: match r.u8()? {
                0 => false,
                1 => true,
                _ => return Err(DecodeError::Invalid("a verdict is passed or failed")),
            },
            failed_rules: (0..r.count(MAX_RULES)?)
                .map(|_| r.text(MAX_NAME).map(str::to_owned))
                .collect::<Result<_, _>>()?,
            band: match r.count(1)? {
                0 => None,
                _ => Some(r.u32()?),
            },
            presentation: Presentation::decode(r.bytes(MAX_PRESENTATION)?)?,
        };
        r.finish()?;
        Ok(receipt)
    }

    /// What names the receipt: its successor holds it.
    pub fn digest(&self) -> Digest {
        self.profile.digest(TAG, &[&self.encode()])
    }

    /// Signs the receipt alone.
    pub fn sign(self, key: &SigningKey) -> SignedReceipt {
        let signature = key.sign(self.digest());
        SignedReceipt {
            receipt: self,
            path: Path::default(),
            signature,
        }
    }
}

fn name(text: &str) -> Result<String, DecodeError> {
    check_name(text)
        .map(|()| text.to_owned())
        .map_err(|_| DecodeError::Invalid("a name is malformed"))
}

/// A receipt with its bank's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedReceipt {
    /// What is signed.
    pub receipt: Receipt,
    /// To what is signed; empty where that is the receipt alone.
    pub path: Path,
    /// Over the receipt's digest, or the root of those that were signed together.
    pub signature: Signature,
}

impl SignedReceipt {
    /// The receipt, if the key signed it and is of the receipt's profile.
    ///
    /// # Errors
    /// [`SignatureError::Invalid`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<&Receipt, SignatureError> {
        if key.profile() != self.receipt.profile {
            return Err(SignatureError::Invalid);
        }
        let verified = key.verify(self.signed(), &self.signature);
        verified.map(|()| &self.receipt)
    }

    /// Which of some keys signed the receipt, if one did.
    pub fn signer<'k>(&self, keys: &'k [VerifyingKey]) -> Option<&'k VerifyingKey> {
        keys.iter().find(|key| self.verify(key).is_ok())
    }

    /// What the signature is over.
    pub(crate) fn signed(&self) -> Digest {
        self.path.root(self.receipt.profile, self.receipt.digest())
    }

    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        let alone = self.path.is_empty();
        let mut w = Writer::object(if alone { ALONE_TAG } else { TOGETHER_TAG });
        w.bytes(&self.receipt.encode());
        if !alone {
            self.path.write(&mut w);
        }
        w.fixed(&self.signature.0);
        w.finish()
    }

    /// Reads the canonical encoding. Does not verify the signature: see [`Self::verify`].
    ///
    /// # Errors
    /// The bytes are not the encoding of a signed receipt.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let together = Reader::object(bytes, TOGETHER_TAG);
        let alone = together.is_err();
        let mut r = together.or_else(|_| Reader::object(bytes, ALONE_TAG))?;
        let signed = Self {
            receipt: Receipt::decode(r.bytes(MAX_RECEIPT)?)?,
            path: match alone {
                true => Path::default(),
                false => Path::read(&mut r)?,
            },
            signature: Signature(r.array()?),
        };
        r.finish()?;
        Ok(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use taxproof_claims::request::AcceptedEpoch;

    fn receipt(profile: Profile, provenance: Provenance, band: Option<u32>) -> Receipt {
        Receipt {
            profile,
            bank: "bank-of-examples".to_owned(),
            sequence: 3,
            previous: Digest([1; 32]),
            nonce: Nonce([2; 16]),
            policy: Digest([3; 32]),
            epoch: 7,
            key: KeyFingerprint(Digest([4; 32])),
            provenance,
            decided_at: 1_790_000_000,
            passed: false,
            failed_rules: vec!["tax-each-quarter".to_owned(), "grade".to_owned()],
            band,
            presentation: Presentation {
                request: Digest([5; 32]),
                epoch: AcceptedEpoch {
                    authority: "zhejiang".parse().expect("a name"),
                    header: Digest([6; 32]),
                },
                pseudonym: Digest([7; 32]),
                scope_tag: Digest([8; 32]),
                disclosed_id: String::new(),
                outcome: 8,
                consent: 1,
                proof: vec![9; 128],
            },
        }
    }

    #[test]
    fn receipts_round_trip_and_bind_every_byte() {
        let ceremony = Provenance::Ceremony(Digest([10; 32]));
        let variants = [(Provenance::Dev, None), (ceremony, Some(2))];
        for (profile, (provenance, band)) in Profile::ALL.into_iter().zip(variants) {
            let key = SigningKey::random(profile).expect("randomness");
            let signed = receipt(profile, provenance, band).sign(&key);
            assert_every_byte_is_bound(&signed, &key);
        }
    }

    #[test]
    fn receipts_that_are_signed_together_verify_alone_and_bind_every_byte() {
        for profile in Profile::ALL {
            let key = SigningKey::random(profile).expect("randomness");
            let numbered = |sequence| {
                let receipt = Receipt {
                    sequence,
                    ..receipt(profile, Provenance::Dev, None)
                };
                let digest = receipt.digest();
                (receipt, digest)
            };
            let signed = crate::together::sign((1..=5).map(numbered).collect(), &key);
            assert_eq!(signed.len(), 5);
            for signed in &signed[3..] {
                assert_every_byte_is_bound(signed, &key);
            }
            let alone = crate::together::sign(vec![numbered(1)], &key);
            assert_eq!(alone, [numbered(1).0.sign(&key)]);
            // Another one's path.
            let strayed = SignedReceipt {
                path: signed[1].path.clone(),
                ..signed[0].clone()
            };
            assert!(strayed.verify(&key.verifying_key()).is_err());
        }
    }

    fn assert_every_byte_is_bound(signed: &SignedReceipt, key: &SigningKey) {
        assert!(signed.verify(&key.verifying_key()).is_ok());
        let bytes = signed.encode();
        assert_eq!(SignedReceipt::decode(&bytes).as_ref(), Ok(signed));
        for i in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[i] ^= 1;
            let accepted = SignedReceipt::decode(&flipped)
                .is_ok_and(|s| s.verify(&key.verifying_key()).is_ok());
            assert!(!accepted, "byte {i} is not bound");
        }
    }
}
