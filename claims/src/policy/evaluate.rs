//! What a policy says of a record, rule by rule, in exact rational numbers and without the
//! compiled numbers, which are held against it.

use num_traits::Signed;

use super::Policy;
use super::compile::CompileError;
use super::exact::{Rational, whole};
use super::expression::{Ago, Window};
use super::parameters::Parameters;
use super::rule::{Base, Bins, Bounds, Figure, Measured, Rule, Sum, Test, Variable, YoungFirms};
use super::words::{Words, points_words, window};
use crate::date::Date;
use crate::record::Values;

/// What a policy says of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyResult {
    /// Each rule, in the policy's order.
    pub rules: Vec<RuleResult>,
    /// Each group, in the policy's order.
    pub groups: Vec<GroupResult>,
    /// Each variable of the scorecard, in the policy's order.
    pub variables: Vec<VariableResult>,
    /// All points, where the policy has a score.
    pub score: Option<i64>,
    /// How many band thresholds the score reaches.
    pub band: u64,
    /// Every required rule, every group and the cut-off.
    pub passed: bool,
}

/// What a rule says of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct RuleResult {
    /// The rule's name.
    pub name: String,
    /// Nobody passes without it.
    pub required: bool,
    /// Whether it holds.
    pub holds: bool,
    /// The record's figures, for the applicant's eyes only.
    pub why: String,
}

/// What a group says of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupResult {
    /// The group's name.
    pub name: String,
    /// How many of its rules hold.
    pub holding: u32,
    /// How many must.
    pub at_least: u32,
}

/// What a variable says of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct VariableResult {
    /// The variable's name.
    pub name: String,
    /// Its points.
    pub points: i32,
    /// The record's figures, for the applicant's eyes only.
    pub why: String,
}

/// Results speak of a record's figures, which belong in no log.
macro_rules! hide_from_debug {
    ($($result:ident),*) => {$(
        impl std::fmt::Debug for $result {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($result), "(hidden)"))
            }
        }
    )*};
}

hide_from_debug!(PolicyResult, RuleResult, GroupResult, VariableResult);

impl Policy {
    /// What this policy says of a record at the date of its epoch's header.
    ///
    /// # Errors
    /// Parameters that do not fit, a record of another layout, or a date from which the calendar
    /// does not reach back far enough.
    pub fn evaluate(
        &self,
        values: &Values,
        as_of: Date,
        parameters: &Parameters,
    ) -> Result<PolicyResult, CompileError> {
        parameters.check(&self.parameters)?;
        self.check_layout(values)?;
        let facts = Facts {
            policy: self,
            values,
            as_of,
            parameters,
        };
        let rules = self
            .rules
            .iter()
            .map(|rule| facts.rule(rule))
            .collect::<Result<Vec<_>, _>>()?;
        let variables = self
            .variables
            .iter()
            .map(|v| facts.variable(v))
            .collect::<Result<Vec<_>, _>>()?;
        let groups: Vec<_> = self
            .groups
            .iter()
            .map(|group| GroupResult {
                name: group.name.clone(),
                holding: group
                    .any_of
                    .iter()
                    .map(|&rule| u32::from(rules[rule].holds))
                    .sum(),
                at_least: group.at_least,
            })
            .collect();

        let earned = self
            .rules
            .iter()
            .zip(&rules)
            .filter(|(_, result)| result.holds);
        let score = self.score.as_ref().map(|score| {
            i64::from(score.base)
                + earned
                    .map(|(rule, _)| i64::from(rule.points.unwrap_or(0)))
                    .sum::<i64>()
                + variables.iter().map(|v| i64::from(v.points)).sum::<i64>()
        });
        let reached = |threshold: &&i32| score.is_some_and(|score| score >= i64::from(**threshold));
        let (cut_off, bands) = match &self.score {
            Some(score) => (score.cut_off, score.bands.as_slice()),
            None => (None, &[][..]),
        };
        Ok(PolicyResult {
            passed: rules.iter().all(|rule| rule.holds || !rule.required)
                && groups.iter().all(|group| group.holding >= group.at_least)
                && cut_off.as_ref().is_none_or(|cut_off| reached(&cut_off)),
            band: bands.iter().filter(reached).count() as u64,
            rules,
            groups,
            variables,
            score,
        })
    }
}

/// A record, a date and a request's parameters.
struct Facts<'a> {
    policy: &'a Policy,
    values: &'a Values,
    as_of: Date,
    parameters: &'a Parameters,
}

impl Facts<'_> {
    const fn words(&self) -> Words<'_> {
        Words {
            policy: self.policy,
            parameters: Some(self.parameters),
        }
    }

    fn rule(&self, rule: &Rule) -> Result<RuleResult, CompileError> {
        let oldest = rule
            .test
            .oldest()
            .filter(|_| rule.young_firms == YoungFirms::Fail);
        let (holds, why) = match oldest.and_then(|oldest| self.too_young(oldest)) {
            Some(why) => (false, why),
            None => self.test(&rule.test)?,
        };
        Ok(RuleResult {
            name: rule.name.clone(),
            required: rule.required,
            holds,
            why,
        })
    }

    fn too_young(&self, oldest: u32) -> Option<String> {
        let available = self.values.periods_available();
        (available < oldest as usize)
            .then(|| format!("{available} quarters on record, {oldest} are needed"))
    }

    fn test(&self, test: &Test) -> Result<(bool, String), CompileError> {
        match test {
            Test::EachQuarter {
                sum,
                over,
                bounds,
                count,
            } => {
                let quarters = over.newest..=over.oldest;
                let met = quarters
                    .filter(|&q| self.within(&self.quarter(sum, q), bounds))
                    .count();
                let holds = count.at_least.is_none_or(|least| met >= least as usize)
                    && count.at_most.is_none_or(|most| met <= most as usize);
                let figures = (over.newest..=over.oldest)
                    .map(|q| self.words().amount(&sum.measure, &self.quarter(sum, q)))
                    .collect::<Vec<_>>();
                Ok((
                    holds,
                    format!(
                        "so in {met} of {} (newest first: {})",
                        window(*over),
                        figures.join("; ")
                    ),
                ))
            }
            Test::Figure {
                figure,
                bounds,
                base,
            } => Ok(self.figure_test(figure, bounds, *base)),
            Test::Attribute {
                attribute,
                bounds,
                at_least_ago,
                within,
            } => self.attribute_test(*attribute, bounds, *at_least_ago, *within),
            Test::Codes {
                attribute,
                codes,
                member,
            } => {
                let code = self.values.attributes()[*attribute];
                let holds = code != 0 && codes.contains(&code) == *member;
                Ok((holds, self.attribute_words(*attribute)))
            }
            Test::Parameter { parameter, bounds } => {
                let value = whole(self.parameters.values()[*parameter]);
                let measure = self.policy.parameters[*parameter].unit.measure();
                let said = self.words().amount(&measure, &value);
                Ok((self.within(&value, bounds), said))
            }
        }
    }

    fn figure_test(&self, figure: &Figure, bounds: &Bounds, base: Base) -> (bool, String) {
        match self.figure(figure) {
            Found::Value(value) => {
                let said = self.words().amount(figure.measure(), &value);
                (self.within(&value, bounds), said)
            }
            Found::NoBase {
                part,
                whole: base_value,
                shift,
            } => {
                // threshold · base, where growth is what is beyond the base itself.
                let times = |bound: &super::rule::Bound| {
                    (bound.value.at(self.parameters) + &shift) * &base_value
                };
                let low = bounds.low.as_ref().is_none_or(|low| {
                    let least = times(low);
                    if low.strict {
                        part > least
                    } else {
                        part >= least
                    }
                });
                let high = bounds.high.as_ref().is_none_or(|high| {
                    let most = times(high);
                    if high.strict {
                        part < most
                    } else {
                        part <= most
                    }
                });
                (
                    base == Base::AsMultiplied && low && high,
                    "the base is not above zero".to_owned(),
                )
            }
        }
    }

    fn figure(&self, figure: &Figure) -> Found {
        let average = |sum: &Sum, over: Window| self.total(sum, over) / whole(over.quarters());
        let (part, base, shift) = match figure {
            Figure::Total { sum, over } => return Found::Value(self.total(sum, *over)),
            Figure::Average { sum, over, per } => {
                return Found::Value(average(sum, *over) * whole(per.quarters()));
            }
            Figure::Growth { sum, from, to } => (average(sum, *to), average(sum, *from), whole(1)),
            Figure::Ratio {
                sum,
                over,
                base,
                base_over,
            } => (
                self.total(sum, *over),
                self.total(base, *base_over),
                whole(0),
            ),
        };
        match base.is_positive() {
            true => Found::Value(part / base - shift),
            false => Found::NoBase {
                part,
                whole: base,
                shift,
            },
        }
    }

    fn attribute_test(
        &self,
        attribute: usize,
        bounds: &Bounds,
        at_least_ago: Option<Ago>,
        within: Option<Ago>,
    ) -> Result<(bool, String), CompileError> {
        let value = self.values.attributes()[attribute];
        let day = |ago: Option<Ago>| {
            ago.map(|ago| ago.before(self.as_of).ok_or(CompileError::Date))
                .transpose()
        };
        let (latest, earliest) = (day(at_least_ago)?, day(within)?);
        let known = self.policy.schema.attributes[attribute].missing != Some(value);
        let holds = known
            && self.within(&whole(value), bounds)
            && latest.is_none_or(|latest| value <= latest)
            && earliest.is_none_or(|earliest| value >= earliest);
        Ok((holds, self.attribute_words(attribute)))
    }

    fn attribute_words(&self, attribute: usize) -> String {
        let quantity = &self.policy.schema.attributes[attribute];
        let value = self.values.attributes()[attribute];
        self.policy.schema.format_value(quantity, value.into())
    }

    fn variable(&self, variable: &Variable) -> Result<VariableResult, CompileError> {
        let (points, why) = match &variable.measured {
            Measured::Figure { figure, bins } => {
                let young = (variable.young_firms == YoungFirms::Fail)
                    .then(|| self.too_young(figure.oldest()))
                    .flatten();
                match (young, self.figure(figure)) {
                    (Some(why), _) => (variable.missing, why),
                    (None, Found::NoBase { .. }) => {
                        (variable.missing, "the base is not above zero".to_owned())
                    }
                    (None, Found::Value(value)) => (
                        bin(bins, |end| value < *end),
                        self.words().amount(figure.measure(), &value),
                    ),
                }
            }
            Measured::Attribute { attribute, bins } => {
                let value = whole(self.values.attributes()[*attribute]);
                let points = bin(bins, |end| value < *end);
                self.known_or(*attribute, variable.missing, points)
            }
            Measured::Age { attribute, bins } => {
                let day = self.values.attributes()[*attribute];
                let ends = bins.below.iter().map(|(age, points)| {
                    Ok((age.before(self.as_of).ok_or(CompileError::Date)?, *points))
                });
                let below = ends.collect::<Result<Vec<_>, CompileError>>()?;
                let bins = Bins {
                    below,
                    rest: bins.rest,
                };
                self.known_or(*attribute, variable.missing, bin(&bins, |end| day > *end))
            }
            Measured::Codes {
                attribute,
                bins,
                other,
            } => {
                let code = self.values.attributes()[*attribute];
                let named = bins.iter().find(|(codes, _)| codes.contains(&code));
                let points = named.map_or(*other, |(_, points)| *points);
                self.known_or(*attribute, variable.missing, points)
            }
        };
        let why = format!("{why}: {}", points_words(points));
        Ok(VariableResult {
            name: variable.name.clone(),
            points,
            why,
        })
    }

    fn known_or(&self, attribute: usize, missing: i32, points: i32) -> (i32, String) {
        let value = self.values.attributes()[attribute];
        let known = self.policy.schema.attributes[attribute].missing != Some(value);
        (
            if known { points } else { missing },
            self.attribute_words(attribute),
        )
    }

    /// A sum in one quarter, counted from 1, the newest.
    fn quarter(&self, sum: &Sum, quarter: u32) -> Rational {
        let row = self.values.rows().get(quarter as usize - 1);
        let value = |field: usize| row.and_then(|row| row.get(field)).copied().unwrap_or(0);
        sum.terms
            .iter()
            .map(|(field, factor)| factor * whole(value(*field)))
            .sum()
    }

    fn total(&self, sum: &Sum, over: Window) -> Rational {
        (over.newest..=over.oldest)
            .map(|quarter| self.quarter(sum, quarter))
            .sum()
    }

    fn within(&self, value: &Rational, bounds: &Bounds) -> bool {
        let low = bounds.low.as_ref().is_none_or(|low| {
            let least = low.value.at(self.parameters);
            if low.strict {
                *value > least
            } else {
                *value >= least
            }
        });
        let high = bounds.high.as_ref().is_none_or(|high| {
            let most = high.value.at(self.parameters);
            if high.strict {
                *value < most
            } else {
                *value <= most
            }
        });
        low && high
    }
}

/// A figure, or the two sides of one that cannot be divided.
enum Found {
    Value(Rational),
    NoBase {
        part: Rational,
        whole: Rational,
        shift: Rational,
    },
}

/// The points of the first bin that a value is below the end of.
fn bin<T>(bins: &Bins<T>, is_below: impl Fn(&T) -> bool) -> i32 {
    let found = bins.below.iter().find(|(end, _)| is_below(end));
    found.map_or(bins.rest, |(_, points)| *points)
}
