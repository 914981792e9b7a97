//! Made-up holders: what their wallets would hand in.

use rayon::prelude::*;
use taxproof_authority::Authority;
use taxproof_claims::credential::{RegisteredHolder, Registration};
use taxproof_claims::date::Date;
use taxproof_claims::holder::HolderSecrets;
use taxproof_claims::subject::EnterpriseId;

use super::MeasureError;

/// The holder that proves in the end.
pub(super) struct Holder {
    pub(super) id: EnterpriseId,
    pub(super) secrets: HolderSecrets,
    pub(super) identity: age::x25519::Identity,
}

/// Registrations that are handed in at once; more would only take more memory.
const AT_ONCE: usize = 1 << 14;

/// Makes secrets and a registration for each enterprise and hands it in; keeps the first one's secrets.
pub(super) fn register(
    authority: &mut Authority,
    enterprises: &[EnterpriseId],
    day: Date,
) -> Result<Holder, MeasureError> {
    let (first, others) = enterprises.split_first().ok_or(MeasureError::Nobody)?;
    let holder = Holder::new(first)?;
    authority.register(holder.registration(), day)?;
    for some in others.chunks(AT_ONCE) {
        let registrations = some
            .par_iter()
            .map(|enterprise| Ok(Holder::new(enterprise)?.registration()));
        let registrations = registrations.collect::<Result<Vec<_>, MeasureError>>()?;
        authority.register_all(registrations, day)?;
    }
    Ok(holder)
}

impl Holder {
    fn new(id: &EnterpriseId) -> Result<Self, MeasureError> {
        Ok(Self {
            id: id.clone(),
            secrets: HolderSecrets::random().map_err(|_| MeasureError::Randomness)?,
            identity: age::x25519::Identity::generate(),
        })
    }

    fn registration(&self) -> Registration {
        Registration {
            enterprise: self.id.to_string(),
            recipient: self.identity.to_public().to_string(),
            holder: RegisteredHolder::of_each_curve(&self.secrets),
        }
    }
}
