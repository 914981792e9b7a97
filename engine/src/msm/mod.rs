//! Multi-scalar multiplication over points that are known long before the scalars, as those of a
//! proving key are.
//!
//! Scalars are cut into signed digits; points with the same digit are added up in a bucket, and
//! the buckets, weighted, make the result (Pippenger). The points come with a table of multiples
//! `2^(width·sets·t)·P`, as many as a [`Budget`] allows: windows that are `sets` apart then share
//! their buckets.
//!
//! # Caution!
//! Time and memory accesses depend on the scalars. Sums are right whatever the points: equal,
//! opposite or at infinity.

mod addition;
mod complete;
mod curve;
mod digits;
mod extension;
mod prefetch;
mod schedule;
mod sums;
mod tables;

use std::io::{self, Write};

use ark_bn254::{Fq, Fr};
use ark_ff::{AdditiveGroup, Zero};
use rayon::prelude::*;

pub use self::curve::Curve;
use self::curve::Points;
use self::digits::{Digits, Radix};
use self::schedule::{Schedule, Terms};
use crate::kernels::{Kernels, Path, dispatch};
use crate::lanes::{Arithmetic, Pair};
use crate::prepared::{Mapped, PreparedError, Sections};
use crate::storage::Storage;

/// How much memory the tables of a set of points may take, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget(pub usize);

impl Budget {
    /// The points themselves and nothing more.
    pub const NO_TABLES: Self = Self(0);
}

/// Points ready to be multiplied and added up.
#[derive(Debug)]
pub struct FixedBases<G: Curve> {
    path: Path,
    radix: Radix,
    /// Buckets are shared by windows that are this far apart.
    sets: u32,
    /// The indices of the points that are not at infinity.
    indices: Storage<u32>,
    /// Each point's pairs; then those of its first multiple; and so on.
    table: Storage<Pair>,
    group: std::marker::PhantomData<G>,
}

impl<G: Curve> FixedBases<G> {
    /// Makes the tables.
    ///
    /// # Panics
    /// For 2^26 points or more.
    pub fn new(points: &[G], budget: Budget, kernels: Kernels) -> Self {
        assert!(points.len() < 1 << 26, "terms have 32 bits");
        let indices: Vec<u32> = (0..)
            .zip(points)
            .filter(|(_, point)| !point.is_zero())
            .map(|(index, _)| index)
            .collect();
        let path = kernels.0;
        let points = dispatch!(path, arithmetic => pack_all(arithmetic, points, &indices));
        Self::of(path, indices, points, budget)
    }

    /// The same points with tables of another size.
    pub fn with_budget(&self, budget: Budget) -> Self {
        let points = self.table[..self.pairs()].to_vec();
        Self::of(self.path, self.indices.to_vec(), points, budget)
    }

    fn of(path: Path, indices: Vec<u32>, points: Vec<Pair>, budget: Budget) -> Self {
        let layout = Layout::best(indices.len(), size_of::<Pair>() * G::DEGREE, budget);
        let table = dispatch!(path, arithmetic => layout.table::<G, _>(arithmetic, points));
        Self {
            path,
            radix: layout.radix,
            sets: layout.sets,
            indices: indices.into(),
            table: Storage::large(table),
            group: std::marker::PhantomData,
        }
    }

    /// Writes the points and their multiples in this arithmetic's form.
    pub(crate) fn write<W: Write>(&self, out: &mut Sections<W>) -> io::Result<()> {
        out.put(&[self.radix.width(), self.sets])?;
        out.put(&self.indices)?;
        out.put(&self.table)
    }

    /// Reads what [`Self::write`] wrote with the same kernels.
    pub(crate) fn read(file: &mut Mapped, kernels: Kernels) -> Result<Self, PreparedError> {
        let &[width, sets] = &*file.next()? else {
            return Err(PreparedError::Foreign);
        };
        let (indices, table) = (file.next::<u32>()?, file.next()?);
        if !(2..=16).contains(&width) || sets == 0 || !indices.is_sorted() {
            return Err(PreparedError::Foreign);
        }
        let layout = Layout {
            radix: Radix::new(width),
            sets,
        };
        if table.len() != indices.len() * layout.levels() * G::DEGREE {
            return Err(PreparedError::Foreign);
        }
        Ok(Self {
            path: kernels.0,
            radix: layout.radix,
            sets,
            indices,
            table,
            group: std::marker::PhantomData,
        })
    }

    /// `sum scalar·point`. Scalars beyond the last point count for nothing, as do points without
    /// a scalar.
    pub fn msm(&self, scalars: &[Fr]) -> G::Group {
        self.msm_planned(&self.plan(scalars))
    }

    /// Sorts the terms of [`Self::msm`] by bucket.
    pub(crate) fn plan(&self, scalars: &[Fr]) -> Plan {
        let given = self
            .indices
            .partition_point(|&index| (index as usize) < scalars.len());
        let digits = Digits::new(self.radix, scalars, &self.indices[..given]);
        let schedules = (0..self.sets)
            .into_par_iter()
            .map(|set| self.schedule(&digits, set));
        Plan(schedules.collect())
    }

    /// Whether plans of one are plans of the other.
    pub(crate) fn shares_plans_with<H: Curve>(&self, other: &FixedBases<H>) -> bool {
        (self.radix, self.sets) == (other.radix, other.sets) && *self.indices == *other.indices
    }

    /// [`Self::msm`] by its plan.
    pub(crate) fn msm_planned(&self, plan: &Plan) -> G::Group {
        dispatch!(self.path, arithmetic => self.multiply(arithmetic, plan))
    }

    /// The points that are not at infinity, one of G2 counted as two.
    pub(crate) fn pairs(&self) -> usize {
        self.indices.len() * G::DEGREE
    }

    /// The bytes that the points and their multiples take.
    pub fn memory(&self) -> usize {
        self.table.len() * size_of::<Pair>()
    }

    fn multiply<A: Points>(&self, arithmetic: A, Plan(schedules): &Plan) -> G::Group {
        let buckets = curve::add_up::<G, A>(arithmetic, &self.table, schedules);
        let owners = (0..).zip(schedules).flat_map(|(set, schedule)| {
            let first = set * self.buckets();
            schedule.sums.iter().map(move |bucket| first + bucket)
        });
        self.combine(arithmetic, &buckets, &owners.collect::<Vec<_>>())
    }

    /// Buckets of a set; bucket b is of the digits b + 1 and -(b + 1).
    fn buckets(&self) -> u32 {
        self.radix.largest()
    }

    fn schedule(&self, digits: &Digits, set: u32) -> Schedule {
        let terms = SetTerms {
            digits,
            windows: self.radix.windows(),
            set,
            sets: self.sets,
            points: self.indices.len() as u32,
        };
        Schedule::new(self.buckets() as usize, &terms)
    }

    /// `sum weight·bucket`, given the bucket that each point belongs to.
    ///
    /// A weight is cut into a high and a low half. Buckets with the same half are added up, then
    /// these sums by the bits of their half: what is left is one point for each bit.
    fn combine<A: Points>(&self, arithmetic: A, points: &[Pair], owners: &[u32]) -> G::Group {
        let low_bits = self.radix.width() / 2;
        let half = 1 << low_bits.max(self.radix.width() - low_bits);
        let halves = |bucket: u32| {
            let (set, weight) = (bucket / self.buckets(), bucket % self.buckets() + 1);
            let low = weight & ((1 << low_bits) - 1);
            [(2 * set, low), (2 * set + 1, weight >> low_bits)]
        };
        let terms: Vec<_> = finite::<G>(points, owners)
            .flat_map(|(entry, bucket)| halves(bucket).map(|half| (half, entry)))
            .filter(|((_, weight), _)| *weight != 0)
            .map(|((part, weight), entry)| (part * half + weight, entry))
            .collect();
        let by_half = Schedule::new((2 * self.sets * half) as usize, terms.as_slice());
        let points = curve::add_up::<G, A>(arithmetic, points, std::slice::from_ref(&by_half));

        let bits = self.sets * self.radix.width();
        let terms: Vec<_> = finite::<G>(&points, &by_half.sums)
            .flat_map(|(entry, sum)| {
                let (part, weight) = (sum / half, sum % half);
                let first = part / 2 * self.radix.width() + part % 2 * low_bits;
                (0..u32::BITS)
                    .filter(move |bit| weight >> bit & 1 == 1)
                    .map(move |bit| (first + bit, entry))
            })
            .collect();
        let by_bit = Schedule::new(bits as usize, terms.as_slice());
        let points = curve::add_up::<G, A>(arithmetic, &points, std::slice::from_ref(&by_bit));

        let mut sums = vec![G::Group::zero(); bits as usize];
        for (point, &bit) in points.chunks(G::DEGREE).zip(&by_bit.sums) {
            if let Some(point) = curve::unpack::<G, A>(arithmetic, point) {
                sums[bit as usize] += point;
            }
        }
        sums.iter()
            .rev()
            .fold(G::Group::zero(), |result, sum| result.double() + sum)
    }
}

/// The terms of a multiplication, sorted by bucket: a schedule for each set of buckets.
#[derive(Debug)]
pub(crate) struct Plan(Vec<Schedule>);

/// The terms of a set of buckets: those of every window that shares them.
struct SetTerms<'a> {
    digits: &'a Digits,
    windows: u32,
    set: u32,
    sets: u32,
    /// Points in each level of the table.
    points: u32,
}

impl Terms for SetTerms<'_> {
    #[inline]
    fn visit(&self, mut each: impl FnMut(u32, u32)) {
        let windows = (self.set..self.windows).step_by(self.sets as usize);
        for (level, window) in (0..).zip(windows) {
            let first = level * self.points;
            self.digits.visit(window, |place, digit| {
                let entry = (first + place) << 1 | u32::from(digit < 0);
                each(digit.unsigned_abs() - 1, entry);
            });
        }
    }
}

/// Entries of the points that are not at infinity, and the owners.
fn finite<'a, G: Curve>(
    points: &'a [Pair],
    owners: &'a [u32],
) -> impl Iterator<Item = (u32, u32)> + 'a {
    (0..)
        .zip(points.chunks(G::DEGREE))
        .zip(owners)
        .filter(|((_, point), _)| !curve::at_infinity(point))
        .map(|((index, _), &owner)| (index << 1, owner))
}

fn pack_all<G: Curve, A: Arithmetic<Fq>>(
    arithmetic: A,
    points: &[G],
    indices: &[u32],
) -> Vec<Pair> {
    let pack = |&index: &u32| curve::pack(arithmetic, &points[index as usize]);
    indices.par_iter().flat_map_iter(pack).collect()
}

/// How wide digits are, and how many windows have buckets of their own.
#[derive(Debug, Clone, Copy)]
struct Layout {
    radix: Radix,
    sets: u32,
}

impl Layout {
    /// The layout with the fewest additions for so many points of so many bytes.
    fn best(points: usize, bytes: usize, budget: Budget) -> Self {
        let layouts = (4..=16).map(|width| Self::of_width(width, points, bytes, budget));
        layouts
            .min_by_key(|layout| layout.additions(points))
            .expect("there are widths")
    }

    fn of_width(width: u32, points: usize, bytes: usize, budget: Budget) -> Self {
        let radix = Radix::new(width);
        let levels = (budget.0 / (points * bytes).max(1)) as u32;
        // With fewer than two sets, two threads could not schedule at the same time.
        let sets = radix.windows().div_ceil(levels.max(1)).max(2);
        Self { radix, sets }
    }

    fn levels(&self) -> usize {
        self.radix.windows().div_ceil(self.sets) as usize
    }

    /// The points, then their multiples, level after level.
    fn table<G: Curve, A: Points>(&self, arithmetic: A, points: Vec<Pair>) -> Vec<Pair> {
        let count = points.len();
        let mut table = points;
        table.reserve_exact(count * (self.levels() - 1));
        for level in 1..self.levels() {
            let last = &table[(level - 1) * count..];
            let next = curve::double::<G, A>(arithmetic, last, self.radix.width() * self.sets);
            table.extend(next);
        }
        table
    }

    fn additions(&self, points: usize) -> usize {
        let buckets = self.sets * self.radix.largest();
        // A bucket is added to two sums.
        points * self.radix.windows() as usize + 2 * buckets as usize
    }
}
