//! Fixtures of this crate's tests.

use taxproof_claims::credential::{RegisteredHolder, Registration};
use taxproof_claims::holder::HolderSecrets;
use taxproof_claims::subject::{EnterpriseId, IdScheme, uscc_check_character};

/// Some enterprises' ids.
pub(crate) fn ids(count: u32) -> Vec<EnterpriseId> {
    (0..count)
        .map(|i| {
            let body = format!("91330100{i:09}");
            let check = uscc_check_character(&body).expect("a code's first 17 characters");
            IdScheme::Uscc
                .parse(&format!("{body}{check}"))
                .expect("an id")
        })
        .collect()
}

/// A registration of some secrets, with a fresh recipient.
pub(crate) fn registration(id: &EnterpriseId, secrets: &HolderSecrets) -> Registration {
    Registration {
        enterprise: id.to_string(),
        recipient: age::x25519::Identity::generate().to_public().to_string(),
        holder: RegisteredHolder::of_each_curve(secrets),
    }
}
