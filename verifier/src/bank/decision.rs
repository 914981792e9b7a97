//! Decisions: what became of a request.

use std::sync::Arc;

use taxproof_claims::digest::Digest;
use taxproof_claims::policy::Policy;

use super::{Bank, Refusal};
use crate::presentation::InvalidReason;
use crate::store::{KeptReceipt, Page, StoreError};

/// The bank's answer to a presentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The presentation verifies: a receipt was kept.
    Decided {
        /// The receipt, which holds the verdict.
        kept: Box<KeptReceipt>,
        /// The enterprise's tag in the policy's shared registry, if the policy names one.
        scope_tag: Option<Digest>,
    },
    /// The presentation shows nothing, and the request can still be answered.
    Invalid {
        /// The request.
        request: Digest,
        /// Why.
        reason: InvalidReason,
    },
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has answered it yet.
    Open,
    /// It was answered.
    Decided(Decision),
    /// It ended without an answer.
    Expired,
    /// The bank cancelled it.
    Cancelled,
}

impl Decision {
    /// The decision of a receipt.
    pub(super) fn of(kept: KeptReceipt, policy: &Policy) -> Self {
        let scope_tag = kept.signed.receipt.presentation.scope_tag;
        Self::Decided {
            scope_tag: policy.learns().scope.as_ref().map(|_| scope_tag),
            kept: Box::new(kept),
        }
    }
}

impl Bank {
    /// What became of a request.
    ///
    /// # Errors
    /// There is no such request.
    pub async fn standing(&self, id: &str) -> Result<Standing, Refusal> {
        let request = self.request(id).await?;
        Ok(match self.store.receipt(request.digest).await? {
            Some(kept) => Standing::Decided(self.decision(kept).await?),
            None if request.cancelled_at.is_some() => Standing::Cancelled,
            None if self.time.now() >= request.signed.request.expires_at => Standing::Expired,
            None => Standing::Open,
        })
    }

    /// Decisions in the order of the receipts' chain.
    ///
    /// # Errors
    /// The database's, or a decision's policy cannot be read any more.
    pub async fn decisions(&self, page: Page) -> Result<Vec<Decision>, Refusal> {
        let kept = self.signed(self.store.receipts(page).await?).await?;
        let mut decisions = Vec::with_capacity(kept.len());
        for kept in kept {
            let terms = self.terms_of(kept.signed.receipt.policy).await?;
            decisions.push(Decision::of(kept, terms.policy()));
        }
        Ok(decisions)
    }

    /// The decision of a receipt that the database has.
    pub(super) async fn decision(&self, kept: KeptReceipt) -> Result<Decision, Refusal> {
        let terms = self.terms_of(kept.signed.receipt.policy).await?;
        self.signers.of(&kept.signed).map_err(StoreError::from)?;
        Ok(Decision::of(kept, terms.policy()))
    }

    /// Receipts that the database has, after verifying that the bank signed them.
    async fn signed(&self, kept: Vec<KeptReceipt>) -> Result<Vec<KeptReceipt>, Refusal> {
        let signers = Arc::clone(&self.signers);
        let verify = move || {
            let signed = signers.of_each(kept.iter().map(|kept| &kept.signed));
            signed.map(|()| kept)
        };
        let verified = tokio::task::spawn_blocking(verify).await;
        let verified = verified.map_err(|_| Refusal::Aborted)?;
        Ok(verified.map_err(StoreError::from)?)
    }
}
