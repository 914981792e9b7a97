//! The mutants of a range of rows, and what tells each from the circuit.

use std::sync::atomic::{AtomicUsize, Ordering};

use ark_ff::PrimeField;
use rayon::prelude::*;

use crate::booleans::Booleans;
use crate::circuit::{Circuit, Witness};
use crate::forgery::{Forger, trace};
use crate::weakening::{Weakening, Weakenings};

/// Rows that one worker takes at a time.
const CHUNK: usize = 64;

/// What became of one row's mutants.
pub(crate) struct Verdict {
    pub(crate) row: usize,
    /// Whether the forged witness has the public inputs of an honest one; `None` without one.
    pub(crate) forged: Option<bool>,
    /// Whether what is left of the circuit without the row has a lower rank.
    pub(crate) by_rank: bool,
    pub(crate) weakenings: Weakenings,
}

impl Verdict {
    /// The mutants that nothing was found against.
    pub(crate) fn survivors(&self) -> impl Iterator<Item = Weakening> + '_ {
        let deleted = self.forged.is_none() && !self.by_rank;
        let deleted = deleted.then_some(Weakening::Deleted);
        deleted.into_iter().chain(self.weakenings.untold())
    }

    /// What honest witnesses tell.
    fn new<F: PrimeField>(
        circuit: &Circuit<F>,
        witnesses: &[Witness<F>],
        row: usize,
        by_rank: bool,
    ) -> Self {
        let mut weakenings = Weakenings::new(circuit, row);
        for witness in witnesses {
            weakenings.look_at(circuit, &witness.z);
        }
        Self {
            row,
            forged: None,
            by_rank,
            weakenings,
        }
    }

    fn is_settled(&self) -> bool {
        self.forged.is_some() && self.weakenings.all_told()
    }

    /// Looks at forged witnesses, until nothing is left to tell.
    fn forge<F: PrimeField>(&mut self, circuit: &Circuit<F>, forger: &mut Forger<'_, F>) {
        forger.forge(self.row, |z, same_public_inputs| {
            self.forged.get_or_insert(same_public_inputs);
            self.weakenings.look_at(circuit, z);
            self.is_settled()
        });
    }
}

/// Makes the mutants of some rows, which the ranks call redundant or not, and looks for what kills
/// them: honest witnesses first, then forged ones from one base after the other.
pub(crate) fn campaign<F: PrimeField>(
    circuit: &Circuit<F>,
    booleans: &Booleans,
    bases: &[Witness<F>],
    rows: &[usize],
    by_rank: impl Fn(usize) -> bool + Sync,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Verdict> {
    let verdict = |&row: &usize| Verdict::new(circuit, bases, row, by_rank(row));
    let mut verdicts: Vec<Verdict> = rows.par_iter().map(verdict).collect();
    let done = AtomicUsize::new(0);
    for base in bases {
        let mut open: Vec<&mut Verdict> = verdicts.iter_mut().filter(|v| !v.is_settled()).collect();
        if open.is_empty() {
            break;
        }
        let trace = trace(circuit, booleans, base);
        open.par_chunks_mut(CHUNK).for_each(|chunk| {
            let forger = &mut Forger::new(circuit, booleans, base, &trace);
            for verdict in chunk {
                verdict.forge(circuit, forger);
                if verdict.is_settled() {
                    progress(1 + done.fetch_add(1, Ordering::Relaxed), rows.len());
                }
            }
        });
    }
    verdicts
}
