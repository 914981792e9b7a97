//! The bureau's side: ingest, commit and publish.
//!
//! A [`mapping`] file says how a source's columns become [`filing`]s, facts of the [`taxpayer`]
//! register and [`invoice`]s on the [`ledger`], and by which [`rules`] the quantities of a schema
//! follow. For each epoch the [`Authority`] derives every registered enterprise's record
//! ([`derivation`]), commits to all of them, signs a header and writes bundles of credentials. `docs/authority.md` is the reference.

pub mod audit;
mod authority;
mod bundles;
pub mod calendar;
mod codec;
mod commitment;
pub mod custodians;
pub mod derivation;
mod epoch_log;
mod epochs;
pub mod error;
pub mod filing;
mod folder;
mod ingest;
pub mod invoice;
mod key;
pub mod ledger;
pub mod mapping;
pub mod named;
pub mod number;
pub mod progress;
mod publication;
pub mod registration;
mod registrations;
pub mod report;
pub mod rules;
pub mod seed;
mod store;
mod syncing;
pub mod synthetic;
mod table;
pub mod taxpayer;
pub mod token;
mod wiped;

#[cfg(test)]
mod testing;

pub use authority::{Authority, Settings};
pub use epoch_log::EpochLog;
pub use error::AuthorityError;
pub use ingest::{Ingestion, Sources};
pub use publication::{Publication, Published};
pub use table::TableError;
