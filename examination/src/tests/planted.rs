//! Faults planted in the constraints of Q16: what finds which.

use ark_bn254::Fr;
use ark_ff::{One, Zero};
use taxproof_circuits::Matrices;
use taxproof_claims::curve::Curve;
use taxproof_claims::shape::Q16;
use taxproof_soundness::CircuitError;

use crate::subject::Subject;
use crate::{Extent, battery, pins};

type Faulty = Matrices<Fr>;

/// A constraint system with something planted in it.
struct Plant {
    sound: Subject<Fr>,
}

impl Plant {
    fn new() -> Self {
        Self {
            sound: Subject::new(Q16),
        }
    }

    /// The rows of a clause.
    fn rows(&self, clause: &str) -> std::ops::Range<usize> {
        let mut clauses = self.sound.matrices.clauses.iter();
        clauses.find(|c| c.name == clause).unwrap().rows.clone()
    }

    /// The first row of a clause in whose matrix (0, 1 or 2) a column stands.
    fn row_with(&self, clause: &str, matrix: usize, column: &str) -> usize {
        let column = self.sound.column(&format!("main.{column}"));
        let stands = |row: &usize| {
            let terms = self.sound.matrices.abc[matrix][*row].iter();
            terms.clone().any(|term| term.1 == column)
        };
        self.rows(clause).find(stands).unwrap()
    }

    /// The rows of a clause of the form L·(L − 1) = 0, L being one wire or several.
    fn booleans(&self, clause: &str, one_wire: bool) -> Vec<usize> {
        let [a, b, c] = &self.sound.matrices.abc;
        let one = Fr::one();
        let is_boolean = |row: &usize| {
            let (a, b) = (&a[*row], &b[*row]);
            let constant = |side: &[(Fr, usize)]| {
                let constant = side.iter().find(|term| term.1 == 0);
                constant.map_or(Fr::zero(), |term| term.0)
            };
            let rest = |side: &[(Fr, usize)]| {
                let rest = side.iter().filter(|term| term.1 != 0);
                rest.copied().collect::<Vec<_>>()
            };
            c[*row].is_empty()
                && rest(a) == rest(b)
                && constant(a) - constant(b) == one
                && (rest(a).len() == 1) == one_wire
        };
        self.rows(clause).filter(is_boolean).collect()
    }

    /// Whether the battery finds a hole or another freedom than is pinned in other constraints, at
    /// the same statements.
    fn is_found(&self, change: impl FnOnce(&mut Faulty)) -> Result<bool, CircuitError> {
        let mut matrices = self.sound.matrices.clone();
        change(&mut matrices);
        let subject = Subject::with_matrices(Q16, matrices);
        // Holes are looked for everywhere; mutants are not what is to find these.
        let extent = Extent {
            every: usize::MAX,
            ..Extent::default()
        };
        let report = battery(&subject, &subject.witnesses(), &extent, &|_, _| ())?;
        let pin = pins::pin(Q16, Curve::Bn254).unwrap();
        Ok(!report.holes.is_empty() || report.freedom != pin.freedom)
    }
}

fn cleared(row: usize) -> impl FnOnce(&mut Faulty) {
    move |matrices| {
        matrices
            .abc
            .iter_mut()
            .for_each(|matrix| matrix[row].clear())
    }
}

/// A row is gone, or says 0 = 0: true statements still hold, and something is free.
#[test]
fn a_missing_constraint_leaves_a_hole() {
    let plant = Plant::new();
    let [leaf, membership] = ["leaf", "membership"].map(|clause| plant.rows(clause));
    let [range, verdict] = ["range", "verdict"].map(|clause| plant.rows(clause));
    let missing = [
        (
            "the pseudonym's equality",
            plant.row_with("holder", 2, "pseudonym"),
        ),
        (
            "the scope tag's equality",
            plant.row_with("holder", 2, "scope_tag"),
        ),
        (
            "the disclosed id",
            plant.row_with("holder", 2, "disclosed_id"),
        ),
        ("an S-box of a key's hash", plant.rows("holder").start + 2),
        ("an S-box of the leaf", leaf.start + 100),
        ("a square in the leaf", leaf.start + 99),
        (
            "the link of the leaf to its path",
            plant.row_with("membership", 1, "path[0][7]"),
        ),
        (
            "the link of an inner node",
            plant.row_with("membership", 1, "path[6][7]"),
        ),
        ("an S-box of a node", membership.start + 400),
        (
            "the root's equality",
            plant.row_with("membership", 2, "root"),
        ),
        (
            "a product of a sum",
            plant.row_with("linear", 0, "linear[2].time[3]"),
        ),
        (
            "a weight's product",
            plant.row_with("counted", 0, "counted[1].weight[7]"),
        ),
        (
            "a selection",
            plant.row_with("range", 0, "range[3].attribute[11]"),
        ),
        ("a bit of a sum", plant.booleans("linear", true)[40]),
        ("the top bit of a sum", plant.booleans("linear", false)[0]),
        ("the top bit of a range", plant.booleans("range", false)[3]),
        ("both ends of a range", range.end - 1),
        ("the last row of a set", plant.rows("set").end - 1),
        (
            "a bit of the consent",
            *plant.booleans("verdict", true).last().unwrap(),
        ),
        (
            "the top bit of the consent",
            *plant.booleans("verdict", false).last().unwrap(),
        ),
        ("the outcome", verdict.end - 1),
        ("the context", plant.rows("context").start),
    ];
    let is_missed = |&&(_, row): &&(&str, usize)| plant.is_found(cleared(row)) != Ok(true);
    let missed: Vec<_> = missing.iter().filter(is_missed).collect();
    assert_eq!(missed, [&("", 0); 0]);
    assert_eq!(plant.is_found(|_| ()), Ok(false));
}

/// Each of the rows that tell zero, at a rule on a set.
#[test]
fn a_hint_is_not_free() {
    let plant = Plant::new();
    let [_, b, c] = &plant.sound.matrices.abc;
    let rows = plant.rows("set");
    let empty = rows.filter(|&row| c[row].is_empty() && b[row].len() == 1);
    let empty: Vec<usize> = empty.collect();
    // a·z = 0 and i·z = 0, before them a·i = 1 − z; twice a rule.
    assert_eq!(empty.len(), 8);
    let rows = [empty[0] - 1, empty[0], empty[1], empty[3], empty[5]];
    let missed = rows
        .into_iter()
        .filter(|&row| plant.is_found(cleared(row)) != Ok(true));
    assert_eq!(missed.collect::<Vec<_>>(), [0; 0]);
}

/// The constraints compute something else: true statements contradict them.
#[test]
fn another_computation_contradicts_clear_text() {
    let plant = Plant::new();
    let contradicts = |what: &str, change: &dyn Fn(&mut Faulty)| {
        let unsatisfied = plant.is_found(change);
        assert!(
            matches!(unsatisfied, Err(CircuitError::Unsatisfied(_))),
            "{what}: {unsatisfied:?}"
        );
    };
    // The constant in a sponge's first row is the tag with the length.
    for clause in ["holder", "leaf"] {
        let start = plant.rows(clause).start;
        contradicts("a tag", &|matrices| {
            for side in &mut matrices.abc[..2] {
                side[start].retain(|term| term.1 != 0);
            }
        });
    }
    for input in [
        "attributes[3]",
        "values[15][7]",
        "schema",
        "newest_period",
        "id",
        "salt",
    ] {
        let column = plant.sound.column(&format!("main.{input}"));
        let leaf = plant.rows("leaf");
        contradicts(input, &|matrices| {
            for matrix in &mut matrices.abc {
                for row in leaf.clone() {
                    matrix[row].retain(|term| term.1 != column);
                }
            }
        });
    }
    let bank = plant.sound.column("main.bank");
    contradicts("the bank of the pseudonym", &|matrices| {
        let rows = matrices.abc.iter_mut().flatten();
        rows.for_each(|row| row.retain(|term| term.1 != bank));
    });
    let selected = plant.row_with("range", 0, "range[0].attribute[1]");
    let other = plant.sound.column("main.attributes[2]");
    contradicts("another attribute than selected", &|matrices| {
        matrices.abc[1][selected][0].1 = other;
    });
    // The conjunctions of the verdict follow the top bits of the cut-off and of both groups.
    for row in &plant.booleans("verdict", false)[..3] {
        contradicts("a conjunction", &|matrices| {
            matrices.abc[1][row + 1] = vec![(Fr::one(), 0)];
        });
    }
    for number in [
        "linear[4].threshold",
        "counted[2].at_least",
        "range[1].high",
        "cut_off",
        "group[1].at_least",
        "bands[2]",
    ] {
        let column = plant.sound.column(&format!("main.{number}"));
        contradicts(number, &|matrices| {
            let rows = matrices.abc.iter_mut().flatten();
            rows.for_each(|row| row.retain(|term| term.1 != column));
        });
    }
}
