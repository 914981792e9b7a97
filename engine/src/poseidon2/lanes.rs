//! Which states over BN254's scalar field go into lanes.

#[cfg(target_arch = "x86_64")]
use std::any::Any;
#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

use ark_bn254::Fr;

#[cfg(target_arch = "x86_64")]
use super::ifma::LanePermutation;
use crate::kernels::{Kernels, Path};
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Ifma, LANES};

/// A few states left over are worth lanes of which the others stay empty.
#[cfg(target_arch = "x86_64")]
const WORTHWHILE: usize = 2;

/// Permutes states from the first on, and says how many.
pub(super) fn permute<const T: usize>(kernels: Kernels, states: &mut [[Fr; T]]) -> usize {
    match kernels.0 {
        #[cfg(target_arch = "x86_64")]
        Path::Ifma(ifma) => permute_by_ifma(ifma, states),
        _ => 0,
    }
}

#[cfg(target_arch = "x86_64")]
fn permute_by_ifma<const T: usize>(ifma: Ifma, states: &mut [[Fr; T]]) -> usize {
    let len = states.len();
    let permutation = permutation::<T>(ifma);
    let (groups, rest) = states.as_chunks_mut::<LANES>();
    groups
        .iter_mut()
        .for_each(|group| permutation.permute(ifma, group));
    if rest.len() < WORTHWHILE {
        return len - rest.len();
    }
    let mut group = [[Fr::default(); T]; LANES];
    group[..rest.len()].copy_from_slice(rest);
    permutation.permute(ifma, &mut group);
    rest.copy_from_slice(&group[..rest.len()]);
    len
}

/// The permutation of a width, made when it is first used.
#[cfg(target_arch = "x86_64")]
fn permutation<const T: usize>(ifma: Ifma) -> &'static LanePermutation<T> {
    static FOUR: OnceLock<LanePermutation<4>> = OnceLock::new();
    static EIGHT: OnceLock<LanePermutation<8>> = OnceLock::new();
    static SIXTEEN: OnceLock<LanePermutation<16>> = OnceLock::new();
    let permutation: &dyn Any = match T {
        4 => FOUR.get_or_init(|| LanePermutation::new(ifma)),
        8 => EIGHT.get_or_init(|| LanePermutation::new(ifma)),
        _ => SIXTEEN.get_or_init(|| LanePermutation::new(ifma)),
    };
    permutation
        .downcast_ref()
        .expect("a permutation is of width 4, 8 or 16")
}
