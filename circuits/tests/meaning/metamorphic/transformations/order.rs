//! The same in another order, or in a larger shape.

use taxproof_claims::numbers::Numbers;
use taxproof_claims::schema::PERIODS_AVAILABLE;
use taxproof_claims::shape::{Q16, Q32};
use taxproof_claims::statement::Consent;
use taxproof_claims::testing::Choices;

use super::parts::{field_weights, record, same, selectors, sums, with_rows};
use crate::metamorphic::{Case, Pair, Tie};

/// A random order of `0..n`.
fn order(n: usize, choices: &mut Choices) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, choices.below(i + 1));
    }
    order
}

fn reordered<T: Clone>(list: &[T], order: &[usize]) -> Vec<T> {
    order.iter().map(|&i| list[i].clone()).collect()
}

pub(super) fn fields_permuted(before: Case, choices: &mut Choices) -> Option<Pair> {
    let order = order(before.shape().fields, choices);
    let mut after = before.clone();
    field_weights(&mut after.numbers, |weight| {
        *weight = reordered(weight, &order)
    });
    let rows: Vec<_> = (before.values.rows().iter())
        .map(|row| reordered(row, &order))
        .collect();
    after.values = with_rows(&before.values, &rows)?;
    same(before, after)
}

pub(super) fn attributes_permuted(before: Case, choices: &mut Choices) -> Option<Pair> {
    let mut order = order(before.shape().attributes, choices);
    let own = order.iter().position(|&i| i == PERIODS_AVAILABLE)?;
    order.swap(own, PERIODS_AVAILABLE);
    let mut after = before.clone();
    for selector in selectors(&mut after.numbers) {
        *selector = order.iter().position(|i| i == selector)?;
    }
    let attributes = reordered(before.values.attributes(), &order);
    after.values = record(before.values.layout(), &attributes, before.values.rows())?;
    same(before, after)
}

pub(super) fn quarters_permuted(before: Case, choices: &mut Choices) -> Option<Pair> {
    let available = before.values.periods_available();
    let mut order = order(available, choices);
    order.extend(available..before.shape().periods);
    let mut after = before.clone();
    sums(&mut after.numbers).for_each(|(time, _)| *time = reordered(time, &order));
    for counted in &mut after.numbers.counted {
        counted.window = reordered(&counted.window, &order);
    }
    after.values = with_rows(&before.values, &reordered(before.values.rows(), &order))?;
    same(before, after)
}

/// Rules of one kind change places, and all that speaks of them.
pub(super) fn rules_reordered(before: Case, choices: &mut Choices) -> Option<Pair> {
    let shape = before.shape();
    let kinds = [shape.linear, shape.counted, shape.range];
    let [linear, counted, range] = kinds.map(|n| order(n, choices));
    let mut after = before.clone();
    let numbers = &mut after.numbers;
    numbers.linear = reordered(&numbers.linear, &linear);
    numbers.counted = reordered(&numbers.counted, &counted);
    numbers.range = reordered(&numbers.range, &range);
    let ranges = shape.linear + shape.counted;
    let all: Vec<usize> = (linear.into_iter())
        .chain(counted.into_iter().map(|i| shape.linear + i))
        .chain(range.into_iter().map(|i| ranges + i))
        .chain(ranges + shape.range..shape.atoms())
        .collect();
    numbers.hard = reordered(&numbers.hard, &all);
    numbers.points = reordered(&numbers.points, &all);
    for group in &mut numbers.groups {
        group.members = reordered(&group.members, &all);
    }
    let places: Vec<usize> = (0..all.len())
        .map(|i| all.iter().position(|&j| j == i))
        .collect::<Option<_>>()?;
    moved(before, after, places)
}

/// The same with the consent of each rule at its new place.
fn moved(before: Case, mut after: Case, places: Vec<usize>) -> Option<Pair> {
    let rules = (0..places.len()).filter(|&i| before.consent.atom(i));
    let consent = rules.fold(Consent::NONE, |all, i| all.with_atom(places[i]));
    after.consent = match before.consent.band(before.shape()) {
        true => consent.with_band(after.shape()),
        false => consent,
    };
    let tie = Tie::Moved(places);
    Some(Pair { before, after, tie })
}

pub(super) fn codes_reordered(before: Case, choices: &mut Choices) -> Option<Pair> {
    let mut after = before.clone();
    for set in &mut after.numbers.sets {
        let order = order(set.codes.len(), choices);
        set.codes = reordered(&set.codes, &order);
    }
    same(before, after)
}

/// A policy of 16 quarters as one of 32.
pub(super) fn larger_shape(before: Case, _: &mut Choices) -> Option<Pair> {
    if before.shape() != Q16 {
        return None;
    }
    let mut numbers = Numbers::neutral(Q32);
    let small = &before.numbers;
    numbers.linear[..Q16.linear].clone_from_slice(&small.linear);
    numbers.counted[..Q16.counted].clone_from_slice(&small.counted);
    numbers.range[..Q16.range].clone_from_slice(&small.range);
    numbers.sets.clone_from(&small.sets);
    for linear in &mut numbers.linear {
        linear.time.resize(Q32.periods, 0);
    }
    for counted in &mut numbers.counted {
        counted.window.resize(Q32.periods, false);
    }
    let counted = Q32.linear;
    let ranges = counted + Q32.counted;
    let places: Vec<usize> = (0..Q16.linear)
        .chain(counted..counted + Q16.counted)
        .chain(ranges..ranges + Q16.range)
        .chain(ranges + Q32.range..Q32.atoms())
        .collect();
    for (i, &place) in places.iter().enumerate() {
        numbers.hard[place] = small.hard[i];
        numbers.points[place] = small.points[i];
    }
    for (group, old) in numbers.groups.iter_mut().zip(&small.groups) {
        places
            .iter()
            .zip(&old.members)
            .for_each(|(&place, &is)| group.members[place] = is);
        group.at_least = old.at_least;
    }
    (numbers.cut_off, numbers.bands) = (small.cut_off, small.bands.clone());
    numbers.disclose_id = small.disclose_id;
    let values = before.values.with_layout(Q32.layout()).ok()?;
    let consent = before.consent;
    let after = Case {
        numbers,
        values,
        consent,
    };
    moved(before, after, places)
}
