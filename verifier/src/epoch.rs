//! Epochs that a trusted authority signed.

use taxproof_claims::date::Date;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::{AuthorityId, EpochHeader, SignedEpochHeader};
use taxproof_claims::request::AcceptedEpoch;
use taxproof_claims::trust::TrustList;

/// An epoch's header, signed by an authority of the trust list: only [`Self::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedEpoch {
    signed: SignedEpochHeader,
    digest: Digest,
    date: Date,
}

/// Why a header is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UntrustedEpoch {
    /// The trust list does not name the authority.
    #[error("the authority `{0}` is not on the trust list")]
    Authority(AuthorityId),
    /// The authority's key did not sign the header.
    #[error("the header is not signed by the key that the trust list names for `{0}`")]
    Signature(AuthorityId),
    /// The header's time is outside the calendar.
    #[error("the header's time is no day")]
    Time,
}

impl TrustedEpoch {
    /// Verifies a header's signature.
    ///
    /// # Errors
    /// The authority is not trusted, or did not sign the header.
    pub fn verify(signed: SignedEpochHeader, trust: &TrustList) -> Result<Self, UntrustedEpoch> {
        let id = &signed.header.authority;
        let authority = trust
            .authority(id)
            .ok_or_else(|| UntrustedEpoch::Authority(id.clone()))?;
        signed
            .verify(&authority.key)
            .map_err(|_| UntrustedEpoch::Signature(id.clone()))?;
        Ok(Self {
            digest: signed.header.digest(),
            date: signed.header.date().ok_or(UntrustedEpoch::Time)?,
            signed,
        })
    }

    /// The header.
    pub const fn header(&self) -> &EpochHeader {
        &self.signed.header
    }

    /// The header with its signature.
    pub const fn signed(&self) -> &SignedEpochHeader {
        &self.signed
    }

    /// The header's digest.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The day that policies count back from.
    pub const fn date(&self) -> Date {
        self.date
    }

    /// What a request says of it.
    pub fn accepted(&self) -> AcceptedEpoch {
        AcceptedEpoch {
            authority: self.header().authority.clone(),
            header: self.digest,
        }
    }
}
