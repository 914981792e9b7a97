//! Tests of the whole statement. Gadgets have theirs beside them.

mod agreement;
mod determination;
mod exhaustive;
mod fixity;
mod forgeries;
mod groth16;
mod mutation;
mod refusals;
mod splices;
mod symbols;
