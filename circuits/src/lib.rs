//! The statement as constraints: the same nouns as in `taxproof-claims`, as rank-one constraints.
//!
//! [`StatementCircuit`] is the whole statement for one [shape](taxproof_claims::shape::Shape); its
//! clauses are one module each, in the order in which the circuit reads: the holder's keys, the
//! leaf, membership, the atoms (linear, counted, range, set), the scorecard where the shape has
//! one, the verdict, the context. A policy's numbers are public inputs, so every policy of a shape
//! has the same circuit.
//!
//! # What the constraints promise
//! Every wire but the declared private inputs (values, id, secrets, salt, path) is determined by
//! these and the public inputs: no hint is free. Comparisons are unsatisfiable, never wrong,
//! outside their range.
//!
//! # What they do not check
//! That values are in range: the authority attests it. That a policy's numbers are within their
//! bounds: [`Numbers::check`](taxproof_claims::numbers::Numbers::check) does it natively, at the
//! bank and in the wallet, because numbers are public.

mod atoms;
mod boolean;
mod card;
mod comparison;
mod context;
mod digest;
mod hash;
mod holder;
mod leaf;
mod linear;
mod matrices;
mod membership;
mod numbers;
mod permutation;
mod record;
mod report;
mod statement;
mod symbols;
mod system;
mod verdict;
mod widths;
mod zero;

#[cfg(test)]
mod tests;

pub use digest::circuit_digest;
pub use matrices::{Assignment, Matrices, assign, matrices};
pub use report::{ClauseCount, Report, clauses};
pub use statement::{StatementCircuit, StatementError};
pub use symbols::Symbols;
pub use system::Clause;
