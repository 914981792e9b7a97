//! Points that will be loaded soon.

use ark_bn254::Fq;

use crate::lanes::{Arithmetic, LANES, Pair};

/// Points to load next. They are fetched a few at a time between additions: the memory has time,
/// and nothing waits for it.
#[derive(Debug, Default)]
pub(super) struct Upcoming<'a> {
    table: &'a [Pair],
    entries: std::slice::Iter<'a, [u32; LANES]>,
}

impl<'a> Upcoming<'a> {
    pub(super) fn new(table: &'a [Pair], entries: &'a [[u32; LANES]]) -> Self {
        Self {
            table,
            entries: entries.iter(),
        }
    }

    /// Fetches a row. Additions go over as many blocks, up and down, as half the rows.
    pub(super) fn fetch_row<const D: usize>(&mut self, arithmetic: impl Arithmetic<Fq>) {
        if let Some(entries) = self.entries.next() {
            for entry in entries {
                let point = (entry >> 1) as usize * D;
                for pair in &self.table[point..point + D] {
                    arithmetic.prefetch(pair);
                }
            }
        }
    }
}
