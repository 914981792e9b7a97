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
    /// Begins again from a log's head, in a folder without a history. The head is that of the epoch which he was told
    /// is the newest.
    ///
    /// # What is not checked
    /// That it is the newest, and that he approved nothing after it: he asks those who know.
    ///
    /// # Errors
    /// The history is there, or the log is not one that the custodians signed, or of another length.
    pub fn restart<F: Files>(
        folder: &Path,
        log: &LogReader<F>,
        epoch: u64,
    ) -> Result<Self, AuthorityError> {
        settings::check_there(folder)?;
        let lock = lock(folder)?;
        History::check_absent(folder)?;
        let group = Settings::open(folder)?.group;
        of_log(log, &group, epoch)?.keep(folder)?;
        drop(lock);
        Self::open(folder)
    }
}

/// The history of somebody who approved a log's head.
fn of_log<F: Files>(
    log: &LogReader<F>,
    group: &Group,
    epoch: u64,
) -> Result<History, AuthorityError> {
    let key = LogKey::new(&group.authority().log_origin(), group.key().clone())?;
    let (size, asked) = (0, 1);
    let note = log.checkpoint()?.ok_or(LogError::Beyond { size, asked })?;
    let quorum = Quorum::of(key);
    let head = quorum.accept(&note).map_err(LogError::from)?;
    if head.size != epoch {
        let (found, told) = (head.size, epoch);
        return Err(CustodianError::OtherEpoch { found, told }.into());
    }
    let found = log.root(head.size)?;
    if found != head.root {
        let expected = head.root;
        return Err(LogError::Root { expected, found }.into());
    }
    let newest = head.size.saturating_sub(1);
    let entry = log.entry(newest, head.size)?;
    // Whoever serves the log may have answered otherwise this time.
    let proof = log.inclusion(newest, &note)?.verify(&quorum, &entry);
    proof.map_err(|_| LogError::Entry(newest))?;
    let signed = SignedEpochHeader::decode(&entry).ok();
    let header = signed.filter(|it| it.verify(group.key()).is_ok() && it.header.epoch == head.size);
    let header = header.ok_or(CustodianError::Refused(Refusal::UnsignedEntry))?;
    Ok(History::settled(header.header, head.root))
}
