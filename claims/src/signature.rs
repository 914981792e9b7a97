//! Signatures of authorities and banks: SM2 with SM3, or Ed25519, by [`Profile`].
//!
//! What is signed is always a digest under the object's tag, in the profile's hash. SM2 signs with
//! the standard's default identifier `1234567812345678` (GM/T 0009-2012) and a deterministic nonce.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use serde::{Deserialize, Serialize};
use sm2::dsa::signature::Verifier as _;
use sm2::pkcs8::LineEnding;
use zeroize::Zeroizing;

use crate::digest::{Digest, Profile};

/// Bytes of a signature in either profile: r ‖ s of SM2, R ‖ S of Ed25519.
pub const SIGNATURE_LENGTH: usize = 64;

const SM2_ID: &str = "1234567812345678";

/// A signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; SIGNATURE_LENGTH]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A signing or verifying key, or a signature, is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The text or file is not a key of a known profile.
    #[error("not a key: `sm2:` or `ed25519:` and its hexadecimal digits, or a PKCS#8 PEM file")]
    NotAKey,
    /// The signature is not one of this message under this key.
    #[error("the signature does not verify")]
    Invalid,
    /// The operating system has no randomness to give.
    #[error("no randomness from the operating system")]
    Randomness,
}

/// A key that signs. Its secret is erased when it is dropped.
#[derive(Clone)]
pub enum SigningKey {
    /// SM2 with SM3.
    Sm2(Box<sm2::dsa::SigningKey>),
    /// Ed25519.
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl SigningKey {
    /// A fresh key.
    ///
    /// # Errors
    /// [`SignatureError::Randomness`].
    pub fn random(profile: Profile) -> Result<Self, SignatureError> {
        // A random string that is no SM2 scalar (probability about 2^-32) is drawn again.
        loop {
            let mut seed = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *seed).map_err(|_| SignatureError::Randomness)?;
            if let Some(key) = Self::from_seed(profile, &seed) {
                return Ok(key);
            }
        }
    }

    /// The key of a seed: SM2's secret scalar or Ed25519's seed. `None` where it is no scalar.
    fn from_seed(profile: Profile, seed: &[u8; 32]) -> Option<Self> {
        match profile {
            Profile::Sm => {
                let key = sm2::dsa::SigningKey::from_slice(SM2_ID, seed).ok()?;
                Some(Self::Sm2(Box::new(key)))
            }
            Profile::International => Some(Self::Ed25519(Box::new(
                ed25519_dalek::SigningKey::from_bytes(seed),
            ))),
        }
    }

    /// Reads a PKCS#8 PEM file.
    ///
    /// # Errors
    /// [`SignatureError::NotAKey`].
    pub fn from_pem(pem: &str) -> Result<Self, SignatureError> {
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::Ed25519(Box::new(key)));
        }
        let secret = sm2::SecretKey::from_pkcs8_pem(pem).map_err(|_| SignatureError::NotAKey)?;
        sm2::dsa::SigningKey::new(SM2_ID, &secret)
            .map(|key| Self::Sm2(Box::new(key)))
            .map_err(|_| SignatureError::NotAKey)
    }

    /// The key as a PKCS#8 PEM file, to be kept with mode 0600.
    ///
    /// # Errors
    /// [`SignatureError::NotAKey`] where the key cannot be encoded.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SignatureError> {
        match self {
            Self::Sm2(key) => sm2::SecretKey::from(key.as_nonzero_scalar())
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| SignatureError::NotAKey),
            Self::Ed25519(key) => key
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| SignatureError::NotAKey),
        }
    }

    /// The profile.
    pub const fn profile(&self) -> Profile {
        match self {
            Self::Sm2(_) => Profile::Sm,
            Self::Ed25519(_) => Profile::International,
        }
    }

    /// The key that verifies.
    pub fn verifying_key(&self) -> VerifyingKey {
        match self {
            Self::Sm2(key) => VerifyingKey::Sm2(Box::new(key.verifying_key().clone())),
            Self::Ed25519(key) => VerifyingKey::Ed25519(key.verifying_key()),
        }
    }

    /// Signs a digest.
    pub fn sign(&self, digest: Digest) -> Signature {
        self.sign_bytes(&digest.0)
    }

    /// Signs bytes that say themselves what they are, such as a log's checkpoint.
    pub fn sign_bytes(&self, message: &[u8]) -> Signature {
        match self {
            Self::Sm2(key) => {
                let signature: sm2::dsa::Signature = key.sign(message);
                Signature(signature.to_bytes().into())
            }
            Self::Ed25519(key) => Signature(key.sign(message).to_bytes()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, hidden)", self.profile())
    }
}

/// A key that verifies. As text: `sm2:` or `ed25519:` and the public key in hexadecimal (SM2 as
/// an uncompressed SEC 1 point).
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum VerifyingKey {
    /// SM2 with SM3.
    Sm2(Box<sm2::dsa::VerifyingKey>),
    /// Ed25519.
    Ed25519(ed25519_dalek::VerifyingKey),
}

impl VerifyingKey {
    /// The profile.
    pub const fn profile(&self) -> Profile {
        match self {
            Self::Sm2(_) => Profile::Sm,
            Self::Ed25519(_) => Profile::International,
        }
    }

    /// Verifies a signature of a digest: strictly, so that no small-order key passes (RFC 8032 with
    /// the checks of `verify_strict`).
    ///
    /// # Errors
    /// [`SignatureError::Invalid`].
    pub fn verify(&self, digest: Digest, signature: &Signature) -> Result<(), SignatureError> {
        self.verify_bytes(&digest.0, signature)
    }

    /// Verifies a signature by [`SigningKey::sign_bytes`], as strictly.
    ///
    /// # Errors
    /// [`SignatureError::Invalid`].
    pub fn verify_bytes(
        &self,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        match self {
            Self::Sm2(key) => sm2::dsa::Signature::from_slice(&signature.0)
                .and_then(|signature| key.verify(message, &signature)),
            Self::Ed25519(key) => {
                key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0))
            }
        }
        .map_err(|_| SignatureError::Invalid)
    }

    /// The public key's bytes: an uncompressed SEC 1 point of SM2, 32 bytes of Ed25519.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Sm2(key) => key.to_sec1_bytes().into_vec(),
            Self::Ed25519(key) => key.as_bytes().to_vec(),
        }
    }

    /// The key of some bytes, as [`Self::to_bytes`] writes them and not otherwise.
    ///
    /// # Errors
    /// [`SignatureError::NotAKey`]: no key of the profile, or a weak one.
    pub fn from_bytes(profile: Profile, bytes: &[u8]) -> Result<Self, SignatureError> {
        let key = match profile {
            Profile::Sm => {
                let key = sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_ID, bytes)
                    .map_err(|_| SignatureError::NotAKey)?;
                Self::Sm2(Box::new(key))
            }
            Profile::International => {
                let bytes = bytes.try_into().map_err(|_| SignatureError::NotAKey)?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes)
                    .map_err(|_| SignatureError::NotAKey)?;
                if key.is_weak() {
                    return Err(SignatureError::NotAKey);
                }
                Self::Ed25519(key)
            }
        };
        if key.to_bytes() == bytes {
            Ok(key)
        } else {
            Err(SignatureError::NotAKey)
        }
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for VerifyingKey {}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sm2(key) => write!(f, "sm2:{}", hex::encode(key.to_sec1_bytes())),
            Self::Ed25519(key) => write!(f, "ed25519:{}", hex::encode(key.as_bytes())),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifyingKey {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let (profile, digits) = text.split_once(':').ok_or(SignatureError::NotAKey)?;
        let bytes = hex::decode(digits).map_err(|_| SignatureError::NotAKey)?;
        let profile = match profile {
            "sm2" => Profile::Sm,
            "ed25519" => Profile::International,
            _ => return Err(SignatureError::NotAKey),
        };
        let key = Self::from_bytes(profile, &bytes)?;
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(SignatureError::NotAKey)
        }
    }
}

impl TryFrom<String> for VerifyingKey {
    type Error = SignatureError;

    fn try_from(text: String) -> Result<Self, SignatureError> {
        text.parse()
    }
}

impl From<VerifyingKey> for String {
    fn from(key: VerifyingKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_verify_and_bit_flips_do_not() {
        for profile in Profile::ALL {
            let key = SigningKey::random(profile).expect("randomness");
            let digest = profile.digest("test", &[b"message"]);
            let signature = key.sign(digest);
            let verifying = key.verifying_key();
            assert_eq!(verifying.verify(digest, &signature), Ok(()));
            for bit in 0..SIGNATURE_LENGTH * 8 {
                let mut flipped = signature;
                flipped.0[bit / 8] ^= 1 << (bit % 8);
                assert!(
                    verifying.verify(digest, &flipped).is_err(),
                    "{profile} bit {bit}"
                );
            }
            let other = profile.digest("test", &[b"massage"]);
            assert!(verifying.verify(other, &signature).is_err());
        }
    }

    #[test]
    fn keys_round_trip() {
        for profile in Profile::ALL {
            let key = SigningKey::random(profile).expect("randomness");
            let verifying = key.verifying_key();
            assert_eq!(verifying.to_string().parse(), Ok(verifying.clone()));
            let read = SigningKey::from_pem(&key.to_pem().expect("encodes")).expect("decodes");
            assert_eq!(read.verifying_key(), verifying);
        }
        for bad in ["", "sm2:", "ed25519:00", "rsa:00", "sm2:04"] {
            assert!(bad.parse::<VerifyingKey>().is_err(), "{bad}");
        }
        let small_order = format!("ed25519:{}", hex::encode([0u8; 32]));
        assert!(small_order.parse::<VerifyingKey>().is_err());
    }

    /// GM/T 0003.5-2012, Annex A.
    #[test]
    fn the_example_of_the_standard_verifies() {
        let key = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
                   CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
        let signature = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3\
                         B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA";
        let mut point = vec![4];
        point.extend(hex::decode(key).expect("hexadecimal"));
        let key = sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_ID, &point).expect("a point");
        let bytes = hex::decode(signature).expect("hexadecimal");
        let signature = sm2::dsa::Signature::from_slice(&bytes).expect("a signature");
        assert!(key.verify(b"message digest", &signature).is_ok());
        assert!(key.verify(b"message digesu", &signature).is_err());
    }
}
