//! The ledger: every version of every filing, the register's facts and the invoices, by enterprise.
//!
//! Nothing is ever taken out: a record is derived from what is on the ledger as of a day. Its
//! content does not depend on the order in which files were ingested, but for two rows of the
//! register for one enterprise and one day, of which the one read last holds.
//!
//! It is a folder: a store with an account an enterprise, and, while files are being
//! ingested, the folder `ingest` with how far that is.

mod account;
mod entry;

use std::path::{Path, PathBuf};

use taxproof_claims::subject::EnterpriseId;

use crate::codec::{Decoder, Encoder};
use crate::error::AuthorityError;
use crate::store::{Check, Key, Located, Range, Store, key};
pub use account::{Account, Posting};
pub(crate) use entry::Entry;

/// Everything on record, by enterprise.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    pub(crate) accounts: Store,
}

const ACCOUNTS: &str = "accounts";
const INGEST: &str = "ingest";

impl Ledger {
    /// Opens a ledger's folder, which need not be there yet.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        Ok(Self {
            folder: folder.to_owned(),
            accounts: Store::open(&folder.join(ACCOUNTS))?,
        })
    }

    /// How many enterprises are on record.
    pub fn len(&self) -> u64 {
        self.accounts.len()
    }

    /// Whether nothing is on record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An enterprise's account.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn account(&self, id: &EnterpriseId) -> Result<Option<Page>, AuthorityError> {
        let found = self.accounts.get(key(id.as_str()))?;
        found
            .map(|bytes| {
                self.decode(id.as_str(), &bytes)?;
                Ok(Page(bytes))
            })
            .transpose()
    }

    /// Where ingestion keeps how far it is.
    pub(crate) fn workplace(&self) -> PathBuf {
        self.folder.join(INGEST)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Which enterprises of a range of keys have accounts, and where.
    pub(crate) fn scan(&self, first: Key, last: Key) -> Result<Vec<Located>, AuthorityError> {
        self.accounts.scan(first, last)
    }

    /// What is kept of the enterprises of a range of keys.
    pub(crate) fn range(&self, first: Key, last: Key) -> Result<Range<'_>, AuthorityError> {
        self.accounts.range(first, last)
    }

    /// The bytes that are kept of the enterprise at a place.
    pub(crate) fn read(&self, at: &Located) -> Result<Vec<u8>, AuthorityError> {
        self.accounts.read(at)
    }

    /// The account of an enterprise in the bytes that are kept of it.
    pub(crate) fn decode<'a>(
        &self,
        id: &str,
        bytes: &'a [u8],
    ) -> Result<Account<'a>, AuthorityError> {
        let mut decoder = Decoder::new(bytes);
        let damaged = |detail: String| AuthorityError::damaged(&self.folder, detail);
        let owner = decoder.text().map_err(|e| damaged(e.to_string()))?;
        if owner != id {
            return Err(damaged(format!("`{owner}` is where `{id}` should be")));
        }
        Account::decode(decoder.rest()).map_err(|e| damaged(e.to_string()))
    }
}

/// An account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page(Vec<u8>);

impl Page {
    /// The account.
    pub fn account(&self) -> Account<'_> {
        let mut decoder = Decoder::new(&self.0);
        let account = decoder.text().and_then(|_| Account::decode(decoder.rest()));
        account.expect("a page is one that was read before")
    }
}

/// Tells two states of an account apart.
pub(crate) const fn state(at: &Located) -> Check {
    at.entry.check
}

/// Appends an account as it is kept to some bytes, by way of a buffer.
pub(crate) fn encode(id: &str, account: &Account<'_>, bytes: &mut Vec<u8>, buffer: &mut Vec<u8>) {
    let mut encoder = Encoder::onto(std::mem::take(bytes));
    encoder.text(id);
    *bytes = encoder.finish();
    account.encode(bytes, buffer);
}
