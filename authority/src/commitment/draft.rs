//! One bundle's enterprises: what is derived and hashed of each, and in which order their leaves are.

use rayon::prelude::*;
use taxproof_claims::credential::Registration;
use taxproof_claims::digest::Digest;
use taxproof_claims::subject::EnterpriseId;

use super::hashing::{Common, Fresh, Hashing};
use super::member::{Drafted, Form, Member};
use super::{Commitment, Task};
use crate::derivation::Underivable;
use crate::error::AuthorityError;
use crate::ledger::state;
use crate::store::{Located, Range, part};

/// A bundle before it is written.
#[derive(Default)]
pub(super) struct Draft {
    /// In the order of keys.
    pub(super) rows: Vec<Drafted>,
    /// The place of each row's leaf, counted from 0.
    places: Vec<u64>,
    /// The leaves of each root, in the order of places.
    pub(super) leaves: Vec<Vec<Digest>>,
    /// Accounts of registered enterprises, those aside whose registration was revoked.
    pub(super) accounts: u64,
    pub(super) unknown: Vec<EnterpriseId>,
    pub(super) left_out: Vec<(EnterpriseId, Underivable)>,
}

/// Some of a bundle's enterprises.
#[derive(Default)]
struct Portion {
    rows: Drafted,
    /// What each row is ordered by.
    order: Vec<Digest>,
    /// The leaves of each root, in the order of rows.
    leaves: Vec<Vec<Digest>>,
    accounts: u64,
    unknown: Vec<EnterpriseId>,
    left_out: Vec<(EnterpriseId, Underivable)>,
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

/// Enterprises that a thread takes at once, from their accounts to their leaves: so few that what is in
/// between stays in its caches, and a multiple of the lanes.
const AT_ONCE: usize = 16;
/// Portions that a thread has before it, at most, when others look for work.
const PORTIONS: usize = 4;

/// What is known of a bundle's enterprises.
struct Known<'a> {
    registered: Range<'a>,
    accounts: Range<'a>,
    /// Of the epoch before.
    members: Vec<Member>,
}

impl Draft {
    pub(super) fn new(
        task: &Task<'_>,
        hashing: &[Box<dyn Hashing>],
        bundle: u64,
    ) -> Result<Self, AuthorityError> {
        let keys = part(bundle, task.bits);
        let previous = task.previous.filter(|previous| previous.serves(task));
        let members = previous.map(|p: &Commitment| p.range(keys, task.terms.schema));
        let known = Known {
            registered: task.registrations.range(keys.0, keys.1)?,
            accounts: task.ledger.range(keys.0, keys.1)?,
            members: members.transpose()?.unwrap_or_default(),
        };
        let parts = known.registered.located.par_chunks(AT_ONCE);
        let parts = parts.with_max_len(PORTIONS);
        let parts = parts.map(|some| Portion::new(task, hashing, &known, some));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(parts, hashing.len()))
    }

    /// Puts parts together and orders their leaves.
    fn of(parts: Vec<Portion>, roots: usize) -> Self {
        let mut draft = Self {
            leaves: vec![Vec::new(); roots],
            ..Self::default()
        };
        let mut order = Vec::new();
        for part in parts {
            draft.rows.push(part.rows);
            order.extend(part.order);
            for (leaves, more) in draft.leaves.iter_mut().zip(part.leaves) {
                leaves.extend(more);
            }
            draft.accounts += part.accounts;
            draft.unknown.extend(part.unknown);
            draft.left_out.extend(part.left_out);
        }
        let mut ranks: Vec<usize> = (0..order.len()).collect();
        ranks.sort_by_key(|i| order[*i]);
        draft.places = vec![0; ranks.len()];
        for (place, &i) in (0..).zip(&ranks) {
            draft.places[i] = place;
        }
        for leaves in &mut draft.leaves {
            *leaves = ranks.iter().map(|i| leaves[*i]).collect();
        }
        draft
    }

    /// How many leaves there are.
    pub(super) const fn len(&self) -> u64 {
        self.places.len() as u64
    }

    /// Gives the rows their positions, of which the first is known.
    pub(super) fn place(&mut self, form: Form, first: u64) {
        let mut positions = self.places.iter().map(|place| first + place);
        let rows = self.rows.iter_mut();
        rows.for_each(|rows| rows.place(form, &mut positions));
    }
}

impl Portion {
    fn new(
        task: &Task<'_>,
        hashing: &[Box<dyn Hashing>],
        known: &Known<'_>,
        registered: &[Located],
    ) -> Result<Self, AuthorityError> {
        let mut some = Self::default();
        let mut members = Vec::with_capacity(registered.len());
        let mut fresh = Vec::with_capacity(registered.len());
        for registration in registered {
            let drawn = task.draw(known, registration)?;
            let has_account = !matches!(drawn, Drawn::Revoked | Drawn::Unknown(_));
            some.accounts += u64::from(has_account);
            match drawn {
                Drawn::Revoked => {}
                Drawn::Unknown(id) => some.unknown.push(id),
                Drawn::LeftOut(id, why) => some.left_out.push((id, why)),
                Drawn::Kept(member) => members.push(member),
                Drawn::Fresh(drawn) => {
                    let (member, registration) = *drawn;
                    fresh.push((members.len(), registration));
                    members.push(member);
                }
            }
        }
        for (root, hashing) in hashing.iter().enumerate() {
            let leaves = task.leaves(root, &**hashing, &mut members, &fresh)?;
            some.leaves.push(leaves);
        }
        let order = |member: &Member| task.order.position(task.profile, task.epoch, &member.id);
        some.order = members.iter().map(order).collect();
        some.rows = Drafted::new(task.form(), members.iter());
        Ok(some)
    }
}

impl Task<'_> {
    /// The leaves of some members for a root; those that are fresh get their sponges.
    fn leaves(
        &self,
        root: usize,
        hashing: &dyn Hashing,
        members: &mut [Member],
        fresh: &[(usize, Registration)],
    ) -> Result<Vec<Digest>, AuthorityError> {
        let common = Common {
            schema: self.schema,
            newest_period: self.terms.newest,
        };
        let records: Vec<_> = fresh
            .iter()
            .map(|(place, registration)| Fresh {
                id: &members[*place].id,
                registration,
                values: &members[*place].values,
                salt: &members[*place].salt,
            })
            .collect();
        let hashed = hashing.hash(&common, &records);
        let kept: Vec<usize> = (0..members.len())
            .filter(|place| members[*place].states.len() > root)
            .collect();
        let salted: Vec<_> = kept
            .iter()
            .map(|place| (&members[*place].states[root], &members[*place].salt))
            .collect();
        let of_kept = hashing.leaves(&salted).ok_or_else(|| {
            let detail = "a saved sponge is none: remove the epoch's folder `members`";
            AuthorityError::damaged(self.ledger.folder(), detail)
        })?;
        let mut leaves = vec![Digest([0; 32]); members.len()];
        for (place, leaf) in kept.into_iter().zip(of_kept) {
            leaves[place] = leaf;
        }
        for ((place, _), (state, leaf)) in fresh.iter().zip(hashed) {
            members[*place].states.push(state);
            leaves[*place] = leaf;
        }
        Ok(leaves)
    }

    fn draw(&self, known: &Known<'_>, registration: &Located) -> Result<Drawn, AuthorityError> {
        let schema = self.terms.schema;
        let today = self.terms.as_of.days();
        let account = known.accounts.find(registration.key());
        let same = |known: &&Member| {
            known.registration == registration.entry.check
                && account.is_some_and(|account| known.account == state(account))
                && today < known.until
        };
        let members = &known.members;
        let member = members.binary_search_by_key(&registration.key(), |member| member.key);
        let member = member.ok().and_then(|at| members.get(at));
        if let Some(member) = member.filter(same) {
            let salt = member.seed.salt(self.profile, self.epoch);
            let member = member.clone();
            return Ok(Drawn::Kept(Member { salt, ..member }));
        }
        let bytes = known.registered.value(registration)?;
        let (id, kept) = self.registrations.decode(registration, bytes, schema)?;
        if kept.registered.revoked {
            return Ok(Drawn::Revoked);
        }
        let Some(at) = account else {
            return Ok(Drawn::Unknown(id));
        };
        let page = known.accounts.value(at)?;
        let account = self.ledger.decode(id.as_str(), page)?;
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
