//! The verifier's tests: what it accepts, and what it does not. Attacks that succeeded elsewhere are in
//! the repository's `tests/attacks`.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows the functions marked as tests, not their helpers"
)]

mod api;
mod backups;
mod batches;
mod callers;
mod certificates;
mod checks;
mod clocks;
mod cost;
mod encodings;
mod epoch_logs;
mod epochs;
mod evidence;
mod faults;
mod fixture;
mod garbage;
mod hoarding;
mod keys;
mod kills;
mod limits;
mod operations;
mod overload;
mod pages;
mod postgres;
mod presentations;
mod process;
mod queue;
mod readiness;
mod reduced_keys;
mod refusals;
mod running;
mod service;
mod signers;
mod streams;
#[path = "../../../tests/support/terminal.rs"]
mod terminal;
mod traces;
mod world;
