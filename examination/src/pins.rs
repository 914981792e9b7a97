//! What the battery is known to find in each circuit. Reviewed like code: a difference is a finding.

use taxproof_claims::curve::Curve;
use taxproof_claims::shape::Shape;
use taxproof_soundness::{Survivor, Weakening};

/// The numbers of one circuit.
#[derive(Debug)]
pub(super) struct Pin {
    shape: &'static str,
    curve: Curve,
    pub(super) constraints: usize,
    pub(super) private: usize,
    pub(super) wires: usize,
    /// At each point at which ranks are computed.
    pub(super) freedom: [usize; 3],
    pub(super) mutants: usize,
    pub(super) survivors: &'static [Redundant],
}

/// A mutant that computes the same.
#[derive(Debug)]
pub(super) struct Redundant {
    pub(super) row: usize,
    pub(super) weakening: Weakening,
    reason: &'static str,
}

/// The pinned numbers of a circuit, if it has any.
pub(super) fn pin(shape: Shape, curve: Curve) -> Option<&'static Pin> {
    let mut pins = PINS.iter();
    pins.find(|pin| pin.shape == shape.name && pin.curve == curve)
}

/// Why a mutant survives, if that is on record.
pub(super) fn reason(pin: &Pin, survivor: &Survivor) -> Option<&'static str> {
    let mut known = pin.survivors.iter();
    known
        .find(|known| (known.row, known.weakening) == (survivor.row, survivor.weakening))
        .map(|known| known.reason)
}

/// No mutant is known to survive.
const PINS: [Pin; 6] = [
    q16(Curve::Bn254, [210, 153, 154]),
    q16(Curve::Bls12_381, [210, 151, 156]),
    q16s(Curve::Bn254, [210, 136, 132]),
    q16s(Curve::Bls12_381, [210, 133, 134]),
    q32(Curve::Bn254, [338, 131, 135]),
    q32(Curve::Bls12_381, [338, 132, 130]),
];

const fn q16(curve: Curve, freedom: [usize; 3]) -> Pin {
    Pin {
        shape: "Q16",
        curve,
        constraints: 15_765,
        private: 224,
        wires: 15_664,
        freedom,
        mutants: 252_460,
        survivors: &[],
    }
}

const fn q16s(curve: Curve, freedom: [usize; 3]) -> Pin {
    Pin {
        shape: "Q16S",
        curve,
        constraints: 30_289,
        private: 224,
        wires: 30_018,
        freedom,
        mutants: 382_036,
        survivors: &[],
    }
}

const fn q32(curve: Curve, freedom: [usize; 3]) -> Pin {
    Pin {
        shape: "Q32",
        curve,
        constraints: 33_253,
        private: 352,
        wires: 32_990,
        freedom,
        mutants: 472_035,
        survivors: &[],
    }
}
