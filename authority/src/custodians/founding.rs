//! What custodians leave in the exchange folder when they make a key, and the group that follows from it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use frost_ed25519::keys::PublicKeyPackage;
use frost_ed25519::keys::dkg::round1::Package;
use serde::{Deserialize, Serialize};
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::signature::VerifyingKey;

use super::error::{CustodianError, Sender};
use super::exchange::Exchange;
use super::group::{Group, by_identifier};
use crate::error::AuthorityError;

/// What custodians agree on before they make a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    /// Whose epochs the key signs.
    pub(super) authority: AuthorityId,
    pub(super) of: u16,
    pub(super) threshold: u16,
}

/// What a custodian commits to, and where the others encrypt to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Round1 {
    pub(super) number: u16,
    pub(super) recipient: String,
    pub(super) plan: Plan,
    pub(super) package: Package,
}

/// That a custodian has his share, and of which key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmed {
    pub(super) number: u16,
    pub(super) key: VerifyingKey,
    pub(super) digest: Digest,
}

/// How many custodians a key may have.
pub(super) const MAX_CUSTODIANS: u16 = 32;

impl Plan {
    /// Whether any two groups that may sign have a custodian in common: otherwise they could sign two histories.
    pub(super) fn fits(&self) -> bool {
        let more_than_half = u32::from(self.threshold) * 2 > u32::from(self.of);
        (2..=MAX_CUSTODIANS).contains(&self.of) && more_than_half && self.threshold <= self.of
    }

    pub(super) const fn numbers(&self) -> RangeInclusive<u16> {
        1..=self.of
    }
}

impl Round1 {
    /// What a custodian wrote, and the bytes of it, if it is there.
    pub(super) fn read(
        exchange: &Exchange,
        number: u16,
    ) -> Result<Option<(Self, Vec<u8>)>, AuthorityError> {
        let name = round1_file(number);
        let from = Sender::Custodian(number);
        let Some(bytes) = exchange.read_bytes(&name, from)? else {
            return Ok(None);
        };
        let message: Self = exchange.parse(&name, from, &bytes)?;
        let wrong = |why: &str| CustodianError::message(&exchange.file(&name), from, why);
        if message.number != number || !message.plan.fits() {
            return Err(wrong("of another number, or for no key").into());
        }
        let commitments = message.package.commitment().serialize();
        if commitments.map_or(0, |all| all.len()) != usize::from(message.plan.threshold) {
            return Err(wrong("commitments for another threshold").into());
        }
        Ok(Some((message, bytes)))
    }

    /// The same, where it is for the key that is planned.
    pub(super) fn read_for(
        exchange: &Exchange,
        number: u16,
        plan: &Plan,
    ) -> Result<Option<(Self, Vec<u8>)>, AuthorityError> {
        let found = Self::read(exchange, number)?;
        if found.as_ref().is_some_and(|(it, _)| it.plan != *plan) {
            let (file, from) = (
                exchange.file(&round1_file(number)),
                Sender::Custodian(number),
            );
            let why = "for another authority, number or threshold";
            return Err(CustodianError::message(&file, from, why).into());
        }
        Ok(found)
    }
}

impl Confirmed {
    /// What a custodian confirmed, if it is there.
    pub(super) fn read(exchange: &Exchange, number: u16) -> Result<Option<Self>, AuthorityError> {
        let name = confirmed_file(number);
        let from = Sender::Custodian(number);
        match exchange.read::<Self>(&name, from)? {
            Some(confirmed) if confirmed.number != number => {
                let path = exchange.file(&name);
                Err(CustodianError::message(&path, from, "of another number").into())
            }
            found => Ok(found),
        }
    }
}

/// Fails unless these custodians confirmed a group.
pub(super) fn check_confirmed(
    group: &Group,
    by: &BTreeMap<u16, Confirmed>,
) -> Result<(), CustodianError> {
    let same = |it: &Confirmed| (&it.key, it.digest) == (group.key(), group.digest());
    let others: Vec<u16> = by
        .iter()
        .filter(|(_, it)| !same(it))
        .map(|(n, _)| *n)
        .collect();
    if others.is_empty() {
        Ok(())
    } else {
        Err(CustodianError::OtherGeneration(others))
    }
}

/// Of the files of the first round, which custodians compare by voice.
pub(super) fn digest(files: &BTreeMap<u16, Vec<u8>>) -> Digest {
    let parts: Vec<&[u8]> = files.values().map(Vec::as_slice).collect();
    Profile::International.digest(TAG, &parts)
}

impl Group {
    /// The group that was made in an exchange folder: what follows from all that its custodians committed to, and what
    /// each has confirmed.
    ///
    /// # What is not checked
    /// That it is the one that the custodians made: whoever relies on it compares its key and its digest with theirs.
    ///
    /// # Errors
    /// Some have not confirmed it, or another, or a file is damaged.
    pub fn read(exchange: &Exchange) -> Result<Self, AuthorityError> {
        let missing = |name: String| CustodianError::NoGroup(exchange.file(&name));
        let first = Round1::read(exchange, 1)?;
        let plan = first.ok_or_else(|| missing(round1_file(1)))?.0.plan;
        let (mut files, mut commitments) = (BTreeMap::new(), BTreeMap::new());
        for number in plan.numbers() {
            let found = Round1::read_for(exchange, number, &plan)?;
            let (message, bytes) = found.ok_or_else(|| missing(round1_file(number)))?;
            files.insert(number, bytes);
            commitments.insert(number, message.package);
        }
        let commitments = by_identifier(commitments).map_err(CustodianError::from)?;
        let commitments = commitments.iter().map(|(id, it)| (*id, it.commitment()));
        let public = PublicKeyPackage::from_dkg_commitments(&commitments.collect());
        let public = public.map_err(CustodianError::from)?;
        let group = Self::new(plan, public, digest(&files)).map_err(CustodianError::Group)?;
        let mut confirmed = BTreeMap::new();
        for number in group.numbers() {
            let found = Confirmed::read(exchange, number)?;
            confirmed.insert(
                number,
                found.ok_or_else(|| missing(confirmed_file(number)))?,
            );
        }
        check_confirmed(&group, &confirmed)?;
        Ok(group)
    }
}

pub(super) fn round1_file(number: u16) -> String {
    format!("round1-{number}.toml")
}

pub(super) fn confirmed_file(number: u16) -> String {
    format!("confirmed-{number}.toml")
}

const TAG: &str = "taxproof/custodians/1";
