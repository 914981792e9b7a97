//! The battery in the gate: every hole in every circuit, and mutants of some rows. All mutants are
//! made by `taxproof research soundness`.

mod planted;

use taxproof_claims::curve::Curve;
use taxproof_claims::shape::{Q16, SHAPES, Shape};
use taxproof_soundness::{Clause, Holes, Report, Survivor, Weakening};

use crate::findings::{differences, holes};
use crate::{Extent, examine, pins};

/// Every so many rows are deleted and weakened: a prime, so that gadgets are hit at different places.
const EVERY: usize = 499;

fn is_as_pinned(shape: Shape, curve: Curve) {
    let extent = Extent {
        every: EVERY,
        ..Extent::default()
    };
    let examination = examine(shape, curve, &extent, &|_, _| ()).unwrap();
    assert_eq!(examination.findings, [], "{shape} over {curve}");
    assert!(examination.mutants > examination.constraints / EVERY);
    assert_eq!(
        examination.killed + examination.survivors.len(),
        examination.mutants
    );
    assert!(examination.exchanges.paths > 0 && examination.exchanges.selections > 0);
    assert!(examination.same_matrices > 0);
}

#[test]
fn circuits_are_as_pinned_over_bn254() {
    for shape in SHAPES {
        is_as_pinned(shape, Curve::Bn254);
    }
}

#[test]
fn circuits_are_as_pinned_over_bls12_381() {
    for shape in SHAPES {
        is_as_pinned(shape, Curve::Bls12_381);
    }
}

fn survivor(known: &pins::Redundant) -> Survivor {
    Survivor {
        clause: String::new(),
        row: known.row,
        weakening: known.weakening,
    }
}

/// A report that is as pinned.
fn pinned_report(pin: &pins::Pin) -> Report {
    Report {
        constraints: pin.constraints,
        instance: 1,
        private: pin.private,
        wires: pin.wires,
        holes: Holes::default(),
        freedom: pin.freedom.to_vec(),
        mutants: pin.mutants,
        killed: pin.mutants - pin.survivors.len(),
        survivors: pin.survivors.iter().map(survivor).collect(),
        clauses: Vec::<Clause>::new(),
    }
}

#[test]
fn whatever_differs_is_a_finding() {
    let pin = pins::pin(Q16, Curve::Bn254).unwrap();
    let report = pinned_report(pin);
    assert_eq!(differences(&report, pin, true), []);
    let changes: [&dyn Fn(&mut Report); 6] = [
        &|report| report.constraints += 1,
        &|report| report.private += 1,
        &|report| report.wires -= 1,
        &|report| report.freedom[2] += 1,
        &|report| report.mutants += 1,
        &|report| {
            report.survivors.push(Survivor {
                clause: "leaf".into(),
                row: 5,
                weakening: Weakening::Deleted,
            });
        },
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let mut changed = report.clone();
        change(&mut changed);
        assert!(!differences(&changed, pin, true).is_empty(), "{i}");
    }
}

#[test]
fn every_hole_is_a_finding() {
    let pin = pins::pin(Q16, Curve::Bn254).unwrap();
    let found = |change: &dyn Fn(&mut Holes)| {
        let mut report = pinned_report(pin);
        change(&mut report.holes);
        let found: Vec<String> = holes(&report, |_| "x").map(|f| f.to_string()).collect();
        found.join(", ")
    };
    assert_eq!(found(&|_| ()), "");
    assert_eq!(found(&|holes| holes.unnoticed.push(3)), "unnoticed: x");
    assert_eq!(found(&|holes| holes.ambiguous.push(3)), "ambiguous: x");
    assert_eq!(found(&|holes| holes.alternatives.push(3)), "alternative: x");
    assert_eq!(found(&|holes| holes.unused.push(3)), "unused: x");
    assert!(found(&|holes| holes.undetermined = 2).contains('2'));
}
