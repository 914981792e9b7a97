//! Where each rule of a policy goes in its shape. The plan depends on nothing that a request or an
//! epoch adds, so that the same numbers stay open for every applicant.

use num_traits::ToPrimitive;

use super::Policy;
use super::atom::{Atom, Lowered, Lowering, SetAtom};
use super::card::CardVariable;
use super::error::Problem;
use super::rule::{Measured, Rule};
use crate::shape::{POINTS_BITS, SET_SIZES, Shape};

/// A policy's atoms and their places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Plan {
    /// Each once, in the order of the rules that need them.
    pub(super) atoms: Vec<Atom>,
    /// The place of each.
    pub(super) slots: Vec<Slot>,
    /// The atoms of each rule, as indices into `atoms`.
    pub(super) rules: Vec<RulePlan>,
    pub(super) variables: Vec<CardVariable>,
}

/// A rule's atoms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RulePlan {
    pub(super) atoms: Vec<usize>,
    /// Whether another required rule stands for the guard of its base.
    pub(super) base_is_implied: bool,
}

/// A place in the shape, counted from 0 within its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Linear(usize),
    Counted(usize),
    Range(usize),
    Set(usize),
}

impl Slot {
    /// The atom's number in the shape.
    pub(super) const fn index(self, shape: Shape) -> usize {
        match self {
            Self::Linear(i) => i,
            Self::Counted(i) => shape.linear + i,
            Self::Range(i) => shape.linear + shape.counted + i,
            Self::Set(i) => shape.linear + shape.counted + shape.range + i,
        }
    }
}

/// The part of a policy that a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Rule(usize),
    Group(usize),
    Variable(usize),
    Score,
    Policy,
}

impl Plan {
    pub(super) fn new(policy: &Policy) -> Result<Self, Vec<(Place, Problem)>> {
        let mut problems = Vec::new();
        let mut plan = Self::default();
        for (i, rule) in policy.rules.iter().enumerate() {
            match lower(policy, i, rule) {
                Ok(lowered) => plan.add(lowered),
                Err(problem) => problems.push((Place::Rule(i), problem)),
            }
        }
        for (i, variable) in policy.variables.iter().enumerate() {
            match CardVariable::new(variable, &policy.schema, policy.shape) {
                Ok(variable) => plan.variables.push(variable),
                Err(problem) => problems.push((Place::Variable(i), problem)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        problems.extend(plan.check_groups(policy));
        problems.extend(plan.check_score(policy));
        problems.extend(plan.check_card(policy.shape));
        match (allocate(&plan.atoms, policy.shape), problems.is_empty()) {
            (Ok(slots), true) => plan.slots = slots,
            (Ok(_), false) => return Err(problems),
            (Err(problem), _) => {
                problems.push((Place::Policy, problem));
                return Err(problems);
            }
        }
        Ok(plan)
    }

    fn add(&mut self, lowered: Lowered) {
        let mut atoms = Vec::new();
        for atom in lowered.atoms {
            let index = self
                .atoms
                .iter()
                .position(|known| *known == atom)
                .unwrap_or_else(|| {
                    self.atoms.push(atom);
                    self.atoms.len() - 1
                });
            if !atoms.contains(&index) {
                atoms.push(index);
            }
        }
        self.rules.push(RulePlan {
            atoms,
            base_is_implied: lowered.base_is_implied,
        });
    }

    fn check_groups(&self, policy: &Policy) -> Vec<(Place, Problem)> {
        let mut problems = Vec::new();
        for (i, group) in policy.groups.iter().enumerate() {
            let mut atoms: Vec<_> = group
                .any_of
                .iter()
                .map(|&rule| &self.rules[rule].atoms)
                .collect();
            atoms.sort_unstable();
            let members = atoms.len();
            atoms.dedup();
            if atoms.len() < members {
                let why = "two rules of the group are the same test";
                problems.push((Place::Group(i), Problem::Inconsistent(why)));
            }
        }
        problems
    }

    fn check_score(&self, policy: &Policy) -> Vec<(Place, Problem)> {
        let Some(score) = &policy.score else {
            return Vec::new();
        };
        let mut highest = i64::from(score.base);
        let mut by_atom = vec![0; self.atoms.len()];
        for (rule, plan) in policy.rules.iter().zip(&self.rules) {
            let points = rule.points.unwrap_or(0);
            highest += i64::from(points.max(0));
            by_atom[plan.atoms[0]] += i64::from(points);
        }
        highest += policy
            .variables
            .iter()
            .map(|v| v.highest_points())
            .sum::<i64>();
        let most = 1i64 << policy.shape.score_bits();
        let shifted = score
            .cut_off
            .iter()
            .chain(&score.bands)
            .map(|&t| i64::from(t) - i64::from(score.base));
        let in_bounds = shifted.into_iter().all(|t| t.abs() <= most)
            && by_atom.iter().all(|points| points.abs() < 1 << POINTS_BITS);
        if !in_bounds {
            return vec![(Place::Score, Problem::ThresholdTooLarge)];
        }
        match score.cut_off {
            Some(cut_off) if i64::from(cut_off) > highest => {
                let why = "all points together do not reach the cut-off";
                vec![(Place::Score, Problem::Unsatisfiable(why))]
            }
            _ => Vec::new(),
        }
    }

    fn check_card(&self, shape: Shape) -> Vec<(Place, Problem)> {
        let card = shape
            .card
            .map_or((0, 0), |card| (card.ratios, card.attributes));
        let is_ratio = |v: &&CardVariable| matches!(v, CardVariable::Ratio(_));
        let ratios = self.variables.iter().filter(is_ratio).count();
        let too_many = [
            (ratios > card.0, "scorecard variables over the quarters"),
            (
                self.variables.len() - ratios > card.1,
                "scorecard variables that are attributes",
            ),
        ];
        let too_many = too_many.into_iter().filter(|(over, _)| *over);
        too_many
            .map(|(_, what)| (Place::Policy, Problem::TooBig { what, shape }))
            .collect()
    }
}

impl super::rule::Variable {
    fn highest_points(&self) -> i64 {
        let points: Vec<i32> = match &self.measured {
            Measured::Figure { bins, .. } | Measured::Attribute { bins, .. } => bins
                .below
                .iter()
                .map(|(_, points)| *points)
                .chain([bins.rest])
                .collect(),
            Measured::Age { bins, .. } => bins
                .below
                .iter()
                .map(|(_, points)| *points)
                .chain([bins.rest])
                .collect(),
            Measured::Codes { bins, other, .. } => bins
                .iter()
                .map(|(_, points)| *points)
                .chain([*other])
                .collect(),
        };
        points
            .into_iter()
            .chain([self.missing])
            .map(i64::from)
            .max()
            .unwrap_or(0)
    }
}

fn lower(policy: &Policy, index: usize, rule: &Rule) -> Result<Lowered, Problem> {
    let lowering = Lowering {
        schema: &policy.schema,
        shape: policy.shape,
        parameters: &policy.parameters,
    };
    // A band is told of a failing applicant too, so that its points must be right without the
    // rule that would stand for the guard.
    let exact_score = policy.score.as_ref().is_some_and(|s| !s.bands.is_empty());
    let may_be_implied = rule.points.is_none() || !exact_score;
    let others = policy.rules.iter().enumerate();
    let others = others.filter(|(i, other)| may_be_implied && *i != index && other.required);
    let lowered = lowering.rule(rule, others.map(|(_, other)| other))?;
    let in_a_group = policy
        .groups
        .iter()
        .any(|group| group.any_of.contains(&index));
    match lowered.atoms.len() {
        0 | 1 => Ok(lowered),
        _ if rule.points.is_some() => Err(Problem::SeveralComparisons(
            "points are given for one comparison at a time",
        )),
        _ if in_a_group => Err(Problem::SeveralComparisons(
            "a group counts one comparison a rule",
        )),
        _ => Ok(lowered),
    }
}

/// Gives each atom a place: first those that fit one kind only, then the others.
fn allocate(atoms: &[Atom], shape: Shape) -> Result<Vec<Slot>, Problem> {
    let mut free = Free::new(shape);
    let mut slots = vec![None; atoms.len()];
    for choices in 1..=MOST_CHOICES {
        for (atom, slot) in atoms.iter().zip(&mut slots) {
            let kinds = kinds(atom);
            if kinds.len() == choices {
                let found = kinds.iter().find_map(|kind| free.take(*kind));
                let native = kinds.first().copied().unwrap_or(Kind::SmallSet);
                let full = Problem::TooBig {
                    what: native.name(),
                    shape,
                };
                *slot = Some(found.ok_or(full)?);
            }
        }
    }
    slots
        .into_iter()
        .collect::<Option<_>>()
        .ok_or(Problem::TooBig {
            what: Kind::LargeSet.name(),
            shape,
        })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Linear,
    Counted,
    Range,
    LargeSet,
    SmallSet,
}

/// An atom fits at most this many kinds: a short interval of codes.
const MOST_CHOICES: usize = 3;

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Linear => "comparisons of totals, averages, growth and ratios",
            Self::Counted => "comparisons of each quarter",
            Self::Range => "comparisons of attributes",
            Self::LargeSet | Self::SmallSet => "lists of codes (one of up to 32, one of up to 8)",
        }
    }
}

/// The kinds of places that an atom fits, the one to take first in front; none for a list of
/// codes that is too long.
fn kinds(atom: &Atom) -> Vec<Kind> {
    match atom {
        Atom::Linear(linear) if linear.fits_counted => vec![Kind::Linear, Kind::Counted],
        Atom::Linear(_) => vec![Kind::Linear],
        Atom::Counted(_) => vec![Kind::Counted],
        Atom::Range(_) => vec![Kind::Range],
        Atom::Set(set) => set_kinds(set),
    }
}

fn set_kinds(set: &SetAtom) -> Vec<Kind> {
    let [large, small] = SET_SIZES.map(|size| set.codes.len() <= size);
    let kinds = [
        (small, Kind::SmallSet),
        (large, Kind::LargeSet),
        (set.interval.is_some(), Kind::Range),
    ];
    kinds
        .into_iter()
        .filter(|(fits, _)| *fits)
        .map(|(_, kind)| kind)
        .collect()
}

/// The places that are left, and the next of each kind.
struct Free {
    linear: std::ops::Range<usize>,
    counted: std::ops::Range<usize>,
    range: std::ops::Range<usize>,
    large_set: std::ops::Range<usize>,
    small_set: std::ops::Range<usize>,
}

impl Free {
    const fn new(shape: Shape) -> Self {
        Self {
            linear: 0..shape.linear,
            counted: 0..shape.counted,
            range: 0..shape.range,
            large_set: 0..1,
            small_set: 1..2,
        }
    }

    fn take(&mut self, kind: Kind) -> Option<Slot> {
        match kind {
            Kind::Linear => self.linear.next().map(Slot::Linear),
            Kind::Counted => self.counted.next().map(Slot::Counted),
            Kind::Range => self.range.next().map(Slot::Range),
            Kind::LargeSet => self.large_set.next().map(Slot::Set),
            Kind::SmallSet => self.small_set.next().map(Slot::Set),
        }
    }
}

/// A count of a plan as the statement has it.
pub(super) fn small(n: usize) -> u32 {
    n.to_u32().expect("a shape has far fewer than 2^32 parts")
}
