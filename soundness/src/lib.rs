//! Looks for missing constraints in a rank-one constraint system: a battery that turns the soundness
//! of a circuit into numbers, for any circuit that arkworks can synthesize.
//!
//! [`examine`] takes the matrices, the columns that the prover may choose and some satisfying
//! assignments, and gives a [`Report`]:
//!
//! - *holes*: columns that can be changed by themselves, columns that nothing forces when the witness
//!   is computed from its inputs, columns with another discrete value that is accepted, columns that
//!   the Jacobian leaves free. A sound circuit has none.
//! - *mutants*: every constraint deleted and weakened in turn. A mutant is killed by a witness that it
//!   accepts and the circuit does not, found by a solver, or, failing that, by the rank of what is
//!   left. What survives is redundant, or beyond the battery: a list to explain and to pin.
//!
//! # What it does not say
//! That the constraints are the right ones. A circuit that is deterministic and has no redundant
//! row may still compute the wrong thing: hold it against clear text. What is found is found at the
//! given assignments; what is not found there may exist elsewhere.
//!
//! # Example
//! A multiplier whose output bit is checked, and the same without the check:
//!
//! ```
//! use ark_bn254::Fr;
//! use ark_relations::gr1cs::{ConstraintSystem, Variable};
//! use ark_relations::lc;
//! use taxproof_soundness::{Circuit, Extent, Witness, examine};
//!
//! fn product(checked: bool) -> (Circuit<Fr>, Witness<Fr>) {
//!     let cs = ConstraintSystem::<Fr>::new_ref();
//!     let out = cs.new_input_variable(|| Ok(Fr::from(1u64))).unwrap();
//!     let [a, b] = [0; 2].map(|_| cs.new_witness_variable(|| Ok(Fr::from(1u64))).unwrap());
//!     if checked {
//!         cs.enforce_r1cs_constraint(|| lc!() + a, || lc!() + b, || lc!() + out).unwrap();
//!     }
//!     let bit = || lc!() + b;
//!     cs.enforce_r1cs_constraint(bit, || lc!() + b - Variable::One, || lc!()).unwrap();
//!     cs.finalize();
//!     let z = [cs.instance_assignment().unwrap(), cs.witness_assignment().unwrap()].concat();
//!     let system = cs.into_inner().unwrap();
//!     // b, the second wire, is the prover's choice; a is said to be determined.
//!     let circuit = Circuit::of(&system, [1]).unwrap();
//!     (circuit, Witness { z, follows: Vec::new() })
//! }
//!
//! let (sound, witness) = product(true);
//! let report = examine(&sound, &[witness], &Extent::default(), &|_, _| ()).unwrap();
//! assert!(report.holes.is_empty());
//!
//! let (broken, witness) = product(false);
//! let report = examine(&broken, &[witness], &Extent::default(), &|_, _| ()).unwrap();
//! assert_eq!(report.holes.unnoticed, [2]);
//! ```

mod battery;
mod booleans;
mod campaign;
mod circuit;
mod forgery;
mod mutation;
mod propagation;
mod rank;
mod report;
mod weakening;

#[cfg(test)]
mod tests;

pub use battery::{Extent, examine};
pub use circuit::{Circuit, CircuitError, Label, Witness};
pub use report::{Clause, Holes, Report, Survivor};
pub use weakening::Weakening;
