//! Digests of what is said: SHA-256, or SM3 in the SM profile.

use std::fmt;
use std::str::FromStr;

use ark_ff::PrimeField;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sm3::Sm3;

/// Which signature and hash algorithms an authority or a bank uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// SM2 with SM3 (GB/T 32918, GB/T 32905): the default.
    Sm,
    /// Ed25519 (RFC 8032) with SHA-256 (FIPS 180-4).
    International,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 2] = [Self::Sm, Self::International];

    /// The code in binary encodings.
    pub const fn code(self) -> u8 {
        match self {
            Self::Sm => 1,
            Self::International => 2,
        }
    }

    /// The profile of a code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.code() == code)
    }

    /// The name, as in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sm => "sm",
            Self::International => "international",
        }
    }

    /// The digest of some parts under a tag: the hash of the tag and the parts, each after its
    /// length as four big-endian bytes.
    pub fn digest(self, tag: &str, parts: &[&[u8]]) -> Digest {
        match self {
            Self::Sm => Digest(hash_parts(Sm3::new(), tag, parts)),
            Self::International => Digest(hash_parts(Sha256::new(), tag, parts)),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn hash_parts<H>(mut hasher: H, tag: &str, parts: &[&[u8]]) -> [u8; 32]
where
    H: sha2::Digest<OutputSize = sha2::digest::consts::U32>,
{
    for part in std::iter::once(&tag.as_bytes()).chain(parts) {
        let length = u32::try_from(part.len()).expect("a hashed part has fewer than 2^32 bytes");
        hasher.update(length.to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// 32 bytes that stand for what was hashed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The first 248 bits as a field element, so that every curve's field holds it.
    pub fn to_field<F: PrimeField>(self) -> F {
        F::from_be_bytes_mod_order(&self.0[..31])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest: 64 lower-case hexadecimal digits")]
pub struct NotDigest(pub String);

impl FromStr for Digest {
    type Err = NotDigest;

    fn from_str(text: &str) -> Result<Self, NotDigest> {
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if hex::encode(bytes) == text => Ok(Self(bytes)),
            _ => Err(NotDigest(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = NotDigest;

    fn try_from(text: String) -> Result<Self, NotDigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        for profile in Profile::ALL {
            let ab_c = profile.digest("t", &[b"ab", b"c"]);
            assert_ne!(ab_c, profile.digest("t", &[b"a", b"bc"]));
            assert_ne!(ab_c, profile.digest("t", &[b"abc"]));
            assert_ne!(ab_c, profile.digest("ta", &[b"b", b"c"]));
        }
        assert_ne!(
            Profile::Sm.digest("t", &[]),
            Profile::International.digest("t", &[])
        );
    }

    #[test]
    fn known_answers() {
        // The digests of "abc" in FIPS 180-4 and GB/T 32905.
        assert_eq!(Sha256::digest(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(Sm3::digest(b"abc")[..4], [0x66, 0xc7, 0xf0, 0xf4]);
        let by_hand = Sha256::digest([0, 0, 0, 1, b't', 0, 0, 0, 2, b'a', b'b']);
        assert_eq!(
            Profile::International.digest("t", &[b"ab"]).0[..],
            by_hand[..]
        );
    }

    #[test]
    fn text_is_canonical() {
        let digest = Digest([0xab; 32]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!(digest.to_string().to_uppercase().parse::<Digest>().is_err());
        assert!("ab".parse::<Digest>().is_err());
    }
}
