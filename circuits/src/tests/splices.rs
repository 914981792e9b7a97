//! No part of one true statement can be put into another.
//!
//! Two true statements differ in one input and in what follows from it. Columns that differ and stand
//! in one row are tied together. Were there two parts with nothing between them, either part of the
//! one statement would satisfy every row beside the other part of the other one: the pseudonym of one
//! key beside the leaf of another, the leaf of one value beside the rules on another. So whatever
//! follows from an input is one part.

use ark_ff::PrimeField;
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_claims::amount::Value;
use taxproof_claims::hash::node;
use taxproof_claims::holder::Secret;
use taxproof_claims::period::Period;
use taxproof_claims::record::Values;
use taxproof_claims::schema::PERIODS_AVAILABLE;
use taxproof_claims::shape::{Q16, Q16S, SHAPES, Shape, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::statement::Consent;
use taxproof_claims::subject::IdScheme;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::{self as samples, Scenario};

use crate::{Matrices, StatementCircuit, assign, matrices};

/// The columns that differ, part by part.
fn parts<F: PrimeField>(matrices: &Matrices<F>, a: &[F], b: &[F]) -> Vec<Vec<usize>> {
    let mut leads: Vec<usize> = (0..a.len()).collect();
    let lead = |leads: &[usize], mut column: usize| {
        while leads[column] != column {
            column = leads[column];
        }
        column
    };
    for row in 0..matrices.constraints() {
        let terms = matrices.abc.iter().flat_map(|matrix| &matrix[row]);
        let mut differing = terms
            .map(|term| term.1)
            .filter(|&column| a[column] != b[column]);
        let Some(first) = differing.next() else {
            continue;
        };
        let first = lead(&leads, first);
        for other in differing {
            let other = lead(&leads, other);
            leads[other] = first;
        }
    }
    let mut parts = vec![Vec::new(); a.len()];
    for column in (0..a.len()).filter(|&column| a[column] != b[column]) {
        parts[lead(&leads, column)].push(column);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// A true statement, and where one's own nodes are on its path.
struct Statement<F> {
    matrices: Matrices<F>,
    scenario: Scenario<F>,
    places: Vec<usize>,
    /// The values of all columns.
    z: Vec<F>,
}

impl<F: Poseidon2Field> Statement<F> {
    fn random(shape: Shape, seed: u64) -> Self {
        Self::of(Scenario::random(&mut StdRng::seed_from_u64(seed), shape))
    }

    fn of(scenario: Scenario<F>) -> Self {
        let mut current =
            (scenario.record).leaf(&scenario.secrets.commitment(), scenario.witness.salt);
        let place = |children: &[F; TREE_ARITY]| {
            let place = children.iter().position(|child| *child == current);
            current = node(children);
            place.unwrap()
        };
        let places = scenario.witness.path.iter().map(place).collect();
        let mut statement = Self {
            matrices: matrices(scenario.public.numbers.shape),
            scenario,
            places,
            z: Vec::new(),
        };
        statement.z = statement.assigned(|_| ());
        statement
    }

    /// The values of all columns, after a change of what is attested or asked and with all that
    /// follows from it.
    fn assigned(&self, change: impl FnOnce(&mut Scenario<F>)) -> Vec<F> {
        let mut changed = self.scenario.clone();
        change(&mut changed);
        let Scenario {
            public,
            witness,
            record,
            secrets,
            ..
        } = &mut changed;
        let mut current = record.leaf(&secrets.commitment(), witness.salt);
        for (children, &place) in witness.path.iter_mut().zip(&self.places) {
            children[place] = current;
            current = node(children);
        }
        witness.values = record.values.clone();
        witness.id = record.id.to_field();
        witness.sk = secrets.sk.to_field();
        witness.nk = secrets.nk.to_field();
        let fixed = &mut public.fixed;
        fixed.root = current;
        fixed.schema = record.schema.to_field();
        fixed.newest_period = F::from(record.newest_period.index());
        fixed.pseudonym = secrets.pseudonym(witness.id, fixed.bank);
        fixed.scope_tag = secrets.scope_tag(witness.id, fixed.scope);
        fixed.disclosed_id = witness.id * F::from(public.numbers.disclose_id);
        changed.tell_the_truth();
        let circuit = StatementCircuit::new(changed.public, changed.witness).unwrap();
        let assignment = assign(&circuit).unwrap();
        assert_eq!(self.matrices.violated(&assignment), None);
        assignment.full().to_vec()
    }

    /// What follows from a change is one part.
    #[track_caller]
    fn is_one_part(&self, what: &str, change: impl FnOnce(&mut Scenario<F>)) {
        let parts = parts(&self.matrices, &self.z, &self.assigned(change));
        assert_eq!(
            parts.len(),
            1,
            "{what}: columns from {:?} are tied to none of the others that change",
            parts.iter().map(|part| part[0]).collect::<Vec<_>>()
        );
    }

    /// Another value in a record.
    fn with_value(&self, change: impl FnOnce(&mut [i64], &mut [Vec<i64>])) -> Values {
        let values = &self.scenario.record.values;
        let (mut attributes, mut rows) = (values.attributes().to_vec(), Vec::new());
        rows.extend(values.rows().iter().map(|row| row.to_vec()));
        change(&mut attributes, &mut rows);
        let checked = |values: &[i64]| -> Vec<Value> {
            let values = values.iter().map(|&n| Value::try_from(n).unwrap());
            values.collect()
        };
        let rows: Vec<_> = rows.iter().map(|row| checked(row)).collect();
        let layout = self.scenario.public.numbers.shape.layout();
        Values::new(layout, &checked(&attributes), &rows).unwrap()
    }
}

/// One more or one less, whichever is a value.
const fn moved(n: i64) -> i64 {
    if n > 0 { n - 1 } else { n + 1 }
}

fn every_value_is_tied<F: Poseidon2Field>(shape: Shape) {
    let rng = &mut StdRng::seed_from_u64(20);
    // Every period is on record, and nothing in the oldest: it may be one less.
    let value = |n: usize| Value::try_from(n as i64).unwrap();
    let mut attributes: Vec<Value> = (0..shape.attributes).map(value).collect();
    attributes[PERIODS_AVAILABLE] = value(shape.periods);
    let row = |q: usize| (0..shape.fields).map(|f| value(q + f)).collect();
    let rows: Vec<Vec<Value>> = (0..shape.periods - 1).map(row).collect();
    let values = Values::new(shape.layout(), &attributes, &rows).unwrap();
    let numbers = samples::numbers(rng, shape, &values);
    let statement = Statement::<F>::of(Scenario::new(rng, numbers, values));
    for attribute in 0..shape.attributes {
        let values = statement.with_value(|attributes, _| {
            attributes[attribute] = moved(attributes[attribute]);
        });
        statement.is_one_part(&format!("attribute {attribute}"), |s| {
            s.record.values = values;
        });
    }
    for (row, field) in (0..shape.periods).flat_map(|q| (0..shape.fields).map(move |f| (q, f))) {
        let values = statement.with_value(|_, rows| rows[row][field] = moved(rows[row][field]));
        statement.is_one_part(&format!("value {field} of row {row}"), |s| {
            s.record.values = values;
        });
    }
}

fn every_other_input_is_tied<F: Poseidon2Field>(shape: Shape) {
    let statement = Statement::<F>::random(shape, 21);
    let one = F::one();
    statement.is_one_part("id", |s| {
        s.record.id = IdScheme::Plain.parse("ANOTHER-FIRM").unwrap();
    });
    statement.is_one_part("sk", |s| s.secrets.sk = Secret::from_bytes([3; 31]));
    statement.is_one_part("nk", |s| s.secrets.nk = Secret::from_bytes([3; 31]));
    statement.is_one_part("salt", |s| s.witness.salt += one);
    for level in 0..TREE_DEPTH {
        for child in (0..TREE_ARITY).filter(|child| *child != statement.places[level]) {
            statement.is_one_part(&format!("path[{level}][{child}]"), |s| {
                s.witness.path[level][child] += one;
            });
        }
    }
    statement.is_one_part("schema", |s| s.record.schema.0[9] ^= 1);
    statement.is_one_part("newest period", |s| {
        s.record.newest_period = Period::new(2026, 2).unwrap();
    });
    statement.is_one_part("bank", |s| s.public.fixed.bank += one);
    statement.is_one_part("scope", |s| s.public.fixed.scope += one);
    statement.is_one_part("context", |s| s.public.fixed.context += one);
    statement.is_one_part("whether the id is disclosed", |s| {
        s.public.numbers.disclose_id ^= true;
    });
    for bit in 0..=shape.atoms() {
        statement.is_one_part(&format!("consent {bit}"), |s| {
            let bits = s.consent.bits() ^ 1 << bit;
            s.consent_to(Consent::from_bits(shape, bits).unwrap());
        });
    }
}

/// The numbers that stand in comparisons whatever the record is.
fn every_bound_is_tied<F: Poseidon2Field>(shape: Shape) {
    let statement = Statement::<F>::random(shape, 22);
    let wide = |n: &mut i128| *n = if *n > 0 { *n - 1 } else { *n + 1 };
    let long = |n: &mut i64| *n = moved(*n);
    let signed = |n: &mut i32| *n = if *n > 0 { *n - 1 } else { *n + 1 };
    let count = |n: &mut u32| *n = if *n > 0 { *n - 1 } else { *n + 1 };
    for i in 0..shape.linear {
        statement.is_one_part("a sum's threshold", |s| {
            wide(&mut s.public.numbers.linear[i].threshold);
        });
        statement.is_one_part("a sum's periods", |s| {
            count(&mut s.public.numbers.linear[i].min_periods);
        });
    }
    for i in 0..shape.counted {
        statement.is_one_part("a counted threshold", |s| {
            wide(&mut s.public.numbers.counted[i].threshold);
        });
        statement.is_one_part("a count", |s| {
            count(&mut s.public.numbers.counted[i].at_least);
        });
        statement.is_one_part("a count's periods", |s| {
            count(&mut s.public.numbers.counted[i].min_periods);
        });
    }
    for i in 0..shape.range {
        statement.is_one_part("a low end", |s| long(&mut s.public.numbers.range[i].low));
        statement.is_one_part("a high end", |s| long(&mut s.public.numbers.range[i].high));
    }
    let groups = statement.scenario.public.numbers.groups.len();
    for i in 0..groups {
        statement.is_one_part("a group", |s| {
            count(&mut s.public.numbers.groups[i].at_least);
        });
    }
    let bands = statement.scenario.public.numbers.bands.len();
    for i in 0..bands {
        statement.is_one_part("a band", |s| signed(&mut s.public.numbers.bands[i]));
    }
    statement.is_one_part("the cut-off", |s| signed(&mut s.public.numbers.cut_off));
}

#[test]
fn every_value_is_tied_to_its_leaf() {
    every_value_is_tied::<ark_bn254::Fr>(Q16);
}

#[test]
fn secrets_path_and_public_inputs_are_tied() {
    for shape in SHAPES {
        every_other_input_is_tied::<ark_bn254::Fr>(shape);
    }
    every_other_input_is_tied::<ark_bls12_381::Fr>(Q16);
}

#[test]
fn bounds_are_tied_to_what_they_bound() {
    for shape in SHAPES {
        every_bound_is_tied::<ark_bn254::Fr>(shape);
    }
    every_bound_is_tied::<ark_bls12_381::Fr>(Q16S);
}

/// It sees a copy that nothing ties to what it is a copy of.
#[test]
fn a_copy_of_a_secret_is_another_part() {
    let mut statement = Statement::<ark_bn254::Fr>::random(Q16, 23);
    let other_key = |s: &mut Scenario<_>| s.secrets.nk = Secret::from_bytes([3; 31]);
    let (mut before, mut after) = (statement.assigned(|_| ()), statement.assigned(other_key));
    let layout = Q16.layout();
    let values = layout.attributes + layout.periods * layout.fields;
    let nk = statement.matrices.instance + values + 2;
    assert_eq!(before[nk], statement.scenario.witness.nk);
    for z in [&mut before, &mut after] {
        let nk = z[nk];
        z.push(nk);
    }
    // The scope tag's hash is the last of the holder's: its first rows are the last with nk.
    let copy = before.len() - 1;
    let holder = statement.matrices.clauses[0].rows.clone();
    let rows = holder.rev().filter(|&row| {
        let terms = statement.matrices.abc.iter().map(|matrix| &matrix[row]);
        terms.flatten().any(|term| term.1 == nk)
    });
    let rows: Vec<usize> = rows.collect();
    assert_eq!(parts(&statement.matrices, &before, &after).len(), 2);
    let hashes = 3;
    for &row in &rows[..rows.len() / hashes] {
        for matrix in &mut statement.matrices.abc {
            let terms = matrix[row].iter_mut();
            terms
                .filter(|term| term.1 == nk)
                .for_each(|term| term.1 = copy);
        }
    }
    let parts = parts(&statement.matrices, &before, &after);
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part.len() > 200));
}
