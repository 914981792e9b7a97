//! How custodians make a key together (distributed key generation): each draws a part of it, commits to
//! that, gives every other a share of it, and adds up the shares that he gets.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use age::x25519::{Identity, Recipient};
use frost_ed25519::keys::dkg::{part1, part2, part3, round1, round2};
use frost_ed25519::keys::{KeyPackage, SigningShare};
use rand::rngs::OsRng;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::AuthorityId;
use zeroize::Zeroizing;

use super::error::{CustodianError, Sender};
use super::exchange::{Exchange, Wait};
use super::founding::{
    Confirmed, MAX_CUSTODIANS, Plan, Round1, check_confirmed, confirmed_file, digest, round1_file,
};
use super::group::{Group, by_identifier, culprits, identifier};
use super::messages::gather;
use crate::error::AuthorityError;
use crate::progress::Progress;

/// A custodian's place among the others who make a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    number: u16,
    plan: Plan,
}

impl Place {
    /// The custodian of a number, from 1, of so many who make an authority's key, of whom `threshold` sign: more than
    /// half.
    ///
    /// # Errors
    /// There is no such place.
    pub fn new(
        authority: AuthorityId,
        number: u16,
        of: u16,
        threshold: u16,
    ) -> Result<Self, CustodianError> {
        let plan = Plan {
            authority,
            of,
            threshold,
        };
        if plan.fits() && plan.numbers().contains(&number) {
            return Ok(Self { number, plan });
        }
        let max = MAX_CUSTODIANS;
        Err(CustodianError::Place {
            number,
            of,
            threshold,
            max,
        })
    }

    pub(super) const fn number(&self) -> u16 {
        self.number
    }

    fn others(&self) -> impl Iterator<Item = u16> + Clone {
        let us = self.number;
        self.plan.numbers().filter(move |other| *other != us)
    }
}

/// A custodian who makes a key with others in an exchange folder.
pub(super) struct Generation<'a> {
    exchange: &'a Exchange,
    place: &'a Place,
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
        place: &'a Place,
        wait: Duration,
        progress: &'a dyn Progress,
    ) -> Result<Self, CustodianError> {
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
        let plan = &self.place.plan;
        let us = identifier(self.place.number).map_err(CustodianError::from)?;
        let identity = Identity::generate();
        let drawn = part1(us, plan.of, plan.threshold, OsRng);
        let (secret, package) = drawn.map_err(CustodianError::from)?;
        let heard = self.round1(package, &identity.to_public())?;
        let packages = by_identifier(heard.packages).map_err(CustodianError::from)?;
        let (secret, parts) = part2(secret, &packages).map_err(|why| self.blame(why))?;
        let received = self.round2(&parts, &heard.recipients, &identity)?;
        let received = by_identifier(received).map_err(CustodianError::from)?;
        let finished = part3(&secret, &packages, &received);
        let (key, public) = finished.map_err(|why| self.blame(why))?;
        let group = Group::new(plan.clone(), public, heard.digest);
        Ok((key, group.map_err(CustodianError::Group)?))
    }

    /// Says that this custodian has kept his share, and waits until all have.
    pub(super) fn confirm(&self, group: &Group) -> Result<(), AuthorityError> {
        let number = self.place.number;
        let confirmed = Confirmed {
            number,
            key: group.key().clone(),
            digest: group.digest(),
        };
        self.exchange.write(&confirmed_file(number), &confirmed)?;
        let read = |number| Confirmed::read(self.exchange, number);
        check_confirmed(group, &self.gather("confirmations of the key", read)?)?;
        // All have read theirs.
        for other in self.place.others() {
            self.exchange.remove(&round2_file(number, other))?;
        }
        Ok(())
    }

    fn round1(
        &self,
        package: round1::Package,
        recipient: &Recipient,
    ) -> Result<Heard, AuthorityError> {
        let number = self.place.number;
        let ours = Round1 {
            number,
            recipient: recipient.to_string(),
            plan: self.place.plan.clone(),
            package,
        };
        let ours = self.exchange.write(&round1_file(number), &ours)?;
        let mut files = BTreeMap::from([(number, ours)]);
        let (mut packages, mut recipients) = (BTreeMap::new(), BTreeMap::new());
        let read = |number| self.read_round1(number);
        for (other, (message, recipient, bytes)) in self.gather("commitments to the key", read)? {
            files.insert(other, bytes);
            packages.insert(other, message.package);
            recipients.insert(other, recipient);
        }
        Ok(Heard {
            packages,
            recipients,
            digest: digest(&files),
        })
    }

    fn read_round1(
        &self,
        number: u16,
    ) -> Result<Option<(Round1, Recipient, Vec<u8>)>, AuthorityError> {
        let found = Round1::read_for(self.exchange, number, &self.place.plan)?;
        let Some((message, bytes)) = found else {
            return Ok(None);
        };
        let recipient = message.recipient.parse().map_err(|_| {
            let (file, from) = (round1_file(number), Sender::Custodian(number));
            CustodianError::message(&self.exchange.file(&file), from, "no recipient of age")
        })?;
        Ok(Some((message, recipient, bytes)))
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
        let plain = opened(identity, &sealed);
        let plain = plain.ok_or_else(|| wrong("not encrypted to this custodian in this run"))?;
        let share = SigningShare::deserialize(plain.as_slice()).map(Zeroizing::new);
        let share = share.map_err(|_| wrong("no part of a key"))?;
        Ok(Some(round2::Package::new(*share)))
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
        match culprits(&error, self.place.plan.of) {
            none if none.is_empty() => CustodianError::Frost(error),
            culprits => CustodianError::WrongPart(culprits),
        }
    }
}

/// What is encrypted to an identity, if that is as long as a part of a key: into memory that does not grow, which
/// would leave copies behind.
fn opened(identity: &Identity, sealed: &[u8]) -> Option<Zeroizing<[u8; PART]>> {
    let decryptor = age::Decryptor::new_buffered(sealed).ok()?;
    let identity: &dyn age::Identity = identity;
    let mut reader = decryptor.decrypt(std::iter::once(identity)).ok()?;
    let mut plain = Zeroizing::new([0; PART]);
    reader.read_exact(plain.as_mut_slice()).ok()?;
    (reader.read(&mut [0]).ok()? == 0).then_some(plain)
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

pub(super) fn round2_file(from: u16, to: u16) -> String {
    format!("round2-{from}-{to}.age")
}

/// Bytes of a part of a key.
const PART: usize = 32;
