//! An enterprise of the demonstration and its wallet.

use std::path::Path;

use taxproof_authority::synthetic::Enterprise;
use taxproof_claims::credential::Registration;
use taxproof_claims::subject::{EnterpriseId, IdScheme};
use taxproof_claims::trust::TrustList;
use taxproof_prover::question::Question;
use taxproof_prover::wallet::Wallet;

use super::clock::now;

/// An enterprise that applies for a loan.
pub(super) struct Applicant {
    pub(super) name: String,
    pub(super) wallet: Wallet,
}

impl Applicant {
    /// An enterprise with a fresh wallet.
    pub(super) fn new(folder: &Path, enterprise: Enterprise) -> anyhow::Result<Self> {
        let folder = folder.join(enterprise.id.as_str());
        let wallet = Wallet::create(&folder, enterprise.id, IdScheme::Uscc, None)?;
        Ok(Self {
            name: enterprise.name,
            wallet,
        })
    }

    pub(super) const fn id(&self) -> &EnterpriseId {
        self.wallet.enterprise()
    }

    pub(super) fn registration(&self) -> Registration {
        self.wallet.registration()
    }

    /// Whose signatures the wallet accepts from now on.
    pub(super) fn trust(&mut self, bureau: TrustList, bank: TrustList) -> anyhow::Result<()> {
        self.wallet.add_trust(&bureau)?;
        Ok(self.wallet.add_trust(&bank)?)
    }

    /// Takes the bureau's credential.
    pub(super) fn import(&mut self, credential: &[u8]) -> anyhow::Result<()> {
        self.wallet.import(credential, None)?;
        Ok(())
    }

    /// Reads a bank's request.
    pub(super) fn question(&self, request: &[u8]) -> anyhow::Result<Question> {
        Ok(Question::read(&self.wallet, request, None, now())?)
    }
}
