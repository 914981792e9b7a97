//! Attacks that have succeeded elsewhere: each test first shows that arkworks' own verification
//! falls to it, then that ours does not.

mod all_zero_key;
mod cancelling_batch_errors;
mod encodings;
mod gnark_public_input_count;
mod semaphore_public_input_aliasing;
mod snarkjs_malleable_proofs;
mod snarkjs_vectors;
mod veil_cash_gamma_is_delta;
