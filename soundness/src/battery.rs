use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use ark_ff::PrimeField;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;

use crate::booleans::Booleans;
use crate::circuit::{Circuit, CircuitError, Witness};
use crate::forgery::{Forged, Forger, trace};
use crate::mutation::{unnoticed, unused};
use crate::propagation::Propagation;
use crate::rank::Jacobian;
use crate::report::{Clause, Holes, Report, Survivor};
use crate::weakening::{Weakening, weakenings};

/// Rows or columns that one worker takes at a time.
const CHUNK: usize = 128;
/// Witnesses at which ranks are computed and other solutions are looked for.
const POINTS: usize = 3;
/// Witnesses at which wires are changed: a hint may be free at some and not at others.
const CHANGED: usize = 16;

/// How much to examine.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Every how many rows mutants are made; 1 is all of them.
    pub every: usize,
    /// The seed of what is random.
    pub seed: u64,
}

impl Default for Extent {
    fn default() -> Self {
        Self { every: 1, seed: 1 }
    }
}

/// Runs the battery. `progress` is told, row by row, for how many of how many a forged witness was
/// found.
///
/// The first witnesses count most: ranks are computed at the first three, wires are changed at the
/// first sixteen, forgeries start from the
/// first that gives one. They should differ in what they exercise; to begin with one in which
/// products are 0 wherever they may be helps, because a forged value then has the fewest
/// consequences.
///
/// # Errors
/// There is no witness, or one that does not satisfy the circuit.
pub fn examine<F: PrimeField>(
    circuit: &Circuit<F>,
    witnesses: &[Witness<F>],
    extent: Extent,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Report, CircuitError> {
    if witnesses.is_empty() {
        return Err(CircuitError::NoAssignment);
    }
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
    let rows: Vec<usize> = (0..circuit.constraints())
        .step_by(extent.every.max(1))
        .collect();
    let forged = forge_all(circuit, &booleans, witnesses, &rows, progress);
    let verdicts: Vec<Verdict> = rows
        .par_iter()
        .zip(&forged)
        .map(|(&row, forged)| {
            let by_rank = ranks.iter().any(|rank| !rank.redundant[row]);
            Verdict::new(circuit, witnesses, row, forged.as_ref(), by_rank)
        })
        .collect();
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

/// For every row a witness of the circuit without it, from the first base that gives one.
fn forge_all<F: PrimeField>(
    circuit: &Circuit<F>,
    booleans: &Booleans,
    bases: &[Witness<F>],
    rows: &[usize],
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Option<Forged<F>>> {
    let mut forged: Vec<Option<Forged<F>>> = vec![None; rows.len()];
    let done = AtomicUsize::new(0);
    for base in bases {
        if forged.iter().all(Option::is_some) {
            break;
        }
        let trace = trace(circuit, booleans, base);
        let chunks = forged.par_chunks_mut(CHUNK).zip(rows.par_chunks(CHUNK));
        chunks.for_each(|(forged, chunk)| {
            let mut forger = None;
            for (forged, &row) in forged.iter_mut().zip(chunk) {
                if forged.is_none() {
                    let forger =
                        forger.get_or_insert_with(|| Forger::new(circuit, booleans, base, &trace));
                    *forged = forger.forge(row);
                    if forged.is_some() {
                        progress(1 + done.fetch_add(1, Ordering::Relaxed), rows.len());
                    }
                }
            }
        });
    }
    forged
}

/// What became of one row's mutants.
struct Verdict {
    row: usize,
    forged: Option<bool>,
    by_rank: bool,
    weakenings: Vec<(Weakening, bool)>,
}

impl Verdict {
    fn new<F: PrimeField>(
        circuit: &Circuit<F>,
        witnesses: &[Witness<F>],
        row: usize,
        forged: Option<&Forged<F>>,
        by_rank: bool,
    ) -> Self {
        Self {
            row,
            forged: forged.map(|forged| forged.same_public_inputs),
            by_rank,
            weakenings: weakenings(circuit, witnesses, row, forged),
        }
    }

    fn is_killed(&self) -> bool {
        self.forged.is_some() || self.by_rank
    }

    fn survivors(&self) -> impl Iterator<Item = Weakening> + '_ {
        let deleted = (!self.is_killed()).then_some(Weakening::Deleted);
        let weakened = self.weakenings.iter().filter(|(_, told)| !told);
        deleted
            .into_iter()
            .chain(weakened.map(|&(weakening, _)| weakening))
    }
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
        clause.weakened_killed += verdict.weakenings.iter().filter(|(_, told)| *told).count();
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
