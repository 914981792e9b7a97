//! Whose signatures make a receipt the bank's own.
//!
//! The configuration says, and not the database: who can write there could name a key of his own.

use taxproof_claims::signature::{SigningKey, VerifyingKey};

use crate::receipt::SignedReceipt;

/// The key that the bank signs with, and those that it signed with before.
#[derive(Debug)]
pub struct Signers {
    signing: SigningKey,
    /// The newest first.
    all: Vec<VerifyingKey>,
}

/// None of the bank's keys signed a receipt that the database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "receipt {0} in the database is signed by none of the bank's keys: somebody else wrote it, or \
     `former_signing_keys` lacks a key"
)]
pub struct NotSigned(pub u64);

impl Signers {
    /// The key that signs from now on, and those that did.
    pub fn new(signing: SigningKey, former: Vec<VerifyingKey>) -> Self {
        let mut all = vec![signing.verifying_key()];
        all.extend(former);
        Self { signing, all }
    }

    /// Signs from now on.
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// Every key, the newest first.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.all
    }

    /// Checks that the keys signed each of some receipts. Where one signature is over several that
    /// follow one another, it is verified once.
    ///
    /// # Errors
    /// The first that none of the keys signed.
    pub fn of_each<'a>(
        &self,
        receipts: impl IntoIterator<Item = &'a SignedReceipt>,
    ) -> Result<(), NotSigned> {
        let mut before = None;
        for signed in receipts {
            let what = (signed.receipt.profile, signed.signed(), &signed.signature);
            if before.as_ref() != Some(&what) {
                self.of(signed)?;
            }
            before = Some(what);
        }
        Ok(())
    }

    /// Which of the keys signed a receipt.
    ///
    /// # Errors
    /// None did.
    pub fn of(&self, receipt: &SignedReceipt) -> Result<&VerifyingKey, NotSigned> {
        let signer = receipt.signer(&self.all);
        signer.ok_or(NotSigned(receipt.receipt.sequence))
    }
}
