//! From a policy to the numbers of its shape, exactly.

use num_bigint::BigInt;
use num_traits::ToPrimitive;

use super::Policy;
use super::atom::{Atom, CountedAtom, Edge, LinearAtom, RangeAtom, SetAtom, Threshold, clamp};
use super::card::CardVariable;
use super::expression::{Ago, Window};
use super::parameters::{ParameterError, Parameters};
use super::plan::{Slot, small};
use crate::date::Date;
use crate::numbers::{
    CountedNumbers, LinearNumbers, Numbers, OutOfBounds, RangeNumbers, SetNumbers,
};
use crate::record::Values;
use crate::shape::{Layout, Shape};
use crate::statement::{Consent, Outcome};

/// A policy cannot be used with what a request or a record adds to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The request's parameters do not fit the policy.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// A length of time reaches back beyond the calendar.
    #[error("the policy looks back beyond the calendar from the epoch's date")]
    Date,
    /// The record's layout is not that of the policy's shape: ask the authority for the other.
    #[error("the record is of the layout {found}, the policy of the layout {expected}")]
    Layout {
        /// The shape's.
        expected: Layout,
        /// The record's.
        found: Layout,
    },
    /// The numbers break a bound of the circuit, which a checked policy never does.
    #[error(transparent)]
    Numbers(#[from] OutOfBounds),
}

/// A policy for one epoch's date and one request's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The numbers, checked: [`Numbers::check`] has accepted them.
    pub numbers: Numbers,
    /// The rules, each with its atoms in the shape.
    pub rules: Vec<CompiledRule>,
    /// Positions in [`Numbers::flatten`] that depend on the parameters, ascending: they stay open
    /// in a prepared policy. The same for every date and all parameters.
    pub open: Vec<usize>,
    /// All that an applicant can consent to disclose.
    pub allowed: Consent,
}

/// A rule and its atoms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledRule {
    /// The rule's name.
    pub name: String,
    /// Its atoms' indices, as in [`Consent`] and [`Outcome::failed_atoms`]; the rule holds where
    /// all of them do.
    pub atoms: Vec<usize>,
    /// Whether another required rule stands for the guard that a growth or ratio puts on its base.
    pub base_is_implied: bool,
}

impl Policy {
    /// The numbers of this policy at the date of an epoch's header, for a request's parameters.
    ///
    /// # Errors
    /// Parameters that do not fit the policy, or a date from which the calendar does not reach
    /// back far enough.
    pub fn compile(&self, as_of: Date, parameters: &Parameters) -> Result<Compiled, CompileError> {
        parameters.check(&self.parameters)?;
        let numbers = self.numbers(as_of, &|threshold: &Threshold| threshold.at(parameters))?;
        numbers.check()?;
        let rules = self
            .rules
            .iter()
            .zip(&self.plan.rules)
            .map(|(rule, plan)| CompiledRule {
                name: rule.name.clone(),
                atoms: plan
                    .atoms
                    .iter()
                    .map(|&atom| self.atom_index(atom))
                    .collect(),
                base_is_implied: plan.base_is_implied,
            });
        Ok(Compiled {
            numbers,
            rules: rules.collect(),
            open: self.open_positions(as_of)?,
            allowed: self.allowed_consent(),
        })
    }

    /// All that an applicant can consent to disclose.
    pub fn allowed_consent(&self) -> Consent {
        self.consent_to(&self.learns.failed_rules, self.learns.band)
    }

    /// Consent that some rules be named as failed, and that the band be told.
    ///
    /// Returns `None` for a name that the policy does not let an applicant disclose, or a band
    /// that it does not ask for.
    pub fn consent(&self, rules: &[&str], band: bool) -> Option<Consent> {
        let disclosable = |name: &&str| {
            let named = |&&rule: &&usize| self.rules[rule].name == **name;
            self.learns.failed_rules.iter().find(named).copied()
        };
        let rules = rules.iter().map(disclosable).collect::<Option<Vec<_>>>()?;
        (self.learns.band || !band).then(|| self.consent_to(&rules, band))
    }

    fn consent_to(&self, rules: &[usize], band: bool) -> Consent {
        let atoms = rules.iter().flat_map(|&rule| &self.plan.rules[rule].atoms);
        let consent = atoms.fold(Consent::NONE, |consent, &atom| {
            consent.with_atom(self.atom_index(atom))
        });
        if band {
            consent.with_band(self.shape)
        } else {
            consent
        }
    }

    /// The rules that an outcome names as failed: those whose every atom the applicant agreed to
    /// disclose, and of which one failed.
    pub fn failed_rules(&self, consent: Consent, outcome: Outcome) -> Vec<&str> {
        let failed: Vec<usize> = outcome.failed_atoms().collect();
        let rules = self.learns.failed_rules.iter().filter(|&&rule| {
            let mut atoms = self.plan.rules[rule]
                .atoms
                .iter()
                .map(|&atom| self.atom_index(atom));
            atoms.clone().all(|atom| consent.atom(atom)) && atoms.any(|atom| failed.contains(&atom))
        });
        rules.map(|&rule| self.rules[rule].name.as_str()).collect()
    }

    /// Checks that a record is of the policy's layout.
    ///
    /// # Errors
    /// [`CompileError::Layout`].
    pub(super) fn check_layout(&self, values: &Values) -> Result<(), CompileError> {
        let (expected, found) = (self.shape.layout(), values.layout());
        match expected == found {
            true => Ok(()),
            false => Err(CompileError::Layout { expected, found }),
        }
    }

    fn atom_index(&self, atom: usize) -> usize {
        self.plan.slots[atom].index(self.shape)
    }

    /// The positions at which the numbers differ if only open thresholds do.
    fn open_positions(&self, as_of: Date) -> Result<Vec<usize>, CompileError> {
        // Far beyond every attribute, so that ends of ranges are clamped to different ends.
        const FAR: i64 = 1 << 60;
        let with_open = |n: i64| {
            let threshold = move |_: &Threshold| BigInt::from(n);
            self.numbers(as_of, &threshold)
                .map(|numbers| numbers.flatten())
        };
        let (low, high) = (with_open(-FAR)?, with_open(FAR)?);
        let positions = low.iter().zip(&high).enumerate();
        Ok(positions
            .filter(|(_, (low, high))| low != high)
            .map(|(i, _)| i)
            .collect())
    }

    /// The numbers, with thresholds that depend on parameters as `open` gives them.
    fn numbers(
        &self,
        as_of: Date,
        open: &dyn Fn(&Threshold) -> BigInt,
    ) -> Result<Numbers, CompileError> {
        let constants = Parameters::default();
        let filling = Filling {
            shape: self.shape,
            as_of,
            threshold: &|t: &Threshold| {
                if t.is_open() {
                    open(t)
                } else {
                    t.at(&constants)
                }
            },
        };
        let mut numbers = Numbers::neutral(self.shape);
        for (atom, slot) in self.plan.atoms.iter().zip(&self.plan.slots) {
            filling.place(atom, *slot, &mut numbers)?;
        }
        self.place_verdict(&mut numbers);
        self.place_card(as_of, &mut numbers)?;
        Ok(numbers)
    }

    fn place_verdict(&self, numbers: &mut Numbers) {
        for (rule, plan) in self.rules.iter().zip(&self.plan.rules) {
            for &atom in &plan.atoms {
                numbers.hard[self.atom_index(atom)] |= rule.required;
            }
            // A rule with points has one atom.
            numbers.points[self.atom_index(plan.atoms[0])] += rule.points.unwrap_or(0);
        }
        for (group, numbers) in self.groups.iter().zip(&mut numbers.groups) {
            for &rule in &group.any_of {
                for &atom in &self.plan.rules[rule].atoms {
                    numbers.members[self.atom_index(atom)] = true;
                }
            }
            numbers.at_least = group.at_least;
        }
        if let Some(score) = &self.score {
            // No score is below the one, none reaches the other.
            let (always, never) = (
                -(1 << self.shape.score_bits()),
                1 << self.shape.score_bits(),
            );
            numbers.cut_off = score.cut_off.map_or(always, |cut_off| cut_off - score.base);
            let mut bands = score.bands.iter().map(|band| band - score.base);
            numbers
                .bands
                .iter_mut()
                .for_each(|t| *t = bands.next().unwrap_or(never));
        }
        numbers.disclose_id = self.learns.id;
    }

    fn place_card(&self, as_of: Date, numbers: &mut Numbers) -> Result<(), CompileError> {
        let Some(card) = &mut numbers.card else {
            return Ok(());
        };
        let mut ratios = card.ratios.iter_mut();
        let mut attributes = card.attributes.iter_mut();
        for variable in &self.plan.variables {
            match (variable, variable.attribute_at(as_of)?) {
                (CardVariable::Ratio(ratio), _) => {
                    if let Some(place) = ratios.next() {
                        place.clone_from(ratio);
                    }
                }
                (_, Some(attribute)) => {
                    if let Some(place) = attributes.next() {
                        *place = attribute;
                    }
                }
                (_, None) => {}
            }
        }
        Ok(())
    }
}

/// Puts atoms into their places.
struct Filling<'a> {
    shape: Shape,
    as_of: Date,
    threshold: &'a dyn Fn(&Threshold) -> BigInt,
}

impl Filling<'_> {
    fn place(&self, atom: &Atom, slot: Slot, numbers: &mut Numbers) -> Result<(), CompileError> {
        match (atom, slot) {
            (Atom::Linear(atom), Slot::Linear(i)) => numbers.linear[i] = self.linear(atom),
            (Atom::Linear(atom), Slot::Counted(i)) => {
                numbers.counted[i] = self.counted(&as_counted(atom));
            }
            (Atom::Counted(atom), Slot::Counted(i)) => numbers.counted[i] = self.counted(atom),
            (Atom::Range(atom), Slot::Range(i)) => numbers.range[i] = self.range(atom)?,
            (Atom::Set(atom), Slot::Set(i)) => {
                let size = numbers.sets[i].codes.len();
                numbers.sets[i] = set(atom, size);
            }
            (
                Atom::Set(SetAtom {
                    attribute,
                    interval: Some((low, high)),
                    ..
                }),
                Slot::Range(i),
            ) => {
                numbers.range[i] = RangeNumbers {
                    attribute: *attribute,
                    low: *low,
                    high: *high,
                };
            }
            _ => unreachable!("the plan gives every atom a place of a kind that it fits"),
        }
        Ok(())
    }

    fn linear(&self, atom: &LinearAtom) -> LinearNumbers {
        LinearNumbers {
            time: padded(&atom.time, self.shape.periods),
            weight: padded(&atom.weight, self.shape.fields),
            threshold: self.wide(&atom.threshold),
            min_periods: atom.min_periods,
        }
    }

    fn counted(&self, atom: &CountedAtom) -> CountedNumbers {
        let quarters = 1..=small(self.shape.periods);
        let Window { newest, oldest } = atom.window;
        CountedNumbers {
            window: quarters.map(|q| newest <= q && q <= oldest).collect(),
            weight: padded(&atom.weight, self.shape.fields),
            threshold: self.wide(&atom.threshold),
            at_least: atom.at_least,
            min_periods: atom.min_periods,
        }
    }

    fn range(&self, atom: &RangeAtom) -> Result<RangeNumbers, CompileError> {
        let (min, max) = atom.domain;
        let low = match &atom.low {
            None => min,
            Some(Edge::Value(threshold)) => clamp(&(self.threshold)(threshold), (min, max)),
            Some(Edge::Before(ago)) => clamp(&days_before(self.as_of, *ago)?.into(), (min, max)),
        };
        let high = match &atom.high {
            None => max,
            Some(Edge::Value(threshold)) => -clamp(&(self.threshold)(threshold), (-max, -min)),
            Some(Edge::Before(ago)) => {
                -clamp(&(-days_before(self.as_of, *ago)?).into(), (-max, -min))
            }
        };
        Ok(RangeNumbers {
            attribute: atom.attribute,
            low,
            high,
        })
    }

    fn wide(&self, threshold: &Threshold) -> i128 {
        (self.threshold)(threshold)
            .to_i128()
            .expect("thresholds were bounded when planned")
    }
}

/// A comparison of a single quarter, as one that is counted over this quarter alone.
fn as_counted(atom: &LinearAtom) -> CountedAtom {
    let quarter = atom.first_quarter();
    CountedAtom {
        window: Window {
            newest: quarter,
            oldest: quarter,
        },
        weight: atom.weight.clone(),
        threshold: atom.threshold.clone(),
        at_least: 1,
        min_periods: atom.min_periods,
    }
}

fn set(atom: &SetAtom, size: usize) -> SetNumbers {
    let first = atom.codes[0];
    let mut codes = atom.codes.clone();
    codes.resize(size, first);
    SetNumbers {
        attribute: atom.attribute,
        codes,
        member: atom.member,
    }
}

fn padded(weights: &[i32], length: usize) -> Vec<i32> {
    let mut padded = weights.to_vec();
    padded.resize(length, 0);
    padded
}

/// The day so long before another, as days since 1970-01-01.
pub(super) fn days_before(as_of: Date, ago: Ago) -> Result<i64, CompileError> {
    ago.before(as_of).ok_or(CompileError::Date)
}
