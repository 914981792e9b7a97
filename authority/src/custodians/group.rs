//! The custodians of one key, as everybody may know them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use frost_ed25519::Identifier;
use frost_ed25519::keys::{PublicKeyPackage, VerifyingShare};
use serde::{Deserialize, Serialize};
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::signature::VerifyingKey;

use super::founding::Plan;

/// The public side of a key that custodians hold: the key, how many of them sign, and their public shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct Group {
    key: VerifyingKey,
    digest: Digest,
    plan: Plan,
    public: PublicKeyPackage,
}

/// A group as a file has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    /// For people; it is the package's.
    key: VerifyingKey,
    digest: Digest,
    plan: Plan,
    public: PublicKeyPackage,
}

impl Group {
    pub(super) fn new(
        plan: Plan,
        public: PublicKeyPackage,
        digest: Digest,
    ) -> Result<Self, String> {
        let key = public.verifying_key().serialize();
        let key = key.map_err(|why| why.to_string())?;
        let key = VerifyingKey::from_bytes(Profile::International, &key);
        let key = key.map_err(|why| why.to_string())?;
        let numbers = plan
            .numbers()
            .map(identifier)
            .collect::<Result<Vec<_>, _>>();
        let numbers = numbers.map_err(|why| why.to_string())?;
        let whole = public.verifying_shares().keys().eq(numbers.iter());
        if !whole || !plan.fits() || public.min_signers() != Some(plan.threshold) {
            return Err("the public shares are not those of the planned custodians".to_owned());
        }
        Ok(Self {
            key,
            digest,
            plan,
            public,
        })
    }

    /// The key that verifies what they sign.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Whose epochs they sign.
    pub const fn authority(&self) -> &AuthorityId {
        &self.plan.authority
    }

    /// How many sign.
    pub const fn threshold(&self) -> u16 {
        self.plan.threshold
    }

    /// How many there are.
    pub const fn size(&self) -> u16 {
        self.plan.of
    }

    /// Of the files of which the key was made, with the authority's name and the threshold in them: custodians who
    /// have seen the same have the same.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) const fn numbers(&self) -> RangeInclusive<u16> {
        self.plan.numbers()
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
        let group = Self::new(text.plan, text.public, text.digest)?;
        if group.key == text.key {
            Ok(group)
        } else {
            Err("the key is another than the package's".to_owned())
        }
    }
}

impl From<Group> for Text {
    fn from(group: Group) -> Self {
        Self {
            key: group.key,
            digest: group.digest,
            plan: group.plan,
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
