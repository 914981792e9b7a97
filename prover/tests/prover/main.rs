//! The enterprise's side against made-up bureaux and banks.

// Helpers of tests may unwrap as the tests do.
#![allow(clippy::unwrap_used)]
mod answers;
mod bank;
mod bureau;
mod clients;
mod keys;
mod prove;
mod wallets;
