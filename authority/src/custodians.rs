//! Dual control: an authority's Ed25519 key in the hands of *custodians*, of whom a threshold signs
//! together (FROST, RFC 9591). Nobody ever holds the whole key, and what they sign verifies as
//! any Ed25519 signature does.
//!
//! Whatever passes between them and the authority is a file in an [`Exchange`] folder, which need not be secret:
//!
//! | file | who writes it | what |
//! |---|---|---|
//! | `round1-<n>.toml` | custodian n | whose key it is, commitments to his part of it, and where to encrypt to |
//! | `round2-<n>-<m>.age` | custodian n | m's share of that part, encrypted to m; removed when all have theirs |
//! | `confirmed-<n>.toml` | custodian n | that he has his share, and of which key |
//! | `request.toml` | the authority | what is to be signed now, in full |
//! | `<session>-commitment-<n>.toml` | custodian n | commitments to nonces: he approves |
//! | `<session>-package.toml` | the authority | who of them signs |
//! | `<session>-share-<n>.toml` | custodian n | his share of the signature |
//!
//! The authority signs its files with a key of its own, which every custodian accepts once.
//!
//! # What is not checked
//! Who wrote a custodian's file: whoever can write to the folder can hold things up, and put another's name to it.
//! He cannot sign, and cannot ask a custodian for anything.

mod custodian;
mod error;
mod exchange;
mod founding;
mod generation;
mod group;
mod history;
mod messages;
mod request;
mod restart;
mod sealed;
mod session;
mod settings;
mod share;

#[cfg(test)]
mod tests;

pub use custodian::{Approval, Custodian};
pub use error::CustodianError;
pub use exchange::Exchange;
pub use generation::Place;
pub use group::Group;
pub use history::Refusal;
pub use request::{Head, Request, SessionId, Subject};
pub(crate) use session::CustodianKey;
