//! Proofs as they arrive.

use std::fmt;

use ark_groth16::Proof;
use taxproof_engine::Kernels;
use taxproof_engine::pairing::EnginePairing;

use crate::canonical::{self, NotAPoint};

/// A Groth16 proof whose three points were checked: in their groups, canonically encoded, none the
/// identity. An honest proof has an identity among them with probability 2^-254; with C the
/// identity and a weak key, forging needs no work at all.
///
/// Proofs re-randomise: other bytes may prove the same. Nothing may be deduplicated by them.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalProof<E: EnginePairing> {
    a: E::G1Affine,
    b: E::G2Affine,
    c: E::G1Affine,
}

/// Why bytes are not a proof. Whoever sent them is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAProof {
    /// Too few or too many bytes.
    #[error("a proof has {expected} bytes, not {found}")]
    Length {
        /// What a proof over the curve has.
        expected: usize,
        /// What there was.
        found: usize,
    },
    /// One of its points is none.
    #[error("{name} of the proof is {why}")]
    Point {
        /// `A`, `B` or `C`.
        name: &'static str,
        /// What it is instead.
        why: NotAPoint,
    },
}

impl<E: EnginePairing> CanonicalProof<E> {
    /// Bytes of a proof: 128 on BN254, 192 on BLS12-381.
    pub fn length() -> usize {
        2 * canonical::length::<E::G1Affine>() + canonical::length::<E::G2Affine>()
    }

    /// Reads A, B, C, each compressed.
    ///
    /// # Errors
    /// The bytes are too few or too many, or one of the points is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAProof> {
        let mut read = Self::read_all(&[bytes]);
        read.pop()
            .expect("a proof that was read, or why it was not")
    }

    /// Reads many, each as [`Self::from_bytes`] does, which takes less together.
    pub fn read_all(proofs: &[&[u8]]) -> Vec<Result<Self, NotAProof>> {
        let parts: Vec<_> = proofs.iter().map(|bytes| Self::parts(bytes)).collect();
        let whole = || parts.iter().flatten();
        let of_g1: Vec<_> = whole().flat_map(|&[a, _, c]| [a, c]).collect();
        let of_g2: Vec<_> = whole().map(|&[_, b, _]| b).collect();
        let kernels = Kernels::best();
        let mut of_g1 = E::read_g1(kernels, &of_g1).into_iter();
        let mut of_g2 = E::read_g2(kernels, &of_g2).into_iter();
        let read = |parts| {
            let [a, b, c] = parts?;
            let mut g1 = || of_g1.next().expect("two points of a proof are in G1");
            let (point_a, point_c) = (g1(), g1());
            let point_b = of_g2.next().expect("one point of a proof is in G2");
            let named = |name| move |why| NotAProof::Point { name, why };
            Ok(Self {
                a: canonical::of(point_a, a).map_err(named("A"))?,
                b: canonical::of(point_b, b).map_err(named("B"))?,
                c: canonical::of(point_c, c).map_err(named("C"))?,
            })
        };
        parts.into_iter().map(read).collect()
    }

    /// The encodings of A, B, C.
    fn parts(bytes: &[u8]) -> Result<[&[u8]; 3], NotAProof> {
        let (g1, expected) = (canonical::length::<E::G1Affine>(), Self::length());
        if bytes.len() != expected {
            let found = bytes.len();
            return Err(NotAProof::Length { expected, found });
        }
        let (a, rest) = bytes.split_at(g1);
        let (b, c) = rest.split_at(expected - 2 * g1);
        Ok([a, b, c])
    }

    /// Takes a proof of arkworks, with the same checks of its points.
    ///
    /// # Errors
    /// One of the points is none.
    pub fn from_points(proof: &Proof<E>) -> Result<Self, NotAProof> {
        let named = |name| move |why| NotAProof::Point { name, why };
        Ok(Self {
            a: canonical::check(proof.a).map_err(named("A"))?,
            b: canonical::check(proof.b).map_err(named("B"))?,
            c: canonical::check(proof.c).map_err(named("C"))?,
        })
    }

    pub(crate) const fn a(&self) -> E::G1Affine {
        self.a
    }

    pub(crate) const fn b(&self) -> E::G2Affine {
        self.b
    }

    pub(crate) const fn c(&self) -> E::G1Affine {
        self.c
    }
}

impl<E: EnginePairing> fmt::Debug for CanonicalProof<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CanonicalProof({} bytes)", Self::length())
    }
}
