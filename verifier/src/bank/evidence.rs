//! Receipts for auditors: evidence of one decision, and the chain of all.

use taxproof_claims::signature::VerifyingKey;

use super::{Bank, Refusal};
use crate::chain::{Broken, Chain};
use crate::evidence::{BadEvidence, CannotExport, Evidence, Verified};
use crate::limits::{CHECKED_AT_START, WATCH_PAGE};
use crate::metrics::Step;
use crate::receipt::Receipt;
use crate::store::{Anchor, AnchorKind, KeptReceipt, Page, Store, StoreError};
use taxproof_claims::encoding::DecodeError;

impl Bank {
    /// The receipt of a request, its signature verified.
    ///
    /// # Errors
    /// The id is none, there is no such request, or nobody has answered it.
    pub async fn receipt_of(&self, id: &str) -> Result<KeptReceipt, Refusal> {
        let request = self.request(id).await?;
        let kept = self.store.receipt(request.digest).await?;
        let kept = kept.ok_or(Refusal::NoReceipt)?;
        self.signers.of(&kept.signed).map_err(StoreError::from)?;
        Ok(kept)
    }

    /// All that the decision of a request follows from.
    ///
    /// # Errors
    /// There is no receipt, or the bank has not all that it names.
    pub async fn evidence(&self, id: &str) -> Result<Evidence, Refusal> {
        let request = self.request(id).await?;
        let receipt = self.receipt_of(id).await?.signed;
        let body = &receipt.receipt;
        let accepted = &body.presentation.epoch;
        let epoch = self.store.epoch(accepted.header).await?;
        let epoch = epoch.ok_or(CannotExport::Epoch)?.signed;
        let (schema, key) = (epoch.header.schema.to_string(), body.key.to_string());
        let schema = self.anchor(AnchorKind::Schema, &schema).await?;
        let schema = schema.and_then(|schema| String::from_utf8(schema.content).ok());
        let key_file = self.anchor(AnchorKind::VerifyingKey, &key).await?;
        let authority = accepted.authority.as_str();
        let authorities = self.keys_named(AnchorKind::Authority, authority).await?;
        let authority_key = authorities
            .into_iter()
            .find(|key| epoch.verify(key).is_ok());
        Ok(Evidence {
            request: request.signed,
            schema: schema.ok_or(CannotExport::Schema)?,
            key_file: key_file.ok_or(CannotExport::Key)?.content,
            bank_key: self.signers.of(&receipt).map_err(StoreError::from)?.clone(),
            authority_key: authority_key.ok_or(CannotExport::Epoch)?,
            epoch,
            receipt,
        })
    }

    /// Verifies evidence as an auditor does, and that its anchors are keys that this bank accepts
    /// or did.
    ///
    /// # Errors
    /// The database's; the inner one says what does not verify.
    pub async fn verify_evidence(
        self: &std::sync::Arc<Self>,
        file: Vec<u8>,
    ) -> Result<Result<Verified, BadEvidence>, Refusal> {
        let verify = move || Evidence::decode(&file)?.verify();
        let verified = match self.compute(Step::VerifyEvidence, verify).await? {
            Ok(verified) => verified,
            Err(bad) => return Ok(Err(bad)),
        };
        let Receipt {
            bank,
            key,
            presentation,
            ..
        } = &verified.receipt;
        let untrusted = |name: &str| Ok(Err(BadEvidence::Untrusted(format!("`{name}`"))));
        if *bank != self.id || !self.signers.keys().contains(&verified.bank_key) {
            return untrusted(bank);
        }
        let authority = presentation.epoch.authority.as_str();
        let authorities = self.keys_named(AnchorKind::Authority, authority).await?;
        if !authorities.contains(&verified.authority_key) {
            return untrusted(authority);
        }
        let key = key.to_string();
        if self.anchor(AnchorKind::VerifyingKey, &key).await?.is_none() {
            return Ok(Err(BadEvidence::UntrustedKey(verified.receipt.key)));
        }
        Ok(Ok(verified))
    }

    /// Walks along the whole chain of receipts.
    ///
    /// # Errors
    /// The database's; the inner one says where the chain breaks.
    pub async fn audit(&self) -> Result<Result<Chain, Broken>, StoreError> {
        Self::walk(&self.store, self.chain()).await
    }

    /// The chain of receipts before the first.
    pub(super) fn chain(&self) -> Chain {
        Chain::of(&self.id, self.signers.keys().to_vec())
    }

    /// Checks that the bank never signed with a key that its configuration does not name.
    pub(super) async fn check_signers(&self) -> Result<(), StoreError> {
        let noted = self.keys_named(AnchorKind::Bank, &self.id).await?;
        let unknown = |key: &VerifyingKey| !self.signers.keys().contains(key);
        match noted.into_iter().find(unknown) {
            Some(key) => Err(StoreError::UnknownSigner(key.into())),
            None => Ok(()),
        }
    }

    /// Walks along the newest receipts, so that a service does not begin on a damaged database.
    pub(super) async fn check_newest(&self) -> Result<(), StoreError> {
        let newest = self.store.newest_receipt().await?;
        let after = newest.saturating_sub(CHECKED_AT_START);
        let chain = self.chain().from_after(after);
        match Self::walk(&self.store, chain).await? {
            Ok(chain) if chain.length() == newest => Ok(()),
            Ok(_) => Err(DecodeError::Invalid("the newest receipts are missing").into()),
            Err(broken) => {
                tracing::error!(%broken, "the chain of receipts is broken");
                Err(
                    DecodeError::Invalid("the chain of receipts is broken; the log says where")
                        .into(),
                )
            }
        }
    }

    /// Walks along a store's receipts.
    pub(super) async fn walk(
        store: &Store,
        mut chain: Chain,
    ) -> Result<Result<Chain, Broken>, StoreError> {
        loop {
            let page = Page {
                after: chain.length(),
                size: WATCH_PAGE,
            };
            let kept = store.receipts(page).await?;
            for kept in &kept {
                if let Err(broken) = chain.extend(&kept.signed) {
                    return Ok(Err(broken));
                }
            }
            if kept.is_empty() {
                return Ok(Ok(chain));
            }
        }
    }

    async fn keys_named(
        &self,
        kind: AnchorKind,
        name: &str,
    ) -> Result<Vec<VerifyingKey>, StoreError> {
        let anchors = self.store.anchors(kind, name).await?;
        let key = |anchor: Anchor| String::from_utf8(anchor.content).ok()?.parse().ok();
        Ok(anchors.into_iter().filter_map(key).collect())
    }

    async fn anchor(&self, kind: AnchorKind, name: &str) -> Result<Option<Anchor>, StoreError> {
        let anchors = self.store.anchors(kind, name).await?;
        Ok(anchors.into_iter().next())
    }
}
