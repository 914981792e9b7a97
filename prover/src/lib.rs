//! The enterprise's side: keys, wallet, consent, witness, proof, client.
//!
//! A [`wallet`] holds secrets and credentials. A bank's request becomes a [`question`] once it is
//! verified and understood; the applicant sees it as a [`consent`] screen; what they agree to
//! becomes an [`answer`], proven by a [`prover`] that verifies its own proof, sealed to the bank and
//! sent by the [`client`]. [`setup`] makes [keys](proving_key) for development.
//!
//! # What is not erased
//! Secrets at rest are in files of mode 0600; in memory, secrets, salts and values are erased when
//! dropped, and so is the circuit's assignment. Of what is computed from it, not all is: over
//! BN254 `taxproof_engine::groth16` says what, over BLS12-381 arkworks erases nothing.

pub mod answer;
pub mod client;
pub mod consent;
pub mod curve;
pub mod prover;
pub mod proving_key;
pub mod question;
pub mod quotation;
pub mod seal;
pub mod setup;
pub mod wallet;
