//! What a custodian approved last, and what he therefore must not approve now.

mod kept;

use std::time::{SystemTime, UNIX_EPOCH};

use taxproof_claims::date::Date;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{AuthorityId, EpochHeader, Root, SignedEpochHeader};
use taxproof_claims::hash::PARAMS_ID;
use taxproof_claims::period::Period;
use taxproof_claims::shape::SHAPES;
use taxproof_claims::signature::VerifyingKey;
use taxproof_log::Hash;

use super::group::Group;
use super::request::{Head, Subject};

/// Why a custodian must not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Of another authority than the one for which the key was made.
    #[error("the request is of `{0}`, and the key was made for `{1}`")]
    OtherAuthority(AuthorityId, AuthorityId),
    /// Under the other profile, whose keys cannot be shared.
    #[error("the header is not of the profile `international`")]
    Profile,
    /// A root that nobody reads: its texts could be anything.
    #[error(
        "the header has a root of other parameters than `{}`, or of no layout",
        PARAMS_ID
    )]
    UnknownRoot,
    /// An epoch before the newest one that was approved.
    #[error("epoch {asked} is before epoch {approved}, which was approved")]
    EpochGoesBack {
        /// What is asked for.
        asked: u64,
        /// What was approved.
        approved: u64,
    },
    /// Another header of an epoch that is in the log: a second history.
    #[error(
        "another header of epoch {0} was approved, and the log's head with it: this would be a second history"
    )]
    SecondHistory(u64),
    /// The header of an epoch that is in the log: nobody needs it signed again, and a second signature would make
    /// another entry of it.
    #[error(
        "epoch {0} was approved, and the log's head with it: was an older backup of the bureau's folder put back?"
    )]
    Published(u64),
    /// Another header of an epoch of which one was approved.
    #[error(
        "another header of epoch {epoch} was approved, {approved}: find out that it was not published, \
         and nobody has it; then `--replaces {approved}` approves this one in its place"
    )]
    SecondHeader {
        /// The epoch.
        epoch: u64,
        /// The digest of the one that was approved.
        approved: Digest,
    },
    /// The header does not go on from the one that was approved before.
    #[error("the header names another one before it than was approved")]
    OtherPrevious,
    /// The header does not go on from one that was approved and is in no log that the custodian has seen.
    #[error(
        "the header names another one before it than {approved}, which was approved: find out that it was not \
         published, and nobody has it; then `--replaces {approved}` lets this one come"
    )]
    OtherPending {
        /// The digest of the one that was approved.
        approved: Digest,
    },
    /// The request does not have the header that the key signed for the epoch before.
    #[error("the header before this one is not in the request, or is not signed by the key")]
    NoPredecessor,
    /// The custodian's clock is wrong, or the authority's.
    #[error("the epoch's time is more than a day ahead of this machine's clock")]
    Ahead,
    /// No authority publishes a period that goes on.
    #[error("the newest period, {0}, is not over on the day of the epoch")]
    PeriodNotOver(Period),
    /// The epoch is older than the one before.
    #[error("the epoch would be older than the one before it")]
    TimeGoesBack,
    /// The newest period is older than before.
    #[error("the newest period would go back from {0} to {1}")]
    PeriodGoesBack(Period, Period),
    /// The newest entry of the log is not signed.
    #[error("the log's newest entry is a header that the authority's key has not signed")]
    UnsignedEntry,
    /// The log's head does not continue the one that was approved.
    #[error("the log does not continue the one whose head was approved at {0} epochs")]
    OtherLog(u64),
}

/// What a custodian has approved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct History {
    /// The newest header of which the log's head was approved too: it is published.
    settled: Option<Settled>,
    /// A header that was approved since.
    pending: Option<EpochHeader>,
}

/// A header, and the root of the log of which it is the newest entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Settled {
    header: EpochHeader,
    root: Hash,
}

impl History {
    /// Of a custodian who knows of a published header, and of the log's root with it.
    pub(super) const fn settled(header: EpochHeader, root: Hash) -> Self {
        Self {
            settled: Some(Settled { header, root }),
            pending: None,
        }
    }

    /// Checks that signing goes on from what was signed. `replaces` is the digest of the approved header that was
    /// never published and gives way to the one that is asked for.
    pub(super) fn check(
        &self,
        subject: &Subject,
        group: &Group,
        replaces: Option<Digest>,
    ) -> Result<(), Refusal> {
        let (asked, made) = (subject.authority(), group.authority());
        if asked != made {
            return Err(Refusal::OtherAuthority(asked.clone(), made.clone()));
        }
        let key = group.key();
        match subject {
            Subject::Head(head) => {
                self.check_head(head, key)?;
                self.check_header(subject.header(), replaces)
            }
            Subject::Header(header, before) => {
                let settled = self.settled.as_ref().map(|settled| &settled.header);
                if settled == Some(header) {
                    return Err(Refusal::Published(header.epoch));
                }
                self.check_header(header, replaces)?;
                check_predecessor(header, before.as_ref(), key)
            }
        }
    }

    /// Whether this very header was approved already.
    pub(super) fn knows(&self, header: &EpochHeader) -> bool {
        let settled = self.settled.as_ref().map(|settled| &settled.header);
        settled == Some(header) || self.pending.as_ref() == Some(header)
    }

    /// The number of the newest epoch that was approved.
    pub(super) fn newest(&self) -> Option<u64> {
        self.last().map(|header| header.epoch)
    }

    /// The same after a subject was approved.
    pub(super) fn after(&self, subject: &Subject) -> Self {
        match subject {
            // Signing again what was signed forgets nothing.
            Subject::Header(header, _) if self.knows(header) => self.clone(),
            Subject::Header(header, _) => Self {
                settled: self.settled.clone(),
                pending: Some(header.clone()),
            },
            Subject::Head(head) => {
                let newer = |pending: &EpochHeader| pending.epoch > head.size();
                Self {
                    settled: Some(Settled {
                        header: head.entry().header.clone(),
                        root: head.checkpoint().root,
                    }),
                    pending: self.pending.clone().filter(newer),
                }
            }
        }
    }

    fn last(&self) -> Option<&EpochHeader> {
        let settled = self.settled.as_ref().map(|settled| &settled.header);
        self.pending.as_ref().or(settled)
    }

    fn check_head(&self, head: &Head, key: &VerifyingKey) -> Result<(), Refusal> {
        let signed = head.entry().verify(key);
        signed.map_err(|_| Refusal::UnsignedEntry)?;
        let Some(settled) = &self.settled else {
            return Ok(());
        };
        let size = settled.header.epoch;
        if head.root_at(size) == Some(settled.root) {
            Ok(())
        } else {
            Err(Refusal::OtherLog(size))
        }
    }

    fn check_header(&self, header: &EpochHeader, replaces: Option<Digest>) -> Result<(), Refusal> {
        if header.profile != Profile::International {
            return Err(Refusal::Profile);
        }
        if !header.roots.iter().all(is_known) {
            return Err(Refusal::UnknownRoot);
        }
        if is_ahead(header) {
            return Err(Refusal::Ahead);
        }
        // A far one would bind for ever whoever approved it.
        if !is_over(header) {
            return Err(Refusal::PeriodNotOver(header.newest_period));
        }
        if self.knows(header) {
            return Ok(());
        }
        let epoch = header.epoch;
        let before = self.settled.as_ref().map(|settled| &settled.header);
        if before.is_some_and(|settled| settled.epoch == epoch) {
            return Err(Refusal::SecondHistory(epoch));
        }
        match &self.pending {
            Some(pending) if pending.epoch == epoch => {
                let approved = pending.digest();
                if replaces != Some(approved) {
                    return Err(Refusal::SecondHeader { epoch, approved });
                }
                // Both come after the same.
                if pending.previous != header.previous {
                    return Err(Refusal::OtherPrevious);
                }
            }
            Some(pending) if replaces != Some(pending.digest()) => {
                let approved = pending.digest();
                return follows(header, pending).map_err(|refusal| match refusal {
                    Refusal::OtherPrevious => Refusal::OtherPending { approved },
                    other => other,
                });
            }
            Some(_) | None => (),
        }
        before.map_or(Ok(()), |before| follows(header, before))
    }
}

/// Whether this software makes such roots.
fn is_known(root: &Root) -> bool {
    let mut layouts = SHAPES.iter().map(|shape| shape.layout().to_string());
    root.params_id == PARAMS_ID && layouts.any(|layout| layout == root.layout)
}

/// Whether a header comes just after one that the key signed; the first comes after none. Without this, a single
/// approval of a far number or of a foreign name would bind a custodian for ever.
fn check_predecessor(
    header: &EpochHeader,
    before: Option<&SignedEpochHeader>,
    key: &VerifyingKey,
) -> Result<(), Refusal> {
    let Some(before) = before else {
        let first = header.epoch == 1 && header.previous == Digest([0; 32]);
        return first.then_some(()).ok_or(Refusal::NoPredecessor);
    };
    let before = before.verify(key).map_err(|_| Refusal::NoPredecessor)?;
    let named = header.epoch.checked_sub(1) == Some(before.epoch)
        && header.previous == before.digest()
        && header.authority == before.authority;
    if !named {
        return Err(Refusal::NoPredecessor);
    }
    follows(header, before)
}

/// Whether the newest period ended before the epoch's day.
fn is_over(header: &EpochHeader) -> bool {
    let day = Date::of_unix_seconds(header.time);
    day.is_some_and(|day| header.newest_period.last_day() < day)
}

fn is_ahead(header: &EpochHeader) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    header.time > now.saturating_add(DAY)
}

/// Seconds: it may be tomorrow elsewhere, and clocks differ.
const DAY: u64 = 86_400;

/// Whether a header may come after another, which need not be the one just before.
fn follows(header: &EpochHeader, before: &EpochHeader) -> Result<(), Refusal> {
    if header.epoch < before.epoch {
        return Err(Refusal::EpochGoesBack {
            asked: header.epoch,
            approved: before.epoch,
        });
    }
    if header.epoch == before.epoch + 1 && header.previous != before.digest() {
        return Err(Refusal::OtherPrevious);
    }
    if header.time < before.time {
        return Err(Refusal::TimeGoesBack);
    }
    if header.newest_period < before.newest_period {
        let (from, to) = (before.newest_period, header.newest_period);
        return Err(Refusal::PeriodGoesBack(from, to));
    }
    Ok(())
}
