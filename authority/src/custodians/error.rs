//! What can go wrong among custodians, and who is at fault.

use std::fmt;
use std::path::{Path, PathBuf};

use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::signature::VerifyingKey;

use super::history::Refusal;

/// Custodians cannot make a key, or cannot sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CustodianError {
    /// No such number of custodians: whoever begins names another.
    #[error(
        "{threshold} of {of}, number {number}: 2 to {max} custodians, numbered from 1, of whom more than half sign: \
         two groups of them could sign two histories otherwise"
    )]
    Place {
        /// The custodian's number.
        number: u16,
        /// How many there are.
        of: u16,
        /// How many must sign.
        threshold: u16,
        /// How many there may be.
        max: u16,
    },
    /// There is something in the custodian's folder already: he names another.
    #[error("`{0}` is not empty: a custodian begins in a folder of his own")]
    NotEmpty(PathBuf),
    /// The folder is no custodian's.
    #[error("`{0}` is not a custodian's folder: `taxproof custodian create` makes one")]
    NotACustodian(PathBuf),
    /// The folder for the exchange is not there.
    #[error("`{0}` is not a folder: the custodians and the authority share one")]
    NoExchange(PathBuf),
    /// Another has this number, or the same custodian began before.
    #[error(
        "`{0}` is there already: another has this number, or a run ended early; then all begin again in an empty folder"
    )]
    NumberTaken(PathBuf),
    /// There is no key yet.
    #[error("`{0}` is not there: the custodians make a key first, by `taxproof custodian create`")]
    NoGroup(PathBuf),
    /// The files of which a key was made, or a custodian's, make none.
    #[error("no custodians of a key: {0}")]
    Group(String),
    /// The custodians made the key for another authority than the one that begins.
    #[error(
        "the custodians made the key for `{0}`, not for `{1}`: begin under that name, or they make another"
    )]
    OtherAuthority(AuthorityId, AuthorityId),
    /// Not all custodians confirmed the key: it is not used.
    #[error(
        "the key of `{0}` was not confirmed by all custodians: all begin again in empty folders"
    )]
    Unconfirmed(PathBuf),
    /// The custodian's history is lost: what he approved he could approve otherwise.
    #[error(
        "`{0}` is not there: `taxproof custodian restart` begins again from the authority's log"
    )]
    NoHistory(PathBuf),
    /// The custodian's history is there, and to forget it would let a second one be signed.
    #[error("`{0}` is there: who has a history goes on from it")]
    HasHistory(PathBuf),
    /// A file in the exchange folder is not what its name says: whoever is named there is at fault, or
    /// somebody who wrote in his name.
    #[error("`{path}`, of {from}: {why}")]
    Message {
        /// Which file.
        path: PathBuf,
        /// Who should have written it.
        from: Sender,
        /// What is wrong with it.
        why: String,
    },
    /// Some did not come in time: they are asked, and the rest begins again.
    #[error("{} did not come within {seconds} s: {what}", Numbers(missing))]
    Missing {
        /// What was waited for.
        what: &'static str,
        /// Whose it is.
        missing: Vec<u16>,
        /// For how long.
        seconds: u64,
    },
    /// Custodians have seen different files: somebody changes them, or two runs got mixed up.
    #[error(
        "{} confirmed another key than the files of `round1` make: begin again in an empty folder, and find out who \
         else writes to it",
        Numbers(.0)
    )]
    OtherGeneration(Vec<u16>),
    /// A custodian's part of the key does not fit what he committed to.
    #[error(
        "{}, or whoever wrote in that name, sent a part of the key that is not what was committed to: find out who, \
         and begin again in an empty folder",
        Numbers(.0)
    )]
    WrongPart(Vec<u16>),
    /// Too few have approved in time.
    #[error(
        "{} of the {threshold} custodians that must approve did within {seconds} s{}: the bureau has no signature",
        approved.len(), Named(approved)
    )]
    Approvals {
        /// Who has.
        approved: Vec<u16>,
        /// How many must.
        threshold: u16,
        /// How long was waited.
        seconds: u64,
    },
    /// Custodians' shares do not verify: they are at fault, or whoever wrote in their names.
    #[error(
        "{}, or whoever wrote in that name, gave a wrong share of the signature: the bureau has no signature, and a \
         custodian may have one",
        Numbers(.0)
    )]
    WrongShare(Vec<u16>),
    /// What the custodians signed does not verify under the authority's key.
    #[error("what the custodians signed does not verify under the authority's key")]
    OtherKey,
    /// There is no epoch whose log could have a head.
    #[error("custodians sign no head of a log without epochs: publish one")]
    NoEpoch,
    /// Nothing was asked for in time.
    #[error("no request came within {0} s: the authority asks when it publishes")]
    NoRequest(u64),
    /// The request is not for this custodian's key.
    #[error("the request is for the key {asked}, and this custodian has a share of {held}")]
    Foreign {
        /// The key in the request.
        asked: Box<VerifyingKey>,
        /// The custodian's.
        held: Box<VerifyingKey>,
    },
    /// The authority asks for a signature of something else than it showed: it is at fault.
    #[error(
        "the authority wants another message signed than the one that was approved: this custodian signed nothing"
    )]
    OtherMessage,
    /// The authority did not use this custodian's commitment as it is.
    #[error("the authority changed this custodian's commitment: this custodian signed nothing")]
    OtherCommitment,
    /// The authority names too few, too many or unknown custodians: it is at fault.
    #[error(
        "the authority names others than as many custodians as must sign: this custodian signed nothing"
    )]
    OtherSigners,
    /// The authority did not say who signs.
    #[error("the authority did not go on within {0} s: this custodian signed nothing")]
    NoPackage(u64),
    /// The custodian does not know yet who may ask him.
    #[error(
        "no key of the bureau is accepted: `taxproof custodian accept` takes the one that the bureau reads out"
    )]
    NoBureau,
    /// The bureau's key changes with its folder: then a new one needs custodians' consent outside this program.
    #[error("another key of the bureau was accepted: {0}")]
    OtherBureau(Box<VerifyingKey>),
    /// The log's head is not where the custodian was told that it is: it is an old one, or he was told wrong.
    #[error(
        "the log's head is at epoch {found}, and not at {told}: ask the bureau and a bank which it is"
    )]
    OtherEpoch {
        /// In the log.
        found: u64,
        /// What he was told.
        told: u64,
    },
    /// The custodian must not sign this.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The library for threshold signatures refuses.
    #[error("the threshold signature: {0}")]
    Frost(#[from] frost_ed25519::Error),
}

/// Who writes a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The custodian of a number.
    Custodian(u16),
    /// The authority.
    Authority,
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custodian(number) => {
                write!(f, "custodian {number} or whoever wrote in that name")
            }
            Self::Authority => f.write_str("the authority or whoever wrote in its name"),
        }
    }
}

impl CustodianError {
    pub(super) fn message(path: &Path, from: Sender, why: impl ToString) -> Self {
        Self::Message {
            path: path.to_owned(),
            from,
            why: printable(&why.to_string()),
        }
    }
}

/// A text that may quote somebody's file, for a terminal.
fn printable(text: &str) -> String {
    let escaped = |char: char| match char {
        '\'' | '"' => char.to_string(),
        _ => char.escape_debug().to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Custodians by their numbers.
struct Numbers<'a>(&'a [u16]);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u16::to_string).collect();
        let plural = if numbers.len() == 1 { "" } else { "s" };
        write!(f, "custodian{plural} {}", numbers.join(", "))
    }
}

/// Their numbers after a colon, where there are any.
struct Named<'a>(&'a [u16]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", Numbers(self.0))
    }
}
