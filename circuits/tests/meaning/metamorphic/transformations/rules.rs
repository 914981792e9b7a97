//! One rule by itself: its contrary, and its bounds nearer and further.

use taxproof_claims::numbers::{BinNumbers, GroupNumbers};
use taxproof_claims::shape::VALUE_BITS;
use taxproof_claims::statement::Consent;
use taxproof_claims::testing::Choices;

use super::parts::min_periods;
use crate::metamorphic::{Case, Pair, Tie};

/// Leaves one rule to decide, and nothing to be told but the verdict.
fn only(case: &mut Case, atom: usize) {
    let numbers = &mut case.numbers;
    numbers.hard.fill(false);
    numbers.hard[atom] = true;
    numbers.points.fill(0);
    numbers.cut_off = 0;
    for group in &mut numbers.groups {
        let members = vec![false; group.members.len()];
        *group = GroupNumbers {
            members,
            at_least: 0,
        };
    }
    let silent = |bins: &mut BinNumbers| {
        (bins.base, bins.missing) = (0, 0);
        bins.steps.fill(0);
    };
    if let Some(card) = &mut numbers.card {
        card.ratios.iter_mut().for_each(|v| silent(&mut v.bins));
        card.attributes.iter_mut().for_each(|v| silent(&mut v.bins));
    }
    case.consent = Consent::NONE;
}

/// A rule, its minimum of quarters aside, and its contrary.
pub(super) fn negated(mut before: Case, choices: &mut Choices) -> Option<Pair> {
    let shape = before.shape();
    let atom = choices.below(shape.atoms());
    only(&mut before, atom);
    min_periods(&mut before.numbers).for_each(|n| *n = 0);
    let kinds = [shape.linear, shape.counted, shape.range];
    let (kind, place) = place(atom, kinds);
    if kind == 2 {
        before.numbers.range[place].high = 1 << VALUE_BITS;
    }
    let mut after = before.clone();
    let numbers = &mut after.numbers;
    match kind {
        0 => {
            let linear = &mut numbers.linear[place];
            linear.weight.iter_mut().for_each(|w| *w = -*w);
            linear.threshold = 1 - linear.threshold;
        }
        1 => {
            let counted = &mut numbers.counted[place];
            counted.weight.iter_mut().for_each(|w| *w = -*w);
            counted.threshold = 1 - counted.threshold;
            let quarters = counted.window.iter().filter(|&&counts| counts).count() as u32;
            counted.at_least = (quarters + 1).saturating_sub(counted.at_least);
        }
        2 => {
            let range = &mut numbers.range[place];
            (range.low, range.high) = (-(1 << VALUE_BITS), range.low - 1);
        }
        _ => {
            let set = &mut numbers.sets[place];
            // A missing code is neither in nor out.
            if before.values.attributes()[set.attribute] == 0 {
                return None;
            }
            set.member = !set.member;
        }
    }
    let tie = Tie::Contrary;
    Some(Pair { before, after, tie })
}

/// An atom's kind, and its place among those of its kind.
fn place(atom: usize, kinds: [usize; 3]) -> (usize, usize) {
    let mut place = atom;
    for (kind, n) in kinds.into_iter().enumerate() {
        if place < n {
            return (kind, place);
        }
        place -= n;
    }
    (kinds.len(), place)
}

pub(super) fn tightened(before: Case, choices: &mut Choices) -> Option<Pair> {
    moved_bound(before, choices, Tie::NoBetter)
}

pub(super) fn loosened(before: Case, choices: &mut Choices) -> Option<Pair> {
    let Pair { before, after, .. } = moved_bound(before, choices, Tie::NoBetter)?;
    Some(Pair {
        before: after,
        after: before,
        tie: Tie::NoWorse,
    })
}

/// A rule, and the same with one of its bounds further away.
fn moved_bound(mut before: Case, choices: &mut Choices, tie: Tie) -> Option<Pair> {
    let shape = before.shape();
    let atom = choices.below(shape.atoms());
    only(&mut before, atom);
    let mut after = before.clone();
    let numbers = &mut after.numbers;
    let by = [0, 1, 1, choices.between(0, 1 << 40)][choices.below(4)];
    let which = choices.below(3);
    match place(atom, [shape.linear, shape.counted, shape.range]) {
        (0, i) => match which {
            0 => numbers.linear[i].min_periods += 1,
            _ => numbers.linear[i].threshold += i128::from(by),
        },
        (1, i) => match which {
            0 => numbers.counted[i].min_periods += 1,
            1 => numbers.counted[i].at_least += 1,
            _ => numbers.counted[i].threshold += i128::from(by),
        },
        (2, i) => match which {
            0 => numbers.range[i].high -= by,
            _ => numbers.range[i].low += by,
        },
        (_, i) => {
            let set = &mut numbers.sets[i];
            let code = choices.below(set.codes.len());
            // One code less to be in, or one more to be out of: the last is twice there then.
            if set.member {
                set.codes[code] = set.codes[set.codes.len() - 1];
            } else {
                let last = set.codes[code];
                before.numbers.sets[i].codes.fill(last);
            }
        }
    }
    Some(Pair { before, after, tie })
}

/// What is not consented to is not told.
pub(super) fn consent_withdrawn(before: Case, _: &mut Choices) -> Option<Pair> {
    let mut after = before.clone();
    after.consent = Consent::NONE;
    let tie = Tie::VerdictOnly;
    Some(Pair { before, after, tie })
}
