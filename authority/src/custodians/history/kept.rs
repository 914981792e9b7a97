//! The file of a custodian's history.

use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::EpochHeader;
use taxproof_log::Hash;

use super::{History, Settled};
use crate::custodians::error::CustodianError;
use crate::error::AuthorityError;
use crate::folder::{read_text, replace};

/// The file of a custodian's folder.
const FILE: &str = "history.toml";

/// A history as its file has it: canonical encodings in hexadecimal digits.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    /// Of the rest, so that a file which lost its end does not pass for a custodian who approved nothing.
    digest: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled: Option<SettledText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettledText {
    header: String,
    root: String,
}

impl Text {
    fn new(pending: Option<String>, settled: Option<SettledText>) -> Self {
        let (header, root) = match &settled {
            None => ("", ""),
            Some(settled) => (settled.header.as_str(), settled.root.as_str()),
        };
        let parts = [pending.as_deref().unwrap_or_default(), header, root].map(str::as_bytes);
        Self {
            digest: Profile::International.digest(TAG, &parts),
            pending,
            settled,
        }
    }
}

const TAG: &str = "taxproof/custodian-history/1";

impl History {
    /// Fails where a folder has a history.
    pub(in crate::custodians) fn check_absent(folder: &Path) -> Result<(), CustodianError> {
        let path = folder.join(FILE);
        if path.exists() {
            return Err(CustodianError::HasHistory(path));
        }
        Ok(())
    }

    /// The history of a custodian's folder.
    pub(in crate::custodians) fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(CustodianError::NoHistory(path).into());
        }
        let damaged = || AuthorityError::damaged(&path, "no headers that were approved");
        let text: Text = toml::from_str(&read_text(&path)?).map_err(|_| damaged())?;
        let digest = text.digest;
        let text = Text::new(text.pending, text.settled);
        if text.digest != digest {
            return Err(damaged());
        }
        let header = |text: &str| -> Option<EpochHeader> {
            EpochHeader::decode(&hex::decode(text).ok()?).ok()
        };
        let read = || {
            let pending = match &text.pending {
                Some(text) => Some(header(text)?),
                None => None,
            };
            let settled = match &text.settled {
                Some(text) => Some(Settled {
                    header: header(&text.header)?,
                    root: Hash::from_base64(&text.root)?,
                }),
                None => None,
            };
            Some(Self { settled, pending })
        };
        read().ok_or_else(damaged)
    }

    /// Keeps it, in place of the one before.
    pub(in crate::custodians) fn keep(&self, folder: &Path) -> Result<(), AuthorityError> {
        let path = folder.join(FILE);
        let encoded = |header: &EpochHeader| hex::encode(header.encode());
        let pending = self.pending.as_ref().map(encoded);
        let settled = self.settled.as_ref().map(|settled| SettledText {
            header: encoded(&settled.header),
            root: settled.root.to_string(),
        });
        let text = Text::new(pending, settled);
        let text = toml::to_string(&text).map_err(|why| AuthorityError::damaged(&path, why))?;
        replace(&path, |file| file.write_all(text.as_bytes()))
    }
}
