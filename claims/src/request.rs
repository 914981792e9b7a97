//! Requests: what a bank asks one applicant in one session, signed by the bank.

use crate::curve::Curve;
use crate::digest::{Digest, Profile};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::epoch::{AuthorityId, MAX_NAME, check_name};
use crate::key::{CircuitVersion, KeyFingerprint};
use crate::shape::Shape;
use crate::signature::{Signature, SignatureError, SigningKey, VerifyingKey};

/// 128 random bits, used once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce(pub [u8; 16]);

impl Nonce {
    /// A fresh nonce from the operating system's generator.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl std::fmt::Debug for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// An epoch that a bank accepts: whose, and the digest of its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedEpoch {
    /// Whose.
    pub authority: AuthorityId,
    /// The header's digest in the authority's profile.
    pub header: Digest,
}

/// A value for a policy's parameter, in whole units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterValue {
    /// The parameter's name.
    pub name: String,
    /// In the parameter's whole units: fen for money.
    pub value: i64,
}

/// What a bank asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Signature and hash algorithms of request and context.
    pub profile: Profile,
    /// The bank's name in the trust list, as [`check_name`] has it.
    pub bank: String,
    /// Where the presentation is encrypted to: an age recipient (`age1…`).
    pub recipient: String,
    /// The curve of the proof.
    pub curve: Curve,
    /// The circuits' version.
    pub version: CircuitVersion,
    /// The shape.
    pub shape: Shape,
    /// The verifying key.
    pub key: KeyFingerprint,
    /// The policy's canonical encoding.
    pub policy: Vec<u8>,
    /// A value for each of the policy's parameters, in the policy's order.
    pub parameters: Vec<ParameterValue>,
    /// What the bank wants to know it for, as shown to the applicant.
    pub purpose: String,
    /// The epochs that the bank accepts, the newest of each authority.
    pub accepted: Vec<AcceptedEpoch>,
    /// Used once.
    pub nonce: Nonce,
    /// When it was made, seconds since 1970-01-01T00:00:00Z.
    pub issued_at: u64,
    /// When it ends, seconds since 1970-01-01T00:00:00Z.
    pub expires_at: u64,
}

const TAG: &str = "taxproof/request/1";
const SIGNED_TAG: &str = "taxproof/signed-request/1";
const CONTEXT_TAG: &str = "taxproof/context/1";
/// Longest purpose, in bytes.
pub const MAX_PURPOSE: usize = 512;
const MAX_RECIPIENT: usize = 128;
/// Longest encoding of a policy, in bytes.
pub const MAX_POLICY: usize = 64 * 1024;
const MAX_PARAMETERS: usize = 16;
/// Most epochs in a request: one for each provincial bureau, twice over.
pub const MAX_ACCEPTED: usize = 72;
/// Longest encoding of a signed request, in bytes.
pub const MAX_SIGNED_REQUEST: usize = 80 * 1024;

impl Request {
    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(TAG);
        w.u8(self.profile.code());
        w.text(&self.bank);
        w.text(&self.recipient);
        w.u8(self.curve.code());
        w.u32(self.version.number());
        w.text(self.shape.name);
        w.fixed(&self.key.0.0);
        w.bytes(&self.policy);
        w.count(self.parameters.len());
        for parameter in &self.parameters {
            w.text(&parameter.name);
            w.i64(parameter.value);
        }
        w.text(&self.purpose);
        w.count(self.accepted.len());
        for accepted in &self.accepted {
            w.text(accepted.authority.as_str());
            w.fixed(&accepted.header.0);
        }
        w.fixed(&self.nonce.0);
        w.u64(self.issued_at);
        w.u64(self.expires_at);
        w.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # What is not checked
    /// The policy, the parameters and the recipient: whoever uses them decodes them.
    ///
    /// # Errors
    /// The bytes are not the encoding of a request.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, TAG)?;
        let request = Self {
            profile: Profile::from_code(r.u8()?).ok_or(DecodeError::Invalid("unknown profile"))?,
            bank: name(r.text(MAX_NAME)?)?,
            recipient: r.text(MAX_RECIPIENT)?.to_owned(),
            curve: Curve::from_code(r.u8()?).ok_or(DecodeError::Invalid("unknown curve"))?,
            version: CircuitVersion::from_number(r.u32()?).ok_or(DecodeError::Invalid(
                "a circuit version that this software has not",
            ))?,
            shape: r
                .text(16)?
                .parse()
                .map_err(|_| DecodeError::Invalid("unknown shape"))?,
            key: KeyFingerprint(Digest(r.array()?)),
            policy: r.bytes(MAX_POLICY)?.to_vec(),
            parameters: (0..r.count(MAX_PARAMETERS)?)
                .map(|_| {
                    Ok(ParameterValue {
                        name: r.text(MAX_NAME)?.to_owned(),
                        value: r.i64()?,
                    })
                })
                .collect::<Result<_, DecodeError>>()?,
            purpose: r.text(MAX_PURPOSE)?.to_owned(),
            accepted: (0..r.count(MAX_ACCEPTED)?)
                .map(|_| {
                    Ok(AcceptedEpoch {
                        authority: name(r.text(MAX_NAME)?)?
                            .parse()
                            .map_err(|_| DecodeError::Invalid("a name is malformed"))?,
                        header: Digest(r.array()?),
                    })
                })
                .collect::<Result<_, DecodeError>>()?,
            nonce: Nonce(r.array()?),
            issued_at: r.u64()?,
            expires_at: r.u64()?,
        };
        r.finish()?;
        Ok(request)
    }

    /// What names the request: receipts and presentations hold it.
    pub fn digest(&self) -> Digest {
        self.profile.digest(TAG, &[&self.encode()])
    }

    /// Whether the bank takes this epoch.
    pub fn accepts(&self, epoch: &AcceptedEpoch) -> bool {
        self.accepted.contains(epoch)
    }

    /// What binds a proof to this request and to one of its epochs.
    pub fn context(
        &self,
        epoch: &AcceptedEpoch,
        policy_digest: Digest,
        numbers_digest: Digest,
    ) -> Digest {
        self.profile.digest(
            CONTEXT_TAG,
            &[
                self.curve.name().as_bytes(),
                &self.version.number().to_be_bytes(),
                self.shape.name.as_bytes(),
                &self.key.0.0,
                epoch.authority.as_str().as_bytes(),
                &epoch.header.0,
                self.bank.as_bytes(),
                &self.nonce.0,
                &self.expires_at.to_be_bytes(),
                &policy_digest.0,
                &numbers_digest.0,
                self.purpose.as_bytes(),
            ],
        )
    }

    /// Signs the request.
    pub fn sign(self, key: &SigningKey) -> SignedRequest {
        let signature = key.sign(self.digest());
        SignedRequest {
            request: self,
            signature,
        }
    }
}

fn name(text: &str) -> Result<String, DecodeError> {
    check_name(text)
        .map(|()| text.to_owned())
        .map_err(|_| DecodeError::Invalid("a name is malformed"))
}

/// The bank in a pseudonym: its name's digest, the same in every profile.
pub fn bank_digest(bank: &str) -> Digest {
    Profile::International.digest("taxproof/bank/1", &[bank.as_bytes()])
}

/// A shared registry in a scope tag: its name's digest, the same in every profile.
pub fn scope_digest(scope: &str) -> Digest {
    Profile::International.digest("taxproof/scope/1", &[scope.as_bytes()])
}

/// A request with its bank's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// What is signed.
    pub request: Request,
    /// Over the request's digest.
    pub signature: Signature,
}

impl SignedRequest {
    /// The request, if the key signed it and is of the request's profile.
    ///
    /// # Errors
    /// [`SignatureError::Invalid`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<&Request, SignatureError> {
        if key.profile() != self.request.profile {
            return Err(SignatureError::Invalid);
        }
        key.verify(self.request.digest(), &self.signature)
            .map(|()| &self.request)
    }

    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(SIGNED_TAG);
        w.bytes(&self.request.encode());
        w.fixed(&self.signature.0);
        w.finish()
    }

    /// Reads the canonical encoding. Does not verify the signature: see [`Self::verify`].
    ///
    /// # Errors
    /// The bytes are not the encoding of a signed request.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, SIGNED_TAG)?;
        let signed = Self {
            request: Request::decode(r.bytes(MAX_SIGNED_REQUEST)?)?,
            signature: Signature(r.array()?),
        };
        r.finish()?;
        Ok(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Q16, Q16S};

    fn request(profile: Profile) -> Request {
        Request {
            profile,
            bank: "bank-of-examples".to_owned(),
            recipient: "age1example".to_owned(),
            curve: Curve::Bn254,
            version: CircuitVersion::V1,
            shape: Q16,
            key: KeyFingerprint(Digest([1; 32])),
            policy: vec![1, 2, 3],
            parameters: vec![ParameterValue {
                name: "amount".to_owned(),
                value: -5,
            }],
            purpose: "a loan".to_owned(),
            accepted: vec![AcceptedEpoch {
                authority: "zhejiang".parse().expect("a name"),
                header: Digest([2; 32]),
            }],
            nonce: Nonce([3; 16]),
            issued_at: 5,
            expires_at: 6,
        }
    }

    #[test]
    fn signed_requests_round_trip_and_bind_every_byte() {
        for profile in Profile::ALL {
            let key = SigningKey::random(profile).expect("randomness");
            let signed = request(profile).sign(&key);
            let bytes = signed.encode();
            assert_eq!(SignedRequest::decode(&bytes), Ok(signed));
            for i in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[i] ^= 1;
                let accepted = SignedRequest::decode(&flipped)
                    .is_ok_and(|s| s.verify(&key.verifying_key()).is_ok());
                assert!(!accepted, "{profile}: byte {i} is not bound");
            }
        }
    }

    #[test]
    fn the_context_changes_with_each_of_its_parts() {
        let base = request(Profile::Sm);
        let epoch = base.accepted[0].clone();
        let (policy, numbers) = (Digest([8; 32]), Digest([9; 32]));
        let context = base.context(&epoch, policy, numbers);
        let changes: [fn(&mut Request); 8] = [
            |r| r.profile = Profile::International,
            |r| r.curve = Curve::Bls12_381,
            |r| r.shape = Q16S,
            |r| r.key.0.0[0] ^= 1,
            |r| r.bank.push('x'),
            |r| r.nonce.0[15] ^= 1,
            |r| r.expires_at += 1,
            |r| r.purpose.push('.'),
        ];
        for (i, change) in changes.into_iter().enumerate() {
            let mut other = base.clone();
            change(&mut other);
            assert_ne!(
                other.context(&epoch, policy, numbers),
                context,
                "change {i}"
            );
        }
        let mut foreign = epoch.clone();
        foreign.header.0[0] ^= 1;
        assert_ne!(base.context(&foreign, policy, numbers), context);
        foreign = epoch.clone();
        foreign.authority = "jiangsu".parse().expect("a name");
        assert_ne!(base.context(&foreign, policy, numbers), context);
        assert_ne!(base.context(&epoch, numbers, policy), context);
    }
}
