//! The files of a signing session, and how they are collected.

use std::collections::BTreeMap;

use frost_ed25519::round1::SigningCommitments;
use frost_ed25519::round2::SignatureShare;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Digest;

use super::error::{CustodianError, Sender};
use super::exchange::{Exchange, Wait};
use super::request::SessionId;
use crate::error::AuthorityError;
use crate::progress::Progress;

/// What a custodian writes in a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed<T> {
    pub(super) session: SessionId,
    pub(super) number: u16,
    pub(super) content: T,
}

/// What the authority writes when enough have approved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    pub(super) session: SessionId,
    pub(super) package: frost_ed25519::SigningPackage,
}

/// A custodian's share of a signature.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    /// Of the authority's package, as he was sent it.
    pub(super) package: Digest,
    pub(super) share: SignatureShare,
}

/// Something that each custodian writes once in a session.
pub(super) trait Step: Serialize + DeserializeOwned {
    /// Its name in the file's.
    const NAME: &'static str;
}

impl Step for SigningCommitments {
    const NAME: &'static str = "commitment";
}

impl Step for Share {
    const NAME: &'static str = "share";
}

/// The file of a custodian in a session.
pub(super) fn file<T: Step>(session: &SessionId, number: u16) -> String {
    format!("{session}-{}-{number}.toml", T::NAME)
}

/// The authority's file in a session.
pub(super) fn package_file(session: &SessionId) -> String {
    format!("{session}-package.toml")
}

/// A custodian's message, if it is there: of this session and in his name.
pub(super) fn read<T: Step>(
    exchange: &Exchange,
    session: &SessionId,
    number: u16,
) -> Result<Option<T>, AuthorityError> {
    let name = file::<T>(session, number);
    let from = Sender::Custodian(number);
    let Some(signed) = exchange.read::<Signed<T>>(&name, from)? else {
        return Ok(None);
    };
    let wrong = |why: String| CustodianError::message(&exchange.file(&name), from, why);
    if signed.session != *session {
        return Err(wrong(format!("from another session, {}", signed.session)).into());
    }
    if signed.number != number {
        return Err(wrong(format!("written by custodian {}", signed.number)).into());
    }
    Ok(Some(signed.content))
}

/// Collects what custodians write until `needed` of them have, or the time is over.
pub(super) fn gather<T>(
    numbers: impl Iterator<Item = u16> + Clone,
    needed: usize,
    wait: &Wait,
    progress: &dyn Progress,
    read: impl Fn(u16) -> Result<Option<T>, AuthorityError>,
) -> Result<BTreeMap<u16, T>, AuthorityError> {
    let mut found = BTreeMap::new();
    wait.until(|| {
        for number in numbers.clone() {
            if found.len() == needed {
                break;
            }
            if !found.contains_key(&number)
                && let Some(message) = read(number)?
            {
                found.insert(number, message);
                progress.advance();
            }
        }
        Ok((found.len() == needed).then_some(()))
    })?;
    Ok(found)
}
