//! Which key files were checked point by point.

use serde::{Deserialize, Serialize};
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::KeyHeader;
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::prover::Prover;
use crate::proving_key::{Admission, ProvingKeyError, admission};
use crate::wallet::{Wallet, WalletError, check_private, read_text, write_private};

const ADMITTED: &str = "admitted.toml";

/// Why there is no prover of a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// The wallet itself failed.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The key is refused.
    #[error(transparent)]
    Key(#[from] ProvingKeyError),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdmittedFile {
    admitted: Vec<Digest>,
}

impl Wallet {
    /// Makes a prover of a key file: checks every point the first time, and only the file's digest
    /// from then on.
    ///
    /// # Errors
    /// The key is refused, or the wallet cannot be read or written.
    pub fn prover<E: NamedPairing>(&self, file: &[u8]) -> Result<Prover<E>, AdmissionError>
    where
        E::ScalarField: Poseidon2Field,
    {
        let mut admitted = self.admitted()?;
        let known = KeyHeader::peek(file)
            .map(|(header, _)| admission(&header))
            .ok()
            .filter(|found| admitted.admitted.contains(&found.0));
        if let Some(known) = known {
            return Ok(Prover::load_admitted(file, known)?);
        }
        let (prover, Admission(digest)) = Prover::admit(file)?;
        admitted.admitted.push(digest);
        let toml = toml::to_string(&admitted).expect("admissions are texts");
        write_private(&self.folder.join(ADMITTED), toml.as_bytes())?;
        Ok(prover)
    }

    fn admitted(&self) -> Result<AdmittedFile, WalletError> {
        let path = self.folder.join(ADMITTED);
        match read_text(&path)? {
            Some(text) => {
                check_private(&path)?;
                toml::from_str(&text).map_err(|_| WalletError::Damaged(path))
            }
            None => Ok(AdmittedFile::default()),
        }
    }
}
