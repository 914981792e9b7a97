//! Auditing the newest epoch's leaves from inside: every enterprise has one, and no leaf is anything else.

use taxproof_claims::credential::Registration;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::EpochHeader;
use taxproof_claims::schema::Schema;

use super::hashing::{Common, Fresh};
use super::{Commitment, Member};
use crate::audit::Finding;
use crate::error::AuthorityError;
use crate::registrations::Registrations;
use crate::store::{Located, part};

/// Members are gone through in so many parts, as a power of two.
const PART_BITS: u32 = 8;

/// What was seen so far.
struct Seen {
    findings: Vec<Finding>,
    members: u64,
    /// A bit a position.
    positions: Vec<u64>,
}

impl Commitment {
    /// What is wrong with the leaves.
    pub(crate) fn audit(
        &self,
        header: &EpochHeader,
        registrations: &Registrations,
        schema: &Schema,
    ) -> Result<Vec<Finding>, AuthorityError> {
        let mut seen = Seen {
            findings: Vec::new(),
            members: 0,
            positions: vec![0; (header.leaves / 64 + 1) as usize],
        };
        for index in 0..1 << PART_BITS {
            let keys = part(index, PART_BITS);
            let members = self.range(keys, schema)?;
            let registered = registrations.scan(keys.0, keys.1)?;
            seen.note(&members, header.leaves);
            self.audit_states(&members, &registered, registrations, schema, &mut seen)?;
            self.audit_leaves(&members, &mut seen)?;
        }
        let (leaves, enterprises) = (header.leaves, seen.members);
        if leaves != enterprises {
            seen.findings.push(Finding::Leaves {
                leaves,
                enterprises,
            });
        }
        for ((hashing, tree), root) in self.trees.iter().zip(&header.roots) {
            if let Some(level) = hashing.wrong_level(tree, &root.root)? {
                seen.findings.push(Finding::Tree(level));
            }
        }
        Ok(seen.findings)
    }

    /// Holds every saved sponge against the record, where the registration is still the epoch's.
    fn audit_states(
        &self,
        members: &[Member],
        registered: &[Located],
        registrations: &Registrations,
        schema: &Schema,
        seen: &mut Seen,
    ) -> Result<(), AuthorityError> {
        let mut known: Vec<(&Member, Registration)> = Vec::new();
        for member in members {
            let found = registered.binary_search_by_key(&member.key, Located::key);
            let Some(at) = found.ok().and_then(|at| registered.get(at)) else {
                continue;
            };
            if at.entry.check == member.registration {
                let (_, kept) = registrations.read(at, schema)?;
                known.push((member, kept.registered.registration));
            }
        }
        let common = Common {
            schema: self.schema,
            newest_period: self.newest,
        };
        for (root, (hashing, _)) in self.trees.iter().enumerate() {
            let fresh: Vec<_> = known
                .iter()
                .map(|(member, registration)| Fresh {
                    id: &member.id,
                    registration,
                    values: &member.values,
                    salt: &member.salt,
                })
                .collect();
            let hashed = hashing.hash(&common, &fresh);
            for ((member, _), (state, _)) in known.iter().zip(hashed) {
                if state != member.states[root] {
                    seen.findings.push(Finding::Leaf(member.id.clone()));
                }
            }
        }
        Ok(())
    }

    /// Holds every leaf against its sponge and salt.
    fn audit_leaves(&self, members: &[Member], seen: &mut Seen) -> Result<(), AuthorityError> {
        for (root, (hashing, tree)) in self.trees.iter().enumerate() {
            let salted: Vec<_> = members.iter().map(|m| (&m.states[root], &m.salt)).collect();
            let hashed: Vec<Option<Digest>> = match hashing.leaves(&salted) {
                Some(leaves) => leaves.into_iter().map(Some).collect(),
                None => vec![None; members.len()],
            };
            for (member, hashed) in members.iter().zip(hashed) {
                let octet = tree.octets(0, member.position / 8, 1)?;
                let leaf = octet.get((member.position % 8) as usize).copied();
                if hashed.is_none() || leaf != hashed {
                    seen.findings.push(Finding::Leaf(member.id.clone()));
                }
            }
        }
        Ok(())
    }
}

impl Seen {
    /// Notes members, which come in the order of keys: of two with one id, the second is found.
    fn note(&mut self, members: &[Member], leaves: u64) {
        self.members += members.len() as u64;
        for pair in members.windows(2) {
            if pair[0].id == pair[1].id {
                self.findings.push(Finding::TwoLeaves(pair[1].id.clone()));
            }
        }
        for member in members {
            let (word, bit) = (member.position / 64, 1 << (member.position % 64));
            let taken = self.positions.get_mut(word as usize);
            match taken.filter(|_| member.position < leaves) {
                Some(word) if *word & bit == 0 => *word |= bit,
                _ => self.findings.push(Finding::Leaf(member.id.clone())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use taxproof_claims::amount::Value;
    use taxproof_claims::curve::Curve;
    use taxproof_claims::digest::Profile;
    use taxproof_claims::holder::HolderSecrets;
    use taxproof_claims::record::Values;
    use taxproof_claims::shape::Q16;
    use taxproof_claims::subject::EnterpriseId;
    use tempfile::TempDir;

    use super::super::hashing::hashing;
    use super::super::member::Drafted;
    use super::super::members::MemberWriter;
    use super::super::{Form, MEMBERS};
    use super::*;
    use crate::registration::Registered;
    use crate::registrations::Kept;
    use crate::seed::Seed;
    use crate::store::key;
    use crate::testing::{ids, registration};

    struct Scene {
        folder: TempDir,
        schema: Schema,
        registrations: Registrations,
        ids: Vec<EnterpriseId>,
    }

    impl Scene {
        fn new() -> Self {
            let folder = TempDir::new().expect("a folder");
            let mut registrations =
                Registrations::open(&folder.path().join("registrations")).expect("is opened");
            let mut ids = ids(9);
            ids.sort_by_key(|id| key(id.as_str()));
            let kept: Vec<Kept> = ids
                .iter()
                .map(|id| {
                    let secrets = HolderSecrets::random().expect("randomness");
                    Kept {
                        registered: Registered {
                            registration: registration(id, &secrets),
                            holder_since: "2026-01-05".parse().expect("a day"),
                            revoked: false,
                        },
                        seed: Seed::random().expect("randomness"),
                    }
                })
                .collect();
            registrations.put(ids.iter().zip(&kept)).expect("are kept");
            Self {
                schema: Schema::cn_tax(),
                folder,
                registrations,
                ids,
            }
        }

        fn member(&self, id: &EnterpriseId, periods: i64, position: u64) -> Member {
            let found = self.registrations.get(id, &self.schema).expect("is read");
            let (check, kept) = found.expect("is there");
            let periods = Value::try_from(periods).expect("a small value");
            let values = Values::new(Q16.layout(), &[periods], &[]).expect("fits");
            let hashing = hashing(Curve::Bn254, Q16.layout());
            let common = Common {
                schema: self.schema.digest(),
                newest_period: "2026Q3".parse().expect("a quarter"),
            };
            let salt = kept.seed.salt(Profile::Sm, position);
            let hashed = hashing.hash(
                &common,
                &[Fresh {
                    id,
                    registration: &kept.registered.registration,
                    values: &values,
                    salt: &salt,
                }],
            );
            Member {
                key: key(id.as_str()),
                id: id.clone(),
                account: [0; 16],
                registration: check,
                until: i64::MAX,
                position,
                salt,
                seed: kept.seed,
                values,
                states: hashed.into_iter().map(|(state, _)| state).collect(),
            }
        }

        /// What an audit finds of an epoch of some members.
        fn audit(&self, members: &[Member], change: impl Fn(&mut EpochHeader)) -> Vec<Finding> {
            let folder = self.folder.path().join("epoch");
            if folder.exists() {
                fs::remove_dir_all(&folder).expect("is removed");
            }
            fs::create_dir(&folder).expect("is made");
            let form = Form {
                layout: Q16.layout(),
                roots: 1,
            };
            let mut writer = MemberWriter::create(&folder.join(MEMBERS), form).expect("is made");
            let mut rows = Drafted::new(form, members.iter());
            rows.place(form, members.iter().map(|member| member.position));
            writer.append(&rows).expect("is written");
            let hashing = hashing(Curve::Bn254, Q16.layout());
            let mut tree = hashing.begin(&folder).expect("is begun");
            let mut placed: Vec<&Member> = members.iter().collect();
            placed.sort_by_key(|member| member.position);
            let salted: Vec<_> = placed.iter().map(|m| (&m.states[0], &m.salt)).collect();
            let leaves = hashing.leaves(&salted).expect("are hashed");
            tree.push(&leaves).expect("is written");
            writer.finish().expect("is written");
            let mut header = EpochHeader {
                profile: Profile::Sm,
                authority: "zhejiang".parse().expect("a name"),
                epoch: 1,
                time: 1_795_305_600,
                newest_period: "2026Q3".parse().expect("a quarter"),
                schema: self.schema.digest(),
                leaves: members.len() as u64,
                roots: vec![tree.finish().expect("is written")],
                previous: Digest([0; 32]),
            };
            let commitment = Commitment::open(&folder, &header).expect("is opened");
            change(&mut header);
            let found = commitment.audit(&header, &self.registrations, &self.schema);
            found.expect("is audited")
        }

        fn members(&self) -> Vec<Member> {
            let places = self.ids.iter().enumerate();
            places
                .map(|(i, id)| self.member(id, 0, 8 - i as u64))
                .collect()
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is_wrong() {
        let scene = Scene::new();
        assert_eq!(scene.audit(&scene.members(), |_| ()), []);
    }

    /// A second leaf of one enterprise, with another record: it could prove what suits it.
    #[test]
    fn two_leaves_of_one_id_are_found() {
        let scene = Scene::new();
        let mut members = scene.members();
        let twice = scene.member(&scene.ids[3], 0, 9);
        members.insert(4, twice);
        let found = scene.audit(&members, |_| ());
        assert_eq!(found, [Finding::TwoLeaves(scene.ids[3].clone())]);
    }

    #[test]
    fn leaves_that_are_no_enterprises_are_found() {
        let scene = Scene::new();
        let leaf = |i: usize| Finding::Leaf(scene.ids[i].clone());
        // More leaves than enterprises.
        let found = scene.audit(&scene.members(), |header| header.leaves += 1);
        let (leaves, enterprises) = (10, 9);
        let expected = Finding::Leaves {
            leaves,
            enterprises,
        };
        assert_eq!(found, [expected]);
        // Another root.
        let found = scene.audit(&scene.members(), |header| header.roots[0].root.0[31] ^= 1);
        assert_eq!(found, [Finding::Tree(9)]);
        // A sponge of another record than the one that is shown.
        let mut members = scene.members();
        members[2].states = scene.member(&scene.ids[1], 0, 0).states;
        assert_eq!(scene.audit(&members, |_| ()), [leaf(2)]);
        // One place for two, and none for the other's leaf.
        let mut members = scene.members();
        members[1].position = members[0].position;
        let found = scene.audit(&members, |_| ());
        assert!(found.contains(&leaf(1)), "{found:?}");
        // A place beyond every tree.
        members[1].position = u64::MAX;
        let found = scene.audit(&members, |_| ());
        assert!(found.contains(&leaf(1)), "{found:?}");
    }
}
