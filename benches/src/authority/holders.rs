//! Made-up holders: what their wallets would hand in.

use rayon::prelude::*;
use taxproof_claims::credential::{RegisteredHolder, Registration};
use taxproof_claims::holder::HolderSecrets;
use taxproof_claims::subject::EnterpriseId;

use super::MeasureError;

/// The holder that proves in the end.
pub(super) struct Holder {
    pub(super) id: EnterpriseId,
    pub(super) secrets: HolderSecrets,
    pub(super) identity: age::x25519::Identity,
}

/// What all of them hand in.
pub(super) struct Enrolled {
    pub(super) registrations: Vec<Registration>,
    pub(super) holder: Holder,
}

/// Makes secrets and a registration for each enterprise; keeps the first one's secrets.
pub(super) fn enrol(enterprises: &[EnterpriseId]) -> Result<Enrolled, MeasureError> {
    let first = enterprises.first().ok_or(MeasureError::Nobody)?;
    let holder = Holder::new(first)?;
    let others = enterprises[1..]
        .par_iter()
        .map(|enterprise| Ok(Holder::new(enterprise)?.registration()));
    let mut registrations = others.collect::<Result<Vec<_>, MeasureError>>()?;
    registrations.push(holder.registration());
    Ok(Enrolled {
        registrations,
        holder,
    })
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
