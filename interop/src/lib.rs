//! The files of circom and snarkjs, written from and read into arkworks' types.
//!
//! One module a format: [`r1cs`] (constraints), [`wtns`] (an assignment), [`symbols`] (names of
//! wires), [`zkey`] (a Groth16 proving key), and snarkjs' JSON: [`verification_key`], [`proof`],
//! [`public`]. Over BN254, which snarkjs calls `bn128`, and over BLS12-381: [`SnarkjsCurve`].
//!
//! Wires are in circom's order, which is arkworks' too: one, public outputs, public inputs, then
//! everything private.
//!
//! # Readers
//! Every reader takes the bytes of a whole file and allocates no more than in proportion to them.
//! It refuses what it does not understand: sections it does not know or finds twice, bytes left
//! over, numbers that are not below their field's order, points that are not in their group. So a
//! file that is read and written again says the same.
//!
//! # What is not checked
//! That a key is for a circuit, beyond the matrices that a `.zkey` holds, and that anybody forgot
//! its trapdoor.

mod container;
mod curve;
mod element;
mod error;
mod json;
mod matrix;
mod odd_coset;
mod point;
pub mod proof;
pub mod public;
pub mod r1cs;
pub mod symbols;
pub mod verification_key;
pub mod wtns;
pub mod zkey;

pub use curve::SnarkjsCurve;
pub use error::FormatError;
pub use point::Coordinates;
