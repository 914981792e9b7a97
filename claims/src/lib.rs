//! What is said between a tax authority, an enterprise and a bank, and what it means in clear text.
//!
//! One module a noun: a [`schema`] names what a [`record`] holds; an authority puts a commitment
//! to it into an [`epoch`] and hands out a [`credential`]; a bank writes a [`policy`], compiles it
//! to [`numbers`] and sends a [`request`]; the enterprise answers with a [`presentation`] whose
//! proof speaks about the [`statement`]'s public inputs.
//!
//! No constraint system and no I/O live here: `taxproof-circuits` states the same nouns as
//! constraints, the other crates move them about.

pub mod amount;
pub mod bundle;
pub mod credential;
pub mod curve;
pub mod date;
pub mod digest;
pub mod encoding;
pub mod epoch;
pub mod hash;
pub mod holder;
pub mod key;
pub mod numbers;
pub mod period;
pub mod policy;
pub mod presentation;
pub mod record;
pub mod request;
pub mod schema;
pub mod shape;
pub mod signature;
pub mod statement;
pub mod subject;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod trust;
