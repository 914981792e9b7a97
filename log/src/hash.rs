//! Hashes of the tree: RFC 6962, section 2.1, with SHA-256.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

/// 32 bytes: a leaf, a node or a root.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; Self::LENGTH]);

impl Hash {
    /// Bytes of a hash.
    pub const LENGTH: usize = 32;

    /// The root of the tree without entries: the hash of nothing.
    pub fn empty() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// The leaf of an entry. Its prefix keeps a node from passing for a leaf.
    pub fn leaf(entry: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update([0])
                .chain_update(entry)
                .finalize()
                .into(),
        )
    }

    /// The node over two others.
    pub fn node(left: Self, right: Self) -> Self {
        let hasher = Sha256::new().chain_update([1]);
        Self(
            hasher
                .chain_update(left.0)
                .chain_update(right.0)
                .finalize()
                .into(),
        )
    }

    /// Reads standard base64 with padding; nothing else stands for a hash.
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
