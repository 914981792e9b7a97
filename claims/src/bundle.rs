//! Bundles: the credentials of an epoch for about a thousand enterprises in one file, so that fetching it
//! tells nobody whose is wanted.
//!
//! An epoch has 2^b bundles. Which one an enterprise is in follows from its id; where in it, only the
//! enterprise can tell. A bundle holds the leaves of its enterprises, the nodes above them, and of each an
//! entry of fixed length, encrypted under a key that follows from the enterprise's [`Refresh`] key and the
//! bundle's nonce. The refresh key comes with the first credential, which is issued to the enterprise
//! alone ([`Issued`]).

use chacha20poly1305::aead::{AeadInPlace as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce, Tag};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::credential::{Credential, MAX_CREDENTIAL, MembershipPath};
use crate::curve::Curve;
use crate::digest::{Digest, Profile};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::epoch::{MAX_SIGNED_HEADER, SignedEpochHeader};
use crate::holder::Secret;
use crate::record::Values;
use crate::schema::Schema;
use crate::shape::{Layout, TREE_ARITY, TREE_DEPTH};
use crate::subject::EnterpriseId;

/// The key that opens an enterprise's entries, epoch after epoch.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Refresh([u8; Self::LENGTH]);

/// A credential and the key to those of later epochs, as an authority issues it to one enterprise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The credential.
    pub credential: Credential,
    /// The key to later ones.
    pub refresh: Refresh,
}

/// The nodes over a bundle's leaves, for one curve and layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branches {
    /// The root's curve.
    pub curve: Curve,
    /// The root's layout.
    pub layout: Layout,
    /// For each level from the leaves up, whole octets: those of which one child is above a leaf of
    /// the bundle.
    pub levels: [Vec<Digest>; TREE_DEPTH],
}

/// A bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The epoch.
    pub epoch: SignedEpochHeader,
    /// The position of its first leaf.
    pub first: u64,
    /// Random, so that no two bundles are encrypted under one key.
    pub nonce: [u8; 32],
    /// The values' layout.
    pub layout: Layout,
    /// One a root.
    pub branches: Vec<Branches>,
    /// One a leaf, in order: see [`Self::seal`].
    pub entries: Vec<Vec<u8>>,
}

const TAG: &str = "taxproof/bundle/1";
const ISSUED: &str = "taxproof/issued/1";
const MAX_ID: usize = 30;
const MAC: usize = 16;
const MAX_BRANCHES: usize = 16;
const MAX_ENTRIES: usize = 1 << 16;

/// Longest encoding, in bytes.
pub const MAX_BUNDLE: usize = 64 << 20;

/// Longest encoding of an [`Issued`] credential, in bytes.
pub const MAX_ISSUED: usize = MAX_CREDENTIAL + 128;

/// The place of an enterprise in the order of all, from 0 to 2^128 − 1: the first 128 bits of a digest
/// of its id.
pub fn place(id: &str) -> u128 {
    let digest = Profile::International.digest("taxproof/place/1", &[id.as_bytes()]);
    u128::from_be_bytes(*digest.0.first_chunk().expect("a digest has 32 bytes"))
}

/// Which of 2^bits bundles an enterprise is in: the first bits of its [`place`].
pub fn bundle_of(id: &EnterpriseId, bits: u32) -> u64 {
    match bits {
        0 => 0,
        bits => (place(id.as_str()) >> (u128::BITS - bits)) as u64,
    }
}

/// The name of a bundle's file.
pub fn file_name(index: u64) -> String {
    format!("{index:05}")
}

impl Refresh {
    /// Bytes of a key.
    pub const LENGTH: usize = 32;

    /// A key from its bytes.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a file of mode 0600.
    pub const fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    fn cipher(&self, nonce: &[u8; 32]) -> ChaCha20Poly1305 {
        let mut key = Profile::International.digest("taxproof/entry/1", &[&self.0, nonce]);
        let cipher = ChaCha20Poly1305::new(Key::from_slice(&key.0));
        key.0.zeroize();
        cipher
    }
}

impl std::fmt::Debug for Refresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refresh(hidden)")
    }
}

impl Issued {
    /// The canonical encoding. It holds what the enterprise must keep to itself.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(ISSUED);
        w.bytes(&Zeroizing::new(self.credential.encode()));
        w.fixed(self.refresh.expose());
        w.finish()
    }

    /// Whether bytes begin as an encoding does.
    pub fn is_one(bytes: &[u8]) -> bool {
        Reader::object(bytes, ISSUED).is_ok()
    }

    /// Reads the canonical encoding.
    ///
    /// # What is not checked
    /// As of [`Credential::decode`].
    ///
    /// # Errors
    /// The bytes are not the encoding of an issued credential of this schema.
    pub fn decode(bytes: &[u8], schema: &Schema) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, ISSUED)?;
        let credential = Credential::decode(r.bytes(MAX_CREDENTIAL)?, schema)?;
        let refresh = Refresh(r.array()?);
        r.finish()?;
        Ok(Self {
            credential,
            refresh,
        })
    }
}

impl Bundle {
    /// What a leaf's entry holds, encrypted. The same nonce is used for one bundle only.
    pub fn seal(
        refresh: &Refresh,
        nonce: &[u8; 32],
        id: &EnterpriseId,
        salt: &Secret,
        values: &Values,
    ) -> Vec<u8> {
        let mut w = Writer::default();
        let name = id.as_str().as_bytes();
        w.u8(u8::try_from(name.len()).expect("an id has at most 30 characters"));
        w.fixed(name);
        w.fixed(&[0; MAX_ID][name.len()..]);
        w.fixed(salt.expose());
        let rows = values.rows().iter().flatten();
        values
            .attributes()
            .iter()
            .chain(rows)
            .for_each(|v| w.i64(*v));
        Self::seal_entry(refresh, nonce, w.finish())
    }

    /// As [`Self::seal`], of an entry that is written already: the id's length in one byte, the id filled up
    /// to 30 bytes with zeros, the salt, attributes and rows as 8 bytes each.
    pub fn seal_entry(refresh: &Refresh, nonce: &[u8; 32], mut entry: Vec<u8>) -> Vec<u8> {
        let tag = refresh
            .cipher(nonce)
            .encrypt_in_place_detached(&Nonce::default(), b"", &mut entry)
            .expect("an entry is shorter than what the cipher takes");
        entry.extend(tag);
        entry
    }

    /// The credential of the holder of a key, or none if no entry is for it.
    ///
    /// # What is not checked
    /// As of [`Credential::decode`].
    ///
    /// # Errors
    /// The holder's entry, or the nodes above its leaf, are not what an authority writes.
    pub fn open(
        &self,
        refresh: &Refresh,
        schema: &Schema,
    ) -> Result<Option<Credential>, DecodeError> {
        let cipher = refresh.cipher(&self.nonce);
        for (i, entry) in self.entries.iter().enumerate() {
            let mut plain = Zeroizing::new(entry.clone());
            let Some(end) = plain.len().checked_sub(MAC) else {
                continue;
            };
            let tag = Tag::clone_from_slice(&plain[end..]);
            let opened =
                cipher.decrypt_in_place_detached(&Nonce::default(), b"", &mut plain[..end], &tag);
            if opened.is_ok() {
                return self.credential(i, &plain[..end], schema).map(Some);
            }
        }
        Ok(None)
    }

    fn credential(
        &self,
        index: usize,
        plain: &[u8],
        schema: &Schema,
    ) -> Result<Credential, DecodeError> {
        let mut r = Reader::new(plain);
        let length = usize::from(r.u8()?);
        let (name, rest) = r
            .fixed(MAX_ID)?
            .split_at_checked(length)
            .ok_or(DecodeError::Invalid("an entry's id is too long"))?;
        let name = std::str::from_utf8(name)
            .ok()
            .filter(|_| rest.iter().all(|b| *b == 0));
        let id = name.and_then(|name| schema.id_scheme.parse(name).ok());
        let id = id.ok_or(DecodeError::Invalid(
            "the enterprise id is not of the schema's scheme",
        ))?;
        let salt = Secret::from_bytes(r.array()?);
        let values = Values::decode_of(self.layout, &mut r)?;
        r.finish()?;
        let paths = self.branches.iter().map(|branches| {
            let path = branches.path(self.first, index as u64);
            path.ok_or(DecodeError::Invalid("a bundle lacks nodes"))
        });
        Ok(Credential {
            epoch: self.epoch.clone(),
            id,
            values,
            salt,
            paths: paths.collect::<Result<_, _>>()?,
        })
    }

    /// The canonical encoding.
    ///
    /// # Panics
    /// The entries are not all of one length.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(TAG);
        w.bytes(&self.epoch.encode());
        w.u64(self.first);
        w.fixed(&self.nonce);
        write_layout(&mut w, self.layout);
        w.count(self.branches.len());
        w.count(self.entries.len());
        for branches in &self.branches {
            w.u8(branches.curve.code());
            write_layout(&mut w, branches.layout);
            let nodes = branches.levels.iter().flatten();
            nodes.for_each(|node| w.fixed(&node.0));
        }
        let length = entry_length(self.layout);
        for entry in &self.entries {
            assert_eq!(entry.len(), length, "entries are of one length");
            w.fixed(entry);
        }
        w.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # What is not checked
    /// The header's signature, and whether nodes lead to the roots: [`Credential::open`] does.
    ///
    /// # Errors
    /// The bytes are not the encoding of a bundle.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, TAG)?;
        let epoch = SignedEpochHeader::decode(r.bytes(MAX_SIGNED_HEADER)?)?;
        let first = r.u64()?;
        let nonce = r.array()?;
        let layout = read_layout(&mut r)?;
        let roots = r.count(MAX_BRANCHES)?;
        let count = r.count(MAX_ENTRIES)?;
        let within = first.checked_add(count as u64);
        if within.is_none_or(|end| end > epoch.header.leaves) {
            return Err(DecodeError::Invalid(
                "a bundle's leaves are not the epoch's",
            ));
        }
        let branches = (0..roots).map(|_| Branches::decode(&mut r, first, count as u64));
        let branches = branches.collect::<Result<_, _>>()?;
        let length = entry_length(layout);
        let entries = (0..count).map(|_| r.fixed(length).map(<[u8]>::to_vec));
        let entries = entries.collect::<Result<_, _>>()?;
        r.finish()?;
        Ok(Self {
            epoch,
            first,
            nonce,
            layout,
            branches,
            entries,
        })
    }
}

impl Branches {
    /// The octets of a level over some leaves, the first and how many.
    pub fn octets(level: usize, first: u64, count: u64) -> (u64, u64) {
        let octet = |position: u64| position >> (3 * (level as u32 + 1)).min(63);
        let begin = octet(first);
        match count {
            0 => (begin, 0),
            count => (begin, octet(first + count - 1) - begin + 1),
        }
    }

    /// The path of a leaf of the bundle, if all its nodes are there.
    fn path(&self, first: u64, index: u64) -> Option<MembershipPath> {
        let mut children = Box::new([[Digest([0; 32]); TREE_ARITY]; TREE_DEPTH]);
        for (level, (row, nodes)) in children.iter_mut().zip(&self.levels).enumerate() {
            let (begin, _) = Self::octets(level, first, 1);
            let (octet, _) = Self::octets(level, first + index, 1);
            let at = usize::try_from(octet - begin).ok()? * TREE_ARITY;
            *row = *nodes.get(at..)?.first_chunk()?;
        }
        Some(MembershipPath {
            curve: self.curve,
            layout: self.layout,
            children,
        })
    }

    fn decode(r: &mut Reader<'_>, first: u64, count: u64) -> Result<Self, DecodeError> {
        let curve = Curve::from_code(r.u8()?).ok_or(DecodeError::Invalid("unknown curve"))?;
        let layout = read_layout(r)?;
        let mut levels = [const { Vec::new() }; TREE_DEPTH];
        for (level, nodes) in levels.iter_mut().enumerate() {
            let (_, octets) = Self::octets(level, first, count);
            for _ in 0..octets * TREE_ARITY as u64 {
                nodes.push(Digest(r.array()?));
            }
        }
        Ok(Self {
            curve,
            layout,
            levels,
        })
    }
}

/// Bytes of an entry: length and id, salt, values, and what the cipher adds.
const fn entry_length(layout: Layout) -> usize {
    let values = layout.attributes + layout.periods * layout.fields;
    1 + MAX_ID + Secret::LENGTH + 8 * values + MAC
}

fn write_layout(w: &mut Writer, layout: Layout) {
    for size in [layout.periods, layout.fields, layout.attributes] {
        w.count(size);
    }
}

fn read_layout(r: &mut Reader<'_>) -> Result<Layout, DecodeError> {
    let mut size = || r.count(64);
    Ok(Layout {
        periods: size()?,
        fields: size()?,
        attributes: size()?,
    })
}
