//! The custodians of one key, as everybody may know them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use frost_ed25519::Identifier;
use frost_ed25519::keys::{PublicKeyPackage, VerifyingShare};
use serde::{Deserialize, Serialize};
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::signature::VerifyingKey;

use super::error::{CustodianError, Sender};
use super::exchange::Exchange;
use crate::error::AuthorityError;

/// The public side of a key that custodians hold: the key, how many of them sign, and their public shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct Group {
    key: VerifyingKey,
    threshold: u16,
    digest: Digest,
    public: PublicKeyPackage,
}

/// A group as its file has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    /// For people; it is the package's.
    key: VerifyingKey,
    threshold: u16,
    of: u16,
    /// Of the files of which the key was made.
    digest: Digest,
    public: PublicKeyPackage,
}

/// The file of an exchange folder.
pub(super) const FILE: &str = "group.toml";

/// How many custodians a key may have.
pub(super) const MAX_CUSTODIANS: u16 = 32;

impl Group {
    pub(super) fn new(public: PublicKeyPackage, digest: Digest) -> Result<Self, String> {
        let key = public.verifying_key().serialize();
        let key = key.map_err(|why| why.to_string())?;
        let key = VerifyingKey::from_bytes(Profile::International, &key);
        let key = key.map_err(|why| why.to_string())?;
        let threshold = public.min_signers().ok_or("no threshold")?;
        let of = public.max_signers();
        let numbers = (1..=of).map(identifier).collect::<Result<Vec<_>, _>>();
        let numbers = numbers.map_err(|why| why.to_string())?;
        let whole = public.verifying_shares().keys().eq(numbers.iter());
        if !whole || threshold < 2 || threshold > of || of > MAX_CUSTODIANS {
            return Err("no group of custodians, numbered from 1".to_owned());
        }
        Ok(Self {
            key,
            threshold,
            digest,
            public,
        })
    }

    /// The group that was made in an exchange folder.
    ///
    /// # What is not checked
    /// That it is the one that the custodians made: whoever relies on it compares its key with theirs.
    ///
    /// # Errors
    /// There is none yet, or the file is damaged.
    pub fn read(exchange: &Exchange) -> Result<Self, AuthorityError> {
        let found = exchange.read(FILE, Sender::Group)?;
        let missing = || CustodianError::NoGroup(exchange.file(FILE)).into();
        found.ok_or_else(missing)
    }

    /// The key that verifies what they sign.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// How many sign.
    pub const fn threshold(&self) -> u16 {
        self.threshold
    }

    /// How many there are.
    pub fn size(&self) -> u16 {
        self.public.max_signers()
    }

    /// Of the files of which the key was made: custodians who have seen the same have the same.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) fn numbers(&self) -> RangeInclusive<u16> {
        1..=self.size()
    }

    pub(super) const fn public(&self) -> &PublicKeyPackage {
        &self.public
    }

    pub(super) fn public_share(&self, number: u16) -> Option<&VerifyingShare> {
        let identifier = identifier(number).ok()?;
        self.public.verifying_shares().get(&identifier)
    }
}

impl TryFrom<Text> for Group {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let group = Self::new(text.public, text.digest)?;
        let whole = (group.threshold, group.size()) == (text.threshold, text.of);
        if whole && group.key == text.key {
            Ok(group)
        } else {
            Err("the key, the threshold or the number is another than the package's".to_owned())
        }
    }
}

impl From<Group> for Text {
    fn from(group: Group) -> Self {
        Self {
            of: group.size(),
            key: group.key,
            threshold: group.threshold,
            digest: group.digest,
            public: group.public,
        }
    }
}

/// A custodian's number as the library has it.
pub(super) fn identifier(number: u16) -> Result<Identifier, frost_ed25519::Error> {
    Identifier::try_from(number)
}

/// Messages under their senders as the library has them.
pub(super) fn by_identifier<T>(
    messages: BTreeMap<u16, T>,
) -> Result<BTreeMap<Identifier, T>, frost_ed25519::Error> {
    let named = messages.into_iter();
    named
        .map(|(number, message)| Ok((identifier(number)?, message)))
        .collect()
}

/// Whom the library finds at fault, of so many custodians.
pub(super) fn culprits(error: &frost_ed25519::Error, of: u16) -> Vec<u16> {
    let culprits = error.culprits();
    let is_one = |number: &u16| identifier(*number).is_ok_and(|id| culprits.contains(&id));
    (1..=of).filter(is_one).collect()
}
