//! What an epoch hands out: bundles for all, and credentials to one enterprise.

use std::io::Write as _;
use std::path::Path;

use rayon::prelude::*;
use taxproof_claims::bundle::{Bundle, Issued, file_name};
use taxproof_claims::credential::Credential;
use taxproof_claims::epoch::SignedEpochHeader;
use taxproof_claims::signature::SignatureError;
use taxproof_claims::subject::EnterpriseId;
use zeroize::Zeroizing;

use crate::authority::Authority;
use crate::commitment::{Commitment, Share};
use crate::error::AuthorityError;
use crate::folder::private;
use crate::progress::Progress;
use crate::registration::{RegistrationError, recipient};
use crate::store::part;
use crate::syncing::SyncedFiles;

/// Enterprises of a bundle, at least: whoever fetches one is one of so many.
const ENTERPRISES: u64 = 1024;
/// Entries that a thread encrypts at once.
const SEALED: usize = 64;
/// Most bundles, as a power of two.
const MOST_BITS: u32 = 16;

/// `2^bits` bundles hold so many enterprises.
pub(crate) fn bits(enterprises: u64) -> u32 {
    let bundles = (enterprises / ENTERPRISES).max(1);
    bundles.ilog2().min(MOST_BITS)
}

/// Writes an epoch's bundles to a folder.
pub(crate) fn write(
    commitment: &Commitment,
    signed: &SignedEpochHeader,
    bits: u32,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<(), AuthorityError> {
    let bundles = 1u64 << bits;
    progress.begin("writing bundles", bundles);
    let files = SyncedFiles::new().map_err(|error| AuthorityError::io(folder, error))?;
    (0..bundles).into_par_iter().try_for_each(|index| {
        let shares = commitment.shares(part(index, bits))?;
        let bundle = bundle(commitment, signed, shares)?;
        let path = folder.join(file_name(index));
        let written = private(&path, true).and_then(|mut file| {
            file.write_all(&bundle.encode())?;
            files.take(file)
        });
        written.map_err(|error| AuthorityError::io(&path, error))?;
        progress.advance();
        Ok::<_, AuthorityError>(())
    })?;
    files
        .finish()
        .map_err(|error| AuthorityError::io(folder, error))
}

fn bundle(
    commitment: &Commitment,
    signed: &SignedEpochHeader,
    shares: Vec<Share>,
) -> Result<Bundle, AuthorityError> {
    let (first, count) = (
        shares.first().map_or(0, |s| s.position),
        shares.len() as u64,
    );
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|_| SignatureError::Randomness)?;
    let entries = shares
        .into_par_iter()
        .with_min_len(SEALED)
        .map(|mut share| {
            let entry = std::mem::take(&mut *share.entry);
            Bundle::seal_entry(&share.seed.refresh(), &nonce, entry)
        });
    Ok(Bundle {
        epoch: signed.clone(),
        first,
        nonce,
        layout: commitment.layout,
        branches: commitment.branches(first, count)?,
        entries: entries.collect(),
    })
}

impl Authority {
    /// Issues the newest epoch's credential of an enterprise, with the key to those in later bundles,
    /// encrypted to its recipient.
    ///
    /// # Errors
    /// The enterprise has no leaf in the newest epoch, has registered anew since, or its registration was
    /// revoked.
    pub fn issue(&self, enterprise: &EnterpriseId) -> Result<Vec<u8>, AuthorityError> {
        let no_leaf = || AuthorityError::NoLeaf(enterprise.clone());
        let (check, kept) = self
            .registrations
            .get(enterprise, &self.schema)?
            .ok_or_else(no_leaf)?;
        if kept.registered.revoked {
            return Err(AuthorityError::Revoked(enterprise.clone()));
        }
        let commitment = self.epochs.newest()?.ok_or_else(no_leaf)?;
        let member = commitment.member(enterprise, &self.schema)?;
        let member = member.ok_or_else(no_leaf)?;
        if member.registration != check {
            return Err(AuthorityError::RegisteredSince(enterprise.clone()));
        }
        let epoch = self.headers().last().ok_or_else(no_leaf)?;
        let issued = Issued {
            refresh: member.seed.refresh(),
            credential: Credential {
                epoch: epoch.clone(),
                id: member.id,
                values: member.values,
                salt: member.salt,
                paths: commitment.paths(member.position)?,
            },
        };
        let plain = Zeroizing::new(issued.encode());
        let registration = &kept.registered.registration;
        age::encrypt(&recipient(registration)?, &plain).map_err(|_| {
            let text = registration.recipient.clone();
            RegistrationError::Recipient(text).into()
        })
    }
}
