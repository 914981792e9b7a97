//! The receipts' chain, as an auditor walks along it.

use taxproof_claims::digest::Digest;
use taxproof_claims::signature::VerifyingKey;

use crate::receipt::SignedReceipt;

/// How far along a bank's receipts an auditor came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    bank: String,
    keys: Vec<VerifyingKey>,
    sequence: u64,
    previous: Digest,
    seen_previous: bool,
}

/// The chain is not whole: somebody took a receipt away, put one in, or changed one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// A receipt is missing, or there are two of one number.
    #[error("receipt {found} follows receipt {after}")]
    Gap {
        /// The last whole one.
        after: u64,
        /// The one after it.
        found: u64,
    },
    /// A receipt names another one as the one before it.
    #[error("receipt {0} does not name the receipt before it")]
    Detached(u64),
    /// A receipt is another bank's.
    #[error("receipt {0} is another bank's")]
    OtherBank(u64),
    /// None of the bank's keys signed a receipt.
    #[error("receipt {0} is not signed by the bank")]
    Signature(u64),
}

impl Chain {
    /// The chain of a bank's receipts from the first, signed by one of the bank's keys.
    pub fn of(bank: &str, keys: Vec<VerifyingKey>) -> Self {
        Self {
            bank: bank.to_owned(),
            keys,
            sequence: 0,
            previous: Digest([0; 32]),
            seen_previous: true,
        }
    }

    /// The same from after a receipt, whose digest the next one is believed to name.
    pub fn from_after(self, sequence: u64) -> Self {
        Self {
            sequence,
            seen_previous: sequence == 0,
            ..self
        }
    }

    /// Goes on by one receipt.
    ///
    /// # Errors
    /// How the receipt does not continue the chain.
    pub fn extend(&mut self, signed: &SignedReceipt) -> Result<(), Broken> {
        let receipt = &signed.receipt;
        let sequence = receipt.sequence;
        if sequence != self.sequence + 1 {
            return Err(Broken::Gap {
                after: self.sequence,
                found: sequence,
            });
        }
        if self.seen_previous && receipt.previous != self.previous {
            return Err(Broken::Detached(sequence));
        }
        if receipt.bank != self.bank {
            return Err(Broken::OtherBank(sequence));
        }
        if signed.signer(&self.keys).is_none() {
            return Err(Broken::Signature(sequence));
        }
        (self.sequence, self.previous) = (sequence, receipt.digest());
        self.seen_previous = true;
        Ok(())
    }

    /// The number of the last receipt; 0 before the first.
    pub const fn length(&self) -> u64 {
        self.sequence
    }

    /// The digest of the last receipt: whoever keeps it elsewhere sees later whether receipts were
    /// taken off the end.
    pub const fn head(&self) -> Digest {
        self.previous
    }
}
