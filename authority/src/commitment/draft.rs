//! One bundle's enterprises: what is derived and hashed of each, and in which order their leaves are.

use rayon::prelude::*;
use taxproof_claims::credential::Registration;
use taxproof_claims::digest::Digest;
use taxproof_claims::subject::EnterpriseId;

use super::hashing::{Common, Fresh, Hashing};
use super::member::Member;
use super::{Commitment, Task};
use crate::derivation::Underivable;
use crate::error::AuthorityError;
use crate::ledger::state;
use crate::store::{Located, part};

/// A bundle before it is written.
#[derive(Default)]
pub(super) struct Draft {
    /// In the order of keys. Positions count from 0.
    pub(super) members: Vec<Member>,
    /// The leaves of each root, in the order of positions.
    pub(super) leaves: Vec<Vec<Digest>>,
    /// Accounts of registered enterprises, those aside whose registration was revoked.
    pub(super) accounts: u64,
    pub(super) unknown: Vec<EnterpriseId>,
    pub(super) left_out: Vec<(EnterpriseId, Underivable)>,
}

/// What came of a registered enterprise.
enum Drawn {
    /// Its record and its sponges are those of the epoch before.
    Kept(Member),
    /// Its record is another.
    Fresh(Box<(Member, Registration)>),
    Revoked,
    Unknown(EnterpriseId),
    LeftOut(EnterpriseId, Underivable),
}

impl Draft {
    pub(super) fn new(
        task: &Task<'_>,
        hashing: &[Box<dyn Hashing>],
        bundle: u64,
    ) -> Result<Self, AuthorityError> {
        let keys = part(bundle, task.bits);
        let registered = task.registrations.scan(keys.0, keys.1)?;
        let accounts = task.ledger.scan(keys.0, keys.1)?;
        let previous = task.previous.filter(|previous| previous.serves(task));
        let known = previous.map(|p: &Commitment| p.range(keys, task.terms.schema));
        let known = known.transpose()?.unwrap_or_default();
        let drawn = registered.par_iter().map(|registration| {
            let account = find(&accounts, registration.key(), Located::key);
            let known = find(&known, registration.key(), |member| member.key);
            task.draw(registration, account, known)
        });
        let mut draft = Self::default();
        let mut records = Vec::new();
        for drawn in drawn.collect::<Result<Vec<_>, _>>()? {
            let has_account = !matches!(drawn, Drawn::Revoked | Drawn::Unknown(_));
            draft.accounts += u64::from(has_account);
            match drawn {
                Drawn::Revoked => {}
                Drawn::Unknown(id) => draft.unknown.push(id),
                Drawn::LeftOut(id, why) => draft.left_out.push((id, why)),
                Drawn::Kept(member) => draft.members.push(member),
                Drawn::Fresh(fresh) => {
                    let (member, registration) = *fresh;
                    records.push((draft.members.len(), registration));
                    draft.members.push(member);
                }
            }
        }
        draft.absorb(task, hashing, &records);
        draft.salt(task, hashing)?;
        Ok(draft)
    }

    fn absorb(
        &mut self,
        task: &Task<'_>,
        hashing: &[Box<dyn Hashing>],
        records: &[(usize, Registration)],
    ) {
        let common = Common {
            schema: task.schema,
            newest_period: task.terms.newest,
        };
        for hashing in hashing {
            let fresh: Vec<_> = records
                .iter()
                .map(|(place, registration)| Fresh {
                    id: &self.members[*place].id,
                    registration,
                    values: &self.members[*place].values,
                })
                .collect();
            let states = hashing.absorb(&common, &fresh);
            for ((place, _), state) in records.iter().zip(states) {
                self.members[*place].states.push(state);
            }
        }
    }

    /// Salts every leaf afresh and orders them.
    fn salt(
        &mut self,
        task: &Task<'_>,
        hashing: &[Box<dyn Hashing>],
    ) -> Result<(), AuthorityError> {
        for member in &mut self.members {
            member.salt = member.seed.salt(task.profile, task.epoch);
        }
        let order = |member: &Member| task.order.position(task.profile, task.epoch, &member.id);
        let mut ranks: Vec<usize> = (0..self.members.len()).collect();
        ranks.sort_by_cached_key(|i| order(&self.members[*i]));
        for (position, &i) in ranks.iter().enumerate() {
            self.members[i].position = position as u64;
        }
        for (root, hashing) in hashing.iter().enumerate() {
            let ordered = ranks.iter().map(|i| &self.members[*i]);
            let salted: Vec<_> = ordered.map(|m| (&m.states[root], &m.salt)).collect();
            let leaves = hashing.leaves(&salted).ok_or_else(|| {
                let detail = "a saved sponge is none: remove the epoch's folder `members`";
                AuthorityError::damaged(task.ledger.folder(), detail)
            })?;
            self.leaves.push(leaves);
        }
        Ok(())
    }
}

impl Task<'_> {
    fn draw(
        &self,
        registration: &Located,
        account: Option<&Located>,
        known: Option<&Member>,
    ) -> Result<Drawn, AuthorityError> {
        let schema = self.terms.schema;
        let today = self.terms.as_of.days();
        let same = |known: &&Member| {
            known.registration == registration.entry.check
                && account.is_some_and(|account| known.account == state(account))
                && today < known.until
        };
        if let Some(known) = known.filter(same) {
            return Ok(Drawn::Kept(known.clone()));
        }
        let (id, kept) = self.registrations.read(registration, schema)?;
        if kept.registered.revoked {
            return Ok(Drawn::Revoked);
        }
        let Some(at) = account else {
            return Ok(Drawn::Unknown(id));
        };
        let account = self.ledger.read(id.as_str(), at)?;
        let values = match self.terms.derive(&account, kept.registered.holder_since) {
            Ok(values) => values,
            Err(why) => return Ok(Drawn::LeftOut(id, why)),
        };
        let member = Member {
            key: at.key(),
            id,
            account: state(at),
            registration: registration.entry.check,
            until: account
                .next_change(self.terms.as_of)
                .map_or(i64::MAX, |d| d.days()),
            position: 0,
            salt: kept.seed.salt(self.profile, self.epoch),
            seed: kept.seed,
            values,
            states: Vec::with_capacity(self.roots.len()),
        };
        Ok(Drawn::Fresh(Box::new((
            member,
            kept.registered.registration,
        ))))
    }
}

/// The entry of a key in a list that is in the order of keys.
fn find<T>(sorted: &[T], key: u128, of: impl Fn(&T) -> u128) -> Option<&T> {
    let at = sorted.binary_search_by_key(&key, of).ok()?;
    sorted.get(at)
}
