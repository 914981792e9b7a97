//! The key that signs an authority's headers and checkpoints: in its folder, in a device, or with custodians.

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Profile;
use taxproof_claims::signature::{Signature, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::custodians::{CustodianError, CustodianKey, Exchange, Subject};
use crate::error::AuthorityError;
use crate::folder::{create, read_text};
use crate::progress::Progress;
use crate::token::TokenUri;

/// What signs for an authority.
#[derive(Debug)]
pub(crate) enum Key {
    /// A key in the folder.
    File(SigningKey),
    /// A key that a device keeps.
    Token(Box<TokenKey>),
    /// A key of which custodians hold shares.
    Custodians(Box<CustodianKey>),
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
const CUSTODIANS: &str = "custodians.toml";

impl Key {
    /// The key of a device, as it is now.
    pub(crate) fn of_token(uri: TokenUri) -> Result<Self, AuthorityError> {
        let public = uri.verifying_key()?;
        Ok(Self::Token(Box::new(TokenKey { uri, public })))
    }

    /// The key of the custodians who meet in an exchange folder, for whom it is waited so long.
    pub(crate) fn of_custodians(
        exchange: &Exchange,
        wait: Duration,
    ) -> Result<Self, AuthorityError> {
        let key = CustodianKey::of_exchange(exchange, wait)?;
        Ok(Self::Custodians(Box::new(key)))
    }

    /// Keeps it in a folder that has none.
    pub(crate) fn keep(&self, folder: &Path) -> Result<(), AuthorityError> {
        match self {
            Self::File(key) => create(&folder.join(FILE), key.to_pem()?.as_bytes()),
            Self::Token(key) => keep_text(&folder.join(TOKEN), key),
            Self::Custodians(key) => keep_text(&folder.join(CUSTODIANS), key),
        }
    }

    /// The key of a folder. Neither a device nor a custodian is asked for anything before it signs.
    pub(crate) fn open(folder: &Path, profile: Profile) -> Result<Self, AuthorityError> {
        let key = if let Some(key) = open_text(&folder.join(TOKEN))? {
            Self::Token(Box::new(key))
        } else if let Some(key) = open_text(&folder.join(CUSTODIANS))? {
            Self::Custodians(Box::new(key))
        } else {
            let path = folder.join(FILE);
            let pem = Zeroizing::new(read_text(&path)?);
            let key = SigningKey::from_pem(&pem);
            Self::File(key.map_err(|error| AuthorityError::damaged(&path, error))?)
        };
        if key.profile() == profile {
            Ok(key)
        } else {
            Err(AuthorityError::damaged(
                folder,
                "its key is of another profile",
            ))
        }
    }

    pub(crate) fn profile(&self) -> Profile {
        self.verifying_key().profile()
    }

    pub(crate) fn verifying_key(&self) -> VerifyingKey {
        match self {
            Self::File(key) => key.verifying_key(),
            Self::Token(key) => key.public.clone(),
            Self::Custodians(key) => key.verifying_key().clone(),
        }
    }

    /// Signs bytes that say themselves what they are. Custodians are shown what they follow from.
    pub(crate) fn sign(
        &self,
        message: &[u8],
        shown: impl FnOnce() -> Option<Subject>,
        progress: &dyn Progress,
    ) -> Result<Signature, AuthorityError> {
        match self {
            Self::File(key) => Ok(key.sign_bytes(message)),
            Self::Token(key) => Ok(key.uri.sign(&key.public, message)?),
            Self::Custodians(key) => {
                let shown = shown().ok_or(CustodianError::NoEpoch)?;
                key.sign(message, shown, progress)
            }
        }
    }
}

fn keep_text<T: Serialize>(path: &Path, key: &T) -> Result<(), AuthorityError> {
    let text = toml::to_string(key).map_err(|error| AuthorityError::damaged(path, error))?;
    create(path, text.as_bytes())
}

fn open_text<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, AuthorityError> {
    if !path.exists() {
        return Ok(None);
    }
    let key = toml::from_str(&read_text(path)?);
    key.map_err(|error| AuthorityError::damaged(path, error))
}
