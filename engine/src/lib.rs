//! BN254 and BLS12-381 arithmetic for the prover and the verifier.

mod kernels;
mod lanes;
pub mod msm;
pub mod poseidon2;

pub use kernels::Kernels;
