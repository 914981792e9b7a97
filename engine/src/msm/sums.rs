//! Many sums of points at once: the terms of a schedule added in trees.
//!
//! Rows are added in pairs, the results in pairs, and so on, so that terms are gathered at the
//! leaves only, and no addition waits for another of its level.

use std::sync::{Mutex, PoisonError};

use ark_bn254::Fq;
use rayon::prelude::*;

use super::addition::{Adder, Formula, Row, Step};
use super::extension::Extension;
use super::prefetch::Upcoming;
use super::schedule::{Group, LONGEST, Schedule};
use crate::lanes::{Arithmetic, BLOCK, LANES, Pair, PointArithmetic};

/// Components of points in a chunk of rows. With its products it stays in the second-level cache,
/// and it shares each inversion among enough additions.
const CHUNK: usize = 1024;

/// How far ahead of a row its points are fetched once more: those of a chunk are on more pages than
/// the processor keeps the addresses of.
const AHEAD: usize = 16;

/// The sums of the schedules' pieces, `D` pairs each, those of a schedule after the other in the
/// order of its `sums`. Infinity is (0, 0).
pub(super) fn sums<A: PointArithmetic<D>, E: Extension<A, D>, const D: usize>(
    arithmetic: A,
    table: &[Pair],
    schedules: &[Schedule],
) -> Vec<Pair> {
    let pieces: usize = schedules.iter().map(|schedule| schedule.sums.len()).sum();
    let mut results = vec![Pair::default(); pieces * D];
    let chunks = chunks::<D>(schedules, &mut results);
    let workers = rayon::current_num_threads().min(chunks.len());
    let queue = Mutex::new(chunks.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    (0..workers).into_par_iter().with_max_len(1).for_each(|_| {
        let mut tree = Tree::new(arithmetic);
        let mut upcoming = next();
        while let Some(chunk) = upcoming {
            upcoming = next();
            let entries = upcoming.as_ref().map_or(&[][..], |chunk| chunk.entries);
            tree.add_up::<E>(table, chunk, Upcoming::new(table, entries));
        }
    });
    results
}

/// Groups that are added up together.
struct Chunk<'a> {
    /// The rows of terms of all groups.
    entries: &'a [[u32; LANES]],
    groups: &'a [Group],
    results: &'a mut [Pair],
}

fn chunks<'a, const D: usize>(
    schedules: &'a [Schedule],
    mut results: &'a mut [Pair],
) -> Vec<Chunk<'a>> {
    let mut chunks = Vec::new();
    for schedule in schedules {
        let mut pieces = schedule.sums.len();
        let mut groups = schedule.groups.as_slice();
        while let Some(first) = groups.first() {
            let fits = |group: &Group| group.start + group.height() - first.start <= CHUNK / D;
            let count = groups.iter().take_while(|group| fits(group)).count();
            let (these, rest) = groups.split_at(count);
            let end = rest
                .first()
                .map_or(schedule.entries.len(), |group| group.start);
            let lanes = pieces.min(count * LANES);
            let (out, others) = results.split_at_mut(lanes * D);
            chunks.push(Chunk {
                entries: &schedule.entries[first.start..end],
                groups: these,
                results: out,
            });
            (groups, results, pieces) = (rest, others, pieces - lanes);
        }
    }
    chunks
}

// A group alone must fit into a chunk, or the loop above would not end.
const _: () = assert!(LONGEST <= CHUNK / 2);

/// The memory of a worker.
struct Tree<A: PointArithmetic<D>, const D: usize> {
    arithmetic: A,
    adder: Adder<A, D>,
    rows: Vec<Row<A::Vector, D>>,
    steps: Vec<Step>,
}

impl<A: PointArithmetic<D>, const D: usize> Tree<A, D> {
    fn new(arithmetic: A) -> Self {
        Self {
            arithmetic,
            adder: Adder::new(arithmetic),
            rows: Vec::with_capacity(CHUNK / D + 1),
            steps: Vec::with_capacity(CHUNK / D),
        }
    }

    fn add_up<E: Extension<A, D>>(
        &mut self,
        table: &[Pair],
        chunk: Chunk<'_>,
        mut upcoming: Upcoming<'_>,
    ) {
        self.load(table, chunk.entries);
        let base = chunk.groups.first().map_or(0, |group| group.start);
        let mut formula = Formula::Distinct;
        for stride in (0..).map(|level| 1 << level) {
            self.plan(chunk.groups, base, stride);
            if self.steps.is_empty() {
                break;
            }
            let mut add = |formula| {
                let (rows, steps) = (&mut self.rows, &self.steps);
                self.adder.add::<E>(rows, steps, formula, &mut upcoming)
            };
            if add(formula).is_err() {
                // From here on there may be points at infinity.
                formula = Formula::Complete;
                add(formula).expect("no denominator of the complete formula is zero");
            }
        }
        self.store(chunk, base);
    }

    fn load(&mut self, table: &[Pair], entries: &[[u32; LANES]]) {
        let infinity = self.adder.infinity();
        // The last is for steps that fill up a block.
        self.rows.resize(entries.len() + 1, infinity);
        self.rows[entries.len()] = infinity;
        let mut upcoming = Upcoming::new(table, entries);
        for _ in 0..AHEAD {
            upcoming.fetch_row::<D>(self.arithmetic);
        }
        for (row, entries) in self.rows.iter_mut().zip(entries) {
            upcoming.fetch_row::<D>(self.arithmetic);
            self.adder.load(table, entries, row);
        }
    }

    /// The additions of one level: of each row that is a multiple of two strides, and the row a
    /// stride further.
    fn plan(&mut self, groups: &[Group], base: usize, stride: usize) {
        self.steps.clear();
        for group in groups {
            let start = group.start - base;
            let mut row = stride;
            while row < group.height() {
                self.steps.push(Step {
                    left: (start + row - stride) as u32,
                    right: (start + row) as u32,
                    mask: group.lanes(row),
                });
                row += 2 * stride;
            }
        }
        let idle = (self.rows.len() - 1) as u32;
        let full = self.steps.len().next_multiple_of(BLOCK);
        self.steps.resize(
            full,
            Step {
                left: idle,
                right: idle,
                mask: 0,
            },
        );
    }

    fn store(&self, chunk: Chunk<'_>, base: usize) {
        for (group, out) in chunk.groups.iter().zip(chunk.results.chunks_mut(LANES * D)) {
            store_row(self.arithmetic, &self.rows[group.start - base], out);
        }
    }
}

/// Writes up to eight points of a row, as many as there is room for.
pub(super) fn store_row<A: Arithmetic<Fq>, const D: usize>(
    arithmetic: A,
    row: &Row<A::Vector, D>,
    out: &mut [Pair],
) {
    for component in 0..D {
        let x = arithmetic.elements(&row.x[component]);
        let y = arithmetic.elements(&row.y[component]);
        for (lane, point) in out.chunks_mut(D).enumerate() {
            point[component] = Pair::new(x[lane], y[lane]);
        }
    }
}
