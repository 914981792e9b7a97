//! The circuit that provers race on.

use ark_ff::PrimeField;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// A chain of products of which three wires in seven (43 %) are bits, as in real circuits, and the
/// others full-size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    pub(super) constraints: usize,
}

impl<F: PrimeField> ConstraintSynthesizer<F> for Chain {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Result<(), SynthesisError> {
        let first = F::rand(&mut StdRng::seed_from_u64(2));
        let mut last = (cs.new_input_variable(|| Ok(first))?, first);
        let mut bit = last;
        for i in 0..self.constraints {
            if i % 7 < 3 {
                let value = F::from(i as u64 % 2);
                let variable = cs.new_witness_variable(|| Ok(value))?;
                let terms = || variable.into();
                cs.enforce_r1cs_constraint(terms, terms, terms)?;
                bit = (variable, value);
            } else {
                let sum = LinearCombination::from(last.0) + (F::from(2u64), bit.0);
                let product = (last.1 + bit.1 + bit.1) * last.1;
                let variable = cs.new_witness_variable(|| Ok(product))?;
                cs.enforce_r1cs_constraint(|| sum, || last.0.into(), || variable.into())?;
                last = (variable, product);
            }
        }
        Ok(())
    }
}
