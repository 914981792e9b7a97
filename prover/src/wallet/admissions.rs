//! Which key files were checked point by point, and the provers made of them.
//!
//! A prover is kept as it lies in memory, in a file of the wallet that is mapped the next time, and
//! the file's digest with the admission of its key. The key file itself is then read no further
//! than its header: that chooses among the keys that were admitted, and whatever follows it has no
//! effect.
//!
//! # What the digest is for
//! It finds out a file that is damaged, or was copied from elsewhere; the prover is then made again
//! from the key. It does not keep out whoever can write to the wallet's folder: such a person could
//! write the digest too, and could have read the secrets.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Digest;
use taxproof_claims::key::{HEAD, KeyHeader, KeyKind};
use taxproof_engine::msm::Budget;

use crate::curve::ProvingCurve;
use crate::prover::Prover;
use crate::proving_key::{Admission, ProvingKeyError, admission};
use crate::wallet::files::write_private_by;
use crate::wallet::{Wallet, WalletError, check_private, private_folder, read_text, write_private};

const ADMITTED: &str = "admitted.toml";
const PREPARED: &str = "prepared";

/// What a key with its tables may take in memory and in the wallet, unless its owner says
/// otherwise.
pub const DEFAULT_TABLES: Budget = Budget(32 << 20);

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
    /// The key file cannot be read.
    #[error("the key file cannot be read")]
    Read(#[from] io::Error),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdmittedFile {
    admitted: Vec<Digest>,
    /// The digest of the file with the prover of each.
    #[serde(default)]
    prepared: BTreeMap<String, Digest>,
}

impl Wallet {
    /// Makes a prover of a key file. The first time, every point is checked; from then on only
    /// digests are, and of a prover that was [kept](Self::keep_prover) only its own.
    ///
    /// # Errors
    /// The key is refused, or it or the wallet cannot be read or written.
    pub fn prover<E: ProvingCurve>(&self, mut key: impl Read) -> Result<Prover<E>, AdmissionError> {
        let mut admitted = self.admitted()?;
        let mut file = Vec::with_capacity(HEAD);
        key.by_ref().take(HEAD as u64).read_to_end(&mut file)?;
        let header = KeyHeader::peek(&file).map(|(header, _)| header).ok();
        let known = header.filter(|h| admitted.admitted.contains(&admission(h).0));
        if let Some(prover) = known.clone().and_then(|h| self.kept(h, &admitted)) {
            return Ok(prover);
        }
        key.read_to_end(&mut file)?;
        if let Some(header) = known {
            return Ok(Prover::load_admitted(&file, admission(&header))?);
        }
        let (prover, Admission(digest)) = Prover::admit(&file)?;
        admitted.admitted.push(digest);
        self.write_admitted(&admitted)?;
        Ok(prover)
    }

    /// Keeps a prover, with tables of multiples of its points as large as the budget allows, so that
    /// the next [`Self::prover`] of its key has it at once. Without a budget: as it was kept before,
    /// else within [`DEFAULT_TABLES`]. Does nothing where it is kept so already, or is over a curve
    /// without tables.
    ///
    /// Tables take about a second to make: do this when nobody waits for the proof any more.
    ///
    /// # Errors
    /// The wallet cannot be read or written.
    pub fn keep_prover<E: ProvingCurve>(
        &self,
        prover: &Prover<E>,
        budget: Option<Budget>,
    ) -> Result<(), WalletError> {
        if !Self::would_keep_prover(prover, budget) {
            return Ok(());
        }
        let Admission(key) = admission(prover.header());
        let path = self.prepared_path(key);
        private_folder(&self.folder.join(PREPARED))?;
        let digest = write_private_by(&path, |file| {
            let mut out = BufWriter::new(file);
            E::write(prover.engine(), budget.unwrap_or(DEFAULT_TABLES), &mut out).transpose()
        })?;
        let mut admitted = self.admitted()?;
        if let Some(digest) = digest {
            admitted.prepared.insert(key.to_string(), Digest(digest));
        }
        self.write_admitted(&admitted)
    }

    /// Whether [`Self::keep_prover`] has something to do.
    pub fn would_keep_prover<E: ProvingCurve>(prover: &Prover<E>, budget: Option<Budget>) -> bool {
        E::budget(prover.engine()).is_some_and(|present| {
            !prover.is_kept() || budget.is_some_and(|budget| budget != present)
        })
    }

    fn kept<E: ProvingCurve>(&self, header: KeyHeader, known: &AdmittedFile) -> Option<Prover<E>> {
        header.check(KeyKind::Proving, E::CURVE).ok()?;
        let Admission(key) = admission(&header);
        let digest = known.prepared.get(&key.to_string())?;
        let path = self.prepared_path(key);
        check_private(&path).ok()?;
        let engine = E::map(&File::open(path).ok()?, &digest.0)?;
        Prover::of_kept(header, engine)
    }

    fn prepared_path(&self, key: Digest) -> PathBuf {
        self.folder.join(PREPARED).join(key.to_string())
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

    fn write_admitted(&self, admitted: &AdmittedFile) -> Result<(), WalletError> {
        let toml = toml::to_string(admitted).expect("admissions are texts");
        write_private(&self.folder.join(ADMITTED), toml.as_bytes())
    }
}
