//! Files that the authority signs with a key of its own, so that nobody else who can write to the exchange folder
//! asks custodians for anything. The signature is the first line of a file, and is over the rest and its kind.

use serde::Serialize;
use serde::de::DeserializeOwned;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::signature::{SIGNATURE_LENGTH, Signature, SigningKey, VerifyingKey};

use super::error::{CustodianError, Sender};
use super::exchange::Exchange;
use crate::error::AuthorityError;

/// What a file is, which its signature says too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Package,
}

impl Kind {
    fn digest(self, text: &str) -> Digest {
        let tag = match self {
            Self::Request => "taxproof/custodians-request/1",
            Self::Package => "taxproof/custodians-package/1",
        };
        Profile::International.digest(tag, &[text.as_bytes()])
    }
}

/// Writes a text under the authority's signature, and gives the digest that is signed.
pub(super) fn write_text(
    exchange: &Exchange,
    name: &str,
    kind: Kind,
    text: &str,
    key: &SigningKey,
) -> Result<Digest, AuthorityError> {
    let digest = kind.digest(text);
    let signature = hex::encode(key.sign(digest).0);
    let sealed = format!("{BEFORE}{signature}{AFTER}{text}");
    exchange.write_bytes(name, sealed.as_bytes())?;
    Ok(digest)
}

/// Writes a message under the authority's signature, and gives the digest that is signed.
pub(super) fn write<T: Serialize>(
    exchange: &Exchange,
    name: &str,
    kind: Kind,
    message: &T,
    key: &SigningKey,
) -> Result<Digest, AuthorityError> {
    let text = toml::to_string(message);
    let text = text.map_err(|why| AuthorityError::damaged(&exchange.file(name), why))?;
    write_text(exchange, name, kind, &text, key)
}

/// Reads a text that the authority has signed, if it is there.
pub(super) fn read_text(
    exchange: &Exchange,
    name: &str,
    kind: Kind,
    key: &VerifyingKey,
) -> Result<Option<String>, AuthorityError> {
    let Some(bytes) = exchange.read_bytes(name, Sender::Authority)? else {
        return Ok(None);
    };
    let signed = String::from_utf8(bytes).ok();
    let text = signed.and_then(|sealed| opened(&sealed, kind, key).map(str::to_owned));
    let wrong = || {
        let why = "not signed by the key that this custodian accepted";
        CustodianError::message(&exchange.file(name), Sender::Authority, why).into()
    };
    text.map(Some).ok_or_else(wrong)
}

/// Reads a message that the authority has signed, and the digest that is signed, if it is there.
pub(super) fn read<T: DeserializeOwned>(
    exchange: &Exchange,
    name: &str,
    kind: Kind,
    key: &VerifyingKey,
) -> Result<Option<(T, Digest)>, AuthorityError> {
    let Some(text) = read_text(exchange, name, kind, key)? else {
        return Ok(None);
    };
    let message = exchange.parse(name, Sender::Authority, text.as_bytes())?;
    Ok(Some((message, kind.digest(&text))))
}

fn opened<'a>(sealed: &'a str, kind: Kind, key: &VerifyingKey) -> Option<&'a str> {
    let (signature, text) = sealed.strip_prefix(BEFORE)?.split_once(AFTER)?;
    let mut bytes = [0; SIGNATURE_LENGTH];
    hex::decode_to_slice(signature, &mut bytes).ok()?;
    let verified = key.verify(kind.digest(text), &Signature(bytes));
    verified.ok().map(|()| text)
}

const BEFORE: &str = "signature = \"";
const AFTER: &str = "\"\n";
