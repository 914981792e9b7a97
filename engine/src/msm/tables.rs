//! Multiples of fixed points by powers of two.

use std::array::from_fn;

use rayon::prelude::*;

use super::addition::{Adder, Formula, Step};
use super::extension::Extension;
use super::prefetch::Upcoming;
use super::sums::store_row;
use crate::lanes::{BLOCK, LANES, Pair, PointArithmetic};

/// Rows that share an inversion.
const ROWS: usize = 256;

/// `2^times` times each point, fully reduced. None of the points is at infinity.
pub(super) fn double<A: PointArithmetic<D>, E: Extension<A, D>, const D: usize>(
    arithmetic: A,
    points: &[Pair],
    times: u32,
) -> Vec<Pair> {
    let mut doubled = vec![Pair::default(); points.len()];
    points
        .par_chunks(ROWS * LANES * D)
        .zip(doubled.par_chunks_mut(ROWS * LANES * D))
        .for_each(|(points, doubled)| double_chunk::<A, E, D>(arithmetic, points, times, doubled));
    doubled
}

fn double_chunk<A: PointArithmetic<D>, E: Extension<A, D>, const D: usize>(
    arithmetic: A,
    points: &[Pair],
    times: u32,
    doubled: &mut [Pair],
) {
    let count = points.len() / D;
    let mut adder = Adder::new(arithmetic);
    let full = count.div_ceil(LANES).next_multiple_of(BLOCK);
    // Lanes beyond the last point repeat the first.
    let entry = |index: usize| if index < count { index as u32 * 2 } else { 0 };
    let mut rows = vec![adder.infinity(); full];
    for (index, row) in rows.iter_mut().enumerate() {
        adder.load(points, &from_fn(|lane| entry(index * LANES + lane)), row);
    }
    let steps: Vec<Step> = (0..full as u32)
        .map(|row| Step {
            left: row,
            right: row,
            mask: 0xff,
        })
        .collect();
    for _ in 0..times {
        adder
            .add::<E>(
                &mut rows,
                &steps,
                Formula::Complete,
                &mut Upcoming::default(),
            )
            .expect("no denominator of the complete formula is zero");
    }
    for (row, out) in rows.iter().zip(doubled.chunks_mut(LANES * D)) {
        store_row(arithmetic, row, out);
    }
    for pair in doubled {
        let [x, y] = pair
            .split()
            .map(|words| arithmetic.pack(arithmetic.unpack(words)));
        *pair = Pair::new(x, y);
    }
}
