//! How a custodian whose history is lost begins again: from the head of the authority's log.

use std::path::Path;

use taxproof_claims::epoch::SignedEpochHeader;
use taxproof_log::{Files, LogError, LogKey, LogReader, Quorum};

use super::CustodianError;
use super::custodian::Custodian;
use super::group::Group;
use super::history::{History, Refusal};
use super::settings::{self, Settings};
use crate::error::AuthorityError;
use crate::folder::lock;

impl Custodian {
    /// Begins again from a log's head, in a folder without a history.
    ///
    /// # What is not checked
    /// That the head is the newest, and that he approved nothing after it: he asks those who know.
    ///
    /// # Errors
    /// The history is there, or the log is not one that the custodians signed.
    pub fn restart<F: Files>(folder: &Path, log: &LogReader<F>) -> Result<Self, AuthorityError> {
        settings::check_there(folder)?;
        let lock = lock(folder)?;
        History::check_absent(folder)?;
        let group = Settings::open(folder)?.group;
        of_log(log, &group)?.keep(folder)?;
        drop(lock);
        Self::open(folder)
    }
}

/// The history of somebody who approved a log's head.
fn of_log<F: Files>(log: &LogReader<F>, group: &Group) -> Result<History, AuthorityError> {
    let key = LogKey::new(&group.authority().log_origin(), group.key().clone())?;
    let (size, asked) = (0, 1);
    let note = log.checkpoint()?.ok_or(LogError::Beyond { size, asked })?;
    let head = Quorum::of(key).accept(&note).map_err(LogError::from)?;
    let found = log.root(head.size)?;
    if found != head.root {
        let expected = head.root;
        return Err(LogError::Root { expected, found }.into());
    }
    let entry = log.entry(head.size.saturating_sub(1), head.size)?;
    let signed = SignedEpochHeader::decode(&entry).ok();
    let header = signed.filter(|it| it.verify(group.key()).is_ok() && it.header.epoch == head.size);
    let header = header.ok_or(CustodianError::Refused(Refusal::UnsignedEntry))?;
    Ok(History::settled(header.header, head.root))
}
