//! Whether every comparison is exactly as wide as it has to be.
//!
//! A comparison is a sum of bits: the row that makes its top bit (x − Σ lower bits)·2^-(n−1) 0 or 1,
//! after one row for each lower bit. It says nothing about an x outside of 0 to 2^n. One that is a bit
//! wider than it has to be is no hole for a record that an authority attests, and computes the same
//! for all of them: only what true statements need tells it.

use ark_ff::PrimeField;
use serde::Serialize;
use taxproof_circuits::Matrices;
use taxproof_engine::poseidon2::Poseidon2Field;

/// The comparisons of a circuit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparisons {
    /// How many there are.
    pub found: usize,
    /// Those of which one bit less would do: at every statement the number is in the lower, the
    /// middle or the upper half of what the bits can say.
    pub loose: Vec<Comparison>,
    /// Rows that make something 0 or 1 and belong to no comparison.
    pub unrecognised: Vec<usize>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The clause.
    pub clause: &'static str,
    /// The row of its top bit.
    pub row: usize,
    /// Its bits.
    pub bits: usize,
}

/// A sum of bits: the row of the top one, and the columns of the others, the lowest first.
struct Sum {
    row: usize,
    lower: Vec<usize>,
}

impl Comparisons {
    /// Looks at the comparisons of a circuit at assignments that satisfy it.
    pub(super) fn of<'z, F: Poseidon2Field>(
        matrices: &Matrices<F>,
        assignments: impl Iterator<Item = &'z [F]> + Clone,
    ) -> Self {
        let (sums, unrecognised) = sums(matrices);
        let is_loose = |sum: &&Sum| {
            let halves = assignments.clone().map(|z| sum.halves(matrices, z));
            let all = halves.fold([true; 3], |all, halves| {
                std::array::from_fn(|i| all[i] && halves[i])
            });
            all.contains(&true)
        };
        let comparison = |sum: &Sum| Comparison {
            clause: clause(matrices, sum.row),
            row: sum.row,
            bits: sum.lower.len() + 1,
        };
        Self {
            found: sums.len(),
            loose: sums.iter().filter(is_loose).map(comparison).collect(),
            unrecognised,
        }
    }
}

impl Sum {
    /// Whether the number is in the lower, the middle and the upper half.
    fn halves<F: PrimeField>(&self, matrices: &Matrices<F>, z: &[F]) -> [bool; 3] {
        let top = value(&matrices.abc[0][self.row], z).is_one();
        let next = self.lower.last().map(|&bit| z[bit].is_one());
        [!top, next.is_some_and(|next| next != top), top]
    }
}

/// The comparisons, and the rows L·(L − 1) = 0 that belong to none.
fn sums<F: PrimeField>(matrices: &Matrices<F>) -> (Vec<Sum>, Vec<usize>) {
    let (mut sums, mut unrecognised) = (Vec::new(), Vec::new());
    // The bits that the next top bit is to take up.
    let mut bits: Vec<(usize, usize)> = Vec::new();
    for row in (0..matrices.constraints()).filter(|&row| is_boolean(matrices, row)) {
        match matrices.abc[0][row][..] {
            [(coefficient, column)] if coefficient.is_one() => bits.push((row, column)),
            ref terms => {
                let (rows, lower): (Vec<_>, Vec<_>) = bits.drain(..).unzip();
                if is_top(terms, &lower) {
                    sums.push(Sum { row, lower });
                } else {
                    unrecognised.extend(rows.into_iter().chain([row]));
                }
            }
        }
    }
    unrecognised.extend(bits.iter().map(|(row, _)| row));
    (sums, unrecognised)
}

/// A·(A − 1) = 0.
fn is_boolean<F: PrimeField>(matrices: &Matrices<F>, row: usize) -> bool {
    let [a, b, c] = matrices.abc.each_ref().map(|matrix| &matrix[row]);
    let split = |side: &[(F, usize)]| {
        let (constant, rest): (Vec<(F, usize)>, Vec<_>) = side.iter().partition(|term| term.1 == 0);
        (constant.iter().map(|term| term.0).sum::<F>(), rest)
    };
    let ((constant, rest), (less, same)) = (split(a), split(b));
    c.is_empty() && !rest.is_empty() && rest == same && constant - less == F::one()
}

/// Whether the terms hold −2^(i−n) of the i-th of n lower bits, and something besides.
fn is_top<F: PrimeField>(terms: &[(F, usize)], lower: &[usize]) -> bool {
    let unit = F::from(2u64).pow([lower.len() as u64]).inverse();
    let powers = std::iter::successors(unit, |unit| Some(unit.double()));
    terms.len() > lower.len()
        && lower
            .iter()
            .zip(powers)
            .all(|(&bit, power)| terms.contains(&(-power, bit)))
}

fn value<F: PrimeField>(terms: &[(F, usize)], z: &[F]) -> F {
    let products = terms.iter().map(|&(c, column)| c * z[column]);
    products.sum()
}

fn clause<F>(matrices: &Matrices<F>, row: usize) -> &'static str {
    let mut clauses = matrices.clauses.iter();
    clauses
        .find(|clause| clause.rows.contains(&row))
        .map_or("", |clause| clause.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::Subject;
    use ark_bn254::Fr;
    use ark_ff::{Field, One, Zero};
    use taxproof_claims::shape::{BAND_THRESHOLDS, BIN_THRESHOLDS, GROUPS, Q16, SHAPES, Shape};

    fn assignments(subject: &Subject<Fr>) -> Vec<Vec<Fr>> {
        let witnesses = subject.witnesses();
        witnesses.into_iter().map(|witness| witness.z).collect()
    }

    fn looked_at(matrices: &Matrices<Fr>, assignments: &[Vec<Fr>]) -> Comparisons {
        Comparisons::of(matrices, assignments.iter().map(|z| &z[..]))
    }

    /// How many comparisons the statement makes.
    fn made(shape: Shape) -> usize {
        // A sum and the periods; a sum a row, the rows and the periods; both ends.
        let rules = 2 * shape.linear + (shape.periods + 2) * shape.counted + 2 * shape.range;
        let card = shape.card.map_or(0, |card| {
            // The denominator and the periods.
            2 * card.ratios + BIN_THRESHOLDS * (card.ratios + card.attributes)
        });
        // The cut-off, and the bits of the consent.
        rules + card + 1 + GROUPS + BAND_THRESHOLDS + 1
    }

    #[test]
    fn every_comparison_is_found_and_needs_its_bits() {
        for shape in SHAPES {
            let subject = Subject::new(shape);
            let found = looked_at(&subject.matrices, &assignments(&subject));
            let expected = Comparisons {
                found: made(shape),
                ..Comparisons::default()
            };
            assert_eq!(found, expected, "{shape}");
        }
    }

    /// Gives a comparison a bit more, and the statements the bit.
    fn widen(matrices: &mut Matrices<Fr>, assignments: &mut [Vec<Fr>], sum: &Sum) {
        let column = matrices.instance + matrices.witness;
        matrices.witness += 1;
        let one = Fr::one();
        let top = matrices.abc[0][sum.row].clone();
        for z in assignments {
            z.push(one - value(&top, z));
        }
        // x + 2^(n−1) in n + 1 bits, the new one below the top.
        let half = (one + one).inverse().unwrap();
        let mut wider: Vec<(Fr, usize)> = top.iter().map(|&(c, i)| (c * half, i)).collect();
        wider.push((-half, column));
        let plus = |constant: Fr| {
            let mut terms = wider.clone();
            match terms.iter_mut().find(|term| term.1 == 0) {
                Some(term) => term.0 += constant,
                None => terms.insert(0, (constant, 0)),
            }
            terms.retain(|term| !term.0.is_zero());
            terms
        };
        let bit = [vec![(one, column)], vec![(-one, 0), (one, column)], vec![]];
        let top = [plus(half), plus(half - one), vec![]];
        for (matrix, (bit, top)) in matrices.abc.iter_mut().zip(bit.into_iter().zip(top)) {
            matrix[sum.row] = top;
            matrix.insert(sum.row, bit);
        }
        for clause in &mut matrices.clauses {
            clause.rows.start += usize::from(clause.rows.start > sum.row);
            clause.rows.end += usize::from(clause.rows.end > sum.row);
        }
    }

    #[test]
    fn a_comparison_wider_by_a_bit_is_loose() {
        let subject = Subject::new(Q16);
        let assignments = assignments(&subject);
        let (sums, _) = sums(&subject.matrices);
        for sum in sums.iter().step_by(16).chain(sums.last()) {
            let (mut matrices, mut assignments) = (subject.matrices.clone(), assignments.clone());
            widen(&mut matrices, &mut assignments, sum);
            let holds = |z: &Vec<Fr>| (0..matrices.constraints()).all(|row| matrices.holds(row, z));
            assert!(
                assignments.iter().all(holds),
                "nothing else is wrong with it"
            );
            let found = looked_at(&matrices, &assignments);
            let loose = Comparison {
                clause: clause(&subject.matrices, sum.row),
                row: sum.row + 1,
                bits: sum.lower.len() + 2,
            };
            assert_eq!(found.loose, [loose]);
            assert_eq!((found.found, found.unrecognised), (sums.len(), vec![]));
        }
    }

    #[test]
    fn statements_far_from_the_ends_do_not_tell() {
        let subject = Subject::new(Q16);
        let quiet = &assignments(&subject)[..1];
        let found = looked_at(&subject.matrices, quiet);
        assert_eq!(found.loose.len(), found.found);
    }

    #[test]
    fn bits_without_their_sum_are_found() {
        let mut matrices = Subject::<Fr>::new(Q16).matrices;
        let (all, _) = sums(&matrices);
        let sum = &all[7];
        for matrix in &mut matrices.abc {
            matrix[sum.row].clear();
        }
        // What follows takes up these bits with its own, and is no sum of all of them.
        let (others, unrecognised) = sums(&matrices);
        let bits = sum.lower.len() + all[8].lower.len() + 1;
        assert_eq!(others.len(), all.len() - 2);
        assert_eq!(unrecognised.len(), bits);
    }
}
