//! What researchers do with a circuit: measure it, and exchange its files with other provers.

pub mod bench;
mod claim;
pub mod export;
pub mod import;

pub use claim::Claim;
