//! Epochs of the authorities that the bank trusts.

use std::sync::Arc;

use taxproof_claims::digest::Digest;
use taxproof_claims::encoding::DecodeError;
use taxproof_claims::epoch::{MAX_SIGNED_HEADER, SignedEpochHeader};
use taxproof_claims::key::KeyHeader;
use taxproof_claims::trust::TrustedAuthority;
use taxproof_log::Note;

use super::{Bank, Refusal, Untimely};
use crate::epoch::TrustedEpoch;
use crate::epoch_log::{LogProof, LoggedEpoch};
use crate::evidence;
use crate::store::{Anchor, AnchorKind, KeptEpoch, Page, StoreError};

/// An authority of the trust list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedAuthority {
    /// Its names and key.
    pub authority: TrustedAuthority,
    /// Since when this key is accepted, seconds since 1970-01-01T00:00:00Z.
    pub since: u64,
    /// Its newest epoch, if there is one.
    pub newest: Option<KeptEpoch>,
    /// The head of its log that was seen last, if one was.
    pub head: Option<Note>,
}

impl Bank {
    /// Adds an authority's next epoch, with what shows that it is in the authority's log.
    ///
    /// # Errors
    /// The header does not parse, is not a trusted authority's, is not in its log, or does not
    /// continue what that authority said before.
    pub async fn add_epoch(
        &self,
        signed_header: &[u8],
        proof: LogProof,
    ) -> Result<KeptEpoch, Refusal> {
        if signed_header.len() > MAX_SIGNED_HEADER {
            return Err(DecodeError::TooLong {
                length: signed_header.len(),
                limit: MAX_SIGNED_HEADER,
            }
            .into());
        }
        let signed = SignedEpochHeader::decode(signed_header)?;
        let times = self.timely_heads(self.time.now());
        let logged = LoggedEpoch::verify(signed, proof, &self.trust, &self.witnessing, times)?;
        // One that waits for its time would keep later ones out, and no request could be about it.
        if self.timely(logged.epoch(), self.time.now()) == Err(Untimely::Early) {
            return Err(Untimely::Early.into());
        }
        let header = logged.epoch().header();
        let added = self.store.add_epoch(&logged, self.time.now()).await?;
        // Whatever comes of it, a head may be new, or evidence.
        self.recorder.note_change(&self.store).await;
        match added {
            Ok(state) => {
                let (authority, epoch) = (&header.authority, header.epoch);
                tracing::info!(%authority, epoch, ?state, "epoch");
            }
            Err(conflict) => {
                tracing::warn!(
                    authority = %header.authority, epoch = header.epoch, %conflict, "epoch refused"
                );
                return Err(conflict.into());
            }
        }
        let epoch = logged.into_epoch();
        let digest = epoch.digest();
        self.epochs.keep(digest, epoch);
        self.changed.notify_one();
        let kept = self.store.epoch(digest).await?;
        kept.ok_or(Refusal::UnknownEpoch)
    }

    /// What requests accept now, with when the bank was told of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn accepted_epochs(&self) -> Result<Vec<KeptEpoch>, Refusal> {
        let newest = self.store.newest_epochs().await?;
        let trusted = |kept: &KeptEpoch| self.trusted(kept.signed.clone()).is_ok();
        Ok(newest.into_iter().filter(trusted).collect())
    }

    /// All epochs of an authority that the bank was told of, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn epochs_of(&self, authority: &str, page: Page) -> Result<Vec<KeptEpoch>, Refusal> {
        Ok(self.store.epochs_of(authority, page).await?)
    }

    /// The newest epoch of each authority that the bank still trusts, by the authority's name.
    ///
    /// # Errors
    /// The database's.
    pub async fn newest_epochs(&self) -> Result<Vec<Arc<TrustedEpoch>>, Refusal> {
        let newest = self.store.newest_epochs().await?;
        let trusted = newest
            .into_iter()
            .filter_map(|kept| self.trusted(kept.signed).ok());
        Ok(trusted.collect())
    }

    /// The authorities of the trust list, by their names.
    ///
    /// # Errors
    /// The database's.
    pub async fn authorities(&self) -> Result<Vec<AcceptedAuthority>, Refusal> {
        let newest = self.store.newest_epochs().await?;
        let mut authorities = Vec::new();
        for authority in &self.trust.authorities {
            let (id, key) = (authority.id.as_str(), authority.key.to_string());
            let of = |kept: &&KeptEpoch| kept.signed.header.authority == authority.id;
            authorities.push(AcceptedAuthority {
                since: self
                    .since(AnchorKind::Authority, id, key.as_bytes())
                    .await?,
                newest: newest.iter().find(of).cloned(),
                head: self.store.newest_head(&authority.id).await?,
                authority: authority.clone(),
            });
        }
        authorities.sort_by(|a, b| a.authority.id.as_str().cmp(b.authority.id.as_str()));
        Ok(authorities)
    }

    /// The keys that proofs are accepted under, each with since when.
    ///
    /// # Errors
    /// The database's.
    pub async fn accepted_keys(&self) -> Result<Vec<(&KeyHeader, u64)>, StoreError> {
        let mut keys = Vec::new();
        for verifier in self.keys.iter() {
            let header = verifier.header();
            let (name, file) = (header.fingerprint.to_string(), verifier.to_file());
            let since = self.since(AnchorKind::VerifyingKey, &name, &file).await?;
            keys.push((header, since));
        }
        Ok(keys)
    }

    async fn since(&self, kind: AnchorKind, name: &str, content: &[u8]) -> Result<u64, StoreError> {
        let anchors = self.store.anchors(kind, name).await?;
        let same = |anchor: &&Anchor| anchor.content == content;
        Ok(anchors.iter().find(same).map_or(0, |anchor| anchor.since))
    }

    /// Notes what the bank accepts.
    pub(super) async fn accept(&self) -> Result<(), StoreError> {
        let now = self.time.now();
        let note = async |kind, name: &str, content: &[u8]| {
            self.store.accept(kind, name, content, now).await
        };
        let key = self.verifying_key().to_string();
        note(AnchorKind::Bank, &self.id, key.as_bytes()).await?;
        for authority in &self.trust.authorities {
            let key = authority.key.to_string();
            note(AnchorKind::Authority, authority.id.as_str(), key.as_bytes()).await?;
        }
        for verifier in self.keys.iter() {
            let name = verifier.header().fingerprint.to_string();
            note(AnchorKind::VerifyingKey, &name, &verifier.to_file()).await?;
        }
        for schema in &self.schemas {
            let json = evidence::schema_text(schema);
            let name = schema.digest().to_string();
            note(AnchorKind::Schema, &name, json.as_bytes()).await?;
        }
        Ok(())
    }

    /// The epoch whose header has a digest, if the bank has it and still trusts its authority.
    pub(super) async fn epoch(&self, digest: Digest) -> Result<Arc<TrustedEpoch>, Refusal> {
        if let Some(epoch) = self.epochs.get(digest) {
            return Ok(epoch);
        }
        let kept = self.store.epoch(digest).await?;
        self.trusted(kept.ok_or(Refusal::UnknownEpoch)?.signed)
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
