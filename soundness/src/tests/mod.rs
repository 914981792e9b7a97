//! The battery on small circuits: sound ones give no alarm, each kind of fault is caught.

mod draft;

use ark_bn254::Fr;
use ark_ff::PrimeField;

use self::draft::{Draft, small};
use crate::{CircuitError, Extent, Report, Weakening, examine};

/// [x ≥ t] for a private x, of 4 bits, whether x is t, and x among three private numbers.
///
/// Public: t, [x ≥ t], [x = t].
fn judged<F: PrimeField>(x: i64, t: i64, siblings: [i64; 2]) -> Draft<F> {
    let mut draft = Draft::new(&[t, i64::from(x >= t), i64::from(x == t)]);
    draft.follows = vec![2, 3];
    let x_wire = draft.private(x);
    let listed = [x, siblings[0], siblings[1]].map(|value| draft.private(value));
    draft.follows.push(listed[0]);
    let difference = [(1, x_wire), (-1, 1)];
    let bits = draft.bits(&[(1, x_wire), (-1, 1), (16, 0)], 5);
    draft.row(&[(1, 0)], &[(1, bits[4])], &[(1, 2)]);
    let equal = draft.is_zero(&difference);
    draft.row(&[(1, 0)], &[(1, equal)], &[(1, 3)]);
    let factors = listed.map(|column| [(1, column), (-1, x_wire)]);
    let product = draft.product(&factors[0], &factors[1]);
    draft.row(&[(1, product)], &factors[2], &[]);
    draft
}

fn cases<F: PrimeField>() -> [Draft<F>; 4] {
    [
        judged(7, 5, [3, 9]),
        judged(5, 5, [3, 9]),
        judged(-2, 5, [3, 9]),
        judged(0, 15, [-1, 4]),
    ]
}

fn sound_is_sound<F: PrimeField>() {
    let [first, others @ ..] = cases::<F>();
    let report = first.examined(&others);
    assert!(report.holes.is_empty(), "{report:#?}");
    // Four statements do not exercise every term, but they are enough for every row.
    let mut survivors = report.survivors.iter();
    assert!(survivors.all(|survivor| survivor.weakening != Weakening::Deleted));
    assert_eq!(report.killed, report.mutants - report.survivors.len());
    assert_eq!(report.clauses[0].constraints, report.constraints);
    // x is pinned by its bits, its own number among the listed follows it; two are free.
    assert_eq!(report.freedom, [2; 3]);
}

#[test]
fn a_sound_circuit_gives_no_alarm() {
    sound_is_sound::<Fr>();
    sound_is_sound::<ark_bls12_381::Fr>();
}

/// The cases with something changed in each.
fn changed(change: impl Fn(&mut Draft<Fr>)) -> Report {
    let mut cases = cases::<Fr>();
    cases.iter_mut().for_each(change);
    let [first, others @ ..] = cases;
    first.examined(&others)
}

#[test]
fn every_row_is_missed() {
    let sound = changed(|_| ());
    for row in 0..sound.constraints {
        let report = changed(|draft| drop(draft.rows.remove(row)));
        let noticed = !report.holes.is_empty() || report.freedom != sound.freedom;
        assert!(noticed, "row {row} is gone and nothing shows it");
    }
}

#[test]
fn a_wire_that_nothing_holds_is_found() {
    let mut draft = cases::<Fr>()[0].clone();
    let column = draft.wire(small(3));
    let report = draft.examined(&[]);
    assert_eq!(report.holes.unnoticed, [column]);
    assert_eq!(report.holes.ambiguous, [column]);
    assert_eq!(report.holes.undetermined, 1);
}

#[test]
fn a_second_root_is_found() {
    // s² = x, which has two roots and no first-order freedom.
    let mut draft = Draft::<Fr>::new(&[9]);
    let root = draft.wire(small(3));
    draft.row(&[(1, root)], &[(1, root)], &[(1, 1)]);
    let report = draft.examined(&[]);
    assert_eq!(report.holes.undetermined, 0);
    assert_eq!(report.holes.alternatives, [root]);
    assert_eq!(report.holes.ambiguous, [root]);
}

#[test]
fn bits_that_are_not_unique_are_found() {
    // As many bits as the field's order has, and no comparison with it: 5 and 5 + p.
    let mut draft = Draft::<Fr>::new(&[5]);
    let n = Fr::MODULUS_BIT_SIZE;
    let mut sum = vec![(-Fr::from(1u64), 1)];
    let mut weight = Fr::from(1u64);
    for i in 0..n {
        let bit = draft.wire(small(5 >> i.min(62) & 1));
        draft.row(&[(1, bit)], &[(1, bit), (-1, 0)], &[]);
        sum.push((weight, bit));
        weight += weight;
    }
    draft.rows.push([vec![(Fr::from(1u64), 0)], sum, vec![]]);
    let report = draft.examined(&[]);
    assert_eq!(report.holes.undetermined, 0);
    assert_eq!(report.holes.ambiguous.len(), n as usize);

    let mut shorter = Draft::<Fr>::new(&[5]);
    shorter.bits(&[(1, 1)], 40);
    assert!(shorter.examined(&[]).holes.is_empty());
}

#[test]
fn a_range_wider_by_one_bit_shows_in_the_numbers() {
    let report = |bits| {
        let mut draft = Draft::<Fr>::new(&[]);
        let x = draft.private(9);
        draft.bits(&[(1, x)], bits);
        draft.examined(&[])
    };
    assert_eq!(report(5).wires, report(4).wires + 1);
    assert!(report(5).mutants > report(4).mutants);
}

#[test]
fn a_public_input_that_no_row_uses_is_found() {
    let mut draft = Draft::<Fr>::new(&[5, 6]);
    let x = draft.private(5);
    draft.row(&[(1, 0)], &[(1, x)], &[(1, 1)]);
    assert_eq!(draft.examined(&[]).holes.unused, [2]);
}

#[test]
fn a_redundant_row_survives_and_is_named() {
    let mut draft = judged::<Fr>(7, 5, [3, 9]);
    let twice = draft.rows[6].clone();
    draft.rows.push(twice);
    let report = draft.examined(&[]);
    let rows = kept_alive(&report);
    assert!(
        rows.contains(&6) && rows.contains(&(draft.rows.len() - 1)),
        "{rows:?}"
    );
    assert!(report.killed < report.mutants);
}

/// The rows whose deletion nothing killed.
fn kept_alive(report: &Report) -> Vec<usize> {
    let deleted = report.survivors.iter();
    let deleted = deleted.filter(|survivor| survivor.weakening == Weakening::Deleted);
    deleted.map(|survivor| survivor.row).collect()
}

/// [w·Σ x·t ≥ 0] for 10 private x: when the last product's row comes to be solved, what it is made of
/// is unknown too, and comes first.
#[test]
fn a_product_of_a_long_sum_is_forged() {
    const TERMS: usize = 10;
    let mut draft = Draft::<Fr>::new(&[3, 1, 1]);
    draft.follows = vec![3];
    let products = [(); TERMS].map(|()| {
        let x = draft.private(1);
        (1, draft.product(&[(1, x)], &[(1, 2)]))
    });
    let sum = draft.product(&[(1, 1)], &products);
    let bits = draft.bits(&[(1, sum), (256, 0)], 9);
    draft.row(&[(1, 0)], &[(1, bits[8])], &[(1, 3)]);
    assert_eq!(kept_alive(&draft.examined(&[])), [0; 0]);
}

/// A term of a·z = 0 is missed only by a forged witness in which it is all of a.
#[test]
fn a_weaker_row_is_told_by_what_is_forged_from_another_base() {
    let selecting = |selectors: [i64; 2]| {
        let mut draft = Draft::<Fr>::new(&[selectors[0], selectors[1], 0]);
        draft.follows = vec![3];
        let selected = [1, 2].map(|selector| {
            let x = draft.private(5);
            (1, draft.product(&[(1, x)], &[(1, selector)]))
        });
        let zero = draft.is_zero(&selected);
        draft.row(&[(1, 0)], &[(1, zero)], &[(1, 3)]);
        draft
    };
    let of_product = |report: &Report| {
        let row = 3;
        let survivors = report.survivors.iter();
        survivors.filter(|survivor| survivor.row == row).count()
    };
    let [first, second] = [[1, 0], [0, 1]].map(selecting);
    assert_eq!(of_product(&first.examined(&[])), 1);
    assert_eq!(of_product(&first.examined(&[second])), 0);
}

#[test]
fn mutants_are_made_of_the_rows_asked_for() {
    let draft = judged::<Fr>(7, 5, [3, 9]);
    let circuit = draft.circuit();
    let extent = |rows| Extent {
        rows,
        ..Extent::default()
    };
    let run = |rows| examine(&circuit, &[draft.witness()], &extent(rows), &|_, _| ());
    let part = |rows| {
        let report = run(rows).unwrap();
        (report.clauses[0].constraints, report.mutants)
    };
    let n = circuit.constraints();
    let (first, second, all) = (part(0..4), part(4..n), part(0..usize::MAX));
    assert_eq!((first.0, second.0, all.0), (4, n - 4, n));
    assert_eq!(first.1 + second.1, all.1);
    assert_eq!(part(n - 1..n + 9).0, 1);
    for (from, to) in [(n, n + 9), (3, 3), (usize::MAX, 0)] {
        let constraints = n;
        let none = CircuitError::Rows {
            constraints,
            from,
            to,
        };
        assert_eq!(run(from..to), Err(none));
    }
    assert!(extent(0..n).is_whole(n) && !extent(1..n).is_whole(n) && !extent(0..n - 1).is_whole(n));
}

#[test]
fn a_forged_witness_may_lie_in_an_output() {
    let mut draft = Draft::<Fr>::new(&[42]);
    let [a, b] = [draft.private(6), draft.private(7)];
    draft.row(&[(1, a)], &[(1, b)], &[(1, 1)]);
    let honest = draft.examined(&[]).survivors;
    assert!(
        honest
            .iter()
            .any(|survivor| survivor.weakening == Weakening::Deleted)
    );
    draft.follows = vec![1];
    assert_eq!(draft.examined(&[]).clauses[0].lied, 1);
}

#[test]
fn what_is_no_witness_is_refused() {
    let draft = judged::<Fr>(7, 5, [3, 9]);
    let run =
        |witnesses: &[_]| examine(&draft.circuit(), witnesses, &Extent::default(), &|_, _| ());
    assert_eq!(run(&[]).unwrap_err(), CircuitError::NoAssignment);
    let mut wrong = draft.witness();
    wrong.z[5] += Fr::from(1u64);
    assert_eq!(
        run(&[draft.witness(), wrong]).unwrap_err(),
        CircuitError::Unsatisfied(1)
    );
    let mut short = draft.witness();
    short.z.pop();
    assert_eq!(run(&[short]).unwrap_err(), CircuitError::Unsatisfied(0));
}
