//! Witnesses that satisfy every row but one.

use ark_ff::PrimeField;

use crate::booleans::Booleans;
use crate::circuit::{Circuit, Witness};
use crate::propagation::{Propagation, Trace};

/// Rows and bits tried as starting points for one forgery.
const STARTS: usize = 6;

/// Makes witnesses of a circuit that lacks a row.
pub(crate) struct Forger<'c, F> {
    circuit: &'c Circuit<F>,
    booleans: &'c Booleans,
    base: &'c Witness<F>,
    trace: &'c Trace,
    propagation: Propagation<'c, F>,
    seen: Vec<bool>,
}

/// Follows how a witness is computed from its inputs, without those that follow from others.
pub(crate) fn trace<F: PrimeField>(
    circuit: &Circuit<F>,
    booleans: &Booleans,
    base: &Witness<F>,
) -> Trace {
    let mut computed: Vec<usize> = circuit.wires().collect();
    computed.extend(&base.follows);
    let mut tracing = Propagation::new(circuit, booleans, base.z.clone()).traced();
    // In a circuit with a hole another solution may be met, and contradict a row. What was traced
    // until then is of use all the same: every forgery is checked row by row.
    let _ = tracing.solve(&computed, None);
    tracing.into_trace()
}

impl<'c, F: PrimeField> Forger<'c, F> {
    /// `trace` is how the base is computed from its inputs: see [`trace`].
    pub(crate) fn new(
        circuit: &'c Circuit<F>,
        booleans: &'c Booleans,
        base: &'c Witness<F>,
        trace: &'c Trace,
    ) -> Self {
        Self {
            circuit,
            booleans,
            base,
            trace,
            propagation: Propagation::new(circuit, booleans, base.z.clone()),
            seen: vec![false; circuit.columns()],
        }
    }

    /// Makes witnesses that satisfy every row but `row` and violate that one. Each is shown to
    /// `is_enough`, with whether no public input was changed, until it says yes.
    pub(crate) fn forge(&mut self, row: usize, mut is_enough: impl FnMut(&[F], bool) -> bool) {
        for (column, value) in self.starts(row) {
            let follows = self.after(column, Some(row));
            let satisfied = self.satisfies(column, value, &follows, Some(row));
            let z = &self.propagation.z;
            let enough = satisfied && !self.circuit.holds(row, z) && {
                let public = ..self.circuit.instance();
                is_enough(z, z[public] == self.base.z[public])
            };
            self.propagation.reset();
            if enough {
                return;
            }
        }
    }

    /// Another value of one column with which, everything after it computed anew, every row holds.
    /// None in a sound circuit.
    pub(crate) fn alternative(&mut self, column: usize) -> bool {
        let old = self.base.z[column];
        let mut values = vec![F::one() - old, F::from(2u64), -F::one(), -old];
        values.extend(self.other_roots(column));
        values.retain(|&value| value != old && self.earlier_rows_hold(column, value, None));
        if values.is_empty() {
            return false;
        }
        let follows = self.after(column, None);
        values.into_iter().any(|value| {
            let found = self.satisfies(column, value, &follows, None);
            self.propagation.reset();
            found
        })
    }

    /// The columns that the row was solved for, and bits that it holds, with other values.
    fn starts(&self, row: usize) -> Vec<(usize, F)> {
        let z = &self.base.z;
        let one = F::one();
        let mut solved = self.trace.linear[row].clone();
        // First what no other row holds before the rest is known: a product after its factors.
        solved.sort_by_cached_key(|&column| {
            !self.earlier_rows_hold(column, z[column] + one, Some(row))
        });
        let mut starts: Vec<(usize, F)> = solved
            .into_iter()
            .take(STARTS)
            .flat_map(|column| {
                let old = z[column];
                let flipped = if old.is_zero() || old.is_one() {
                    one - old
                } else {
                    old + one
                };
                [(column, flipped), (column, old + one), (column, old - one)]
            })
            .collect();
        if let Some(side) = self.booleans.side(row) {
            let terms = &self.circuit.matrices()[side][row];
            let bits = terms.iter().map(|&(_, column)| column);
            let bits = bits.filter(|&column| self.booleans.row_of(column).is_some());
            for bit in bits.take(STARTS) {
                starts.extend(self.flips(bit).into_iter().map(|value| (bit, value)));
                starts.push((bit, one - z[bit]));
                starts.extend([F::from(2u64), -one, F::from(3u64)].map(|value| (bit, value)));
            }
        }
        starts
    }

    /// Values of a bit that turn another bit of a sum, or what the sum is.
    fn flips(&self, bit: usize) -> Vec<F> {
        let z = &self.base.z;
        let occurrences = self.circuit.occurrences(bit).iter();
        let sums = occurrences.filter_map(|&(row, m)| {
            let terms = &self.circuit.matrices()[m][row];
            let weight = terms.iter().find(|&&(_, column)| column == bit)?.0;
            (terms.len() > 1).then_some((row, m, terms, weight.inverse()?))
        });
        sums.flat_map(|(row, m, terms, scale)| {
            let top = self.circuit.sides(row, z)[m];
            let turned = F::one() - top - top;
            let others = terms
                .iter()
                .filter(|&&(_, column)| column != bit && self.booleans.row_of(column).is_some());
            let flipped = others
                .take(STARTS)
                .map(|&(weight, column)| weight * (z[column] + z[column] - F::one()));
            let is_sum = self.booleans.side(row) == Some(m);
            let deltas = is_sum.then_some(turned).into_iter().chain(flipped);
            deltas
                .map(move |delta| z[bit] + delta * scale)
                .collect::<Vec<_>>()
        })
        .collect()
    }

    /// The second roots of rows that are quadratic in a column.
    fn other_roots(&self, column: usize) -> Vec<F> {
        let z = &self.base.z;
        let mut rows: Vec<usize> = self
            .circuit
            .occurrences(column)
            .iter()
            .map(|at| at.0)
            .collect();
        rows.dedup();
        rows.into_iter()
            .filter_map(|row| {
                let slope = |m: usize| -> F {
                    let terms = self.circuit.matrices()[m][row].iter();
                    terms
                        .filter(|term| term.1 == column)
                        .map(|term| term.0)
                        .sum()
                };
                let [a, b, _] = self.circuit.sides(row, z);
                let square = slope(0) * slope(1);
                // (a + s·t)(b + u·t) − c − w·t vanishes at t = 0 and at the root sought.
                let linear = slope(0) * b + slope(1) * a - slope(2);
                Some(z[column] - linear * square.inverse()?)
            })
            .collect()
    }

    /// Whether every row but `without` can be made to hold with another value of a column.
    fn satisfies(
        &mut self,
        column: usize,
        value: F,
        follows: &[usize],
        without: Option<usize>,
    ) -> bool {
        self.propagation.set(column, value);
        if self.propagation.solve(follows, without).is_err() {
            return false;
        }
        // What was not solved for has not changed, but for the column itself.
        let z = &self.propagation.z;
        let of_column = self.circuit.occurrences(column).iter().map(|(row, _)| row);
        let mut rows = of_column.chain(self.propagation.touched());
        rows.all(|&row| Some(row) == without || self.circuit.holds(row, z))
    }

    /// Whether the rows hold in which nothing can follow the column, because everything else in them
    /// is known before. `without` is not looked at.
    fn earlier_rows_hold(&self, column: usize, value: F, without: Option<usize>) -> bool {
        let order = &self.trace.order;
        let earlier = |row: usize| {
            let mut terms = self
                .circuit
                .matrices()
                .iter()
                .flat_map(|matrix| &matrix[row]);
            terms.all(|&(_, other)| order[other] <= order[column])
        };
        let delta = value - self.base.z[column];
        self.circuit.occurrences(column).iter().all(|&(row, _)| {
            Some(row) == without || !earlier(row) || {
                let mut sides = self.circuit.sides(row, &self.base.z);
                for (side, matrix) in sides.iter_mut().zip(self.circuit.matrices()) {
                    let terms = matrix[row].iter().filter(|term| term.1 == column);
                    *side += terms.map(|term| term.0 * delta).sum::<F>();
                }
                sides[0] * sides[1] == sides[2]
            }
        })
    }

    /// Every column that is computed from a column, without that one.
    fn after(&mut self, column: usize, without: Option<usize>) -> Vec<usize> {
        let mut reached = vec![column];
        self.seen[column] = true;
        let mut next = 0;
        while let Some(&column) = reached.get(next) {
            next += 1;
            for &(row, _) in self.circuit.occurrences(column) {
                if Some(row) == without {
                    continue;
                }
                let bits = &self.trace.bits[row];
                // A bit does not move the others: what it stands for moves them.
                let bits = if bits.contains(&column) {
                    &[]
                } else {
                    &bits[..]
                };
                for &after in self.trace.linear[row].iter().chain(bits) {
                    if !self.seen[after] {
                        self.seen[after] = true;
                        reached.push(after);
                    }
                }
            }
        }
        for &column in &reached {
            self.seen[column] = false;
        }
        reached.swap_remove(0);
        reached
    }
}
