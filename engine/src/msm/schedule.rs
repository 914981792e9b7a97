//! Which point is added where: entries sorted by the sum that they belong to, one sum a lane.
//!
//! Sums with about as many terms share a group of eight lanes, so that few lanes idle. A sum with
//! very many terms is cut into pieces, each with a lane of its own: however unevenly terms are
//! distributed, no lane is much longer than the others.

use crate::lanes::LANES;

/// Terms of a piece at most.
pub(super) const LONGEST: usize = 256;

/// Eight pieces of falling lengths, and where their terms begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// The index of the first row of terms.
    pub(super) start: usize,
    /// The number of terms in each lane.
    pub(super) lengths: [u16; LANES],
}

impl Group {
    /// Rows of terms.
    pub(super) fn height(&self) -> usize {
        usize::from(self.lengths[0])
    }

    /// The lanes that have a term in a row.
    pub(super) fn lanes(&self, row: usize) -> u8 {
        let longer = |lane: usize| usize::from(self.lengths[lane]) > row;
        if longer(LANES - 1) {
            return 0xff;
        }
        (0..LANES).fold(0, |mask, lane| mask | u8::from(longer(lane)) << lane)
    }
}

/// Terms in the order in which they are loaded.
#[derive(Debug)]
pub(super) struct Schedule {
    /// The terms, a row of eight after the other. Lanes without a term name term 0.
    pub(super) entries: Vec<[u32; LANES]>,
    pub(super) groups: Vec<Group>,
    /// The sum to which each lane of each group belongs; several may belong to one.
    pub(super) sums: Vec<u32>,
}

impl Schedule {
    /// Sorts terms, for sums below `sums`.
    pub(super) fn new(sums: usize, terms: &(impl Terms + ?Sized)) -> Self {
        let mut counts = vec![0u32; sums];
        terms.visit(|sum, _| counts[sum as usize] += 1);
        let pieces = Pieces::new(&counts);
        let mut schedule = Self {
            entries: vec![[0; LANES]; pieces.rows],
            groups: pieces.groups,
            sums: pieces.sums,
        };
        let mut cursors = pieces.cursors;
        let slots = schedule.entries.as_flattened_mut();
        terms.visit(|sum, entry| {
            let cursor = &mut cursors[sum as usize];
            if cursor.left == 0 {
                cursor.piece += 1;
                cursor.left = LONGEST as u16;
                cursor.slot = pieces.slots[cursor.piece as usize];
            }
            slots[cursor.slot as usize] = entry;
            cursor.slot += LANES as u32;
            cursor.left -= 1;
        });
        schedule
    }
}

/// Entries to add, each to a sum.
pub(super) trait Terms {
    /// Calls with each sum and entry, every time in the same order.
    fn visit(&self, each: impl FnMut(u32, u32));
}

impl Terms for [(u32, u32)] {
    #[inline]
    fn visit(&self, mut each: impl FnMut(u32, u32)) {
        for &(sum, entry) in self {
            each(sum, entry);
        }
    }
}

/// A place in a piece.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    slot: u32,
    piece: u32,
    /// Terms until the piece is full.
    left: u16,
}

/// The pieces that sums are cut into, and their lanes.
struct Pieces {
    /// Where each sum's next term goes.
    cursors: Vec<Cursor>,
    /// Where in the entries each piece begins. The pieces of a sum follow each other.
    slots: Vec<u32>,
    groups: Vec<Group>,
    sums: Vec<u32>,
    rows: usize,
}

impl Pieces {
    fn new(counts: &[u32]) -> Self {
        let mut cursors = Vec::with_capacity(counts.len());
        let mut owners = Vec::with_capacity(counts.len());
        let mut lengths = Vec::with_capacity(counts.len());
        for (sum, &count) in (0..).zip(counts) {
            cursors.push(Cursor {
                slot: 0,
                piece: owners.len() as u32,
                left: LONGEST as u16,
            });
            let mut left = count as usize;
            while left > 0 {
                let length = left.min(LONGEST);
                owners.push(sum);
                lengths.push(length as u16);
                left -= length;
            }
        }
        let order = longest_first(&lengths);
        let mut pieces = Self {
            cursors,
            slots: vec![0; owners.len()],
            groups: Vec::with_capacity(order.len().div_ceil(LANES)),
            sums: order.iter().map(|&piece| owners[piece as usize]).collect(),
            rows: 0,
        };
        for lanes in order.chunks(LANES) {
            pieces.push_group(lanes, &lengths);
        }
        for (cursor, _) in pieces
            .cursors
            .iter_mut()
            .zip(counts)
            .filter(|(_, count)| **count > 0)
        {
            cursor.slot = pieces.slots[cursor.piece as usize];
        }
        pieces
    }

    fn push_group(&mut self, lanes: &[u32], lengths: &[u16]) {
        let mut group = Group {
            start: self.rows,
            lengths: [0; LANES],
        };
        for (lane, &piece) in lanes.iter().enumerate() {
            group.lengths[lane] = lengths[piece as usize];
            self.slots[piece as usize] = (self.rows * LANES + lane) as u32;
        }
        self.rows += group.height();
        self.groups.push(group);
    }
}

/// The indices of the lengths in falling order, by counting.
fn longest_first(lengths: &[u16]) -> Vec<u32> {
    let mut starts = [0u32; LONGEST + 1];
    for &length in lengths {
        starts[LONGEST - usize::from(length)] += 1;
    }
    let mut total = 0;
    for start in &mut starts {
        total += std::mem::replace(start, total);
    }
    let mut order = vec![0; lengths.len()];
    for (index, &length) in (0..).zip(lengths) {
        let place = &mut starts[LONGEST - usize::from(length)];
        order[*place as usize] = index;
        *place += 1;
    }
    order
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn check(sums: u32, terms: &[(u32, u32)]) {
        let schedule = Schedule::new(sums as usize, terms);
        let mut found = Vec::new();
        let mut rows = 0;
        for (group, owners) in schedule.groups.iter().zip(schedule.sums.chunks(LANES)) {
            assert_eq!(group.start, rows);
            rows += group.height();
            assert!(group.lengths.is_sorted_by(|a, b| a >= b));
            for (lane, &owner) in owners.iter().enumerate() {
                assert!(group.lengths[lane] > 0);
                for row in 0..usize::from(group.lengths[lane]) {
                    found.push((owner, schedule.entries[group.start + row][lane]));
                }
            }
        }
        assert_eq!(schedule.entries.len(), rows);
        let mut expected = terms.to_vec();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_term_has_its_place() {
        let mut rng = StdRng::seed_from_u64(5);
        check(3, &[]);
        for count in [1, 7, 8, 9, 255, 256, 257, 3000] {
            for sums in [1, 5, 64, 1000] {
                let terms: Vec<_> = (0..count).map(|i| (rng.gen_range(0..sums), i)).collect();
                check(sums, &terms);
            }
        }
    }
}
