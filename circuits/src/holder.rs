//! The holder: knowledge of both secrets, and what is derived from them.

use taxproof_claims::hash::{AUTHORISING_KEY, NULLIFIER_KEY, PSEUDONYM, SCOPE};
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::hash::Hashes;
use crate::linear::Linear;
use crate::system::System;

/// The secrets and the id, as wires.
pub(crate) struct HolderVar<F: Poseidon2Field> {
    pub(crate) id: Linear<F>,
    pub(crate) sk: Linear<F>,
    pub(crate) nk: Linear<F>,
}

/// The secrets' hashes, which the leaf holds.
pub(crate) struct HolderCommitmentVar<F: Poseidon2Field> {
    pub(crate) authorising: Linear<F>,
    pub(crate) nullifying: Linear<F>,
}

impl<F: Poseidon2Field> HolderVar<F> {
    /// H(sk), H(nk).
    pub(crate) fn commitment(
        &self,
        system: &mut System<F>,
        hashes: &Hashes<F>,
    ) -> HolderCommitmentVar<F> {
        HolderCommitmentVar {
            authorising: hashes.small(system, AUTHORISING_KEY, std::slice::from_ref(&self.sk)),
            nullifying: hashes.small(system, NULLIFIER_KEY, std::slice::from_ref(&self.nk)),
        }
    }

    /// H(nk, id, bank).
    pub(crate) fn pseudonym(
        &self,
        system: &mut System<F>,
        hashes: &Hashes<F>,
        bank: &Linear<F>,
    ) -> Linear<F> {
        hashes.small(
            system,
            PSEUDONYM,
            &[self.nk.clone(), self.id.clone(), bank.clone()],
        )
    }

    /// H(nk, id, scope).
    pub(crate) fn scope_tag(
        &self,
        system: &mut System<F>,
        hashes: &Hashes<F>,
        scope: &Linear<F>,
    ) -> Linear<F> {
        hashes.small(
            system,
            SCOPE,
            &[self.nk.clone(), self.id.clone(), scope.clone()],
        )
    }

    /// disclose_id·id = disclosed.
    pub(crate) fn disclose(
        &self,
        system: &mut System<F>,
        disclose_id: &Linear<F>,
        disclosed: &Linear<F>,
    ) {
        system.enforce(disclose_id, &self.id, disclosed);
    }
}
