//! BN254 and BLS12-381 arithmetic for the prover and the verifier.

pub mod poseidon2;
