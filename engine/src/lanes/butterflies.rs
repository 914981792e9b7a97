//! The butterflies of transforms. All elements are narrow.

use super::{Arithmetic, BLOCK, Block, LANES};

/// Rows of the last three levels of a transform, which are done at once.
pub(crate) type Eight<V> = [V; LANES];

/// The factors of the last levels but one, of which no other than 1 is left: those of eight rows,
/// and those of four.
pub(crate) type LastFactors<'a, F> = (&'a [F; 4], &'a [F; 2]);

/// What transforms are made of.
pub(crate) trait Butterflies<F>: Arithmetic<F> {
    /// A factor for all lanes.
    type Factor: Copy + std::fmt::Debug + Send + Sync;

    /// The factor.
    fn factor(self, value: F) -> Self::Factor;

    /// `(a, b)` to `(a + b, (a - b)·c)`.
    fn butterfly_down(
        self,
        a: &mut Block<Self::Vector>,
        b: &mut Block<Self::Vector>,
        c: &Block<Self::Vector>,
    );

    /// `(a, b)` to `(a + b·c, a - b·c)`.
    fn butterfly_up(
        self,
        a: &mut Block<Self::Vector>,
        b: &mut Block<Self::Vector>,
        c: &Block<Self::Vector>,
    );

    /// As `butterfly_down`, with the same factors in all lanes.
    fn butterfly_down_by(
        self,
        a: &mut Block<Self::Vector>,
        b: &mut Block<Self::Vector>,
        c: &[Self::Factor; BLOCK],
    );

    /// As `butterfly_up`, with the same factors in all lanes.
    fn butterfly_up_by(
        self,
        a: &mut Block<Self::Vector>,
        b: &mut Block<Self::Vector>,
        c: &[Self::Factor; BLOCK],
    );

    /// The last three levels down, of rows four, two and one apart.
    fn last_down(self, rows: &mut Eight<Self::Vector>, factors: LastFactors<'_, Self::Factor>);

    /// The first three levels up.
    fn first_up(self, rows: &mut Eight<Self::Vector>, factors: LastFactors<'_, Self::Factor>);
}
