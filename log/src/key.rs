//! Keys of logs and witnesses, and what they sign.
//!
//! As text they are verifier keys of C2SP signed-note: `name+id+base64(type ‖ public key)`. Types:
//! 0x01 Ed25519, 0x04 Ed25519 cosignatures, and 0xff with the object identifier of SM2 with SM3
//! (GM/T 0006), since signed-note assigns none to it.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use taxproof_claims::digest::Profile;
use taxproof_claims::signature::{SIGNATURE_LENGTH, Signature, SigningKey, VerifyingKey};

use crate::checkpoint::CheckpointError;
use crate::note::{Note, SignatureLine, is_name};

const ED25519: &[u8] = &[0x01];
const COSIGNATURE: &[u8] = &[0x04];
const SM2_SM3: &[u8] = b"\xff1.2.156.10197.1.501";

/// A key that a log signs its checkpoints with, and the log's origin as its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    name: String,
    key: VerifyingKey,
}

/// A key that a witness cosigns with: Ed25519.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key: VerifyingKey,
}

/// The text is no key of a log or witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a {1}'s verifier key: `name+id+base64`")]
pub struct NotAKey(pub String, pub &'static str);

impl LogKey {
    /// A key under a name, which is not empty and has no spaces and plus signs.
    ///
    /// # Errors
    /// The name cannot be one.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NotAKey> {
        check_name(name, "log")?;
        Ok(Self {
            name: name.to_owned(),
            key,
        })
    }

    /// The log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Signs a note's text with the secret of this key.
    ///
    /// # What is not checked
    /// That `secret` is this key's: a foreign one makes a line that does not verify.
    pub fn sign(&self, secret: &SigningKey, text: &str) -> SignatureLine {
        self.line(secret.sign_bytes(text.as_bytes()))
    }

    /// The line of a signature of a note's text.
    pub(crate) fn line(&self, signature: Signature) -> SignatureLine {
        line(&self.name, self.id(), &signature.0)
    }

    /// Whether this key signed the note.
    ///
    /// # Errors
    /// It did not, or a line in its name is forged: then the note is refused whatever else it has.
    pub fn verify(&self, note: &Note) -> Result<(), CheckpointError> {
        let mut signed = false;
        for line in lines_of(note, &self.name, self.id()) {
            let signature = line.signature.as_slice().try_into().map(Signature);
            let signature = signature.map_err(|_| CheckpointError::Forged(self.name.clone()))?;
            let verified = self.key.verify_bytes(note.text().as_bytes(), &signature);
            verified.map_err(|_| CheckpointError::Forged(self.name.clone()))?;
            signed = true;
        }
        signed
            .then_some(())
            .ok_or_else(|| CheckpointError::Unsigned(self.name.clone()))
    }

    fn kind(&self) -> &'static [u8] {
        match self.key.profile() {
            Profile::Sm => SM2_SM3,
            Profile::International => ED25519,
        }
    }

    fn id(&self) -> [u8; 4] {
        id(&self.name, self.kind(), &self.key)
    }
}

impl WitnessKey {
    /// A key under a name.
    ///
    /// # Errors
    /// The name cannot be one, or the key is not of Ed25519.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NotAKey> {
        check_name(name, "witness")?;
        if key.profile() != Profile::International {
            return Err(NotAKey(key.to_string(), "witness"));
        }
        Ok(Self {
            name: name.to_owned(),
            key,
        })
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both are one key, whatever its names.
    pub fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Cosigns a checkpoint's text at a time, in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # What is not checked
    /// That the checkpoint continues the one before: [`Witness`](crate::Witness) does. That `secret`
    /// is this key's.
    pub fn cosign(&self, secret: &SigningKey, text: &str, time: u64) -> SignatureLine {
        let signature = secret.sign_bytes(cosigned(text, time).as_bytes());
        let body = [&time.to_be_bytes()[..], &signature.0].concat();
        line(&self.name, self.id(), &body)
    }

    /// When this key cosigned the note's text last; none where it did not.
    ///
    /// # Errors
    /// A line in its name is forged.
    pub fn cosigned(&self, note: &Note) -> Result<Option<u64>, CheckpointError> {
        Ok(self.times(note)?.into_iter().max())
    }

    /// Every time at which this key cosigned the note's text.
    ///
    /// # Errors
    /// A line in its name is forged.
    pub fn times(&self, note: &Note) -> Result<Vec<u64>, CheckpointError> {
        let forged = || CheckpointError::Forged(self.name.clone());
        let mut times = Vec::new();
        for line in lines_of(note, &self.name, self.id()) {
            let (time, signature) = line.signature.split_first_chunk().ok_or_else(forged)?;
            let time = u64::from_be_bytes(*time);
            let signature: [u8; SIGNATURE_LENGTH] = signature.try_into().map_err(|_| forged())?;
            let message = cosigned(note.text(), time);
            let verified = self
                .key
                .verify_bytes(message.as_bytes(), &Signature(signature));
            verified.map_err(|_| forged())?;
            times.push(time);
        }
        Ok(times)
    }

    fn id(&self) -> [u8; 4] {
        id(&self.name, COSIGNATURE, &self.key)
    }
}

fn check_name(name: &str, whose: &'static str) -> Result<(), NotAKey> {
    if is_name(name) {
        Ok(())
    } else {
        Err(NotAKey(name.to_owned(), whose))
    }
}

/// What a witness signs for a checkpoint: C2SP tlog-cosignature, version 1.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn line(name: &str, id: [u8; 4], signature: &[u8]) -> SignatureLine {
    SignatureLine {
        name: name.to_owned(),
        id,
        signature: signature.to_vec(),
    }
}

fn lines_of<'a>(
    note: &'a Note,
    name: &str,
    id: [u8; 4],
) -> impl Iterator<Item = &'a SignatureLine> {
    note.signatures()
        .iter()
        .filter(move |line| line.name == name && line.id == id)
}

fn id(name: &str, kind: &[u8], key: &VerifyingKey) -> [u8; 4] {
    let hasher = Sha256::new()
        .chain_update(name)
        .chain_update("\n")
        .chain_update(kind);
    let digest = hasher.chain_update(key.to_bytes()).finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

fn write_key(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    kind: &[u8],
    key: &VerifyingKey,
) -> fmt::Result {
    let id = u32::from_be_bytes(id(name, kind, key));
    let bytes = [kind, &key.to_bytes()].concat();
    write!(f, "{name}+{id:08x}+{}", BASE64_STANDARD.encode(bytes))
}

/// The name and key of a text, if it is one of this type and its id is right.
fn read_key(text: &str, kind: &[u8], profile: Profile) -> Option<(String, VerifyingKey)> {
    let mut parts = text.splitn(3, '+');
    let (name, digits, base64) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = BASE64_STANDARD.decode(base64).ok()?;
    let key = VerifyingKey::from_bytes(profile, bytes.strip_prefix(kind)?).ok()?;
    let expected = format!("{:08x}", u32::from_be_bytes(id(name, kind, &key)));
    (is_name(name) && digits == expected).then(|| (name.to_owned(), key))
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, &self.name, self.kind(), &self.key)
    }
}

impl FromStr for LogKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        read_key(text, ED25519, Profile::International)
            .or_else(|| read_key(text, SM2_SM3, Profile::Sm))
            .map(|(name, key)| Self { name, key })
            .ok_or_else(|| NotAKey(text.to_owned(), "log"))
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, &self.name, COSIGNATURE, &self.key)
    }
}

impl FromStr for WitnessKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        read_key(text, COSIGNATURE, Profile::International)
            .map(|(name, key)| Self { name, key })
            .ok_or_else(|| NotAKey(text.to_owned(), "witness"))
    }
}
