//! The verifier's tests: what it accepts, and each attack that it does not.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows the functions marked as tests, not their helpers"
)]

mod attacks;
mod batches;
mod callers;
mod certificates;
mod cost;
mod fixture;
mod garbage;
mod keys;
mod limits;
mod overload;
mod presentations;
mod process;
mod reduced_keys;
mod service;
mod world;
