//! BN254 and BLS12-381 arithmetic for the prover and the verifier.
//!
//! [`groth16`] proves with arkworks' keys and matrices, [`msm`] multiplies fixed points by scalars,
//! both eight lanes at a time where the processor has AVX512-IFMA or AVX2 and with the same results
//! where it has neither ([`Kernels`]). [`poseidon2`] is a permutation, of many states at once,
//! [`pairing`] what a verifier needs.

mod fft;
pub mod groth16;
mod kernels;
mod lanes;
pub mod msm;
pub mod pairing;
pub mod poseidon2;
mod prepared;
mod storage;

pub use kernels::Kernels;
pub use prepared::{PreparedDigest, PreparedError};
