//! The holder's two secrets and what is derived from them.
//!
//! `sk` authorises and may rotate; `nk` makes pseudonyms, stays the same and is the same at every
//! bureau. Each is 248 random bits, so that every curve's scalar field holds it without bias. The
//! authority sees only their hashes.

use ark_ff::PrimeField;
use taxproof_engine::poseidon2::Poseidon2Field;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hash::{AUTHORISING_KEY, NULLIFIER_KEY, PSEUDONYM, SCOPE, small};

/// 248 secret bits, as 31 big-endian bytes.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; Self::LENGTH]);

impl Secret {
    /// Bytes of a secret.
    pub const LENGTH: usize = 31;

    /// A secret from its bytes.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// A fresh secret from the operating system's generator.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; Self::LENGTH];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes, for a file of mode 0600.
    pub const fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// The field element.
    pub fn to_field<F: PrimeField>(&self) -> F {
        F::from_be_bytes_mod_order(&self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Both secrets of a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderSecrets {
    /// Authorises; may rotate.
    pub sk: Secret,
    /// Makes pseudonyms; stays.
    pub nk: Secret,
}

impl HolderSecrets {
    /// Fresh secrets.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        Ok(Self {
            sk: Secret::random()?,
            nk: Secret::random()?,
        })
    }

    /// What the authority may know.
    pub fn commitment<F: Poseidon2Field>(&self) -> HolderCommitment<F> {
        HolderCommitment {
            authorising: small(AUTHORISING_KEY, &[self.sk.to_field()]),
            nullifying: small(NULLIFIER_KEY, &[self.nk.to_field()]),
        }
    }

    /// The pseudonym of an enterprise at a bank.
    pub fn pseudonym<F: Poseidon2Field>(&self, id: F, bank: F) -> F {
        small(PSEUDONYM, &[self.nk.to_field(), id, bank])
    }

    /// The tag of an enterprise in a scope shared by several banks.
    pub fn scope_tag<F: Poseidon2Field>(&self, id: F, scope: F) -> F {
        small(SCOPE, &[self.nk.to_field(), id, scope])
    }
}

/// The hashes of a holder's secrets, over one curve's scalar field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HolderCommitment<F> {
    /// H(sk).
    pub authorising: F,
    /// H(nk).
    pub nullifying: F,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::Fr;

    #[test]
    fn two_firms_that_share_nk_differ() {
        let secrets = HolderSecrets::random().expect("randomness");
        let [a, b, bank] = [1u64, 2, 3].map(Fr::from);
        assert_ne!(secrets.pseudonym(a, bank), secrets.pseudonym(b, bank));
        assert_ne!(secrets.pseudonym(a, bank), secrets.scope_tag(a, bank));
        assert_ne!(
            secrets.pseudonym(a, bank),
            secrets.pseudonym(a, Fr::from(4u64))
        );
    }

    #[test]
    fn secrets_do_not_show() {
        let secrets = HolderSecrets {
            sk: Secret::from_bytes([7; 31]),
            nk: Secret::from_bytes([9; 31]),
        };
        assert!(!format!("{secrets:?}").contains(['7', '9']));
    }
}
