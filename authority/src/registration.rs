//! Registrations: the holder's hashes and recipient of each enterprise, and since when they hold.
//!
//! The authority never sees a secret of the holder's. Who may hand in a registration for an
//! enterprise is for the bureau's own log-on to decide: nothing here checks it.

use std::collections::{BTreeMap, BTreeSet};

use ark_ff::PrimeField;
use serde::{Deserialize, Serialize};
use taxproof_claims::credential::{RegisteredHolder, Registration};
use taxproof_claims::curve::Curve;
use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;
use taxproof_claims::subject::{EnterpriseId, IdError};

/// A registration as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registered {
    /// As handed in.
    pub registration: Registration,
    /// The day since which the pseudonym key is the same.
    pub holder_since: Date,
    /// Whether it was revoked: then there is no leaf for it from the next epoch on.
    pub revoked: bool,
}

/// What a registration changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The enterprise was not registered.
    New,
    /// The authorising key or the recipient is another; the pseudonyms stay.
    Rotated,
    /// The pseudonym key is another: `holder_since` is today.
    Reset,
}

/// A registration is refused; the enterprise corrects it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// No id of the schema's scheme.
    #[error(transparent)]
    Id(#[from] IdError),
    /// Nothing can be encrypted to the recipient.
    #[error("`{0}` is not an age recipient such as age1…")]
    Recipient(String),
    /// A curve's hashes are missing, there twice, or not below the field's order.
    #[error("the registration has no two hashes for {0}, or has them twice")]
    Holder(Curve),
    /// The pseudonym key's hash is the same for one curve and another for the other.
    #[error("the registration keeps the pseudonym key on one curve and changes it on another")]
    HalfReset,
    /// Nothing is new.
    #[error("`{0}` is registered with these hashes already")]
    AlreadyRegistered(EnterpriseId),
    /// The authorising key is one of a revoked registration: the enterprise rotates it first.
    #[error("the registration of `{0}` with this authorising key was revoked: rotate the key")]
    Revoked(EnterpriseId),
}

/// Checks a registration's id, recipient and hashes.
///
/// # Errors
/// What is wrong with it.
pub fn check(
    registration: &Registration,
    schema: &Schema,
) -> Result<EnterpriseId, RegistrationError> {
    let id = schema.id_scheme.parse(&registration.enterprise)?;
    recipient(registration)?;
    for curve in Curve::ALL {
        let hashes = registration.holder.iter().filter(|h| h.curve == curve);
        let canonical = match curve {
            Curve::Bn254 => is_canonical::<ark_bn254::Fr>(registration, curve),
            Curve::Bls12_381 => is_canonical::<ark_bls12_381::Fr>(registration, curve),
        };
        if hashes.count() != 1 || !canonical {
            return Err(RegistrationError::Holder(curve));
        }
    }
    Ok(id)
}

/// Where an enterprise's credentials are encrypted to.
///
/// # Errors
/// [`RegistrationError::Recipient`].
pub fn recipient(registration: &Registration) -> Result<age::x25519::Recipient, RegistrationError> {
    let text = &registration.recipient;
    text.parse()
        .map_err(|_| RegistrationError::Recipient(text.clone()))
}

impl Registered {
    /// A checked registration after what is kept of the enterprise.
    ///
    /// # Errors
    /// Nothing is new, the keys were revoked, or the pseudonym key changes on one curve only.
    pub fn after(
        known: Option<&Self>,
        id: &EnterpriseId,
        registration: Registration,
        today: Date,
    ) -> Result<(Self, Change), RegistrationError> {
        let Some(known) = known else {
            let registered = Self {
                registration,
                holder_since: today,
                revoked: false,
            };
            return Ok((registered, Change::New));
        };
        let before = authorising(&known.registration.holder);
        if known.revoked && !before.is_disjoint(&authorising(&registration.holder)) {
            return Err(RegistrationError::Revoked(id.clone()));
        }
        if known.registration == registration {
            return Err(RegistrationError::AlreadyRegistered(id.clone()));
        }
        let before = nullifying(&known.registration.holder);
        let after = nullifying(&registration.holder);
        let kept = before
            .iter()
            .filter(|(c, hash)| after.get(*c) == Some(*hash));
        let (holder_since, change) = match kept.count() {
            0 => (today.max(known.holder_since), Change::Reset),
            n if n == before.len() => (known.holder_since, Change::Rotated),
            _ => return Err(RegistrationError::HalfReset),
        };
        let registered = Self {
            registration,
            holder_since,
            revoked: false,
        };
        Ok((registered, change))
    }
}

fn is_canonical<F: PrimeField>(registration: &Registration, curve: Curve) -> bool {
    registration.commitment::<F>(curve).is_some()
}

fn authorising(holder: &[RegisteredHolder]) -> BTreeSet<(Curve, [u8; 32])> {
    let hashes = holder.iter().map(|h| (h.curve, h.authorising.0));
    hashes.collect()
}

fn nullifying(holder: &[RegisteredHolder]) -> BTreeMap<Curve, [u8; 32]> {
    holder.iter().map(|h| (h.curve, h.nullifying.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ids, registration};
    use taxproof_claims::digest::Digest;
    use taxproof_claims::holder::{HolderSecrets, Secret};

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn a_reset_is_dated_and_a_rotation_is_not() {
        let id = &ids(1)[0];
        let first = HolderSecrets::random().expect("randomness");
        let (registered, change) =
            Registered::after(None, id, registration(id, &first), day("2024-01-05"))
                .expect("is new");
        assert_eq!(change, Change::New);

        let rotated = HolderSecrets {
            sk: Secret::random().expect("randomness"),
            ..first.clone()
        };
        let mut next = registration(id, &rotated);
        next.recipient
            .clone_from(&registered.registration.recipient);
        let after = Registered::after(Some(&registered), id, next, day("2025-01-05"));
        let (registered, change) = after.expect("is a rotation");
        assert_eq!(
            (registered.holder_since, change),
            (day("2024-01-05"), Change::Rotated)
        );

        let again = registered.registration.clone();
        assert_eq!(
            Registered::after(Some(&registered), id, again, day("2025-01-06")),
            Err(RegistrationError::AlreadyRegistered(id.clone()))
        );

        let other = HolderSecrets {
            nk: Secret::random().expect("randomness"),
            ..rotated
        };
        let mut half = registration(id, &other);
        half.holder[1].nullifying = registered.registration.holder[1].nullifying;
        assert_eq!(
            Registered::after(Some(&registered), id, half, day("2025-01-06")),
            Err(RegistrationError::HalfReset)
        );
        let after = Registered::after(
            Some(&registered),
            id,
            registration(id, &other),
            day("2025-01-06"),
        );
        let (registered, change) = after.expect("is a reset");
        assert_eq!(
            (registered.holder_since, change),
            (day("2025-01-06"), Change::Reset)
        );
    }

    #[test]
    fn what_was_revoked_comes_back_with_another_authorising_key_alone() {
        let id = &ids(1)[0];
        let first = HolderSecrets::random().expect("randomness");
        let revoked = Registered {
            registration: registration(id, &first),
            holder_since: day("2024-01-05"),
            revoked: true,
        };
        let after = |secrets: &HolderSecrets| {
            let next = registration(id, secrets);
            Registered::after(Some(&revoked), id, next, day("2025-01-05"))
        };
        let same_sk = HolderSecrets {
            nk: Secret::random().expect("randomness"),
            ..first.clone()
        };
        for secrets in [&first, &same_sk] {
            assert_eq!(after(secrets), Err(RegistrationError::Revoked(id.clone())));
        }
        let same_nk = HolderSecrets {
            sk: Secret::random().expect("randomness"),
            ..first
        };
        let (registered, change) = after(&same_nk).expect("is a rotation");
        assert_eq!(change, Change::Rotated);
        assert_eq!(registered.holder_since, day("2024-01-05"));
        assert!(!registered.revoked);
    }

    #[test]
    fn registrations_are_checked() {
        let schema = Schema::cn_tax();
        let secrets = HolderSecrets::random().expect("randomness");
        let good = registration(&ids(1)[0], &secrets);
        assert!(check(&good, &schema).is_ok());

        let mut bad = good.clone();
        bad.enterprise.replace_range(0..1, "1");
        assert!(matches!(
            check(&bad, &schema),
            Err(RegistrationError::Id(_))
        ));
        let mut bad = good.clone();
        bad.recipient.pop();
        assert!(matches!(
            check(&bad, &schema),
            Err(RegistrationError::Recipient(_))
        ));
        for break_it in [
            (|r: &mut Registration| r.holder.truncate(1)) as fn(&mut Registration),
            |r| r.holder.push(r.holder[0].clone()),
            |r| r.holder[1].authorising = Digest([0xff; 32]),
        ] {
            let mut bad = good.clone();
            break_it(&mut bad);
            assert!(matches!(
                check(&bad, &schema),
                Err(RegistrationError::Holder(_))
            ));
        }
    }
}
