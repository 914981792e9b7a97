//! Signing receipts together: one signature for all that one transaction keeps.
//!
//! Their digests are the leaves of a binary tree whose root is signed. A receipt carries the digests
//! beside its way to the root, so that it verifies alone. A node is Hash(`taxproof/receipts/1`, left,
//! right); a leaf is a digest under the receipts' tag, so that neither passes for the other. Where a
//! level has an odd number, its last one goes up as it is.

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::encoding::{DecodeError, Reader, Writer};
use taxproof_claims::signature::SigningKey;

use crate::receipt::{Receipt, SignedReceipt};

/// What is beside the way from a receipt to the root, from below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path(Vec<Beside>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    Left(Digest),
    Right(Digest),
}

const TAG: &str = "taxproof/receipts/1";
/// More receipts than any transaction keeps.
const MAX_HEIGHT: usize = 16;
/// Longest encoding of a path, in bytes.
pub(crate) const MAX_PATH: usize = 4 + MAX_HEIGHT * 33;

impl Path {
    /// Whether the receipt is signed alone.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is signed for a leaf.
    pub(crate) fn root(&self, profile: Profile, leaf: Digest) -> Digest {
        let up = |below: Digest, beside: &Beside| match beside {
            Beside::Left(left) => node(profile, *left, below),
            Beside::Right(right) => node(profile, below, *right),
        };
        self.0.iter().fold(leaf, up)
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.count(self.0.len());
        for beside in &self.0 {
            let (side, digest) = match beside {
                Beside::Left(digest) => (1, digest),
                Beside::Right(digest) => (2, digest),
            };
            w.u8(side);
            w.fixed(&digest.0);
        }
    }

    /// Reads a path that is not empty.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut path = Vec::new();
        for _ in 0..r.count(MAX_HEIGHT)? {
            path.push(match r.u8()? {
                1 => Beside::Left(Digest(r.array()?)),
                2 => Beside::Right(Digest(r.array()?)),
                _ => return Err(DecodeError::Invalid("a digest is on the left or the right")),
            });
        }
        match path.is_empty() {
            true => Err(DecodeError::Invalid("a receipt signed alone has no path")),
            false => Ok(Self(path)),
        }
    }
}

/// Signs receipts, each with its digest, under a key of their profile.
pub(crate) fn sign(receipts: Vec<(Receipt, Digest)>, key: &SigningKey) -> Vec<SignedReceipt> {
    let leaves = receipts.iter().map(|(_, digest)| *digest).collect();
    let Some((root, paths)) = tree(key.profile(), leaves) else {
        return Vec::new();
    };
    let signature = key.sign(root);
    let signed = |((receipt, _), path)| SignedReceipt {
        receipt,
        path,
        signature,
    };
    receipts.into_iter().zip(paths).map(signed).collect()
}

/// The root above some leaves, and each one's path; `None` where there are none.
fn tree(profile: Profile, leaves: Vec<Digest>) -> Option<(Digest, Vec<Path>)> {
    let mut paths = vec![Path::default(); leaves.len()];
    let (mut level, mut height) = (leaves, 0);
    while level.len() > 1 {
        for (leaf, path) in paths.iter_mut().enumerate() {
            let place = leaf >> height;
            if let Some(&beside) = level.get(place ^ 1) {
                path.0.push(match place % 2 {
                    0 => Beside::Right(beside),
                    _ => Beside::Left(beside),
                });
            }
        }
        let up = |pair: &[Digest]| match *pair {
            [left, right] => node(profile, left, right),
            _ => pair[0],
        };
        level = level.chunks(2).map(up).collect();
        height += 1;
    }
    level.first().map(|&root| (root, paths))
}

fn node(profile: Profile, left: Digest, right: Digest) -> Digest {
    profile.digest(TAG, &[&left.0, &right.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Digest> {
        let leaf = |i| Digest([i as u8; 32]);
        (1..=count).map(leaf).collect()
    }

    #[test]
    fn every_leaf_leads_to_the_root_and_no_other_leaf_does() {
        let profile = Profile::Sm;
        assert_eq!(tree(profile, Vec::new()), None);
        let alone = tree(profile, leaves(1)).expect("a leaf");
        assert_eq!(alone, (Digest([1; 32]), vec![Path::default()]));
        for count in 2..=33 {
            let leaves = leaves(count);
            let (root, paths) = tree(profile, leaves.clone()).expect("leaves");
            for (i, path) in paths.iter().enumerate() {
                for (j, &leaf) in leaves.iter().enumerate() {
                    assert_eq!(path.root(profile, leaf) == root, i == j, "{count} {i} {j}");
                }
            }
        }
    }

    /// RFC 6962's tree for three leaves, with this hash.
    #[test]
    fn the_tree_is_as_written_down() {
        let profile = Profile::International;
        let [a, b, c] = leaves(3).try_into().expect("three");
        let (root, paths) = tree(profile, vec![a, b, c]).expect("leaves");
        let ab = profile.digest("taxproof/receipts/1", &[&a.0, &b.0]);
        assert_eq!(root, profile.digest("taxproof/receipts/1", &[&ab.0, &c.0]));
        assert_eq!(paths[2], Path(vec![Beside::Left(ab)]));
        let by_hand = Path(vec![Beside::Left(a), Beside::Right(c)]);
        assert_eq!(paths[1], by_hand);
    }

    #[test]
    fn encodings_round_trip_and_others_are_refused() {
        let (_, paths) = tree(Profile::Sm, leaves(5)).expect("leaves");
        for path in paths {
            let mut w = Writer::default();
            path.write(&mut w);
            let bytes = w.finish();
            assert!(bytes.len() <= MAX_PATH);
            assert_eq!(Path::read(&mut Reader::new(&bytes)), Ok(path));
            let mut other = bytes.clone();
            other[4] = 3;
            assert!(Path::read(&mut Reader::new(&other)).is_err());
            assert!(Path::read(&mut Reader::new(&bytes[..bytes.len() - 1])).is_err());
        }
        assert!(Path::read(&mut Reader::new(&[0; 4])).is_err());
        let tall = [&[0, 0, 0, 17][..], &[1; 17 * 33]].concat();
        assert!(Path::read(&mut Reader::new(&tall)).is_err());
    }
}
