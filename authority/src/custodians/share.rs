//! A custodian's share of the key, which is his secret.

use std::path::Path;

use frost_ed25519::keys::{KeyPackage, SigningShare, VerifyingShare};
use zeroize::Zeroizing;

use super::group::{Group, identifier};
use crate::error::AuthorityError;
use crate::folder::{create, read};

/// The file of a custodian's folder: 32 bytes.
pub(super) const FILE: &str = "share";

/// Keeps a share in a folder that has none.
pub(super) fn keep(folder: &Path, key: &KeyPackage) -> Result<(), AuthorityError> {
    let bytes = Zeroizing::new(key.signing_share().serialize());
    create(&folder.join(FILE), &bytes)
}

/// The share of a folder, which is that of a number in a group. It is erased when it is dropped.
pub(super) fn open(
    folder: &Path,
    number: u16,
    group: &Group,
) -> Result<KeyPackage, AuthorityError> {
    let path = folder.join(FILE);
    let bytes = Zeroizing::new(read(&path)?);
    let damaged = |why: &str| AuthorityError::damaged(&path, why);
    let share = SigningShare::deserialize(&bytes).map(Zeroizing::new);
    let share = share.map_err(|_| damaged("no share of a key"))?;
    let public = VerifyingShare::from(*share);
    if group.public_share(number) != Some(&public) {
        return Err(damaged("the share of another custodian, or of another key"));
    }
    let identifier = identifier(number).map_err(|_| damaged("no number of a custodian"))?;
    let key = *group.public().verifying_key();
    Ok(KeyPackage::new(
        identifier,
        *share,
        public,
        key,
        group.threshold(),
    ))
}
