//! The choice between vector instructions and portable code.

use crate::lanes::Portable;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Ifma};

/// Which implementation of the arithmetic is used. All give the same results.
#[derive(Debug, Clone, Copy)]
pub struct Kernels(pub(crate) Path);

/// The arithmetic itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Ifma(Ifma),
}

/// Does something with the arithmetic of a path, whichever it is.
macro_rules! dispatch {
    ($path:expr, $arithmetic:ident => $body:expr) => {
        match $path {
            Path::Portable($arithmetic) => $body,
            #[cfg(target_arch = "x86_64")]
            Path::Avx2($arithmetic) => $body,
            #[cfg(target_arch = "x86_64")]
            Path::Ifma($arithmetic) => $body,
        }
    };
}

pub(crate) use dispatch;

impl Kernels {
    /// The fastest that this processor has.
    pub fn best() -> Self {
        Self::ifma().or(Self::avx2()).unwrap_or(Self::portable())
    }

    /// All that this processor has, the fastest first.
    pub fn available() -> Vec<Self> {
        let vectors = Self::ifma().into_iter().chain(Self::avx2());
        vectors.chain([Self::portable()]).collect()
    }

    /// Arkworks' arithmetic, on every processor.
    pub fn portable() -> Self {
        Self(Path::Portable(Portable))
    }

    /// AVX2, if the processor has it. Few pairings are as in [`Self::portable`]: only many fill the
    /// lanes.
    pub fn avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        let kernels = Avx2::detect().map(|avx2| Self(Path::Avx2(avx2)));
        #[cfg(not(target_arch = "x86_64"))]
        let kernels = None;
        kernels
    }

    /// AVX512-IFMA, if the processor has it.
    pub fn ifma() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        let kernels = Ifma::detect().map(|ifma| Self(Path::Ifma(ifma)));
        #[cfg(not(target_arch = "x86_64"))]
        let kernels = None;
        kernels
    }
}
