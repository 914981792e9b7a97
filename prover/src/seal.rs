//! Encryption to a bank and to a holder: age (C2SP), one X25519 recipient each.

use age::x25519::{Identity, Recipient};
use zeroize::Zeroizing;

/// Encryption or decryption failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The request or registration names no recipient that age has.
    #[error("`{0}` is not an age recipient (`age1…`): whoever made the request must mend it")]
    Recipient(String),
    /// The bytes were encrypted to somebody else, or are damaged.
    #[error("the file is not encrypted to this wallet, or is damaged")]
    Open,
    /// The operating system has no randomness to give.
    #[error("no randomness from the operating system")]
    Randomness,
}

/// What an age file begins with.
pub(crate) const AGE_MAGIC: &[u8] = b"age-encryption.org/";

/// Encrypts to an age recipient as a request or registration names it.
///
/// # Errors
/// [`SealError::Recipient`] or [`SealError::Randomness`].
pub fn seal(recipient: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let recipient: Recipient = recipient.parse().map_err(|_| {
        SealError::Recipient(crate::quotation::Quotation::new(recipient).to_string())
    })?;
    seal_to(&recipient, plain)
}

pub(crate) fn seal_to(recipient: &impl age::Recipient, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    age::encrypt(recipient, plain).map_err(|_| SealError::Randomness)
}

/// Decrypts what was encrypted to an identity. The plain bytes are erased when dropped.
///
/// # Errors
/// [`SealError::Open`].
pub fn unseal(identity: &Identity, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    age::decrypt(identity, sealed)
        .map(Zeroizing::new)
        .map_err(|_| SealError::Open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_recipient_opens_and_damage_is_noticed() {
        let (bank, other) = (Identity::generate(), Identity::generate());
        let sealed = seal(&bank.to_public().to_string(), b"presentation").expect("a recipient");
        assert_eq!(
            unseal(&bank, &sealed).as_deref(),
            Ok(&b"presentation".to_vec())
        );
        assert_eq!(unseal(&other, &sealed), Err(SealError::Open));
        for i in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[i] ^= 1;
            assert_eq!(unseal(&bank, &damaged), Err(SealError::Open), "byte {i}");
        }
        assert!(matches!(
            seal("age1bank", b""),
            Err(SealError::Recipient(_))
        ));
    }
}
