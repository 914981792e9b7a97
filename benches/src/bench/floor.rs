//! The least that arithmetic allows: a proof's additions and butterflies at the rate at which one
//! core begins multiplications.

use std::hint::black_box;
use std::time::Instant;

use serde::Serialize;

use super::KernelChoice;

/// What the limits of phases are reckoned with, on the machine at hand.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Floor {
    kernels: KernelChoice,
    /// Of one core, as measured.
    clock_ghz: f64,
    /// An affine addition in G1 with a shared inversion, for each lane.
    pub(super) g1_addition_ns: f64,
    /// The same in G2.
    pub(super) g2_addition_ns: f64,
    /// A butterfly of radix 4, counted as radix 2, for each lane.
    pub(super) butterfly_ns: f64,
    /// Windows of a full-size scalar.
    pub(super) windows: usize,
}

/// Clock cycles for each lane: multiplications over those that a core begins in a cycle.
struct Cycles {
    g1_addition: f64,
    g2_addition: f64,
    /// Of a product: a butterfly takes three quarters.
    product: f64,
}

/// `docs/engine.md` counts the multiplications.
const fn cycles(kernels: KernelChoice) -> Cycles {
    match kernels {
        // Eight lanes at once, one instruction a cycle: Zen 4.
        KernelChoice::Ifma => Cycles {
            g1_addition: 586.0 / 8.0,
            g2_addition: 1322.0 / 8.0,
            product: 101.0 / 8.0,
        },
        // Four lanes at once, two instructions a cycle: Zen 3.
        KernelChoice::Avx2 => Cycles {
            g1_addition: 942.0 / 8.0,
            g2_addition: 2289.0 / 8.0,
            product: 163.0 / 8.0,
        },
        // Products of two words, one a cycle, 36 for an element of four words.
        KernelChoice::Portable => Cycles {
            g1_addition: 6.0 * 36.0,
            g2_addition: 14.5 * 36.0,
            product: 36.0,
        },
    }
}

impl Floor {
    /// That of some kernels, on a clock that is measured now.
    pub(super) fn of(kernels: KernelChoice) -> Self {
        let clock_ghz = clock_ghz();
        let cycles = cycles(kernels);
        Self {
            kernels,
            clock_ghz,
            g1_addition_ns: cycles.g1_addition / clock_ghz,
            g2_addition_ns: cycles.g2_addition / clock_ghz,
            butterfly_ns: 0.75 * cycles.product / clock_ghz,
            windows: 17,
        }
    }
}

/// Cycles a nanosecond, by the fastest of many chains of multiplications and additions: each waits for
/// the one before, three cycles and one.
fn clock_ghz() -> f64 {
    const STEPS: u32 = 100_000;
    let chain = || {
        let (mut value, factor, summand) = (black_box(1_u64), black_box(5), black_box(7));
        let start = Instant::now();
        for _ in 0..STEPS {
            value = value.wrapping_mul(factor).wrapping_add(summand);
        }
        black_box(value);
        start.elapsed().as_secs_f64()
    };
    let fastest = (0..200).map(|_| chain()).fold(f64::INFINITY, f64::min);
    4.0 * f64::from(STEPS) / fastest * 1e-9
}
