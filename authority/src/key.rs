//! The key that signs an authority's headers and checkpoints: in its folder, or in a device.

use std::path::Path;

use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Profile;
use taxproof_claims::signature::{Signature, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::error::AuthorityError;
use crate::folder::{create, read_text};
use crate::token::TokenUri;

/// What signs for an authority.
#[derive(Debug)]
pub(crate) enum Key {
    /// A key in the folder.
    File(SigningKey),
    /// A key that a device keeps.
    Token(Box<TokenKey>),
}

/// What the folder says of a key that a device keeps.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenKey {
    uri: TokenUri,
    public: VerifyingKey,
}

const FILE: &str = "key.pem";
const TOKEN: &str = "key.toml";

impl Key {
    /// The key of a device, as it is now.
    pub(crate) fn of_token(uri: TokenUri) -> Result<Self, AuthorityError> {
        let public = uri.verifying_key()?;
        Ok(Self::Token(Box::new(TokenKey { uri, public })))
    }

    /// Keeps it in a folder that has none.
    pub(crate) fn keep(&self, folder: &Path) -> Result<(), AuthorityError> {
        match self {
            Self::File(key) => create(&folder.join(FILE), key.to_pem()?.as_bytes()),
            Self::Token(key) => {
                let path = folder.join(TOKEN);
                let text =
                    toml::to_string(key).map_err(|error| AuthorityError::damaged(&path, error))?;
                create(&path, text.as_bytes())
            }
        }
    }

    /// The key of a folder. A device is asked for nothing before it signs.
    pub(crate) fn open(folder: &Path, profile: Profile) -> Result<Self, AuthorityError> {
        let path = folder.join(TOKEN);
        let (path, key) = if path.exists() {
            let key = toml::from_str(&read_text(&path)?);
            let key = key.map_err(|error| AuthorityError::damaged(&path, error))?;
            (path, Self::Token(Box::new(key)))
        } else {
            let path = folder.join(FILE);
            let pem = Zeroizing::new(read_text(&path)?);
            let key = SigningKey::from_pem(&pem);
            let key = key.map_err(|error| AuthorityError::damaged(&path, error))?;
            (path, Self::File(key))
        };
        if key.profile() == profile {
            Ok(key)
        } else {
            Err(AuthorityError::damaged(&path, "a key of another profile"))
        }
    }

    pub(crate) fn profile(&self) -> Profile {
        self.verifying_key().profile()
    }

    pub(crate) fn verifying_key(&self) -> VerifyingKey {
        match self {
            Self::File(key) => key.verifying_key(),
            Self::Token(key) => key.public.clone(),
        }
    }

    /// Signs bytes that say themselves what they are.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Signature, AuthorityError> {
        match self {
            Self::File(key) => Ok(key.sign_bytes(message)),
            Self::Token(key) => Ok(key.uri.sign(&key.public, message)?),
        }
    }
}
