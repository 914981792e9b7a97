//! Epochs of the authorities that the bank trusts.

use std::sync::Arc;

use taxproof_claims::digest::Digest;
use taxproof_claims::encoding::DecodeError;
use taxproof_claims::epoch::{MAX_SIGNED_HEADER, SignedEpochHeader};

use super::{Bank, Refusal};
use crate::epoch::TrustedEpoch;

impl Bank {
    /// Adds an authority's next epoch.
    ///
    /// # Errors
    /// The header does not parse, is not a trusted authority's, or does not continue what that
    /// authority said before.
    pub async fn add_epoch(&self, signed_header: &[u8]) -> Result<Arc<TrustedEpoch>, Refusal> {
        if signed_header.len() > MAX_SIGNED_HEADER {
            return Err(DecodeError::TooLong {
                length: signed_header.len(),
                limit: MAX_SIGNED_HEADER,
            }
            .into());
        }
        let signed = SignedEpochHeader::decode(signed_header)?;
        let epoch = TrustedEpoch::verify(signed, &self.trust)?;
        let header = epoch.header();
        match self.store.add_epoch(&epoch, self.clock.now()).await? {
            Ok(state) => tracing::info!(
                authority = %header.authority, epoch = header.epoch, ?state, "epoch"
            ),
            Err(conflict) => {
                tracing::warn!(
                    authority = %header.authority, epoch = header.epoch, %conflict, "epoch refused"
                );
                return Err(conflict.into());
            }
        }
        Ok(self.epochs.keep(epoch.digest(), epoch))
    }

    /// The newest epoch of each authority that the bank still trusts, by the authority's name.
    ///
    /// # Errors
    /// The database's.
    pub async fn newest_epochs(&self) -> Result<Vec<Arc<TrustedEpoch>>, Refusal> {
        let newest = self.store.newest_epochs().await?;
        let trusted = newest
            .into_iter()
            .filter_map(|signed| self.trusted(signed).ok());
        Ok(trusted.collect())
    }

    /// The epoch whose header has a digest, if the bank has it and still trusts its authority.
    pub(super) async fn epoch(&self, digest: Digest) -> Result<Arc<TrustedEpoch>, Refusal> {
        if let Some(epoch) = self.epochs.get(digest) {
            return Ok(epoch);
        }
        let signed = self.store.epoch(digest).await?;
        self.trusted(signed.ok_or(Refusal::UnknownEpoch)?)
    }

    fn trusted(&self, signed: SignedEpochHeader) -> Result<Arc<TrustedEpoch>, Refusal> {
        let digest = signed.header.digest();
        if let Some(epoch) = self
            .epochs
            .get(digest)
            .filter(|epoch| *epoch.signed() == signed)
        {
            return Ok(epoch);
        }
        let epoch = TrustedEpoch::verify(signed, &self.trust)?;
        Ok(self.epochs.keep(digest, epoch))
    }
}
