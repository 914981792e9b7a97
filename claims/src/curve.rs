//! The pairing-friendly curves that proofs are made over.

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use taxproof_engine::pairing::EnginePairing;

/// A curve, as named in key files, headers and contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Curve {
    /// The default. About 100 bits of security against forgery; see SECURITY.md.
    Bn254,
    /// About 120 bits, by configuration.
    #[serde(rename = "bls12-381")]
    Bls12_381,
}

impl Curve {
    /// Every curve.
    pub const ALL: [Self; 2] = [Self::Bn254, Self::Bls12_381];

    /// The name, as in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bn254 => "bn254",
            Self::Bls12_381 => "bls12-381",
        }
    }

    /// The code in binary encodings.
    pub const fn code(self) -> u8 {
        match self {
            Self::Bn254 => 1,
            Self::Bls12_381 => 2,
        }
    }

    /// The curve of a code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.code() == code)
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is not that of a curve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a curve; the curves are bn254 and bls12-381")]
pub struct UnknownCurve(pub String);

impl FromStr for Curve {
    type Err = UnknownCurve;

    fn from_str(name: &str) -> Result<Self, UnknownCurve> {
        Self::ALL
            .into_iter()
            .find(|curve| curve.name() == name)
            .ok_or_else(|| UnknownCurve(name.to_owned()))
    }
}

/// A pairing that this software proves over, and the name of its curve.
pub trait NamedPairing: EnginePairing {
    /// The curve.
    const CURVE: Curve;
}

impl NamedPairing for Bn254 {
    const CURVE: Curve = Curve::Bn254;
}

impl NamedPairing for Bls12_381 {
    const CURVE: Curve = Curve::Bls12_381;
}
