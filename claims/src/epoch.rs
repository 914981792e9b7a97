//! Epochs: the header that an authority signs for each, with the roots of its commitment.

use std::fmt;

use ark_ff::{BigInteger, PrimeField};
use serde::{Deserialize, Serialize};

use crate::curve::Curve;
use crate::date::Date;
use crate::digest::{Digest, Profile};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::hash::PARAMS_ID;
use crate::period::Period;
use crate::shape::Layout;
use crate::signature::{Signature, SigningKey, VerifyingKey};

/// Who commits: 1 to 64 characters of lower-case ASCII letters, digits and hyphens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuthorityId(String);

/// The text is not a name of an authority or a bank.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name: 1 to 64 lower-case letters, digits and hyphens")]
pub struct NotAName(pub String);

/// Longest name of an authority, a bank or a policy.
pub const MAX_NAME: usize = 64;

/// Checks a name of an authority or a bank.
///
/// # Errors
/// It is empty, too long, or has other characters than lower-case letters, digits and hyphens.
pub fn check_name(text: &str) -> Result<(), NotAName> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let holds = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(allowed);
    if holds {
        Ok(())
    } else {
        Err(NotAName(text.to_owned()))
    }
}

impl AuthorityId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of the log of its epochs (C2SP tlog-checkpoint).
    pub fn log_origin(&self) -> String {
        format!("taxproof.epochs/{self}")
    }
}

impl TryFrom<String> for AuthorityId {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        check_name(&text).map(|()| Self(text))
    }
}

impl From<AuthorityId> for String {
    fn from(id: AuthorityId) -> Self {
        id.0
    }
}

impl std::str::FromStr for AuthorityId {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for AuthorityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AuthorityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The root of a commitment: for one curve, one set of hash parameters, one layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Over whose scalar field the tree is hashed.
    pub curve: Curve,
    /// The hash's parameters: [`PARAMS_ID`].
    pub params_id: String,
    /// The records' layout, as `16x8+12`.
    pub layout: String,
    /// The root, 32 big-endian bytes.
    pub root: Digest,
}

impl Root {
    /// The root of a tree.
    pub fn new<F: PrimeField>(curve: Curve, layout: Layout, root: F) -> Self {
        Self {
            curve,
            params_id: PARAMS_ID.to_owned(),
            layout: layout.to_string(),
            root: field_to_bytes(root),
        }
    }
}

/// A field element as 32 big-endian bytes.
///
/// Both scalar fields have fewer than 256 bits.
pub fn field_to_bytes<F: PrimeField>(element: F) -> Digest {
    let mut bytes = [0; 32];
    let be = element.into_bigint().to_bytes_be();
    bytes[32 - be.len()..].copy_from_slice(&be);
    Digest(bytes)
}

/// The field element of 32 big-endian bytes, if they are below the field's order.
pub fn field_from_bytes<F: PrimeField>(bytes: &Digest) -> Option<F> {
    let mut element = F::BigInt::default();
    let limbs = element.as_mut().iter_mut();
    for (limb, bytes) in limbs.zip(bytes.0.as_rchunks::<8>().1.iter().rev()) {
        *limb = u64::from_be_bytes(*bytes);
    }
    F::from_bigint(element)
}

/// What an authority says of an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochHeader {
    /// Signature and hash algorithms.
    pub profile: Profile,
    /// Who commits.
    pub authority: AuthorityId,
    /// Counted from 1 by each authority.
    pub epoch: u64,
    /// When it was made, seconds since 1970-01-01T00:00:00Z.
    pub time: u64,
    /// The newest period of every record in it.
    pub newest_period: Period,
    /// The schema's digest.
    pub schema: Digest,
    /// Enterprises committed to.
    pub leaves: u64,
    /// At most one for each curve, parameters and layout.
    pub roots: Vec<Root>,
    /// The header before this one; zeros for the first.
    pub previous: Digest,
}

const TAG: &str = "taxproof/epoch/1";
const SIGNED_TAG: &str = "taxproof/signed-epoch/1";
const MAX_ROOTS: usize = 16;

/// Longest encoding of a signed header, in bytes.
pub const MAX_SIGNED_HEADER: usize = 4096;

impl EpochHeader {
    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(TAG);
        w.u8(self.profile.code());
        w.text(self.authority.as_str());
        w.u64(self.epoch);
        w.u64(self.time);
        w.u32(self.newest_period.index());
        w.fixed(&self.schema.0);
        w.u64(self.leaves);
        w.count(self.roots.len());
        for root in &self.roots {
            w.u8(root.curve.code());
            w.text(&root.params_id);
            w.text(&root.layout);
            w.fixed(&root.root.0);
        }
        w.fixed(&self.previous.0);
        w.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # Errors
    /// The bytes are not the encoding of a header.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, TAG)?;
        let header = Self {
            profile: Profile::from_code(r.u8()?).ok_or(DecodeError::Invalid("unknown profile"))?,
            authority: r
                .text(MAX_NAME)?
                .parse()
                .map_err(|_| DecodeError::Invalid("an authority's name is malformed"))?,
            epoch: r.u64()?,
            time: r.u64()?,
            newest_period: Period::from_index(r.u32()?)
                .map_err(|_| DecodeError::Invalid("the newest period is no quarter"))?,
            schema: Digest(r.array()?),
            leaves: r.u64()?,
            roots: (0..r.count(MAX_ROOTS)?)
                .map(|_| decode_root(&mut r))
                .collect::<Result<_, _>>()?,
            previous: Digest(r.array()?),
        };
        r.finish()?;
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), DecodeError> {
        let key = |root: &Root| (root.curve, root.params_id.clone(), root.layout.clone());
        let keys: std::collections::BTreeSet<_> = self.roots.iter().map(key).collect();
        if keys.len() != self.roots.len() {
            return Err(DecodeError::Invalid("an epoch has two roots of one kind"));
        }
        if self.epoch == 0 {
            return Err(DecodeError::Invalid("epochs count from 1"));
        }
        self.date()
            .map(|_| ())
            .ok_or(DecodeError::Invalid("the epoch's time is no day"))
    }

    /// The header's hash in its profile: what requests, contexts and successors name it by.
    pub fn digest(&self) -> Digest {
        self.profile.digest(TAG, &[&self.encode()])
    }

    /// The day it was made, UTC: what "two years ago" counts from.
    pub fn date(&self) -> Option<Date> {
        Date::of_unix_seconds(self.time)
    }

    /// The root for a curve and a layout, under the hash that this software uses.
    pub fn root<F: PrimeField>(&self, curve: Curve, layout: Layout) -> Option<F> {
        let layout = layout.to_string();
        let fits = |r: &&Root| r.curve == curve && r.params_id == PARAMS_ID && r.layout == layout;
        self.roots
            .iter()
            .find(fits)
            .and_then(|r| field_from_bytes(&r.root))
    }

    /// Signs the header.
    pub fn sign(self, key: &SigningKey) -> SignedEpochHeader {
        let signature = key.sign(self.digest());
        SignedEpochHeader {
            header: self,
            signature,
        }
    }
}

fn decode_root(r: &mut Reader<'_>) -> Result<Root, DecodeError> {
    Ok(Root {
        curve: Curve::from_code(r.u8()?).ok_or(DecodeError::Invalid("unknown curve"))?,
        params_id: r.text(MAX_NAME)?.to_owned(),
        layout: r.text(MAX_NAME)?.to_owned(),
        root: Digest(r.array()?),
    })
}

/// A header with its authority's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedEpochHeader {
    /// What is signed.
    pub header: EpochHeader,
    /// Over the header's digest.
    pub signature: Signature,
}

impl SignedEpochHeader {
    /// The header, if the key signed it and is of the header's profile.
    ///
    /// # Errors
    /// [`crate::signature::SignatureError::Invalid`].
    pub fn verify(
        &self,
        key: &VerifyingKey,
    ) -> Result<&EpochHeader, crate::signature::SignatureError> {
        if key.profile() != self.header.profile {
            return Err(crate::signature::SignatureError::Invalid);
        }
        key.verify(self.header.digest(), &self.signature)
            .map(|()| &self.header)
    }

    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(SIGNED_TAG);
        w.bytes(&self.header.encode());
        w.fixed(&self.signature.0);
        w.finish()
    }

    /// Reads the canonical encoding. Does not verify the signature: see [`Self::verify`].
    ///
    /// # Errors
    /// The bytes are not the encoding of a signed header.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, SIGNED_TAG)?;
        let signed = Self {
            header: EpochHeader::decode(r.bytes(MAX_SIGNED_HEADER)?)?,
            signature: Signature(r.array()?),
        };
        r.finish()?;
        Ok(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Q16;

    fn header(profile: Profile) -> EpochHeader {
        EpochHeader {
            profile,
            authority: "zhejiang".parse().expect("a name"),
            epoch: 7,
            time: 1_790_000_000,
            newest_period: Period::new(2026, 3).expect("a quarter"),
            schema: Digest([1; 32]),
            leaves: 3,
            roots: vec![Root::new(
                Curve::Bn254,
                Q16.layout(),
                ark_bn254::Fr::from(5u64),
            )],
            previous: Digest([0; 32]),
        }
    }

    #[test]
    fn signed_headers_round_trip_and_bind_every_byte() {
        for profile in Profile::ALL {
            let key = SigningKey::random(profile).expect("randomness");
            let signed = header(profile).sign(&key);
            let bytes = signed.encode();
            assert_eq!(SignedEpochHeader::decode(&bytes), Ok(signed));
            for i in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[i] ^= 1;
                let accepted = SignedEpochHeader::decode(&flipped)
                    .is_ok_and(|s| s.verify(&key.verifying_key()).is_ok());
                assert!(!accepted, "{profile}: byte {i} is not bound");
            }
        }
    }

    #[test]
    fn a_header_is_not_accepted_under_another_profile() {
        let key = SigningKey::random(Profile::International).expect("randomness");
        let signed = header(Profile::Sm).sign(&key);
        assert!(signed.verify(&key.verifying_key()).is_err());
    }

    #[test]
    fn roots_are_canonical() {
        let mut header = header(Profile::Sm);
        let root: Option<ark_bn254::Fr> = header.root(Curve::Bn254, Q16.layout());
        assert_eq!(root, Some(ark_bn254::Fr::from(5u64)));
        assert!(
            header
                .root::<ark_bn254::Fr>(Curve::Bls12_381, Q16.layout())
                .is_none()
        );
        // 5 + r is the same element by reduction, and must not be read.
        let alias = <ark_bn254::Fr as PrimeField>::MODULUS;
        let mut sum = alias;
        sum.add_with_carry(&ark_bn254::Fr::from(5u64).into_bigint());
        header.roots[0].root = Digest(sum.to_bytes_be().try_into().expect("32 bytes"));
        assert!(
            header
                .root::<ark_bn254::Fr>(Curve::Bn254, Q16.layout())
                .is_none()
        );
    }
}
