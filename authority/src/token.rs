//! Signing keys that a device keeps and does not give away, by PKCS#11: Ed25519, since PKCS#11 up to 3.1
//! has no mechanism for SM2.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Profile;
use taxproof_claims::signature::{Signature, VerifyingKey};
use zeroize::Zeroizing;

/// Where a key pair is, as RFC 7512 writes it:
/// `pkcs11:token=…;object=…?module-path=…&pin-source=file:…`, all four.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenUri {
    text: String,
    token: String,
    object: String,
    module: PathBuf,
    pin: PathBuf,
}

/// A key in a device cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The text is no such URI: who wrote it mends it.
    #[error("`{0}` is not `pkcs11:token=…;object=…?module-path=…&pin-source=file:…`")]
    Uri(String),
    /// The URI has the PIN in it, which would be kept with the settings.
    #[error("a PIN does not belong in the URI: put it into a file and name that by `pin-source`")]
    Pin,
    /// The file with the PIN cannot be read: the operator mends that.
    #[error("the PIN in `{path}`: {error}")]
    PinFile {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// The device has no such token: the operator plugs it in, or names another.
    #[error("`{module}` has no token `{token}`, or several")]
    Token {
        /// The device's library.
        module: PathBuf,
        /// The token's label.
        token: String,
    },
    /// The token has no such key: the operator makes one, or names another.
    #[error("the token has no Ed25519 key pair `{0}`, or several")]
    Key(String),
    /// The device refuses.
    #[error("PKCS#11: {0}")]
    Device(#[from] cryptoki::error::Error),
    /// The device signs with another key than the one that the authority began with.
    #[error("what the device signed does not verify under the authority's key")]
    OtherKey,
}

impl TokenUri {
    /// The public key of the pair.
    pub(crate) fn verifying_key(&self) -> Result<VerifyingKey, TokenError> {
        self.with_session(|session| {
            let public = self.find(session, ObjectClass::PUBLIC_KEY)?;
            let attributes = session.get_attributes(public, &[AttributeType::EcPoint])?;
            let [Attribute::EcPoint(point)] = attributes.as_slice() else {
                return Err(TokenError::Key(self.object.clone()));
            };
            // The point as it is, or as an octet string in DER: devices differ.
            let point = point.strip_prefix(&[0x04, 0x20]).unwrap_or(point);
            VerifyingKey::from_bytes(Profile::International, point)
                .map_err(|_| TokenError::Key(self.object.clone()))
        })
    }

    /// The device's signature, which verifies under `key`.
    pub(crate) fn sign(&self, key: &VerifyingKey, message: &[u8]) -> Result<Signature, TokenError> {
        let signed = self.with_session(|session| {
            let secret = self.find(session, ObjectClass::PRIVATE_KEY)?;
            let scheme = EddsaParams::new(EddsaSignatureScheme::Ed25519);
            Ok(session.sign(&Mechanism::Eddsa(scheme), secret, message)?)
        })?;
        let signature = signed.try_into().map(Signature);
        let signature = signature.map_err(|_| TokenError::OtherKey)?;
        key.verify_bytes(message, &signature)
            .map_err(|_| TokenError::OtherKey)?;
        Ok(signature)
    }

    /// Logs on for as long as something takes: nothing stays open while an epoch is made.
    fn with_session<T>(
        &self,
        work: impl FnOnce(&Session) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let device = Pkcs11::new(&self.module)?;
        device.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
        let done = self.log_on(&device).and_then(|session| work(&session));
        device.finalize()?;
        done
    }

    fn log_on(&self, device: &Pkcs11) -> Result<Session, TokenError> {
        let mut found = Vec::new();
        for slot in device.get_slots_with_token()? {
            if device.get_token_info(slot)?.label() == self.token {
                found.push(slot);
            }
        }
        let [slot] = found.as_slice() else {
            return Err(TokenError::Token {
                module: self.module.clone(),
                token: self.token.clone(),
            });
        };
        let pin = std::fs::read_to_string(&self.pin).map(Zeroizing::new);
        let pin = pin.map_err(|error| TokenError::PinFile {
            path: self.pin.clone(),
            error,
        })?;
        let session = device.open_ro_session(*slot)?;
        let pin = AuthPin::from(pin.trim_end_matches(['\r', '\n']));
        session.login(UserType::User, Some(&pin))?;
        Ok(session)
    }

    fn find(&self, session: &Session, class: ObjectClass) -> Result<ObjectHandle, TokenError> {
        let found = session.find_objects(&[
            Attribute::Class(class),
            Attribute::KeyType(KeyType::EC_EDWARDS),
            Attribute::Label(self.object.as_bytes().to_vec()),
        ])?;
        match found.as_slice() {
            [one] => Ok(*one),
            _ => Err(TokenError::Key(self.object.clone())),
        }
    }
}

impl FromStr for TokenUri {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let malformed = || TokenError::Uri(text.to_owned());
        let attributes = text.strip_prefix("pkcs11:").ok_or_else(malformed)?;
        let (path, query) = attributes.split_once('?').ok_or_else(malformed)?;
        let mut found = BTreeMap::new();
        for (named, attributes) in [
            (["token", "object"], path.split(';').collect::<Vec<_>>()),
            (["module-path", "pin-source"], query.split('&').collect()),
        ] {
            for attribute in attributes {
                let (name, value) = attribute.split_once('=').ok_or_else(malformed)?;
                if name == "pin-value" {
                    return Err(TokenError::Pin);
                }
                let value = decoded(value).filter(|_| named.contains(&name));
                let before = found.insert(name, value.ok_or_else(malformed)?);
                if before.is_some() {
                    return Err(malformed());
                }
            }
        }
        let mut take = |name: &str| found.remove(name).ok_or_else(malformed);
        let pin = take("pin-source")?;
        let pin = pin.strip_prefix("file:").ok_or_else(malformed)?;
        Ok(Self {
            token: take("token")?,
            object: take("object")?,
            module: take("module-path")?.into(),
            pin: Path::new(pin.strip_prefix("//").unwrap_or(pin)).to_owned(),
            text: text.to_owned(),
        })
    }
}

/// A text that is not empty, of which octets may be written as `%` and two digits.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.extend(hex::decode(digits).ok()?);
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty())
}

impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for TokenUri {
    type Error = TokenError;

    fn try_from(text: String) -> Result<Self, TokenError> {
        text.parse()
    }
}

impl From<TokenUri> for String {
    fn from(uri: TokenUri) -> Self {
        uri.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_read_and_pins_in_them_refused() {
        let text = "pkcs11:token=tax%20bureau;object=epochs?module-path=/usr/lib/p.so&pin-source=file:/run/pin";
        let uri: TokenUri = text.parse().expect("a URI");
        assert_eq!(
            (uri.token.as_str(), uri.object.as_str()),
            ("tax bureau", "epochs")
        );
        assert_eq!(uri.module, Path::new("/usr/lib/p.so"));
        assert_eq!(uri.pin, Path::new("/run/pin"));
        assert_eq!(uri.to_string(), text);
        let with_host = text.replace("file:/run", "file:///run");
        assert_eq!(with_host.parse::<TokenUri>().expect("a URI").pin, uri.pin);
        for (from, to) in [
            ("pkcs11:", "pkcs12:"),
            ("token=tax%20bureau;", ""),
            ("token=tax%20bureau;", "token=a;token=b;"),
            ("object=epochs", "object="),
            ("object=epochs", "object=%g0"),
            ("object=epochs", "object=epochs;serial=1"),
            ("?module-path", ";module-path"),
            ("file:", "|"),
        ] {
            let bad = text.replace(from, to);
            assert!(
                matches!(bad.parse::<TokenUri>(), Err(TokenError::Uri(_))),
                "{bad}"
            );
        }
        let with_pin = format!("{text}&pin-value=1234");
        assert!(matches!(with_pin.parse::<TokenUri>(), Err(TokenError::Pin)));
    }
}
