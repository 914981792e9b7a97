//! Secrets from which others follow.

use taxproof_claims::bundle::Refresh;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::holder::Secret;
use taxproof_claims::subject::EnterpriseId;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 256 secret bits from which salts or positions are derived.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; Self::LENGTH]);

impl Seed {
    /// Bytes of a seed.
    pub const LENGTH: usize = 32;

    /// A fresh seed from the operating system's generator.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; Self::LENGTH];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A seed from its bytes.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a file of mode 0600.
    pub const fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// The salt of a leaf in an epoch: the first 248 bits of the profile's hash of seed and epoch.
    /// Another epoch's says nothing of it.
    pub fn salt(&self, profile: Profile, epoch: u64) -> Secret {
        let mut digest = profile.digest("taxproof/salt/1", &[&self.0, &epoch.to_be_bytes()]);
        let mut bytes = [0; Secret::LENGTH];
        bytes.copy_from_slice(&digest.0[..Secret::LENGTH]);
        digest.0.zeroize();
        Secret::from_bytes(bytes)
    }

    /// The key to the holder's entries in bundles.
    pub fn refresh(&self) -> Refresh {
        let mut digest = Profile::International.digest("taxproof/refresh/1", &[&self.0]);
        let refresh = Refresh::from_bytes(digest.0);
        digest.0.zeroize();
        refresh
    }

    /// What an enterprise's leaf is ordered by in an epoch, within its bundle.
    pub(crate) fn position(&self, profile: Profile, epoch: u64, id: &EnterpriseId) -> Digest {
        let parts: [&[u8]; 3] = [&self.0, &epoch.to_be_bytes(), id.as_str().as_bytes()];
        profile.digest("taxproof/position/1", &parts)
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(hidden)")
    }
}
