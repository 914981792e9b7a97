//! Miller loops of many pairs at a time, a pair a lane: 32 of them in each block.
//!
//! Written against [`Arithmetic`], so that any kernels can do it. AVX2 does: its instructions gain
//! nothing from spreading one element of Fq12 over the lanes, as AVX512-IFMA's do.

mod extension;
mod group;
mod miller;
mod point;
mod scaling;
mod target;
#[cfg(test)]
mod tests;

pub(super) use self::miller::{FEWEST_PAIRS, at_once, miller_loops};
pub(super) use self::scaling::{FEWEST_POINTS, scale_points};
pub(super) use super::element::WIDTH;
