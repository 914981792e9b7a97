//! Eight field elements at a time.
//!
//! [`Arithmetic`] is what the algorithms of this crate are written against. It has three
//! implementations with the same results: [`Ifma`] by AVX512-IFMA and [`Avx2`] by AVX2 where the
//! processor has them, and [`Portable`] by arkworks.
//!
//! # Ranges
//! Reduction is lazy. A *narrow* element is below 3p, a *wide* one below 7p. Products are narrow
//! whatever the factors; each operation says what else it takes and gives.
//!
//! # Blocks
//! A block takes more than a kilobyte. Operations on blocks write to a place that the caller has,
//! since a result that is returned would be copied.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod butterflies;
pub(crate) mod constants;
#[cfg(target_arch = "x86_64")]
pub(crate) mod ifma;
pub(crate) mod inverses;
pub(crate) mod inversion;
pub(crate) mod points;
mod portable;
mod radix;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vectorised;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;

pub(crate) use butterflies::{Butterflies, Eight, LastFactors};
pub(crate) use constants::LaneField;
#[cfg(target_arch = "x86_64")]
pub(crate) use ifma::Ifma;
pub(crate) use points::{Divisors, ElementRefs, Elements, PointArithmetic, refs};
pub(crate) use portable::Portable;

/// Elements in a vector.
pub(crate) const LANES: usize = 8;

/// Vectors in a block. A multiplication is a long chain of dependent instructions: each step of an
/// algorithm is done for a block before the next, so that the processor has four chains to mix.
pub(crate) const BLOCK: usize = 4;

/// Four words of an element in memory, in a representation that is the arithmetic's own.
pub(crate) type Words = [u64; 4];

/// The vectors of a block.
pub(crate) type Block<V> = [V; BLOCK];

/// A block by reference, its vectors wherever they lie.
pub(crate) type Refs<'a, V> = [&'a V; BLOCK];

/// Two elements in memory on one line of the cache: the coordinates of a point over the base
/// field, or one component of each coordinate over its extension.
#[derive(Debug, Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Pair(pub(crate) [u64; 8]);

impl Pair {
    /// Puts two elements together.
    pub(crate) fn new(first: Words, second: Words) -> Self {
        let mut words = [0; 8];
        words[..4].copy_from_slice(&first);
        words[4..].copy_from_slice(&second);
        Self(words)
    }

    /// The two elements.
    pub(crate) fn split(&self) -> [Words; 2] {
        let (halves, _) = self.0.as_chunks();
        [halves[0], halves[1]]
    }
}

/// A way to calculate with eight elements of a field at a time.
pub(crate) trait Arithmetic<F>: Copy + std::fmt::Debug + Send + Sync {
    /// Eight elements.
    type Vector: Copy + std::fmt::Debug + Send + Sync;

    /// The words of an element.
    fn pack(self, value: F) -> Words;

    /// The element of some words, narrow or not.
    fn unpack(self, words: Words) -> F;

    /// What [`Arithmetic::pack_scaled`] divides by.
    fn scale(self) -> F;

    /// The words of an element divided by [`Arithmetic::scale`], at no cost.
    fn pack_scaled(self, value: F) -> Words;

    /// The reverse of [`Arithmetic::pack_scaled`], at little cost; narrow or not.
    fn unpack_scaled(self, words: Words) -> F;

    /// A vector of eight packed, narrow elements.
    fn vector(self, elements: [Words; LANES]) -> Self::Vector;

    /// The eight elements of a narrow vector, packed.
    fn elements(self, vector: &Self::Vector) -> [Words; LANES];

    /// Takes the first elements of eight pairs to one vector and the second to another, all of
    /// them narrow.
    fn load_pairs(self, pairs: [&Pair; LANES], first: &mut Self::Vector, second: &mut Self::Vector);

    /// Fetches a pair that will be loaded later into the second-level cache.
    fn prefetch(self, pair: &Pair);

    /// Changes rows with lanes: lane i of vector j with lane j of vector i.
    fn transpose(self, vectors: [&Self::Vector; LANES], out: &mut [Self::Vector; LANES]);

    /// Negates where the mask has a bit; elements up to p, to the same range.
    fn negate_if(self, mask: u8, a: &mut Self::Vector);

    /// Copies the lanes of the mask.
    fn copy(self, mask: u8, from: &Self::Vector, to: &mut Self::Vector);

    /// Lane by lane, `b` where the mask has a bit, else `a`.
    fn select(self, mask: u8, a: &Self::Vector, b: &Self::Vector) -> Self::Vector;

    /// The lanes of a wide vector that hold zero.
    fn zeros(self, a: &Self::Vector) -> u8;

    /// `a·b`, narrow.
    fn mul(
        self,
        a: Refs<'_, Self::Vector>,
        b: Refs<'_, Self::Vector>,
        out: &mut Block<Self::Vector>,
    );

    /// `a²`, narrow, of narrow or wide elements.
    fn square(self, a: Refs<'_, Self::Vector>, out: &mut Block<Self::Vector>);

    /// `a·b + c·d`, narrow.
    fn mul_add(
        self,
        a: Refs<'_, Self::Vector>,
        b: Refs<'_, Self::Vector>,
        c: Refs<'_, Self::Vector>,
        d: Refs<'_, Self::Vector>,
        out: &mut Block<Self::Vector>,
    );

    /// `a + b` of narrow elements, wide.
    fn add(
        self,
        a: Refs<'_, Self::Vector>,
        b: Refs<'_, Self::Vector>,
        out: &mut Block<Self::Vector>,
    );

    /// `a - b` of narrow elements, wide.
    fn sub(
        self,
        a: Refs<'_, Self::Vector>,
        b: Refs<'_, Self::Vector>,
        out: &mut Block<Self::Vector>,
    );

    /// `-a` of narrow elements, wide.
    fn negate(self, a: Refs<'_, Self::Vector>, out: &mut Block<Self::Vector>);

    /// `a + b` of narrow elements, narrow.
    fn add_narrow(
        self,
        a: Refs<'_, Self::Vector>,
        b: Refs<'_, Self::Vector>,
        out: &mut Block<Self::Vector>,
    );

    /// `a - b` of narrow elements, narrow.
    fn sub_narrow(
        self,
        a: Refs<'_, Self::Vector>,
        b: Refs<'_, Self::Vector>,
        out: &mut Block<Self::Vector>,
    );

    /// `a - b - c` of narrow elements, narrow.
    fn sub_twice_narrow(
        self,
        a: Refs<'_, Self::Vector>,
        b: Refs<'_, Self::Vector>,
        c: Refs<'_, Self::Vector>,
        out: &mut Block<Self::Vector>,
    );
}
