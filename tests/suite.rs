//! The product from outside: everything that needs more than one crate, in one binary, because each
//! binary costs minutes to build.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows the functions marked as tests, not their helpers"
)]

mod attacks;
mod authority;
mod bench;
mod bureaus;
mod clients;
mod custodians;
mod dependencies;
mod enterprise;
mod epoch_log;
mod over_tls;
mod readme;
mod real_data;
mod service;
mod snarkjs;
mod soundness;
mod support;
mod token;
mod unsafe_code;
