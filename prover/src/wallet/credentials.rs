//! Credentials: what is checked before one is kept, and the one kept of each authority.

use std::path::PathBuf;

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ec::pairing::Pairing;
use taxproof_claims::bundle::{Bundle, Issued, MAX_ISSUED, Refresh};
use taxproof_claims::credential::{Credential, CredentialError};
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::Digest;
use taxproof_claims::encoding::DecodeError;
use taxproof_claims::epoch::{AuthorityId, SignedEpochHeader};
use taxproof_claims::holder::HolderSecrets;
use taxproof_claims::record::ValuesError;
use taxproof_claims::schema::Schema;
use zeroize::Zeroizing;

use crate::seal::{AGE_MAGIC, SealError, seal_to};
use crate::wallet::{
    Passphrase, Wallet, WalletError, check_private, private_folder, read_if_there, write_private,
};

const CREDENTIALS: &str = "credentials";
/// What age adds to a file of [`MAX_ISSUED`], with room to spare.
const AGE_OVERHEAD: usize = 4096;

/// A credential of the wallet's, with what is needed to use it.
#[derive(Debug, Clone)]
pub struct Held {
    /// The credential.
    pub credential: Credential,
    /// Its schema.
    pub schema: Schema,
    /// The secrets that it was issued for.
    pub secrets: HolderSecrets,
    /// The key to those of later epochs in bundles, if it came with one.
    pub refresh: Option<Refresh>,
}

/// Why a credential was not taken. What was held before is still held.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The wallet itself failed.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// Encrypted to somebody else, or damaged.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Not a credential.
    #[error("this is not a credential")]
    Format(#[from] DecodeError),
    /// Its records are of a schema that the wallet has not: add the schema's file first.
    #[error("the credential is of a schema that this wallet has not")]
    UnknownSchema,
    /// The authority is not on the wallet's trust list.
    #[error(
        "the authority `{0}` is not on the trust list: add it with `taxproof enterprise trust`"
    )]
    UnknownAuthority(AuthorityId),
    /// The epoch's header is not signed by the key that the trust list has for its authority.
    #[error("the epoch's header is not signed by `{0}`: the credential is forged or damaged")]
    Signature(AuthorityId),
    /// About another enterprise.
    #[error("the credential is about `{0}`, not about this wallet's enterprise")]
    OtherEnterprise(String),
    /// A value is outside its schema's bounds: a mistake of the authority's.
    #[error("the authority committed to a record that its schema does not allow")]
    Values(#[from] ValuesError),
    /// It does not lead to its epoch's roots under this wallet's secrets.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// No credential of this authority has come with a key to its bundles.
    #[error(
        "the wallet has no key to the bundles of `{0}`: have a credential issued, and import that first"
    )]
    NoRefreshKey(AuthorityId),
    /// No entry of the bundle opens.
    #[error(
        "nothing in the bundle is for this wallet: it is another bundle, or the keys were rotated, or the \
         enterprise is not in the epoch; have a credential issued"
    )]
    NotInBundle,
    /// An older epoch than the one held.
    #[error("the credential is of epoch {found}; this wallet holds one of epoch {held}")]
    Rollback {
        /// The held one's.
        held: u64,
        /// The refused one's.
        found: u64,
    },
    /// The authority signed two histories. Keep both files: they prove it.
    #[error(
        "`{authority}` has signed two histories at epoch {epoch}: the wallet has {held} there, this credential says {found}"
    )]
    Equivocation {
        /// Who signed both.
        authority: AuthorityId,
        /// Which epoch has two headers.
        epoch: u64,
        /// The digest of the header held.
        held: Digest,
        /// The digest that the refused credential gives for the same epoch.
        found: Digest,
    },
}

impl Wallet {
    /// Takes a credential, as its authority wrote it: encrypted to the wallet, or plain.
    ///
    /// # Errors
    /// It is not one that this wallet could prove with, or is older than the one held.
    pub fn import(
        &mut self,
        file: &[u8],
        passphrase: Option<&Passphrase>,
    ) -> Result<Held, ImportError> {
        let plain = if file.starts_with(AGE_MAGIC) {
            self.secrets.unseal(file)?
        } else {
            Zeroizing::new(file.to_vec())
        };
        let held = self.check(&plain)?;
        let authority = &held.credential.epoch.header.authority;
        if let Some(before) = self.credential(authority)? {
            check_succession(&before.credential.epoch, &held.credential.epoch)?;
        }
        self.keep(&held, &plain)?;
        self.forget_unused_secrets(passphrase)?;
        Ok(held)
    }

    /// Takes this wallet's credential from a bundle, as its authority wrote it.
    ///
    /// # Errors
    /// As [`Self::import`], or nothing in the bundle is for this wallet.
    pub fn import_bundle(
        &mut self,
        file: &[u8],
        passphrase: Option<&Passphrase>,
    ) -> Result<Held, ImportError> {
        let bundle = Bundle::decode(file)?;
        let header = &bundle.epoch.header;
        let held = self.credential(&header.authority)?;
        let refresh = held
            .and_then(|held| held.refresh)
            .ok_or_else(|| ImportError::NoRefreshKey(header.authority.clone()))?;
        let mut schemas = self.schemas.iter();
        let schema = schemas
            .find(|schema| schema.digest() == header.schema)
            .ok_or(ImportError::UnknownSchema)?;
        let credential = bundle.open(&refresh, schema)?;
        let issued = Issued {
            credential: credential.ok_or(ImportError::NotInBundle)?,
            refresh,
        };
        self.import(&Zeroizing::new(issued.encode()), passphrase)
    }

    /// The credential held of an authority.
    ///
    /// # Errors
    /// Its file is damaged, or no longer passes the checks of its import.
    pub fn credential(&self, authority: &AuthorityId) -> Result<Option<Held>, ImportError> {
        let path = self.credential_path(authority);
        let Some(sealed) = read_if_there(&path)? else {
            return Ok(None);
        };
        check_private(&path)?;
        let plain = self
            .secrets
            .unseal(&sealed)
            .map_err(|_| WalletError::Damaged(path.clone()))?;
        self.check(&plain).map(Some)
    }

    /// All credentials held, by authority, as far as their authorities are on the trust list.
    ///
    /// # Errors
    /// As [`Self::credential`].
    pub fn credentials(&self) -> Result<Vec<Held>, ImportError> {
        let authorities = self.trust.authorities.iter();
        authorities
            .filter_map(|authority| self.credential(&authority.id).transpose())
            .collect()
    }

    fn check(&self, plain: &[u8]) -> Result<Held, ImportError> {
        if plain.len() > MAX_ISSUED {
            let (length, limit) = (plain.len(), MAX_ISSUED);
            return Err(DecodeError::TooLong { length, limit }.into());
        }
        let (credential, refresh, schema) = self.decode(plain)?;
        let authority = &credential.epoch.header.authority;
        let trusted = self
            .trust
            .authority(authority)
            .ok_or_else(|| ImportError::UnknownAuthority(authority.clone()))?;
        credential
            .epoch
            .verify(&trusted.key)
            .map_err(|_| ImportError::Signature(authority.clone()))?;
        if credential.id != self.enterprise {
            return Err(ImportError::OtherEnterprise(credential.id.to_string()));
        }
        credential.values.check(&schema)?;
        let secrets = self.secrets_of(&credential)?;
        Ok(Held {
            credential,
            schema,
            secrets,
            refresh,
        })
    }

    /// Reads a credential, with or without a key to later ones, by the schema that its own header
    /// names.
    fn decode(&self, plain: &[u8]) -> Result<(Credential, Option<Refresh>, Schema), ImportError> {
        let mut error = ImportError::UnknownSchema;
        for schema in &self.schemas {
            let decoded = match Issued::is_one(plain) {
                true => Issued::decode(plain, schema).map(|i| (i.credential, Some(i.refresh))),
                false => Credential::decode(plain, schema).map(|credential| (credential, None)),
            };
            match decoded {
                Ok((credential, refresh)) if credential.check_schema(schema).is_ok() => {
                    return Ok((credential, refresh, schema.clone()));
                }
                Ok(_) => error = ImportError::UnknownSchema,
                Err(malformed) => error = malformed.into(),
            }
        }
        Err(error)
    }

    /// The newest of the wallet's secrets under which every path leads to its root.
    fn secrets_of(&self, credential: &Credential) -> Result<HolderSecrets, ImportError> {
        let mut error = CredentialError::NotUnderRoot;
        for secrets in self.candidates() {
            match open_every_path(credential, &secrets) {
                Ok(()) => return Ok(secrets),
                Err(found) => error = found,
            }
        }
        Err(error.into())
    }

    fn keep(&self, held: &Held, plain: &[u8]) -> Result<(), WalletError> {
        private_folder(&self.folder.join(CREDENTIALS))?;
        let sealed = seal_to(&self.secrets.recipient(), plain)?;
        let authority = &held.credential.epoch.header.authority;
        write_private(&self.credential_path(authority), &sealed)
    }

    /// Authorities' names are lower-case letters, digits and hyphens.
    fn credential_path(&self, authority: &AuthorityId) -> PathBuf {
        self.folder
            .join(CREDENTIALS)
            .join(format!("{authority}.age"))
    }

    /// Erases rotated secrets that no credential needs any more.
    fn forget_unused_secrets(
        &mut self,
        passphrase: Option<&Passphrase>,
    ) -> Result<(), ImportError> {
        let candidates: Vec<HolderSecrets> = self.candidates().collect();
        let mut needed = 1;
        for held in self.credentials()? {
            let position = candidates.iter().position(|c| *c == held.secrets);
            needed = needed.max(position.map_or(1, |i| i + 1));
        }
        if self.secrets.forget_beyond(needed) {
            self.secrets.write(&self.folder, passphrase)?;
        }
        Ok(())
    }
}

/// Longest file of a credential that is read, in bytes.
pub const MAX_CREDENTIAL_FILE: usize = MAX_ISSUED + AGE_OVERHEAD;

fn open_every_path(
    credential: &Credential,
    secrets: &HolderSecrets,
) -> Result<(), CredentialError> {
    if credential.paths.is_empty() {
        return Err(CredentialError::NotUnderRoot);
    }
    credential
        .paths
        .iter()
        .try_for_each(|path| match path.curve {
            Curve::Bn254 => credential
                .open::<<Bn254 as Pairing>::ScalarField>(path.curve, path.layout, secrets)
                .map(|_| ()),
            Curve::Bls12_381 => credential
                .open::<<Bls12_381 as Pairing>::ScalarField>(path.curve, path.layout, secrets)
                .map(|_| ()),
        })
}

/// Refuses an older epoch, and a history that contradicts the one held.
fn check_succession(held: &SignedEpochHeader, new: &SignedEpochHeader) -> Result<(), ImportError> {
    let (held, new) = (&held.header, &new.header);
    if new.epoch < held.epoch {
        let (held, found) = (held.epoch, new.epoch);
        return Err(ImportError::Rollback { held, found });
    }
    let digest = held.digest();
    let found = match new.epoch - held.epoch {
        0 => new.digest(),
        1 => new.previous,
        _ => return Ok(()),
    };
    if found == digest {
        return Ok(());
    }
    Err(ImportError::Equivocation {
        authority: held.authority.clone(),
        epoch: held.epoch,
        held: digest,
        found,
    })
}
