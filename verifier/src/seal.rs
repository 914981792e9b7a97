//! Presentations travel encrypted to the bank, in the age format, under an X25519 key.

mod agreement;
mod stanza;

use std::fmt;
use std::str::FromStr;

use age::secrecy::ExposeSecret as _;
use age::x25519;
use taxproof_claims::presentation::MAX_SEALED_PRESENTATION;
use zeroize::Zeroizing;

use self::agreement::Secret;

/// The key that opens presentations.
#[derive(Clone)]
pub struct Identity {
    age: x25519::Identity,
    secret: Secret,
}

/// The text is not an age identity file: no line, or more than one, begins with
/// `AGE-SECRET-KEY-1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identity file: it holds one line that begins with AGE-SECRET-KEY-1")]
pub struct NotAnIdentity;

/// The bytes are not encrypted to this key, or were altered. Whoever sent them is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the presentation is not encrypted to this bank's recipient")]
pub struct CannotOpen;

impl Identity {
    /// A fresh key.
    pub fn generate() -> Self {
        let age = x25519::Identity::generate();
        let secret = Secret::of(&age).expect("age reads what it writes");
        Self { age, secret }
    }

    /// Where presentations are encrypted to: `age1…`.
    pub fn recipient(&self) -> String {
        self.age.to_public().to_string()
    }

    /// The key as a file of the age tools, to be kept with mode 0600.
    pub fn to_file(&self) -> Zeroizing<String> {
        let secret = self.age.to_string();
        let recipient = self.recipient();
        let secret = secret.expose_secret();
        Zeroizing::new(format!("# public key: {recipient}\n{secret}\n"))
    }

    /// Decrypts a presentation.
    ///
    /// # Errors
    /// The bytes are too many, altered, or encrypted to somebody else.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        if sealed.len() > MAX_SEALED_PRESENTATION {
            return Err(CannotOpen);
        }
        age::decrypt(&self.secret, sealed).map_err(|_| CannotOpen)
    }
}

impl FromStr for Identity {
    type Err = NotAnIdentity;

    fn from_str(file: &str) -> Result<Self, NotAnIdentity> {
        let lines = file.lines().map(str::trim);
        let mut keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        match (keys.next(), keys.next()) {
            (Some(key), None) => {
                let age = key.parse().map_err(|_| NotAnIdentity)?;
                let secret = Secret::of(&age).ok_or(NotAnIdentity)?;
                Ok(Self { age, secret })
            }
            _ => Err(NotAnIdentity),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, hidden)", self.recipient())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_to_somebody_else_or_altered_does_not_open() {
        let identity = Identity::generate();
        let recipient: x25519::Recipient = identity.recipient().parse().expect("a recipient");
        let sealed = age::encrypt(&recipient, b"presentation").expect("encrypts");
        assert_eq!(identity.open(&sealed).as_deref(), Ok(&b"presentation"[..]));
        assert_eq!(Identity::generate().open(&sealed), Err(CannotOpen));
        for i in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert_eq!(identity.open(&altered), Err(CannotOpen), "byte {i}");
        }
        assert_eq!(identity.open(&[]), Err(CannotOpen));
    }

    #[test]
    fn files_round_trip_and_do_not_show() {
        let identity = Identity::generate();
        let file = identity.to_file();
        let again: Identity = file.parse().expect("a file");
        assert_eq!(again.recipient(), identity.recipient());
        assert!(!format!("{identity:?}").contains("SECRET"));
        assert!("".parse::<Identity>().is_err());
        let two = format!("{}{}", *file, *file);
        assert!(two.parse::<Identity>().is_err());
    }
}
