//! A wallet's secrets and their file, in plain or under a passphrase.

use std::fmt;
use std::path::Path;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519::{Identity, Recipient};
use serde::{Deserialize, Serialize};
use taxproof_claims::holder::{HolderSecrets, Secret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::seal::{SealError, seal_to, unseal};
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
/// What was rotated away stays as long as a credential of its time is held.
pub(crate) struct Secrets {
    /// Newest first, as the identities.
    authorising: Vec<Secret>,
    nullifying: Secret,
    identities: Vec<Identity>,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct SecretsFile {
    /// Newest first.
    authorising: Vec<String>,
    nullifying: String,
    identity: String,
    /// Newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    former_identities: Vec<String>,
}

impl Secrets {
    pub(crate) fn random() -> Result<Self, WalletError> {
        let HolderSecrets { sk, nk } =
            HolderSecrets::random().map_err(|_| WalletError::Randomness)?;
        Ok(Self {
            authorising: vec![sk],
            nullifying: nk,
            identities: vec![Identity::generate()],
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

    /// What credentials are encrypted to from now on.
    pub(crate) fn recipient(&self) -> Recipient {
        let newest = self.identities.first();
        newest
            .expect("a wallet has an identity from its creation on")
            .to_public()
    }

    /// Decrypts what was encrypted to the wallet, before a rotation or after it.
    ///
    /// # Errors
    /// [`SealError::Open`].
    pub(crate) fn unseal(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let mut opened = self
            .identities
            .iter()
            .map(|identity| unseal(identity, sealed));
        opened.find(Result::is_ok).unwrap_or(Err(SealError::Open))
    }

    /// Puts a fresh authorising secret and a fresh identity before the others.
    pub(crate) fn rotate(&mut self) -> Result<(), WalletError> {
        let sk = Secret::random().map_err(|_| WalletError::Randomness)?;
        self.authorising.insert(0, sk);
        self.identities.insert(0, Identity::generate());
        Ok(())
    }

    /// Erases all authorising secrets and identities but the newest `kept`. A credential is encrypted
    /// to an identity no older than the secret that it opens under.
    pub(crate) fn forget_beyond(&mut self, kept: usize) -> bool {
        let kept = kept.max(1);
        let forgets = self.authorising.len().max(self.identities.len()) > kept;
        self.authorising.truncate(kept);
        self.identities.truncate(kept);
        forgets
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
            // Who sees the passphrase asked for must not find the secrets beside it.
            if plain.exists() {
                return Err(WalletError::TwoSecrets(plain));
            }
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
        if passphrase.is_some() {
            return Err(WalletError::NoPassphrase);
        }
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
        let digits = |identity: &Identity| identity.to_string().expose_secret().to_owned();
        let mut identities: Vec<String> = self.identities.iter().map(digits).collect();
        let file = SecretsFile {
            authorising: self
                .authorising
                .iter()
                .map(|sk| hex::encode(sk.expose()))
                .collect(),
            nullifying: hex::encode(self.nullifying.expose()),
            identity: identities.remove(0),
            former_identities: identities,
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
        let identities = std::iter::once(&file.identity).chain(&file.former_identities);
        let identity = |digits: &String| digits.parse().map_err(|_| malformed());
        Ok(Self {
            authorising,
            nullifying: secret(&file.nullifying)?,
            identities: identities.map(identity).collect::<Result<_, _>>()?,
        })
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(hidden)")
    }
}
