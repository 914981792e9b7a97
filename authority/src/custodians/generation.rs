//! How custodians make a key together (distributed key generation): each draws a part of it, commits to
//! that, gives every other a share of it, and adds up the shares that he gets.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use age::x25519::{Identity, Recipient};
use frost_ed25519::keys::dkg::{part1, part2, part3, round1, round2};
use frost_ed25519::keys::{KeyPackage, SigningShare};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::signature::VerifyingKey;
use zeroize::Zeroizing;

use super::error::{CustodianError, Sender};
use super::exchange::{Exchange, Wait};
use super::group::{self, Group, MAX_CUSTODIANS, by_identifier, culprits, identifier};
use super::messages::gather;
use crate::error::AuthorityError;
use crate::progress::Progress;

/// A custodian's place among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    number: u16,
    of: u16,
    threshold: u16,
}

impl Place {
    /// The custodian of a number, from 1, of so many, of whom `threshold` sign.
    ///
    /// # Errors
    /// There is no such place.
    pub fn new(number: u16, of: u16, threshold: u16) -> Result<Self, CustodianError> {
        let fits = (1..=of).contains(&number) && (2..=of).contains(&threshold);
        if fits && of <= MAX_CUSTODIANS {
            let place = Self {
                number,
                of,
                threshold,
            };
            return Ok(place);
        }
        let max = MAX_CUSTODIANS;
        Err(CustodianError::Place {
            number,
            of,
            threshold,
            max,
        })
    }

    pub(super) const fn number(self) -> u16 {
        self.number
    }

    fn others(self) -> impl Iterator<Item = u16> + Clone {
        (1..=self.of).filter(move |other| *other != self.number)
    }
}

/// What a custodian commits to, and where the others encrypt to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Round1 {
    pub(super) number: u16,
    pub(super) of: u16,
    pub(super) threshold: u16,
    pub(super) recipient: String,
    pub(super) package: round1::Package,
}

/// That a custodian has his share, and of which key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmed {
    pub(super) number: u16,
    pub(super) key: VerifyingKey,
    pub(super) digest: Digest,
}

/// A custodian who makes a key with others in an exchange folder.
pub(super) struct Generation<'a> {
    exchange: &'a Exchange,
    place: Place,
    wait: Duration,
    progress: &'a dyn Progress,
}

/// What the others wrote in the first round.
struct Heard {
    packages: BTreeMap<u16, round1::Package>,
    recipients: BTreeMap<u16, Recipient>,
    digest: Digest,
}

impl<'a> Generation<'a> {
    /// Begins, if nobody has the same place.
    pub(super) fn new(
        exchange: &'a Exchange,
        place: Place,
        wait: Duration,
        progress: &'a dyn Progress,
    ) -> Result<Self, CustodianError> {
        if exchange.has(group::FILE) {
            return Err(CustodianError::Made(exchange.file(group::FILE)));
        }
        let ours = round1_file(place.number);
        if exchange.has(&ours) {
            return Err(CustodianError::NumberTaken(exchange.file(&ours)));
        }
        Ok(Self {
            exchange,
            place,
            wait,
            progress,
        })
    }

    /// This custodian's share of a key and the group that holds it. The secret parts of the rounds stay in memory.
    pub(super) fn run(&self) -> Result<(KeyPackage, Group), AuthorityError> {
        let Place { of, threshold, .. } = self.place;
        let us = identifier(self.place.number).map_err(CustodianError::from)?;
        let identity = Identity::generate();
        let (secret, package) = part1(us, of, threshold, OsRng).map_err(CustodianError::from)?;
        let heard = self.round1(package, &identity.to_public())?;
        let packages = by_identifier(heard.packages).map_err(CustodianError::from)?;
        let (secret, parts) = part2(secret, &packages).map_err(|why| self.blame(why))?;
        let received = self.round2(&parts, &heard.recipients, &identity)?;
        let received = by_identifier(received).map_err(CustodianError::from)?;
        let finished = part3(&secret, &packages, &received);
        let (key, public) = finished.map_err(|why| self.blame(why))?;
        let group = Group::new(public, heard.digest);
        // What the library makes of checked packages is a group.
        let group = group.map_err(|why| {
            CustodianError::message(&self.exchange.file(group::FILE), Sender::Group, why)
        })?;
        Ok((key, group))
    }

    /// Says that this custodian has kept his share, waits until all have, and writes the group's file.
    pub(super) fn confirm(&self, group: &Group) -> Result<(), AuthorityError> {
        let confirmed = Confirmed {
            number: self.place.number,
            key: group.key().clone(),
            digest: group.digest(),
        };
        let ours = confirmed_file(self.place.number);
        self.exchange.write(&ours, &confirmed)?;
        let read = |number| self.read_confirmed(number);
        let all = self.gather("confirmations of the key", read)?;
        let same = |other: &Confirmed| (&other.key, other.digest) == (group.key(), group.digest());
        let others = all.iter().filter(|(_, other)| !same(other));
        let others: Vec<u16> = others.map(|(number, _)| *number).collect();
        if !others.is_empty() {
            return Err(CustodianError::OtherGeneration(others).into());
        }
        // All have read theirs.
        for other in self.place.others() {
            self.exchange
                .remove(&round2_file(self.place.number, other))?;
        }
        self.exchange.write(group::FILE, group)?;
        Ok(())
    }

    fn round1(
        &self,
        package: round1::Package,
        recipient: &Recipient,
    ) -> Result<Heard, AuthorityError> {
        let Place {
            number,
            of,
            threshold,
        } = self.place;
        let ours = Round1 {
            number,
            of,
            threshold,
            recipient: recipient.to_string(),
            package,
        };
        let ours = self.exchange.write(&round1_file(number), &ours)?;
        let read = |number| self.read_round1(number);
        let mut files = BTreeMap::from([(number, ours)]);
        let (mut packages, mut recipients) = (BTreeMap::new(), BTreeMap::new());
        for (other, (bytes, package, recipient)) in self.gather("commitments to the key", read)? {
            files.insert(other, bytes);
            packages.insert(other, package);
            recipients.insert(other, recipient);
        }
        let parts: Vec<&[u8]> = files.values().map(Vec::as_slice).collect();
        Ok(Heard {
            packages,
            recipients,
            digest: Profile::International.digest(TAG, &parts),
        })
    }

    fn read_round1(
        &self,
        number: u16,
    ) -> Result<Option<(Vec<u8>, round1::Package, Recipient)>, AuthorityError> {
        let name = round1_file(number);
        let from = Sender::Custodian(number);
        let Some(bytes) = self.exchange.read_bytes(&name, from)? else {
            return Ok(None);
        };
        let message: Round1 = self.exchange.parse(&name, from, &bytes)?;
        let wrong = |why: &str| CustodianError::message(&self.exchange.file(&name), from, why);
        let Place { of, threshold, .. } = self.place;
        if (message.number, message.of, message.threshold) != (number, of, threshold) {
            return Err(wrong("of another number, or for another key").into());
        }
        let commitments = message.package.commitment().serialize();
        if commitments.map_or(0, |all| all.len()) != usize::from(threshold) {
            return Err(wrong("commitments for another threshold").into());
        }
        let recipient = message.recipient.parse();
        let recipient = recipient.map_err(|_| wrong("no recipient of age"))?;
        Ok(Some((bytes, message.package, recipient)))
    }

    /// Gives every other his share of our part, and gets theirs for us.
    fn round2(
        &self,
        parts: &BTreeMap<frost_ed25519::Identifier, round2::Package>,
        recipients: &BTreeMap<u16, Recipient>,
        identity: &Identity,
    ) -> Result<BTreeMap<u16, round2::Package>, AuthorityError> {
        for (other, recipient) in recipients {
            let name = round2_file(self.place.number, *other);
            let path = self.exchange.file(&name);
            let id = identifier(*other).map_err(CustodianError::from)?;
            let part = parts.get(&id);
            let part = part.ok_or_else(|| AuthorityError::damaged(&path, "no part for him"))?;
            let plain = Zeroizing::new(part.signing_share().serialize());
            let sealed = age::encrypt(recipient, &plain);
            let sealed = sealed.map_err(|why| AuthorityError::damaged(&path, why))?;
            self.exchange.write_bytes(&name, &sealed)?;
        }
        let read = |number| self.read_round2(number, identity);
        self.gather("parts of the key", read)
    }

    fn read_round2(
        &self,
        number: u16,
        identity: &Identity,
    ) -> Result<Option<round2::Package>, AuthorityError> {
        let name = round2_file(number, self.place.number);
        let from = Sender::Custodian(number);
        let Some(sealed) = self.exchange.read_bytes(&name, from)? else {
            return Ok(None);
        };
        let wrong = |why: &str| CustodianError::message(&self.exchange.file(&name), from, why);
        let plain = age::decrypt(identity, &sealed).map(Zeroizing::new);
        let plain = plain.map_err(|_| wrong("not encrypted to this custodian in this run"))?;
        let share = SigningShare::deserialize(&plain);
        let share = share.map_err(|_| wrong("no part of a key"))?;
        Ok(Some(round2::Package::new(share)))
    }

    fn read_confirmed(&self, number: u16) -> Result<Option<Confirmed>, AuthorityError> {
        let name = confirmed_file(number);
        let from = Sender::Custodian(number);
        let found = self.exchange.read::<Confirmed>(&name, from)?;
        match found {
            Some(confirmed) if confirmed.number != number => {
                let path = self.exchange.file(&name);
                Err(CustodianError::message(&path, from, "of another number").into())
            }
            found => Ok(found),
        }
    }

    /// A message of every other.
    fn gather<T>(
        &self,
        what: &'static str,
        read: impl Fn(u16) -> Result<Option<T>, AuthorityError>,
    ) -> Result<BTreeMap<u16, T>, AuthorityError> {
        let others = self.place.others();
        let needed = others.clone().count();
        self.progress.begin(what, needed as u64);
        let wait = Wait::of(self.wait);
        let found = gather(others.clone(), needed, &wait, self.progress, read)?;
        let missing: Vec<u16> = others.filter(|other| !found.contains_key(other)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let seconds = wait.seconds();
        Err(CustodianError::Missing {
            what,
            missing,
            seconds,
        }
        .into())
    }

    fn blame(&self, error: frost_ed25519::Error) -> CustodianError {
        match culprits(&error, self.place.of) {
            none if none.is_empty() => CustodianError::Frost(error),
            culprits => CustodianError::WrongPart(culprits),
        }
    }
}

/// Whether a folder is empty, or not there yet.
pub(super) fn is_vacant(folder: &Path) -> Result<bool, AuthorityError> {
    if !folder.exists() {
        return Ok(true);
    }
    let mut entries =
        std::fs::read_dir(folder).map_err(|error| AuthorityError::io(folder, error))?;
    Ok(entries.next().is_none())
}

pub(super) fn round1_file(number: u16) -> String {
    format!("round1-{number}.toml")
}

pub(super) fn round2_file(from: u16, to: u16) -> String {
    format!("round2-{from}-{to}.age")
}

pub(super) fn confirmed_file(number: u16) -> String {
    format!("confirmed-{number}.toml")
}

const TAG: &str = "taxproof/custodians/1";
