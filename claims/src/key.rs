//! Key files' headers: which statement a proving or verifying key is for, and who made it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::curve::Curve;
use crate::digest::Digest;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::shape::Shape;

/// A version of the circuits. There is no default: whoever proves or verifies names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CircuitVersion {
    /// The first.
    #[serde(rename = "1")]
    V1,
}

impl CircuitVersion {
    /// The number in encodings.
    pub const fn number(self) -> u32 {
        match self {
            Self::V1 => 1,
        }
    }

    /// The version of a number.
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::V1),
            _ => None,
        }
    }

    /// The digest of the circuit's matrices, pinned: `None` for a shape and curve that the
    /// version does not have. `taxproof-circuits` tests that its matrices have these digests.
    pub fn pinned_digest(self, shape: Shape, curve: Curve) -> Option<Digest> {
        let pinned = match self {
            Self::V1 => V1,
        };
        let row = pinned
            .iter()
            .find(|(s, c, _)| *s == shape.name && *c == curve)?;
        row.2.parse().ok()
    }
}

/// (shape, curve, SHA-256 of the matrices) of version 1.
const V1: &[(&str, Curve, &str)] = &[
    (
        "Q16",
        Curve::Bn254,
        "1aee24ff25c949972b59f7a5ed3416c2421b20ab37300750a1a9401904aac1c2",
    ),
    (
        "Q16",
        Curve::Bls12_381,
        "a0c17cabed382c54033de4573f7aa509f936645b4db5ab60b4008198a2c2bc29",
    ),
    (
        "Q16S",
        Curve::Bn254,
        "81bc835e92cb7632c1d5b22ec581c13d283d23645227540ee25a18ef5efb2eb7",
    ),
    (
        "Q16S",
        Curve::Bls12_381,
        "9c816bee72399bdcd09f79c2408c07d7b4801185cb0166151e7f1c56ce044e92",
    ),
    (
        "Q32",
        Curve::Bn254,
        "d55f6cad59ee4bfd4365fbc41822876ed34cf4c224ade8f761a7c7c9312dea6f",
    ),
    (
        "Q32",
        Curve::Bls12_381,
        "270b7d9090e981db71d1b5bf01246544969e9857b6fb2509a125ce80a435cc8b",
    ),
];

impl fmt::Display for CircuitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

/// Who could know a key's trapdoor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// One machine made the key and knew its trapdoor: whoever ran it can forge proofs.
    Dev,
    /// A ceremony with several contributors; the hash of its transcript.
    Ceremony(Digest),
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dev => f.write_str("dev (one machine knew the trapdoor: for development only)"),
            Self::Ceremony(transcript) => write!(f, "ceremony {transcript}"),
        }
    }
}

/// Which of a pair of key files it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The enterprise's.
    Proving,
    /// The bank's.
    Verifying,
}

/// What stands before the points in a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHeader {
    /// Proving or verifying.
    pub kind: KeyKind,
    /// The circuits' version.
    pub version: CircuitVersion,
    /// The curve.
    pub curve: Curve,
    /// The shape.
    pub shape: Shape,
    /// The digest of the circuit's matrices.
    pub circuit: Digest,
    /// Who could know the trapdoor.
    pub provenance: Provenance,
    /// SHA-256 under `taxproof/verifying-key/1` of the verifying key's canonical compressed
    /// encoding: the same in both files of a pair, and named in every context.
    pub fingerprint: KeyFingerprint,
    /// SHA-256 under `taxproof/key-body/1` of the bytes that follow.
    pub body: Digest,
    /// How many bytes follow.
    pub body_length: u64,
}

/// Names a verifying key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyFingerprint(pub Digest);

impl KeyFingerprint {
    /// The fingerprint of a verifying key's canonical compressed encoding.
    pub fn of(verifying_key: &[u8]) -> Self {
        let tag = "taxproof/verifying-key/1";
        Self(crate::digest::Profile::International.digest(tag, &[verifying_key]))
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for KeyFingerprint {
    type Err = crate::digest::NotDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Bytes before the header: what tells a key file from any other.
pub const MAGIC: &[u8; 8] = b"taxproof";
const TAG: &str = "taxproof/key/1";
/// Longest encoded header, in bytes.
pub const MAX_HEADER: usize = 512;
/// Within so many bytes of a file its header ends.
pub const HEAD: usize = MAGIC.len() + 4 + MAX_HEADER;

/// Why a key file was refused before its points were looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Not a key file, or cut off.
    #[error("not a taxproof key file: {0}")]
    Format(#[from] DecodeError),
    /// The other file of the pair.
    #[error("this is the {found} key; the {expected} key is needed here")]
    Kind {
        /// What was needed.
        expected: &'static str,
        /// What was found.
        found: &'static str,
    },
    /// For another curve.
    #[error("the key is for {found}, not for {expected}")]
    Curve {
        /// What was needed.
        expected: Curve,
        /// What was found.
        found: Curve,
    },
    /// For a circuit that this version of the software does not have.
    #[error("the key is for another circuit than version {version} of {shape} over {curve}")]
    Circuit {
        /// As the header says.
        version: CircuitVersion,
        /// As the header says.
        shape: Shape,
        /// As the header says.
        curve: Curve,
    },
    /// The points' bytes are not those that were written.
    #[error("the key file is damaged: its contents do not have the digest that its header says")]
    Damaged,
}

impl KeyKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Proving => "proving",
            Self::Verifying => "verifying",
        }
    }
}

impl KeyHeader {
    /// The digest of a key file's body.
    pub fn body_digest(body: &[u8]) -> Digest {
        crate::digest::Profile::International.digest("taxproof/key-body/1", &[body])
    }

    /// Magic, length of the header, header. The body follows at once.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(TAG);
        w.u8(match self.kind {
            KeyKind::Proving => 1,
            KeyKind::Verifying => 2,
        });
        w.u32(self.version.number());
        w.u8(self.curve.code());
        w.text(self.shape.name);
        w.fixed(&self.circuit.0);
        match self.provenance {
            Provenance::Dev => w.u8(1),
            Provenance::Ceremony(transcript) => {
                w.u8(2);
                w.fixed(&transcript.0);
            }
        }
        w.fixed(&self.fingerprint.0.0);
        w.fixed(&self.body.0);
        w.u64(self.body_length);
        let mut file = Writer::default();
        file.fixed(MAGIC);
        file.bytes(&w.finish());
        file.finish()
    }

    /// Splits a key file into its header and its body, and checks the body's digest and length,
    /// the kind, the curve, and the circuit against the version's pinned digest.
    ///
    /// # What is not checked
    /// The points, and whether the provenance is acceptable.
    ///
    /// # Errors
    /// The file is none, is damaged, or is for something else.
    pub fn open(file: &[u8], kind: KeyKind, curve: Curve) -> Result<(Self, &[u8]), KeyFileError> {
        let (header, body) = Self::peek(file)?;
        header.check(kind, curve)?;
        if body.len() as u64 != header.body_length || Self::body_digest(body) != header.body {
            return Err(KeyFileError::Damaged);
        }
        Ok((header, body))
    }

    /// Checks the kind, the curve, and the circuit against the version's pinned digest.
    ///
    /// # What is not checked
    /// The body.
    ///
    /// # Errors
    /// The key is for something else.
    pub fn check(&self, kind: KeyKind, curve: Curve) -> Result<(), KeyFileError> {
        if self.kind != kind {
            return Err(KeyFileError::Kind {
                expected: kind.name(),
                found: self.kind.name(),
            });
        }
        if self.curve != curve {
            return Err(KeyFileError::Curve {
                expected: curve,
                found: self.curve,
            });
        }
        if self.version.pinned_digest(self.shape, curve) != Some(self.circuit) {
            let (version, shape) = (self.version, self.shape);
            return Err(KeyFileError::Circuit {
                version,
                shape,
                curve,
            });
        }
        Ok(())
    }

    /// Splits a key file into its header and what follows it.
    ///
    /// # What is not checked
    /// Everything: this tells a person, or whoever must choose a curve, what the file claims to be.
    ///
    /// # Errors
    /// The file does not begin with a header.
    pub fn peek(file: &[u8]) -> Result<(Self, &[u8]), KeyFileError> {
        let mut r = Reader::new(file);
        if r.array() != Ok(*MAGIC) {
            return Err(DecodeError::WrongTag { expected: TAG }.into());
        }
        let header = Self::decode(r.bytes(MAX_HEADER)?)?;
        Ok((header, r.rest()))
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, TAG)?;
        let header = Self {
            kind: match r.u8()? {
                1 => KeyKind::Proving,
                2 => KeyKind::Verifying,
                _ => return Err(DecodeError::Invalid("unknown kind of key")),
            },
            version: CircuitVersion::from_number(r.u32()?).ok_or(DecodeError::Invalid(
                "a circuit version that this software has not",
            ))?,
            curve: Curve::from_code(r.u8()?).ok_or(DecodeError::Invalid("unknown curve"))?,
            shape: r
                .text(16)?
                .parse()
                .map_err(|_| DecodeError::Invalid("unknown shape"))?,
            circuit: Digest(r.array()?),
            provenance: match r.u8()? {
                1 => Provenance::Dev,
                2 => Provenance::Ceremony(Digest(r.array()?)),
                _ => return Err(DecodeError::Invalid("unknown provenance")),
            },
            fingerprint: KeyFingerprint(Digest(r.array()?)),
            body: Digest(r.array()?),
            body_length: r.u64()?,
        };
        r.finish()?;
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Q16;

    #[test]
    fn headers_round_trip_and_refuse_the_rest() {
        let body = b"points";
        let header = KeyHeader {
            kind: KeyKind::Verifying,
            version: CircuitVersion::V1,
            curve: Curve::Bn254,
            shape: Q16,
            circuit: Digest([3; 32]),
            provenance: Provenance::Ceremony(Digest([4; 32])),
            fingerprint: KeyFingerprint::of(body),
            body: KeyHeader::body_digest(body),
            body_length: 6,
        };
        let encoded = header.encode();
        let length = encoded.len();
        let inner = &encoded[MAGIC.len() + 4..];
        assert_eq!(KeyHeader::decode(inner), Ok(header));
        for cut in 0..inner.len() {
            assert!(KeyHeader::decode(&inner[..cut]).is_err());
        }
        let file = [&encoded[..], body].concat();
        let open = |file: &[u8], kind, curve| KeyHeader::open(file, kind, curve).map(|_| ());
        assert!(matches!(
            open(&file, KeyKind::Proving, Curve::Bn254),
            Err(KeyFileError::Kind { .. })
        ));
        assert!(matches!(
            open(&file, KeyKind::Verifying, Curve::Bls12_381),
            Err(KeyFileError::Curve { .. })
        ));
        // A circuit digest of nobody's: pinned digests are what decides.
        assert!(matches!(
            open(&file, KeyKind::Verifying, Curve::Bn254),
            Err(KeyFileError::Circuit { .. })
        ));
        assert!(matches!(
            open(&file[..length / 2], KeyKind::Verifying, Curve::Bn254),
            Err(KeyFileError::Format(_))
        ));
    }
}
