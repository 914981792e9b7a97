use std::fmt;
use std::path::Path;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519::Identity;
use serde::{Deserialize, Serialize};
use taxproof_claims::holder::{HolderSecrets, Secret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::seal::seal_to;
use crate::wallet::WalletError;
use crate::wallet::files::{check_private, read_if_there, write_private};

/// What protects a wallet's secrets besides the file's mode.
pub type Passphrase = SecretString;

const PLAIN: &str = "secrets.toml";
const SEALED: &str = "secrets.age";
/// scrypt's logarithm of N: 256 MiB·s of work, about a second.
const WORK_FACTOR: u8 = 18;

/// A wallet's secrets: the holder's, and the identity that credentials are encrypted to.
///
/// An authorising secret that was rotated away stays as long as a credential of its time is held.
pub(crate) struct Secrets {
    authorising: Vec<Secret>,
    nullifying: Secret,
    identity: Identity,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct SecretsFile {
    /// Newest first.
    authorising: Vec<String>,
    nullifying: String,
    identity: String,
}

impl Secrets {
    pub(crate) fn random() -> Result<Self, WalletError> {
        let HolderSecrets { sk, nk } =
            HolderSecrets::random().map_err(|_| WalletError::Randomness)?;
        Ok(Self {
            authorising: vec![sk],
            nullifying: nk,
            identity: Identity::generate(),
        })
    }

    /// The secrets in force.
    pub(crate) fn holder(&self) -> HolderSecrets {
        self.candidates()
            .next()
            .expect("a wallet has an authorising secret from its creation on")
    }

    /// The secrets in force and those of before a rotation, newest first.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = HolderSecrets> {
        self.authorising.iter().map(|sk| HolderSecrets {
            sk: sk.clone(),
            nk: self.nullifying.clone(),
        })
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Puts a fresh authorising secret before the others.
    pub(crate) fn rotate(&mut self) -> Result<(), WalletError> {
        let sk = Secret::random().map_err(|_| WalletError::Randomness)?;
        self.authorising.insert(0, sk);
        Ok(())
    }

    /// Erases all authorising secrets but the newest `kept`.
    pub(crate) fn forget_beyond(&mut self, kept: usize) -> bool {
        let before = self.authorising.len();
        self.authorising.truncate(kept.max(1));
        self.authorising.len() < before
    }

    pub(crate) fn exist(folder: &Path) -> bool {
        folder.join(PLAIN).exists() || folder.join(SEALED).exists()
    }

    pub(crate) fn read(
        folder: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, WalletError> {
        let (plain, sealed) = (folder.join(PLAIN), folder.join(SEALED));
        if let Some(contents) = read_if_there(&sealed)? {
            check_private(&sealed)?;
            let passphrase = passphrase.ok_or(WalletError::PassphraseNeeded)?;
            let identity = age::scrypt::Identity::new(passphrase.clone());
            let opened = age::decrypt(&identity, &contents)
                .map(Zeroizing::new)
                .map_err(|_| WalletError::PassphraseWrong)?;
            return Self::decode(&opened, &sealed);
        }
        let contents = read_if_there(&plain)?
            .map(Zeroizing::new)
            .ok_or_else(|| WalletError::NotAWallet(folder.to_owned()))?;
        check_private(&plain)?;
        Self::decode(&contents, &plain)
    }

    pub(crate) fn write(
        &self,
        folder: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<(), WalletError> {
        let encoded = self.encode();
        match passphrase {
            None => write_private(&folder.join(PLAIN), encoded.as_bytes()),
            Some(passphrase) => {
                let mut recipient = age::scrypt::Recipient::new(passphrase.clone());
                recipient.set_work_factor(WORK_FACTOR);
                let sealed =
                    seal_to(&recipient, encoded.as_bytes()).map_err(|_| WalletError::Randomness)?;
                write_private(&folder.join(SEALED), &sealed)
            }
        }
    }

    fn encode(&self) -> Zeroizing<String> {
        let file = SecretsFile {
            authorising: self
                .authorising
                .iter()
                .map(|sk| hex::encode(sk.expose()))
                .collect(),
            nullifying: hex::encode(self.nullifying.expose()),
            identity: self.identity.to_string().expose_secret().to_owned(),
        };
        let toml = Zeroizing::new(toml::to_string(&file).expect("secrets are texts"));
        Zeroizing::new(format!(
            "# Whoever reads this file can prove in your name. Keep it, and tell nobody.\n{}",
            *toml
        ))
    }

    /// Errors say nothing of the contents.
    fn decode(contents: &[u8], path: &Path) -> Result<Self, WalletError> {
        let malformed = || WalletError::Damaged(path.to_owned());
        let text = std::str::from_utf8(contents).map_err(|_| malformed())?;
        let file: SecretsFile = toml::from_str(text).map_err(|_| malformed())?;
        let secret = |digits: &String| -> Result<Secret, WalletError> {
            let mut bytes = Zeroizing::new([0; Secret::LENGTH]);
            hex::decode_to_slice(digits, &mut *bytes).map_err(|_| malformed())?;
            Ok(Secret::from_bytes(*bytes))
        };
        let authorising: Vec<Secret> = file
            .authorising
            .iter()
            .map(secret)
            .collect::<Result<_, _>>()?;
        if authorising.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            authorising,
            nullifying: secret(&file.nullifying)?,
            identity: file.identity.parse().map_err(|_| malformed())?,
        })
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(hidden)")
    }
}
