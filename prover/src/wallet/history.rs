//! The answers given: what was told to whom. No amount is among it.

use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Digest;

use crate::wallet::files::append_private;
use crate::wallet::{Wallet, WalletError, read_if_there};

const HISTORY: &str = "history.jsonl";

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// When, in seconds since 1970-01-01T00:00:00Z.
    pub time: u64,
    /// The bank's name in the trust list.
    pub bank: String,
    /// The request's digest.
    pub request: Digest,
    /// The policy's digest.
    pub policy: Digest,
    /// Whose epoch was proven about.
    pub authority: String,
    /// Which.
    pub epoch: u64,
    /// Whether the policy held.
    pub passed: bool,
    /// The band that was told, where one was.
    pub band: Option<u64>,
    /// The rules that were named as failed.
    pub failed_rules: Vec<String>,
    /// Whether the enterprise's id was told.
    pub id_disclosed: bool,
}

impl Wallet {
    /// Notes an answer.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&self, answered: &Answered) -> Result<(), WalletError> {
        let mut line = serde_json::to_string(answered).expect("an answer is texts and numbers");
        line.push('\n');
        append_private(&self.folder.join(HISTORY), &line)
    }

    /// The answers given, oldest first.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn history(&self) -> Result<Vec<Answered>, WalletError> {
        let path = self.folder.join(HISTORY);
        let contents = read_if_there(&path)?.unwrap_or_default();
        contents
            .split(|&b| b == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                serde_json::from_slice(line).map_err(|_| WalletError::Damaged(path.clone()))
            })
            .collect()
    }
}
