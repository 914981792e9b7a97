//! What is not as it must be, in words.

use std::fmt;

use serde::{Serialize, Serializer};
use taxproof_soundness::{Report, Survivor};

use super::comparisons::{Comparison, Comparisons};
use super::pins::{Pin, reason};

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Nothing is pinned for this shape and curve.
    NotPinned,
    /// The matrices do not have the digest of the circuit's version.
    Digest,
    /// The matrices that a prover makes are not those of the setup.
    Shape {
        /// Of which statement.
        statement: usize,
    },
    /// A hole in the constraints at a column.
    Hole {
        /// As in [`taxproof_soundness::Holes`].
        kind: &'static str,
        /// The column's name.
        column: String,
    },
    /// Wires that are not determined to first order.
    Undetermined(usize),
    /// A discrete alternative of the statement that was not judged right.
    Exchange(String),
    /// A comparison of which one bit less would do.
    Loose(Comparison),
    /// A row that makes something 0 or 1 and belongs to no comparison.
    Unrecognised {
        /// The row.
        row: usize,
    },
    /// A mutant that nothing kills, without a reason on record.
    Survivor {
        /// The mutant.
        survivor: Survivor,
    },
    /// A number is not the pinned one.
    Number {
        /// Which.
        name: &'static str,
        /// As pinned.
        pinned: String,
        /// As found.
        found: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPinned => write!(f, "nothing is pinned for this shape and curve"),
            Self::Digest => write!(f, "the matrices do not have the digest that is pinned"),
            Self::Shape { statement } => write!(
                f,
                "proving statement {statement} makes other matrices than the setup"
            ),
            Self::Hole { kind, column } => write!(f, "{kind}: {column}"),
            Self::Undetermined(n) => write!(f, "{n} wires are not determined to first order"),
            Self::Exchange(what) => write!(f, "exchanged, and judged wrong: {what}"),
            Self::Loose(Comparison { clause, row, bits }) => write!(
                f,
                "no statement needs all {bits} bits of the comparison in row {row} ({clause})"
            ),
            Self::Unrecognised { row } => {
                write!(f, "row {row} makes a bit that belongs to no comparison")
            }
            Self::Survivor { survivor } => write!(
                f,
                "nothing kills {:?} of row {} ({}), and no reason is on record",
                survivor.weakening, survivor.row, survivor.clause
            ),
            Self::Number {
                name,
                pinned,
                found,
            } => write!(f, "{name}: {found}, pinned is {pinned}"),
        }
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The holes of a report.
pub(super) fn holes<'n>(
    report: &Report,
    name: impl Fn(usize) -> &'n str,
) -> impl Iterator<Item = Finding> {
    let holes = &report.holes;
    let kinds = [
        ("unnoticed", &holes.unnoticed),
        ("ambiguous", &holes.ambiguous),
        ("alternative", &holes.alternatives),
        ("unused", &holes.unused),
    ];
    let columns = kinds.into_iter().flat_map(move |(kind, columns)| {
        let column = |&column: &usize| name(column).to_owned();
        let columns: Vec<String> = columns.iter().map(column).collect();
        columns
            .into_iter()
            .map(move |column| Finding::Hole { kind, column })
    });
    let undetermined =
        (holes.undetermined > 0).then_some(Finding::Undetermined(holes.undetermined));
    columns.chain(undetermined)
}

/// What is wrong with the widths of comparisons.
pub(super) fn widths(comparisons: &Comparisons) -> impl Iterator<Item = Finding> {
    let loose = comparisons.loose.iter().cloned().map(Finding::Loose);
    let rows = comparisons.unrecognised.iter();
    loose.chain(rows.map(|&row| Finding::Unrecognised { row }))
}

/// Where a report differs from what is pinned. Mutants are counted only if all were made.
pub(super) fn differences(report: &Report, pin: &Pin, all_mutants: bool) -> Vec<Finding> {
    let survivors = report.survivors.iter();
    let unexplained = survivors.filter(|survivor| reason(pin, survivor).is_none());
    let mut findings: Vec<Finding> = unexplained
        .cloned()
        .map(|survivor| Finding::Survivor { survivor })
        .collect();
    let mut number = |name, pinned: &dyn fmt::Debug, found: &dyn fmt::Debug| {
        let (pinned, found) = (format!("{pinned:?}"), format!("{found:?}"));
        if pinned != found {
            findings.push(Finding::Number {
                name,
                pinned,
                found,
            });
        }
    };
    number("constraints", &pin.constraints, &report.constraints);
    number("private inputs", &pin.private, &report.private);
    number("wires", &pin.wires, &report.wires);
    number("freedom", &pin.freedom, &report.freedom);
    if all_mutants {
        number("mutants", &pin.mutants, &report.mutants);
        number("survivors", &pin.survivors.len(), &report.survivors.len());
    }
    findings
}
