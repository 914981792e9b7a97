//! The choice between vector instructions and portable code.

#[cfg(target_arch = "x86_64")]
use crate::lanes::Ifma;
use crate::lanes::Portable;

/// Which implementation of the arithmetic is used. All give the same results.
#[derive(Debug, Clone, Copy)]
pub struct Kernels(pub(crate) Path);

/// The arithmetic itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Ifma(Ifma),
}

impl Kernels {
    /// The fastest that this processor has.
    pub fn best() -> Self {
        Self::ifma().unwrap_or(Self::portable())
    }

    /// Arkworks' arithmetic, on every processor.
    pub fn portable() -> Self {
        Self(Path::Portable(Portable))
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
