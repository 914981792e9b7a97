//! Which states over BN254's scalar field go into lanes.

#[cfg(target_arch = "x86_64")]
use std::any::Any;
#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

use ark_bn254::Fr;

#[cfg(target_arch = "x86_64")]
use super::blocks::{BlockPermutation, STATES};
#[cfg(target_arch = "x86_64")]
use super::ifma::LanePermutation;
use crate::kernels::{Kernels, Path};
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Ifma, LANES};

/// A few states left over are worth lanes of which the others stay empty.
#[cfg(target_arch = "x86_64")]
const WORTHWHILE_BY_IFMA: usize = 2;
#[cfg(target_arch = "x86_64")]
const WORTHWHILE_BY_AVX2: usize = STATES / 2;

/// Permutes states from the first on, and says how many.
pub(super) fn permute<const T: usize>(kernels: Kernels, states: &mut [[Fr; T]]) -> usize {
    match kernels.0 {
        #[cfg(target_arch = "x86_64")]
        Path::Ifma(ifma) => in_groups::<T, LANES>(states, WORTHWHILE_BY_IFMA, |group| {
            by_ifma(ifma).permute(ifma, group);
        }),
        #[cfg(target_arch = "x86_64")]
        Path::Avx2(avx2) => in_groups::<T, STATES>(states, WORTHWHILE_BY_AVX2, |group| {
            by_avx2(avx2).permute(group);
        }),
        Path::Portable(_) => 0,
    }
}

/// Permutes group by group; what is left over in a group that is filled up, where it is worth it.
#[cfg(target_arch = "x86_64")]
fn in_groups<const T: usize, const N: usize>(
    states: &mut [[Fr; T]],
    worthwhile: usize,
    permute: impl Fn(&mut [[Fr; T]; N]),
) -> usize {
    let len = states.len();
    let (groups, rest) = states.as_chunks_mut::<N>();
    groups.iter_mut().for_each(&permute);
    if rest.len() < worthwhile {
        return len - rest.len();
    }
    let mut group = [[Fr::default(); T]; N];
    group[..rest.len()].copy_from_slice(rest);
    permute(&mut group);
    rest.copy_from_slice(&group[..rest.len()]);
    len
}

/// The permutation of a width, made when it is first used.
#[cfg(target_arch = "x86_64")]
macro_rules! made_once {
    ($name:ident($arithmetic:ident) -> $permutation:ident<$($parameter:ident)?>) => {
        fn $name<const T: usize>(
            arithmetic: $arithmetic,
        ) -> &'static $permutation<$($parameter,)? T> {
            static FOUR: OnceLock<$permutation<$($parameter,)? 4>> = OnceLock::new();
            static EIGHT: OnceLock<$permutation<$($parameter,)? 8>> = OnceLock::new();
            static SIXTEEN: OnceLock<$permutation<$($parameter,)? 16>> = OnceLock::new();
            let permutation: &dyn Any = match T {
                4 => FOUR.get_or_init(|| $permutation::new(arithmetic)),
                8 => EIGHT.get_or_init(|| $permutation::new(arithmetic)),
                _ => SIXTEEN.get_or_init(|| $permutation::new(arithmetic)),
            };
            permutation
                .downcast_ref()
                .expect("a permutation is of width 4, 8 or 16")
        }
    };
}

#[cfg(target_arch = "x86_64")]
made_once!(by_ifma(Ifma) -> LanePermutation<>);
#[cfg(target_arch = "x86_64")]
made_once!(by_avx2(Avx2) -> BlockPermutation<Avx2>);
