//! The key that signs an authority's headers and checkpoints: in its folder, in a device, or with custodians.

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::signature::{Signature, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::custodians::{CustodianError, CustodianKey, Exchange, Group, Subject};
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
    Custodians {
        /// The custodians, and where to meet them.
        group: Box<CustodianKey>,
        /// The authority's own, for what it asks of them.
        requests: SigningKey,
    },
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
const REQUESTS: &str = "requests.pem";

impl Key {
    /// The key of a device, as it is now.
    pub(crate) fn of_token(uri: TokenUri) -> Result<Self, AuthorityError> {
        let public = uri.verifying_key()?;
        Ok(Self::Token(Box::new(TokenKey { uri, public })))
    }

    /// The key that custodians made for an authority in an exchange folder, and for whom it is waited so long.
    pub(crate) fn of_custodians(
        exchange: &Exchange,
        wait: Duration,
        authority: &AuthorityId,
    ) -> Result<Self, AuthorityError> {
        let group = Box::new(CustodianKey::of_exchange(exchange, wait, authority)?);
        let requests = SigningKey::random(Profile::International)?;
        Ok(Self::Custodians { group, requests })
    }

    /// Keeps it in a folder that has none.
    pub(crate) fn keep(&self, folder: &Path) -> Result<(), AuthorityError> {
        match self {
            Self::File(key) => keep_pem(&folder.join(FILE), key),
            Self::Token(key) => keep_text(&folder.join(TOKEN), key),
            Self::Custodians { group, requests } => {
                keep_pem(&folder.join(REQUESTS), requests)?;
                keep_text(&folder.join(CUSTODIANS), group)
            }
        }
    }

    /// The key of a folder. Neither a device nor a custodian is asked for anything before it signs.
    pub(crate) fn open(folder: &Path, profile: Profile) -> Result<Self, AuthorityError> {
        let key = if let Some(key) = open_text(&folder.join(TOKEN))? {
            Self::Token(Box::new(key))
        } else if let Some(group) = open_text(&folder.join(CUSTODIANS))? {
            Self::Custodians {
                group: Box::new(group),
                requests: open_pem(&folder.join(REQUESTS))?,
            }
        } else {
            Self::File(open_pem(&folder.join(FILE))?)
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
            Self::Custodians { group, .. } => group.group().key().clone(),
        }
    }

    /// The custodians and the key under which they are asked, where there are any.
    pub(crate) fn custodians(&self) -> Option<(&Group, VerifyingKey)> {
        match self {
            Self::Custodians { group, requests } => Some((group.group(), requests.verifying_key())),
            Self::File(_) | Self::Token(_) => None,
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
            Self::Custodians { group, requests } => {
                let shown = shown().ok_or(CustodianError::NoEpoch)?;
                group.sign(message, shown, requests, progress)
            }
        }
    }
}

fn keep_pem(path: &Path, key: &SigningKey) -> Result<(), AuthorityError> {
    create(path, key.to_pem()?.as_bytes())
}

fn open_pem(path: &Path) -> Result<SigningKey, AuthorityError> {
    let pem = Zeroizing::new(read_text(path)?);
    let key = SigningKey::from_pem(&pem);
    key.map_err(|error| AuthorityError::damaged(path, error))
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
