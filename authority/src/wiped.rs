//! Bytes of which nothing stays in memory.

use std::ops::{Deref, DerefMut};

use zeroize::zeroize_bytes;

/// Bytes that are zeroized when they are dropped, many at a time: [`zeroize::Zeroizing`] writes one after
/// the other, which takes ten times as long. What they leave behind when they grow is not zeroized, so
/// their capacity is given first.
#[derive(Default)]
pub(crate) struct Wiped(Vec<u8>);

impl From<Vec<u8>> for Wiped {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        // What was taken off is behind the length.
        self.0.resize(self.0.capacity(), 0);
        zeroize_bytes(&mut self.0);
    }
}
