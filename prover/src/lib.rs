//! The enterprise's side: keys, wallet, consent, witness, proof, client.

pub mod client;
pub mod prover;
pub mod proving_key;
pub mod quotation;
pub mod seal;
pub mod setup;
pub mod wallet;
