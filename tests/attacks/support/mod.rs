//! What the attacks are made with: [`naive`] circuits and verifiers, and [`ours`].

pub(crate) mod counter;
pub(crate) mod naive;
pub(crate) mod ours;
pub(crate) mod poseidon;
pub(crate) mod snarkjs;
