//! BN254 and BLS12-381 arithmetic for the prover and the verifier.

mod fft;
pub mod groth16;
mod kernels;
mod lanes;
pub mod msm;
pub mod poseidon2;

pub use kernels::Kernels;
