//! How many directions the rows leave free at a point.

use ark_ff::PrimeField;
use rand::Rng;

use crate::circuit::Circuit;

/// The derivatives of the rows at a point, eliminated.
pub(crate) struct Jacobian {
    /// How many of the columns are not determined to first order.
    pub(crate) freedom: usize,
    /// For every row, whether the others would have the same rank without it. Where not, its
    /// deletion frees something.
    pub(crate) redundant: Vec<bool>,
}

/// A row of the eliminated matrix, and how it was made:
/// scale·(derivative of `row` − Σ factor·pivot).
struct Pivot<F> {
    row: usize,
    scale: F,
    steps: Vec<(usize, F)>,
    terms: Vec<(usize, F)>,
}

impl Jacobian {
    /// Differentiates by the columns for which `is_unknown` says yes.
    ///
    /// Rows that depend on others are found by a random vector of the left kernel: a row in no
    /// dependency has the entry 0, any other one has it with a chance of one over the field's order.
    pub(crate) fn new<F: PrimeField>(
        circuit: &Circuit<F>,
        z: &[F],
        is_unknown: impl Fn(usize) -> bool,
        rng: &mut impl Rng,
    ) -> Self {
        let mut pivot_of: Vec<Option<usize>> = vec![None; circuit.columns()];
        let mut pivots: Vec<Pivot<F>> = Vec::new();
        let mut kernel = vec![F::zero(); circuit.constraints()];
        let mut weights: Vec<F> = Vec::new();
        for (row, entry) in kernel.iter_mut().enumerate() {
            let mut terms = derivative(circuit, z, row, &is_unknown);
            let mut steps = Vec::new();
            while let Some(&(column, lead)) = terms.last() {
                let Some(pivot) = pivot_of[column] else { break };
                steps.push((pivot, lead));
                terms = minus(&terms, lead, &pivots[pivot].terms);
            }
            if let Some(&(column, lead)) = terms.last() {
                let scale = lead.inverse().expect("a leading term is not zero");
                terms.iter_mut().for_each(|(_, term)| *term *= scale);
                pivot_of[column] = Some(pivots.len());
                weights.push(F::zero());
                pivots.push(Pivot {
                    row,
                    scale,
                    steps,
                    terms,
                });
            } else {
                let weight = F::rand(rng);
                *entry = weight;
                for (pivot, factor) in steps {
                    weights[pivot] -= weight * factor;
                }
            }
        }
        for (index, pivot) in pivots.iter().enumerate().rev() {
            let weight = weights[index] * pivot.scale;
            kernel[pivot.row] = weight;
            for &(earlier, factor) in &pivot.steps {
                weights[earlier] -= weight * factor;
            }
        }
        let unknown = (0..circuit.columns())
            .filter(|&column| is_unknown(column))
            .count();
        Self {
            freedom: unknown - pivots.len(),
            redundant: kernel.iter().map(|entry| !entry.is_zero()).collect(),
        }
    }
}

/// B·z times A's row plus A·z times B's row minus C's row, sorted by column.
fn derivative<F: PrimeField>(
    circuit: &Circuit<F>,
    z: &[F],
    row: usize,
    is_unknown: impl Fn(usize) -> bool,
) -> Vec<(usize, F)> {
    let [a, b, _] = circuit.sides(row, z);
    let mut terms: Vec<(usize, F)> = [b, a, -F::one()]
        .into_iter()
        .zip(circuit.matrices())
        .flat_map(|(factor, matrix)| {
            let terms = matrix[row].iter();
            terms.map(move |&(coefficient, column)| (column, factor * coefficient))
        })
        .filter(|&(column, _)| is_unknown(column))
        .collect();
    terms.sort_unstable_by_key(|&(column, _)| column);
    terms.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 += later.1;
        }
        same
    });
    terms.retain(|(_, term)| !term.is_zero());
    terms
}

/// a − factor·b, both sorted by column.
fn minus<F: PrimeField>(a: &[(usize, F)], factor: F, b: &[(usize, F)]) -> Vec<(usize, F)> {
    let mut difference = Vec::with_capacity(a.len() + b.len());
    let mut right = b.iter().peekable();
    for &(column, term) in a {
        while let Some(&(earlier, other)) = right.next_if(|other| other.0 < column) {
            difference.push((earlier, -factor * other));
        }
        let other = right.next_if(|other| other.0 == column);
        let term = other.map_or(term, |other| term - factor * other.1);
        if !term.is_zero() {
            difference.push((column, term));
        }
    }
    difference.extend(right.map(|&(column, other)| (column, -factor * other)));
    difference
}
