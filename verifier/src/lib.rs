//! The bank's side: admitted keys, prepared policies, batches, receipts and the gRPC service.
//!
//! From the points up: [`canonical`] points make a [`key`] and a [`proof`]; a [`reduced`] key has
//! only the inputs that change, which for a policy and an epoch is a [`prepared`] policy; a
//! [`batch`] verifies many at once; [`presentation`] says what all of it shows of a request. The
//! [`bank`] keeps what it did in a [`store`], and the [`service`] offers it over gRPC: through a
//! [`transport`] that knows its callers, whose [`roles`] say what they may call. It begins from a
//! [`config`], and tells of itself by [`metrics`] and [`telemetry`].

pub mod bank;
pub mod batch;
pub mod canonical;
pub mod chain;
mod claimed;
pub mod command;
pub mod config;
pub mod epoch;
pub mod epoch_log;
pub mod evidence;
pub mod key;
pub mod keyring;
pub mod limits;
pub mod mark;
pub mod metrics;
pub mod prepared;
pub mod presentation;
pub mod proof;
mod question;
pub mod receipt;
pub mod reduced;
pub mod roles;
pub mod seal;
pub mod service;
pub mod signers;
pub mod store;
pub mod telemetry;
pub mod together;
pub mod transport;
mod verdict;
