//! What researchers do: measure circuits, provers, the authority and a bank's service, and exchange files
//! with other provers.

pub mod authority;
pub mod bench;
mod claim;
pub mod export;
pub mod import;
mod machine;
pub mod service;

pub use claim::Claim;
