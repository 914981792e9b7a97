//! What a custodian's folder says of him.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use taxproof_claims::signature::VerifyingKey;

use super::error::CustodianError;
use super::group::Group;
use crate::error::AuthorityError;
use crate::folder::{create, read_text, replace, sync_dir};

/// A custodian, as his folder says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) number: u16,
    /// Under which the authority asks, once the custodian has accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bureau: Option<VerifyingKey>,
    pub(super) group: Group,
}

/// The file of a custodian's folder.
const FILE: &str = "custodian.toml";

/// Its name until all have confirmed the key.
const UNCONFIRMED: &str = "unconfirmed.toml";

impl Settings {
    /// Keeps them in a folder that is nobody's before [`confirm`].
    pub(super) fn begin(&self, folder: &Path) -> Result<(), AuthorityError> {
        let path = folder.join(UNCONFIRMED);
        create(&path, self.text(&path)?.as_bytes())?;
        sync_dir(folder)
    }

    /// Keeps them in place of those before.
    pub(super) fn keep(&self, folder: &Path) -> Result<(), AuthorityError> {
        let path = folder.join(FILE);
        let text = self.text(&path)?;
        replace(&path, |file| file.write_all(text.as_bytes()))
    }

    fn text(&self, path: &Path) -> Result<String, AuthorityError> {
        toml::to_string(self).map_err(|why| AuthorityError::damaged(path, why))
    }

    /// The settings of a folder, of which [`check_there`] says whether it has any.
    pub(super) fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let path = folder.join(FILE);
        toml::from_str(&read_text(&path)?).map_err(|why| AuthorityError::damaged(&path, why))
    }
}

/// Makes a folder a custodian's, once all have confirmed the key.
pub(super) fn confirm(folder: &Path) -> Result<(), AuthorityError> {
    let path = folder.join(FILE);
    fs::rename(folder.join(UNCONFIRMED), &path)
        .map_err(|error| AuthorityError::io(&path, error))?;
    sync_dir(folder)
}

/// Fails unless a folder is a custodian's.
pub(super) fn check_there(folder: &Path) -> Result<(), CustodianError> {
    let has = |name| folder.join(name).exists();
    if has(FILE) {
        Ok(())
    } else if has(UNCONFIRMED) {
        Err(CustodianError::Unconfirmed(folder.to_owned()))
    } else {
        Err(CustodianError::NotACustodian(folder.to_owned()))
    }
}
