//! What follows from the columns that are known: computing a witness from its inputs, without the program that made it.

use std::collections::VecDeque;

use ark_ff::PrimeField;

use crate::booleans::{Booleans, Decomposition, decompose};
use crate::circuit::Circuit;

/// A linear equation in columns that are not known: Σ coefficient·column + constant = 0.
#[derive(Clone)]
struct Equation<F> {
    /// Sorted by column.
    terms: Vec<(usize, F)>,
    constant: F,
    /// The column that no other equation holds, once it is kept.
    lead: Option<usize>,
}

/// A row that nothing satisfies with what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contradiction;

/// Solves rows for unknown columns, as a prover would compute them.
///
/// A row of which one factor is known is a linear equation; equations are eliminated as they come.
/// Where none is left, a row L·(L − 1) = 0 over bits with doubling weights gives its bits. Every
/// such step is forced, or else counted in [`Propagation::choices`]: without choices the solution
/// is the only one.
pub(crate) struct Propagation<'c, F> {
    circuit: &'c Circuit<F>,
    booleans: &'c Booleans,
    /// The values; of unknown columns, the last ones known.
    pub(crate) z: Vec<F>,
    unknown: Vec<bool>,
    unknowns: usize,
    /// The row that is not there.
    without: Option<usize>,
    /// For every row, how many unknown columns stand in A and in B.
    waits: Vec<[u32; 2]>,
    fed: Vec<bool>,
    is_touched: Vec<bool>,
    touched: Vec<usize>,
    /// Touched rows that may be decomposed.
    sums_of_bits: Vec<usize>,
    ready: VecDeque<usize>,
    equations: Vec<Option<Equation<F>>>,
    /// For every column, the equation that leads with it.
    pivots: Vec<Option<usize>>,
    /// For every column, equations that hold or held it.
    uses: Vec<Vec<usize>>,
    /// Columns whose values nothing forced.
    pub(crate) choices: Vec<usize>,
    changed: Vec<(usize, F)>,
    trace: Option<Trace>,
    clock: usize,
}

/// Which columns each row was solved for.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// For every row, the columns that were unknown when it became an equation.
    pub(crate) linear: Vec<Vec<usize>>,
    /// For every row, the bits that it was decomposed into.
    pub(crate) bits: Vec<Vec<usize>>,
    /// For every column, when it became known: 0 for inputs. Bits of one sum come at once.
    pub(crate) order: Vec<usize>,
    /// Bits of sums, and columns that nothing forced.
    pub(crate) discrete: Vec<usize>,
}

impl<'c, F: PrimeField> Propagation<'c, F> {
    pub(crate) fn new(circuit: &'c Circuit<F>, booleans: &'c Booleans, z: Vec<F>) -> Self {
        let rows = circuit.constraints();
        Self {
            circuit,
            booleans,
            unknown: vec![false; z.len()],
            z,
            unknowns: 0,
            without: None,
            waits: vec![[0; 2]; rows],
            fed: vec![false; rows],
            is_touched: vec![false; rows],
            touched: Vec::new(),
            sums_of_bits: Vec::new(),
            ready: VecDeque::new(),
            equations: Vec::new(),
            pivots: vec![None; circuit.columns()],
            uses: vec![Vec::new(); circuit.columns()],
            choices: Vec::new(),
            changed: Vec::new(),
            trace: None,
            clock: 0,
        }
    }

    /// Records from now on which columns each row is solved for.
    pub(crate) fn traced(mut self) -> Self {
        let rows = self.circuit.constraints();
        self.trace = Some(Trace {
            linear: vec![Vec::new(); rows],
            bits: vec![Vec::new(); rows],
            order: vec![0; self.z.len()],
            discrete: Vec::new(),
        });
        self
    }

    /// What was recorded.
    pub(crate) fn into_trace(self) -> Trace {
        self.trace.unwrap_or_default()
    }

    /// The columns that have another value than at first.
    pub(crate) fn changes(&self) -> impl Iterator<Item = usize> + '_ {
        let changed = self.changed.iter();
        changed
            .filter(|&&(column, old)| self.z[column] != old)
            .map(|&(column, _)| column)
    }

    /// The rows in which columns stand that were solved for, each once.
    pub(crate) fn touched(&self) -> &[usize] {
        &self.touched
    }

    /// Takes everything back since the last reset.
    pub(crate) fn reset(&mut self) {
        while let Some((column, old)) = self.changed.pop() {
            self.z[column] = old;
            self.unknown[column] = false;
            self.pivots[column] = None;
            self.uses[column].clear();
        }
        for row in self.touched.drain(..) {
            self.waits[row] = [0; 2];
            self.fed[row] = false;
            self.is_touched[row] = false;
        }
        self.sums_of_bits.clear();
        self.ready.clear();
        self.equations.clear();
        self.choices.clear();
        self.unknowns = 0;
        self.without = None;
    }

    /// Gives a column another value.
    pub(crate) fn set(&mut self, column: usize, value: F) {
        self.changed.push((column, self.z[column]));
        self.z[column] = value;
    }

    /// Solves every row but `without` for some columns. Rows in which none of them stands are not
    /// looked at.
    pub(crate) fn solve(
        &mut self,
        columns: &[usize],
        without: Option<usize>,
    ) -> Result<(), Contradiction> {
        self.without = without;
        self.forget(columns);
        loop {
            self.feed_ready()?;
            if self.unknowns == 0 {
                return Ok(());
            }
            if !self.decompose_some()? {
                self.choose(columns)?;
            }
        }
    }

    fn forget(&mut self, columns: &[usize]) {
        for &column in columns {
            if !self.unknown[column] {
                self.unknown[column] = true;
                self.unknowns += 1;
                self.changed.push((column, self.z[column]));
            }
        }
        for &column in columns {
            for &(row, m) in self.circuit.occurrences(column) {
                if let Some(waits) = self.waits[row].get_mut(m) {
                    *waits += 1;
                }
                self.touch(row);
            }
        }
        for i in 0..self.touched.len() {
            self.make_ready(self.touched[i]);
        }
    }

    fn touch(&mut self, row: usize) {
        if self.is_touched[row] {
            return;
        }
        self.is_touched[row] = true;
        self.touched.push(row);
        if let Some(side) = self.booleans.side(row)
            && self.circuit.matrices()[side][row].len() > 1
        {
            self.sums_of_bits.push(row);
        }
    }

    fn make_ready(&mut self, row: usize) {
        let [a, b] = self.waits[row];
        if (a == 0 || b == 0) && !self.fed[row] && self.without != Some(row) {
            self.fed[row] = true;
            self.ready.push_back(row);
        }
    }

    fn feed_ready(&mut self) -> Result<(), Contradiction> {
        while let Some(row) = self.ready.pop_front() {
            let equation = self.equation(row);
            if let Some(trace) = &mut self.trace {
                trace.linear[row] = equation.terms.iter().map(|&(column, _)| column).collect();
            }
            self.insert(equation)?;
        }
        Ok(())
    }

    /// A row with a known factor. Unknown columns stay in it even with coefficient zero.
    fn equation(&self, row: usize) -> Equation<F> {
        let [a, b, c] = self.circuit.matrices().each_ref().map(|m| &m[row]);
        let (known, linear) = if self.waits[row][0] == 0 {
            (a, b)
        } else {
            (b, a)
        };
        let factor: F = known.iter().map(|&(k, column)| k * self.z[column]).sum();
        let mut constant = F::zero();
        let mut terms: Vec<(usize, F)> = Vec::new();
        for (scale, side) in [(factor, linear), (-F::one(), c)] {
            let mut sum = F::zero();
            for &(coefficient, column) in side {
                if self.unknown[column] {
                    terms.push((column, scale * coefficient));
                } else {
                    sum += coefficient * self.z[column];
                }
            }
            constant += scale * sum;
        }
        terms.sort_unstable_by_key(|&(column, _)| column);
        terms.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        Equation {
            terms,
            constant,
            lead: None,
        }
    }

    /// Keeps every equation free of the others' leading columns, so that what is implied is known.
    fn insert(&mut self, equation: Equation<F>) -> Result<(), Contradiction> {
        let mut waiting = vec![equation];
        while let Some(mut equation) = waiting.pop() {
            self.reduce(&mut equation);
            let solved = match equation.terms[..] {
                [] if equation.constant.is_zero() => continue,
                [] => return Err(Contradiction),
                [(column, coefficient)] => {
                    self.know(column, root(equation.constant, coefficient));
                    column
                }
                [.., (last, _)] => self.lead(&equation).unwrap_or(last),
            };
            for id in std::mem::take(&mut self.uses[solved]) {
                if let Some(again) = self.equations[id].take() {
                    if let Some(lead) = again.lead {
                        self.pivots[lead] = None;
                    }
                    waiting.push(again);
                }
            }
            if equation.terms.len() > 1 {
                equation.lead = Some(solved);
                self.store(solved, equation);
            }
        }
        Ok(())
    }

    /// The lead that it had, or else a column that is no bit: sums of bits are to be left as sums.
    fn lead(&self, equation: &Equation<F>) -> Option<usize> {
        let mut columns = equation.terms.iter().rev().map(|&(column, _)| column);
        let kept = equation
            .lead
            .filter(|&lead| columns.clone().any(|column| column == lead));
        kept.or_else(|| columns.find(|&column| self.booleans.row_of(column).is_none()))
    }

    fn store(&mut self, lead: usize, equation: Equation<F>) {
        let id = self.equations.len();
        self.pivots[lead] = Some(id);
        for &(column, _) in &equation.terms {
            self.uses[column].push(id);
        }
        self.equations.push(Some(equation));
    }

    /// Puts in what is known, and eliminates what other equations lead with.
    fn reduce(&self, equation: &mut Equation<F>) {
        let mut constant = equation.constant;
        equation.terms.retain(|&(column, coefficient)| {
            if !self.unknown[column] {
                constant += coefficient * self.z[column];
            }
            self.unknown[column] && !coefficient.is_zero()
        });
        equation.constant = constant;
        let leads: Vec<usize> = equation
            .terms
            .iter()
            .filter_map(|&(column, _)| self.pivots[column])
            .collect();
        for pivot in leads
            .into_iter()
            .filter_map(|id| self.equations[id].as_ref())
        {
            let of = |equation: &Equation<F>| {
                let lead = equation
                    .terms
                    .iter()
                    .find(|term| Some(term.0) == pivot.lead);
                lead.map_or(F::zero(), |term| term.1)
            };
            let (scale, factor) = (of(pivot), of(equation));
            *equation = difference(equation, scale, pivot, factor);
        }
    }

    fn know(&mut self, column: usize, value: F) {
        self.z[column] = value;
        self.unknown[column] = false;
        self.unknowns -= 1;
        if let Some(trace) = &mut self.trace {
            self.clock += 1;
            trace.order[column] = self.clock;
        }
        let circuit = self.circuit;
        for &(row, m) in circuit.occurrences(column) {
            if let Some(waits) = self.waits[row].get_mut(m) {
                *waits -= 1;
                self.make_ready(row);
            }
        }
    }

    /// Whether some sum of bits could be decomposed.
    fn decompose_some(&mut self) -> Result<bool, Contradiction> {
        let Some((row, decomposition)) = self.next_decomposition() else {
            return Ok(false);
        };
        let Decomposition { bits, choices } = decomposition;
        let Some(choice) = choices.first() else {
            return Err(Contradiction);
        };
        if choices.len() > 1 {
            self.choices.extend(&bits);
        }
        for (&bit, &value) in bits.iter().zip(choice) {
            self.settle(bit, F::from(value))?;
        }
        if let Some(trace) = &mut self.trace {
            for &bit in &bits {
                trace.order[bit] = self.clock;
            }
            trace.discrete.extend(&bits);
            if let Some(row) = row {
                trace.bits[row] = bits;
            }
        }
        Ok(true)
    }

    /// A row L·(L − 1) = 0, or an equation, in which nothing but bits is unknown.
    fn next_decomposition(&self) -> Option<(Option<usize>, Decomposition)> {
        let rows =
            self.sums_of_bits.iter().copied().filter(|&row| {
                !self.fed[row] && self.without != Some(row) && self.waits[row][0] != 0
            });
        let mut by_row = rows.filter_map(|row| {
            let terms = self.booleans.terms(self.circuit, row);
            let known = terms.iter().filter(|&&(_, column)| !self.unknown[column]);
            let known: F = known.map(|&(weight, column)| weight * self.z[column]).sum();
            let unknown = terms.iter().filter(|&&(_, column)| self.unknown[column]);
            let unknown: Vec<_> = unknown.copied().collect();
            let all_bits = unknown.iter().all(|&(_, bit)| self.is_bit(bit, Some(row)));
            let decomposition = all_bits.then(|| decompose(&unknown, &[-known, F::one() - known]));
            Some((Some(row), decomposition.flatten()?))
        });
        by_row.next().or_else(|| {
            let mut equations = self.equations.iter().flatten();
            equations.find_map(|equation| {
                let terms = &equation.terms;
                let all_bits = terms.iter().all(|&(bit, _)| self.is_bit(bit, None));
                let weighted = || {
                    terms
                        .iter()
                        .map(|&(bit, weight)| (weight, bit))
                        .collect::<Vec<_>>()
                };
                let decomposition = all_bits.then(|| decompose(&weighted(), &[-equation.constant]));
                Some((None, decomposition.flatten()?))
            })
        })
    }

    /// Whether a row other than `row` makes a column 0 or 1.
    fn is_bit(&self, column: usize, row: Option<usize>) -> bool {
        let row_of = self.booleans.row_of(column);
        row_of.is_some() && row_of != self.without && row_of != row
    }

    /// Leaves an unknown column its old value.
    fn choose(&mut self, columns: &[usize]) -> Result<(), Contradiction> {
        // What an equation leads with follows from the rest.
        let mut free = columns
            .iter()
            .filter(|&column| self.unknown[*column] && self.pivots[*column].is_none());
        let column = *free
            .next()
            .expect("equations in as many columns as there are of them are solved");
        self.choices.push(column);
        if let Some(trace) = &mut self.trace {
            trace.discrete.push(column);
        }
        self.settle(column, self.z[column])
    }

    fn settle(&mut self, column: usize, value: F) -> Result<(), Contradiction> {
        if !self.unknown[column] {
            return if self.z[column] == value {
                Ok(())
            } else {
                Err(Contradiction)
            };
        }
        let terms = vec![(column, F::one())];
        let constant = -value;
        self.insert(Equation {
            terms,
            constant,
            lead: None,
        })
    }
}

/// The x for which coefficient·x + constant = 0. A product's wire, by far the most, has −1.
fn root<F: PrimeField>(constant: F, coefficient: F) -> F {
    if coefficient == -F::one() {
        constant
    } else {
        let scale = coefficient.inverse();
        -constant * scale.expect("a reduced term is not zero")
    }
}

/// `scale`·a − `factor`·b.
fn difference<F: PrimeField>(a: &Equation<F>, scale: F, b: &Equation<F>, factor: F) -> Equation<F> {
    let mut terms = Vec::with_capacity(a.terms.len() + b.terms.len());
    let (mut left, mut right) = (a.terms.iter().peekable(), b.terms.iter().peekable());
    loop {
        let term = match (left.peek(), right.peek()) {
            (Some(l), Some(r)) if l.0 == r.0 => {
                let term = (l.0, scale * l.1 - factor * r.1);
                left.next();
                right.next();
                term
            }
            (Some(l), Some(r)) if l.0 > r.0 => {
                let term = (r.0, -factor * r.1);
                right.next();
                term
            }
            (Some(l), _) => {
                let term = (l.0, scale * l.1);
                left.next();
                term
            }
            (None, Some(r)) => {
                let term = (r.0, -factor * r.1);
                right.next();
                term
            }
            (None, None) => break,
        };
        if !term.1.is_zero() {
            terms.push(term);
        }
    }
    Equation {
        terms,
        constant: scale * a.constant - factor * b.constant,
        lead: a.lead,
    }
}
