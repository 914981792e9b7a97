//! The registrations that an authority keeps, and the secret of each from which the salts of its leaves
//! follow.

use std::path::Path;

use rayon::prelude::*;
use taxproof_claims::credential::{RegisteredHolder, Registration};
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::Digest;
use taxproof_claims::schema::Schema;
use taxproof_claims::subject::EnterpriseId;
use zeroize::Zeroizing;

use crate::codec::{Decoder, Encoder, Malformed};
use crate::error::AuthorityError;
use crate::registration::Registered;
use crate::seed::Seed;
use crate::store::{Check, Key, Located, Range, Store, key, part};

/// A folder of registrations.
#[derive(Debug)]
pub(crate) struct Registrations(Store);

/// A registration and the holder's seed.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) registered: Registered,
    pub(crate) seed: Seed,
}

impl Registrations {
    pub(crate) fn open(folder: &Path) -> Result<Self, AuthorityError> {
        Store::open(folder).map(Self)
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    /// How many were revoked.
    pub(crate) fn revoked(&self, schema: &Schema) -> Result<u64, AuthorityError> {
        let parts = 0..1u64 << PART_BITS;
        let counts = parts.into_par_iter().map(|index| {
            let (first, last) = part(index, PART_BITS);
            let range = self.range(first, last)?;
            let mut revoked = 0;
            for at in &range.located {
                let (_, kept) = self.decode(at, range.value(at)?, schema)?;
                revoked += u64::from(kept.registered.revoked);
            }
            Ok(revoked)
        });
        counts.try_reduce(|| 0, |a, b| Ok(a + b))
    }

    pub(crate) fn get(
        &self,
        id: &EnterpriseId,
        schema: &Schema,
    ) -> Result<Option<(Check, Kept)>, AuthorityError> {
        let found = self.0.scan(key(id.as_str()), key(id.as_str()))?;
        let read = |at: &Located| Ok((at.entry.check, self.read(at, schema)?.1));
        found.first().map(read).transpose()
    }

    /// Keeps registrations, in place of those of the same enterprises.
    pub(crate) fn put<'a>(
        &mut self,
        registrations: impl Iterator<Item = (&'a EnterpriseId, &'a Kept)>,
    ) -> Result<(), AuthorityError> {
        let values = registrations.map(|(id, kept)| (key(id.as_str()), kept.encode()));
        let mut values: Zeroizing<Vec<(Key, Vec<u8>)>> = Zeroizing::new(values.collect());
        values.sort_unstable();
        self.0.change(&values)
    }

    pub(crate) fn scan(&self, first: Key, last: Key) -> Result<Vec<Located>, AuthorityError> {
        self.0.scan(first, last)
    }

    /// What is kept of the enterprises of a range of keys.
    pub(crate) fn range(&self, first: Key, last: Key) -> Result<Range<'_>, AuthorityError> {
        self.0.range(first, last)
    }

    /// The registration at a place.
    pub(crate) fn read(
        &self,
        at: &Located,
        schema: &Schema,
    ) -> Result<(EnterpriseId, Kept), AuthorityError> {
        let bytes = Zeroizing::new(self.0.read(at)?);
        self.decode(at, &bytes, schema)
    }

    /// The registration at a place, from the bytes there. It was checked when it was handed in.
    pub(crate) fn decode(
        &self,
        at: &Located,
        bytes: &[u8],
        schema: &Schema,
    ) -> Result<(EnterpriseId, Kept), AuthorityError> {
        let kept = Kept::decode(bytes).map_err(|error| self.damaged(error))?;
        let id = schema
            .id_scheme
            .parse(&kept.registered.registration.enterprise);
        let id = id.map_err(|error| self.damaged(error))?;
        if key(id.as_str()) == at.key() {
            Ok((id, kept))
        } else {
            Err(self.damaged("another enterprise's registration"))
        }
    }

    fn damaged(&self, detail: impl ToString) -> AuthorityError {
        AuthorityError::damaged(self.0.folder(), detail)
    }
}

impl Kept {
    fn encode(&self) -> Vec<u8> {
        let Registered {
            registration,
            holder_since,
            revoked,
        } = &self.registered;
        let mut encoder = Encoder::default();
        encoder.text(&registration.enterprise);
        encoder.text(&registration.recipient);
        encoder.day(*holder_since);
        encoder.count(registration.holder.len());
        for holder in &registration.holder {
            encoder.unsigned(holder.curve.code().into());
            encoder.fixed(&holder.authorising.0);
            encoder.fixed(&holder.nullifying.0);
        }
        encoder.fixed(self.seed.expose());
        // Nothing where it stands, as before there were revocations.
        if *revoked {
            encoder.unsigned(REVOKED);
        }
        encoder.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut decoder = Decoder::new(bytes);
        let enterprise = decoder.text()?.to_owned();
        let recipient = decoder.text()?.to_owned();
        let holder_since = decoder.day()?;
        let holder = decoder.list(|d| {
            let code = u8::try_from(d.unsigned()?).map_err(|_| Malformed)?;
            Ok(RegisteredHolder {
                curve: Curve::from_code(code).ok_or(Malformed)?,
                authorising: Digest(d.fixed()?),
                nullifying: Digest(d.fixed()?),
            })
        })?;
        let seed = Seed::from_bytes(decoder.fixed()?);
        let revoked = !decoder.rest().is_empty();
        if revoked && decoder.unsigned()? != REVOKED {
            return Err(Malformed);
        }
        decoder.finish()?;
        let registration = Registration {
            enterprise,
            recipient,
            holder,
        };
        Ok(Self {
            registered: Registered {
                registration,
                holder_since,
                revoked,
            },
            seed,
        })
    }
}

/// Registrations are counted in so many parts, as a power of two.
const PART_BITS: u32 = 8;

/// Stands after a registration that was revoked.
const REVOKED: u64 = 1;
