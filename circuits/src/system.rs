//! What the circuit is written on: wires and constraints that are added as they are asked for.

use std::ops::Range;

use ark_ff::PrimeField;
use ark_relations::gr1cs::{
    ConstraintSystemRef, R1CS_PREDICATE_LABEL, Result, SynthesisError, Variable,
};

use crate::linear::Linear;

/// One clause of the statement: its name and its rows in the matrices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// As in the documentation of the statement.
    pub name: &'static str,
    /// The rows.
    pub rows: Range<usize>,
}

/// Wires and constraints under construction.
///
/// Thin over arkworks' constraint system: every constraint asked for is added, whether or not its
/// sides are constants, and no linear combination is symbolic.
pub(crate) struct System<F: PrimeField> {
    cs: ConstraintSystemRef<F>,
    with_terms: bool,
    constraints: usize,
    clauses: Vec<Clause>,
}

impl<F: PrimeField> System<F> {
    /// # Errors
    /// The constraint system is none, or knows no rank-one constraints.
    pub(crate) fn new(cs: ConstraintSystemRef<F>) -> Result<Self> {
        if cs.is_none() {
            return Err(SynthesisError::MissingCS);
        }
        if !cs.has_predicate(R1CS_PREDICATE_LABEL) {
            return Err(SynthesisError::PredicateNotFound);
        }
        let with_terms = cs.should_construct_matrices();
        Ok(Self {
            cs,
            with_terms,
            constraints: 0,
            clauses: Vec::new(),
        })
    }

    /// Begins a clause, which ends where the next begins.
    pub(crate) fn clause(&mut self, name: &'static str) {
        self.clauses.push(Clause {
            name,
            rows: self.constraints..self.constraints,
        });
    }

    /// The clauses, in order.
    pub(crate) fn into_clauses(self) -> Vec<Clause> {
        self.clauses
    }

    /// A public input.
    pub(crate) fn input(&mut self, value: F) -> Linear<F> {
        let variable = self.cs.new_input_variable(|| Ok(value));
        self.linear(value, variable)
    }

    /// A wire. The caller constrains it.
    pub(crate) fn wire(&mut self, value: F) -> Linear<F> {
        let variable = self.cs.new_witness_variable(|| Ok(value));
        self.linear(value, variable)
    }

    fn linear(&self, value: F, variable: Result<Variable>) -> Linear<F> {
        let variable = variable.expect("a constraint system that exists gives variables");
        Linear::wire(value, self.with_terms.then_some(variable))
    }

    /// a·b = c.
    pub(crate) fn enforce(&mut self, a: &Linear<F>, b: &Linear<F>, c: &Linear<F>) {
        self.constraints += 1;
        if let Some(clause) = self.clauses.last_mut() {
            clause.rows.end = self.constraints;
        }
        self.cs
            .enforce_r1cs_constraint(
                || a.to_combination(),
                || b.to_combination(),
                || c.to_combination(),
            )
            .expect("a constraint system with the predicate takes constraints");
    }

    /// a = b.
    pub(crate) fn enforce_equal(&mut self, a: &Linear<F>, b: &Linear<F>) {
        self.enforce(&Linear::constant(F::one()), a, b);
    }

    /// The wire a·b.
    pub(crate) fn product(&mut self, a: &Linear<F>, b: &Linear<F>) -> Linear<F> {
        let product = self.wire(a.value() * b.value());
        self.enforce(a, b, &product);
        product
    }

    /// Σ a·b, one constraint a pair.
    pub(crate) fn inner_product<'a>(
        &mut self,
        pairs: impl IntoIterator<Item = (&'a Linear<F>, &'a Linear<F>)>,
    ) -> Linear<F> {
        let products: Vec<_> = pairs.into_iter().map(|(a, b)| self.product(a, b)).collect();
        Linear::sum(&products)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ark_relations::gr1cs::{ConstraintSystem, Matrix};

    /// What a gadget made, for tests to tamper with.
    pub(crate) struct Built<F: PrimeField> {
        matrices: Vec<Matrix<F>>,
        instance: Vec<F>,
        wires: Vec<F>,
    }

    impl<F: PrimeField> Built<F> {
        /// Runs a gadget.
        pub(crate) fn new<T>(gadget: impl FnOnce(&mut System<F>) -> T) -> (Self, T) {
            let cs = ConstraintSystem::new_ref();
            let mut system = System::new(cs.clone()).unwrap();
            let out = gadget(&mut system);
            cs.finalize();
            let built = Self {
                matrices: cs
                    .to_matrices()
                    .unwrap()
                    .remove(R1CS_PREDICATE_LABEL)
                    .unwrap(),
                instance: cs.instance_assignment().unwrap(),
                wires: cs.witness_assignment().unwrap(),
            };
            assert_eq!(cs.is_satisfied().unwrap(), built.is_satisfied());
            (built, out)
        }

        pub(crate) fn constraints(&self) -> usize {
            self.matrices[0].len()
        }

        /// The witness wires, in order of allocation.
        pub(crate) fn wires(&self) -> Vec<F> {
            self.wires.clone()
        }

        pub(crate) fn is_satisfied(&self) -> bool {
            self.is_satisfied_by(&self.wires)
        }

        /// Whether the constraints hold with other wires.
        pub(crate) fn is_satisfied_by(&self, wires: &[F]) -> bool {
            let z = [&self.instance, wires].concat();
            (0..self.constraints()).all(|row| self.row_holds(row, &z))
        }

        /// Every assignment of the wires that satisfies the constraints and begins with `given`,
        /// each other wire being one of `elements`.
        pub(crate) fn solutions(&self, given: &[F], elements: &[F]) -> Vec<Vec<F>> {
            let mut z = [&self.instance[..], given].concat();
            let first = z.len();
            let mut rows = vec![Vec::new(); self.instance.len() + self.wires.len()];
            for row in 0..self.constraints() {
                let columns = self.matrices.iter().flat_map(|matrix| &matrix[row]);
                let last = columns.map(|&(_, column)| column).max().unwrap_or_default();
                rows[last.max(first - 1)].push(row);
            }
            let mut found = Vec::new();
            if rows[first - 1].iter().all(|&row| self.row_holds(row, &z)) {
                self.extend(&mut z, elements, &rows, &mut found);
            }
            found
        }

        /// Tries every value of the next wire. `rows` are those to look at when a column has one.
        fn extend(
            &self,
            z: &mut Vec<F>,
            elements: &[F],
            rows: &[Vec<usize>],
            found: &mut Vec<Vec<F>>,
        ) {
            let Some(rows_here) = rows.get(z.len()) else {
                found.push(z[self.instance.len()..].to_vec());
                return;
            };
            for &element in elements {
                z.push(element);
                if rows_here.iter().all(|&row| self.row_holds(row, z)) {
                    self.extend(z, elements, rows, found);
                }
                z.pop();
            }
        }

        /// The same without one row.
        pub(crate) fn without(&self, row: usize) -> Self {
            let mut matrices = self.matrices.clone();
            matrices
                .iter_mut()
                .for_each(|matrix| drop(matrix.remove(row)));
            Self {
                matrices,
                instance: self.instance.clone(),
                wires: self.wires.clone(),
            }
        }

        fn row_holds(&self, row: usize, z: &[F]) -> bool {
            let [a, b, c] = [0, 1, 2].map(|m| -> F {
                self.matrices[m][row]
                    .iter()
                    .map(|&(c, column)| c * z[column])
                    .sum()
            });
            a * b == c
        }

        /// Whether every wire from `first` on is determined by the others: no change of one goes
        /// unnoticed.
        pub(crate) fn notices_every_change(&self, first: usize) -> bool {
            let mut z = [&self.instance[..], &self.wires].concat();
            let mut touching = vec![Vec::new(); z.len()];
            for matrix in &self.matrices {
                for (row, terms) in matrix.iter().enumerate() {
                    terms
                        .iter()
                        .for_each(|&(_, column)| touching[column].push(row));
                }
            }
            (self.instance.len() + first..z.len()).all(|column| {
                let deltas = [F::one(), -F::one(), F::from(2u64), F::from(1u64 << 40)];
                deltas.iter().all(|delta| {
                    z[column] += delta;
                    let noticed = touching[column].iter().any(|&row| !self.row_holds(row, &z));
                    z[column] -= delta;
                    noticed
                })
            })
        }
    }

    #[test]
    fn equality_of_constants_is_a_constraint() {
        let one = Linear::constant(ark_bn254::Fr::from(1u64));
        let two = Linear::constant(ark_bn254::Fr::from(2u64));
        let (built, ()) = Built::new(|system| system.enforce_equal(&one, &two));
        assert_eq!(built.constraints(), 1);
        assert!(!built.is_satisfied());
    }

    #[test]
    fn a_product_is_determined() {
        let (built, _) = Built::<ark_bls12_381::Fr>::new(|system| {
            let a = system.wire(3u64.into());
            let b = system.wire(5u64.into());
            system.product(&a, &b)
        });
        assert!(built.is_satisfied());
        assert!(built.notices_every_change(2));
    }

    #[test]
    fn an_absent_constraint_system_is_refused() {
        let none = ConstraintSystemRef::<ark_bn254::Fr>::None;
        assert!(matches!(System::new(none), Err(SynthesisError::MissingCS)));
    }
}
