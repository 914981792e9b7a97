//! All that is examined of a circuit, in its order, on all cores.

use std::collections::BTreeSet;
use std::ops::Range;

use ark_ff::PrimeField;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;

use crate::booleans::Booleans;
use crate::campaign::{Verdict, campaign};
use crate::circuit::{Circuit, CircuitError, Witness};
use crate::forgery::{Forger, trace};
use crate::mutation::{unnoticed, unused};
use crate::propagation::Propagation;
use crate::rank::Jacobian;
use crate::report::{Clause, Holes, Report, Survivor};

/// Columns that one worker takes at a time.
const CHUNK: usize = 128;
/// Witnesses at which ranks are computed and other solutions are looked for.
const POINTS: usize = 3;
/// Witnesses at which wires are changed: a hint may be free at some and not at others.
const CHANGED: usize = 16;

/// Of which rows mutants are made. Everything else is examined whole.
#[derive(Debug, Clone)]
pub struct Extent {
    /// Among these. A long campaign can be run in parts.
    pub rows: Range<usize>,
    /// Every how many of them; 1 is all.
    pub every: usize,
    /// The seed of what is random.
    pub seed: u64,
}

impl Extent {
    /// Whether all rows of a circuit of so many are meant.
    pub const fn is_whole(&self, constraints: usize) -> bool {
        self.every <= 1 && self.rows.start == 0 && self.rows.end >= constraints
    }

    /// Those of so many rows.
    fn rows(&self, constraints: usize) -> Result<Vec<usize>, CircuitError> {
        let Range { start, end } = self.rows;
        let rows: Vec<usize> = (start..end.min(constraints))
            .step_by(self.every.max(1))
            .collect();
        if rows.is_empty() {
            return Err(CircuitError::Rows {
                constraints,
                from: start,
                to: end,
            });
        }
        Ok(rows)
    }
}

impl Default for Extent {
    fn default() -> Self {
        Self {
            rows: 0..usize::MAX,
            every: 1,
            seed: 1,
        }
    }
}

/// Runs the battery. `progress` is told, row by row, for how many of how many every mutant was told
/// by an honest or a forged witness.
///
/// The first witnesses count most: ranks are computed at the first three, wires are changed at the
/// first sixteen, forgeries start from the first, and from the others for what is left. They should
/// differ in what they exercise; to begin with one in which products are 0 wherever they may be
/// helps, because a forged value then has the fewest consequences.
///
/// # Errors
/// There is no witness, or one that does not satisfy the circuit, or none of the rows asked for.
pub fn examine<F: PrimeField>(
    circuit: &Circuit<F>,
    witnesses: &[Witness<F>],
    extent: &Extent,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Report, CircuitError> {
    if witnesses.is_empty() {
        return Err(CircuitError::NoAssignment);
    }
    let rows = extent.rows(circuit.constraints())?;
    let unsatisfied = |witness: &Witness<F>| !circuit.is_satisfied(&witness.z);
    if let Some(index) = witnesses.iter().position(unsatisfied) {
        return Err(CircuitError::Unsatisfied(index));
    }
    let booleans = Booleans::new(circuit);
    let rng = &mut StdRng::seed_from_u64(extent.seed);
    let points = &witnesses[..witnesses.len().min(POINTS)];
    let ranks: Vec<Jacobian> = points
        .iter()
        .map(|point| {
            let determined: BTreeSet<usize> = determined(circuit, point).into_iter().collect();
            let is_wire = |column| determined.contains(&column);
            Jacobian::new(circuit, &point.z, is_wire, rng)
        })
        .collect();
    let is_witness = |column| column >= circuit.instance();
    let freedom: Vec<usize> = points
        .iter()
        .map(|point| Jacobian::new(circuit, &point.z, is_witness, rng).freedom)
        .collect();
    let by_rank = |row: usize| ranks.iter().any(|rank| !rank.redundant[row]);
    let verdicts = campaign(circuit, &booleans, witnesses, &rows, by_rank, progress);
    let holes = Holes {
        unnoticed: unnoticed_anywhere(circuit, witnesses, extent.seed),
        ambiguous: sorted(
            points
                .iter()
                .map(|point| ambiguous(circuit, &booleans, point)),
        ),
        unused: unused(circuit, witnesses),
        alternatives: sorted(
            points
                .iter()
                .map(|point| alternatives(circuit, &booleans, point)),
        ),
        undetermined: ranks
            .iter()
            .map(|rank| rank.freedom)
            .max()
            .unwrap_or_default(),
    };
    Ok(report(circuit, holes, freedom, &verdicts))
}

fn unnoticed_anywhere<F: PrimeField>(
    circuit: &Circuit<F>,
    witnesses: &[Witness<F>],
    seed: u64,
) -> Vec<usize> {
    let changed = witnesses[..witnesses.len().min(CHANGED)].par_iter();
    let found: Vec<Vec<usize>> = changed
        .map(|witness| unnoticed(circuit, &witness.z, &mut StdRng::seed_from_u64(seed)))
        .collect();
    sorted(found.into_iter())
}

/// What the inputs should determine: the wires, and the public outputs among those that follow.
fn determined<F: PrimeField>(circuit: &Circuit<F>, witness: &Witness<F>) -> Vec<usize> {
    let follows = witness.follows.iter().copied();
    let outputs = follows.filter(|&column| column < circuit.instance());
    circuit.wires().chain(outputs).collect()
}

/// Columns that nothing forces when a witness is computed from its inputs; all of them where that
/// leads to another witness.
fn ambiguous<F: PrimeField>(
    circuit: &Circuit<F>,
    booleans: &Booleans,
    witness: &Witness<F>,
) -> Vec<usize> {
    let computed = determined(circuit, witness);
    let mut propagation = Propagation::new(circuit, booleans, witness.z.clone());
    let solved = propagation.solve(&computed, None);
    if solved.is_err() || propagation.changes().next().is_some() {
        return computed;
    }
    std::mem::take(&mut propagation.choices)
}

fn alternatives<F: PrimeField>(
    circuit: &Circuit<F>,
    booleans: &Booleans,
    base: &Witness<F>,
) -> Vec<usize> {
    // Nothing may follow: with all its inputs the same, a witness should be the only one.
    let base = Witness {
        z: base.z.clone(),
        follows: Vec::new(),
    };
    let trace = trace(circuit, booleans, &base);
    // What is forced linearly has no second value as long as what it is computed from has none.
    let chunks = trace.discrete.par_chunks(CHUNK);
    let found = chunks.flat_map_iter(|chunk| {
        let mut forger = Forger::new(circuit, booleans, &base, &trace);
        let found = chunk
            .iter()
            .copied()
            .filter(|&column| forger.alternative(column));
        found.collect::<Vec<_>>()
    });
    found.collect()
}

fn report<F: PrimeField>(
    circuit: &Circuit<F>,
    holes: Holes,
    freedom: Vec<usize>,
    verdicts: &[Verdict],
) -> Report {
    let mut survivors: Vec<Survivor> = Vec::new();
    for verdict in verdicts {
        survivors.extend(verdict.survivors().map(|weakening| Survivor {
            clause: circuit.label(verdict.row).to_owned(),
            row: verdict.row,
            weakening,
        }));
    }
    let mutants = verdicts
        .iter()
        .map(|verdict| 1 + verdict.weakenings.len())
        .sum();
    let clause = |label: &crate::circuit::Label| {
        let within = verdicts
            .iter()
            .filter(|verdict| label.rows.contains(&verdict.row));
        clause(&label.name, within)
    };
    Report {
        constraints: circuit.constraints(),
        instance: circuit.instance(),
        private: circuit.private(),
        wires: circuit.wires().count(),
        holes,
        freedom,
        mutants,
        killed: mutants - survivors.len(),
        survivors,
        clauses: circuit.labels().iter().map(clause).collect(),
    }
}

fn clause<'v>(name: &str, verdicts: impl Iterator<Item = &'v Verdict>) -> Clause {
    let mut clause = Clause {
        name: name.to_owned(),
        constraints: 0,
        forged: 0,
        lied: 0,
        by_rank: 0,
        weakened: 0,
        weakened_killed: 0,
    };
    for verdict in verdicts {
        clause.constraints += 1;
        match verdict.forged {
            Some(true) => clause.forged += 1,
            Some(false) => clause.lied += 1,
            None => clause.by_rank += usize::from(verdict.by_rank),
        }
        clause.weakened += verdict.weakenings.len();
        clause.weakened_killed += verdict.weakenings.len() - verdict.weakenings.untold().count();
    }
    clause
}

fn sorted(found: impl Iterator<Item = Vec<usize>>) -> Vec<usize> {
    found
        .flatten()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}
