//! Discrete alternatives that only the statement knows: a path whose children or levels change
//! places, and a rule that looks at another attribute.

use serde::Serialize;
use taxproof_circuits::Matrices;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::shape::{TREE_ARITY, TREE_DEPTH};
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::Scenario;

use super::subject::assigned;

/// What was exchanged in true statements, everything else computed anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Exchanges {
    /// Two children of one node of the path, or two levels of it.
    pub paths: usize,
    /// The attribute that a rule or a variable of the scorecard selects.
    pub selections: usize,
    /// Those of either that the circuit accepted and clear text does not, or the other way round.
    pub wrong: Vec<String>,
}

impl Exchanges {
    pub(super) fn of<F: Poseidon2Field>(matrices: &Matrices<F>, scenarios: &[Scenario<F>]) -> Self {
        let mut exchanges = Self::default();
        for (index, scenario) in scenarios.iter().enumerate() {
            if index == 0 {
                exchanges.paths(matrices, scenario);
            }
            exchanges.selections(matrices, scenario);
        }
        exchanges
    }

    fn paths<F: Poseidon2Field>(&mut self, matrices: &Matrices<F>, honest: &Scenario<F>) {
        let mut refuse = |what: String, change: &dyn Fn(&mut Scenario<F>)| {
            let mut changed = honest.clone();
            change(&mut changed);
            self.paths += 1;
            if holds(matrices, &assigned(&changed)) {
                self.wrong.push(what);
            }
        };
        for level in 0..TREE_DEPTH {
            for (i, j) in pairs(TREE_ARITY) {
                refuse(format!("path[{level}][{i}] and [{j}]"), &|s| {
                    s.witness.path[level].swap(i, j);
                });
            }
        }
        for (i, j) in pairs(TREE_DEPTH) {
            refuse(format!("path[{i}] and path[{j}]"), &|s| {
                s.witness.path.swap(i, j);
            });
        }
    }

    fn selections<F: Poseidon2Field>(&mut self, matrices: &Matrices<F>, honest: &Scenario<F>) {
        let attributes = honest.public.numbers.shape.attributes;
        for rule in 0..selectors(&mut honest.public.numbers.clone()).len() {
            for attribute in 0..attributes {
                let mut changed = honest.clone();
                *selectors(&mut changed.public.numbers)[rule] = attribute;
                let says_the_same = changed.outcome() == honest.outcome();
                self.selections += 1;
                if holds(matrices, &assigned(&changed)) != says_the_same {
                    self.wrong
                        .push(format!("selection {rule} of attribute {attribute}"));
                }
            }
        }
    }
}

fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |j| (0..j).map(move |i| (i, j)))
}

fn holds<F: Poseidon2Field>(matrices: &Matrices<F>, z: &[F]) -> bool {
    (0..matrices.constraints()).all(|row| matrices.holds(row, z))
}

/// Every number that names an attribute.
fn selectors(numbers: &mut Numbers) -> Vec<&mut usize> {
    let range = numbers.range.iter_mut().map(|rule| &mut rule.attribute);
    let sets = numbers.sets.iter_mut().map(|rule| &mut rule.attribute);
    let card = numbers
        .card
        .iter_mut()
        .flat_map(|card| &mut card.attributes);
    let card = card.map(|variable| &mut variable.attribute);
    range.chain(sets).chain(card).collect()
}
