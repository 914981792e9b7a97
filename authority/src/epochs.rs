//! The epochs that were published: a folder each, numbered from 1, each header naming the one
//! before it.
//!
//! An epoch is prepared in a folder beside the others and put in place by one rename, so that it is
//! published whole or not at all. What a crash left of a preparation is removed by the next one, unless custodians were
//! asked to sign it.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use serde::Serialize;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::{AuthorityId, EpochHeader, SignedEpochHeader};
use taxproof_claims::signature::VerifyingKey;

use crate::commitment::Commitment;
use crate::error::AuthorityError;
use crate::folder::{make_dir, partial, read, replace, sync_dir};

/// The folder of published epochs.
#[derive(Debug)]
pub(crate) struct Epochs {
    folder: PathBuf,
    headers: Vec<SignedEpochHeader>,
}

/// The header's file within an epoch's folder.
pub(crate) const HEADER: &str = "header";
const FOR_PEOPLE: &str = "header.json";
/// The folder of bundles, which is public.
pub(crate) const BUNDLES: &str = "bundles";
/// The folder of what the next epoch follows from, which is not.
const MEMBERS: &str = "members";
/// Of a preparation: how many bits number its bundles, and the header that custodians were asked to sign.
const ASKED: &str = "asked";

/// A header as people read it.
#[derive(Serialize)]
struct ReadableHeader<'a> {
    digest: Digest,
    signature: String,
    header: &'a EpochHeader,
}

/// An epoch that is being prepared.
#[derive(Debug)]
pub(crate) struct Preparation {
    partial: PathBuf,
    place: PathBuf,
}

impl Epochs {
    /// Reads every header and checks number, chain, name and signature of each.
    pub(crate) fn open(
        folder: PathBuf,
        authority: &AuthorityId,
        key: &VerifyingKey,
    ) -> Result<Self, AuthorityError> {
        let mut epochs = Self {
            folder,
            headers: Vec::new(),
        };
        let count = epochs.count()?;
        for number in 1..=count {
            let path = epochs.path(number).join(HEADER);
            let damaged = |detail: &str| AuthorityError::damaged(&path, detail);
            let signed = SignedEpochHeader::decode(&read(&path)?)
                .map_err(|error| AuthorityError::damaged(&path, error))?;
            let header = signed.verify(key);
            let header = header.map_err(|_| damaged("the signature is not the authority's"))?;
            let follows = header.epoch == number
                && header.authority == *authority
                && header.previous == epochs.last_digest();
            if !follows {
                return Err(damaged("the header does not follow the one before it"));
            }
            epochs.headers.push(signed);
        }
        Ok(epochs)
    }

    /// How many folders of epochs there are; they must be numbered without a gap.
    fn count(&self) -> Result<u64, AuthorityError> {
        let io = |error| AuthorityError::io(&self.folder, error);
        let mut count = 0;
        let mut newest = 0;
        for entry in fs::read_dir(&self.folder).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            if let Some(number) = name.to_str().and_then(|n| n.parse::<u64>().ok()) {
                count += 1;
                newest = newest.max(number);
            }
        }
        if newest == count {
            Ok(count)
        } else {
            let detail = format!("epoch {newest} is there, but an earlier one is missing");
            Err(AuthorityError::damaged(&self.folder, detail))
        }
    }

    /// The headers, oldest first.
    pub(crate) fn headers(&self) -> &[SignedEpochHeader] {
        &self.headers
    }

    /// The newest header's digest; zeros where there is none.
    pub(crate) fn last_digest(&self) -> Digest {
        let last = self.headers.last();
        last.map_or(Digest([0; 32]), |signed| signed.header.digest())
    }

    /// The number of the next epoch.
    pub(crate) const fn next(&self) -> u64 {
        self.headers.len() as u64 + 1
    }

    /// An epoch's folder.
    pub(crate) fn path(&self, number: u64) -> PathBuf {
        self.folder.join(number.to_string())
    }

    /// What the newest epoch committed to, where it is still there.
    pub(crate) fn newest(&self) -> Result<Option<Commitment>, AuthorityError> {
        let Some(newest) = self.headers.last() else {
            return Ok(None);
        };
        let folder = self.path(newest.header.epoch).join(MEMBERS);
        if !folder.exists() {
            return Ok(None);
        }
        Commitment::open(&folder, &newest.header).map(Some)
    }

    /// Begins to prepare the next epoch, removing what an earlier attempt left.
    pub(crate) fn prepare(&self) -> Result<Preparation, AuthorityError> {
        let place = self.path(self.next());
        let partial = partial(&place);
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(|error| AuthorityError::io(&partial, error))?;
        }
        make_dir(&partial)?;
        make_dir(&partial.join(BUNDLES))?;
        make_dir(&partial.join(MEMBERS))?;
        Ok(Preparation { partial, place })
    }

    /// What custodians were asked to sign by an attempt that ended without it.
    pub(crate) fn asked(&self) -> Result<Option<(Preparation, EpochHeader, u32)>, AuthorityError> {
        let place = self.path(self.next());
        let partial = partial(&place);
        let path = partial.join(ASKED);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = || AuthorityError::damaged(&path, "not the header of the next epoch");
        let bytes = read(&path)?;
        let (bits, header) = bytes.split_first().ok_or_else(damaged)?;
        let header = EpochHeader::decode(header).map_err(|_| damaged())?;
        if header.epoch != self.next() || header.previous != self.last_digest() {
            return Err(damaged());
        }
        let preparation = Preparation { partial, place };
        // They are written once it is signed.
        let bundles = preparation.bundles();
        if bundles.exists() {
            fs::remove_dir_all(&bundles).map_err(|error| AuthorityError::io(&bundles, error))?;
        }
        make_dir(&bundles)?;
        Ok(Some((preparation, header, u32::from(*bits))))
    }

    /// Publishes a prepared epoch: from here on, it is there.
    pub(crate) fn publish(
        &mut self,
        preparation: Preparation,
        signed: SignedEpochHeader,
    ) -> Result<(), AuthorityError> {
        let Preparation { partial, place } = preparation;
        let readable = ReadableHeader {
            digest: signed.header.digest(),
            signature: format!("{:?}", signed.signature),
            header: &signed.header,
        };
        let readable = serde_json::to_vec_pretty(&readable)
            .map_err(|error| AuthorityError::damaged(&place, error))?;
        // Written again where an attempt was killed just here.
        replace(&partial.join(FOR_PEOPLE), |file| file.write_all(&readable))?;
        replace(&partial.join(HEADER), |file| {
            file.write_all(&signed.encode())
        })?;
        sync_dir(&partial.join(BUNDLES))?;
        sync_dir(&partial.join(MEMBERS))?;
        sync_dir(&partial)?;
        // Renaming onto a folder that is there fails unless that is empty: nothing is overwritten.
        fs::rename(&partial, &place).map_err(|error| AuthorityError::io(&place, error))?;
        sync_dir(&self.folder)?;
        // Until now what was signed would have been asked for again.
        let asked = place.join(ASKED);
        if asked.exists() {
            fs::remove_file(&asked).map_err(|error| AuthorityError::io(&asked, error))?;
        }
        self.headers.push(signed);
        self.forget_older()
    }

    /// Removes what only the epoch after an older one needed.
    fn forget_older(&self) -> Result<(), AuthorityError> {
        for number in 1..self.headers.len() as u64 {
            let members = self.path(number).join(MEMBERS);
            if members.exists() {
                let removed = fs::remove_dir_all(&members);
                removed.map_err(|error| AuthorityError::io(&members, error))?;
            }
        }
        Ok(())
    }
}

impl Preparation {
    /// Keeps it for further attempts, before custodians are asked: who has signed a header signs no other of its epoch.
    pub(crate) fn keep(&self, header: &EpochHeader, bits: u32) -> Result<(), AuthorityError> {
        sync_dir(&self.members())?;
        let mut bytes = vec![u8::try_from(bits).expect("there are fewer than 2^256 bundles")];
        bytes.extend(header.encode());
        replace(&self.partial.join(ASKED), |file| file.write_all(&bytes))?;
        sync_dir(&self.partial)?;
        self.partial.parent().map_or(Ok(()), sync_dir)
    }

    /// The folder of bundles.
    pub(crate) fn bundles(&self) -> PathBuf {
        self.partial.join(BUNDLES)
    }

    /// The folder of what the next epoch follows from.
    pub(crate) fn members(&self) -> PathBuf {
        self.partial.join(MEMBERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use taxproof_claims::digest::Profile;
    use taxproof_claims::schema::Schema;
    use taxproof_claims::signature::SigningKey;

    /// Otherwise whoever kept the signature of the first header would have two.
    #[test]
    fn who_was_asked_for_a_header_is_asked_for_the_same_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = SigningKey::random(Profile::International).expect("randomness");
        let header = EpochHeader {
            profile: Profile::International,
            authority: "zhejiang".parse().expect("a name"),
            epoch: 1,
            time: 1_700_000_000,
            newest_period: "2023Q3".parse().expect("a quarter"),
            schema: Schema::cn_tax().digest(),
            leaves: 5,
            roots: vec![],
            previous: Digest([0; 32]),
        };
        let open = || {
            let folder = folder.path().to_owned();
            Epochs::open(folder, &header.authority, &key.verifying_key()).expect("opens")
        };
        let mut epochs = open();
        assert!(epochs.asked().expect("is read").is_none());
        let preparation = epochs.prepare().expect("is made");
        preparation.keep(&header, 3).expect("is kept");
        fs::write(preparation.bundles().join("0"), b"half").expect("is written");
        assert!(open().asked().expect("is read").is_some());
        // Killed while bundles were made anew.
        fs::remove_dir(preparation.bundles()).expect("is empty");
        let found = open().asked().expect("is read");
        let (preparation, again, bits) = found.expect("is there");
        assert_eq!((&again, bits), (&header, 3));
        let mut bundles = fs::read_dir(preparation.bundles()).expect("a folder");
        assert!(bundles.next().is_none());
        let signed = header.clone().sign(&key);
        // The last step fails, after everything is written.
        fs::create_dir_all(epochs.path(1).join("in the way")).expect("is made");
        let signed_before = signed.clone();
        (epochs.publish(preparation, signed_before)).expect_err("cannot be put in place");
        fs::remove_dir_all(epochs.path(1)).expect("is removed");
        let found = epochs.asked().expect("is read");
        let (preparation, again, _) = found.expect("is asked for again");
        assert_eq!(again, header);
        epochs.publish(preparation, signed).expect("is published");
        assert!(open().asked().expect("is read").is_none());
        assert!(!epochs.path(1).join(ASKED).exists());
    }
}
