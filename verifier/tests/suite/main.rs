//! The verifier's tests: what it accepts, and each attack that it does not.

mod attacks;
mod batches;
mod cost;
mod fixture;
mod garbage;
mod keys;
mod presentations;
mod process;
mod reduced_keys;
mod service;
mod world;
