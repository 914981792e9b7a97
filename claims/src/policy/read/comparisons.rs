//! Comparisons and their thresholds.

use num_traits::Zero;

use super::Reader;
use super::texts::unknown;
use crate::policy::error::Problem;
use crate::policy::exact::{Rational, whole};
use crate::policy::expression::{ConstantKind, Expression, without_zeros};
use crate::policy::rule::{Affine, Bound, Bounds, Measure, ParameterUnit};
use crate::policy::table::Table;

impl Reader<'_> {
    /// The comparisons of a rule; at least one. Without a measure, the keys are only noted.
    pub(super) fn bounds(&self, table: &Table<'_>, measure: Option<&Measure>) -> Option<Bounds> {
        let bounds = self.optional_bounds(table, measure)?;
        if bounds == Bounds::default() {
            if table.has_slip_of(&BOUNDS) {
                return None;
            }
            table.report_here(Problem::Inconsistent(
                "a rule compares: with `at_least`, `more_than`, `at_most`, `less_than` or `equals`",
            ));
            return None;
        }
        Some(bounds)
    }

    pub(super) fn optional_bounds(
        &self,
        table: &Table<'_>,
        measure: Option<&Measure>,
    ) -> Option<Bounds> {
        let present = BOUNDS.map(|key| table.get(key).is_some());
        let [at_least, more_than, at_most, less_than, equals] = present;
        if (at_least && more_than) || (at_most && less_than) || (equals && present != ONLY_EQUALS) {
            table.report_here(Problem::Inconsistent(TWO_ON_ONE_SIDE));
            return None;
        }
        let measure = measure?;
        let mut read = |key| match table.get(key) {
            Some(_) => self.threshold(table, key, measure).map(Some),
            None => Some(None),
        };
        let bound = |value: Option<Affine>, strict| value.map(|value| Bound { strict, value });
        let [at_least, more_than, at_most, less_than, equals] = BOUNDS.map(&mut read);
        let exact = bound(equals?, false);
        let bounds = Bounds {
            low: bound(at_least?, false)
                .or(bound(more_than?, true))
                .or(exact.clone()),
            high: bound(at_most?, false).or(bound(less_than?, true)).or(exact),
        };
        let constants = bounds
            .low
            .as_ref()
            .zip(bounds.high.as_ref())
            .and_then(|(low, high)| {
                Some((
                    low.value.as_constant()?,
                    high.value.as_constant()?,
                    low.strict || high.strict,
                ))
            });
        if constants.is_some_and(|(low, high, strict)| low > high || (strict && low == high)) {
            table.report_here(Problem::Unsatisfiable(
                "the lower bound is above the upper one",
            ));
            return None;
        }
        Some(bounds)
    }

    /// A threshold on some measure, in the record's whole numbers.
    pub(super) fn threshold(
        &self,
        table: &Table<'_>,
        key: &'static str,
        measure: &Measure,
    ) -> Option<Affine> {
        let text = table.number_text(key)?;
        if *measure == Measure::Date {
            return match text.parse::<crate::date::Date>() {
                Ok(date) => Some(Affine::constant(whole(date.days()))),
                Err(error) => {
                    table.report(key, Problem::Value(error.into()));
                    None
                }
            };
        }
        let Some(expression) = Expression::parse(text) else {
            let expected = "a number, or a sum of numbers and parameters such as \
                            `0.5 * requested_amount + 1,000`";
            table.report(
                key,
                Problem::BadValue {
                    text: text.to_owned(),
                    expected,
                },
            );
            return None;
        };
        let constant = self
            .constant(&expression, measure)
            .map_err(|why| table.report(key, why));
        let mut terms = Vec::new();
        for (name, factor) in without_zeros(&expression.terms) {
            terms.push((
                self.parameter_term(table, key, name, measure)?,
                factor.clone(),
            ));
        }
        terms.sort_by_key(|(index, _)| *index);
        Some(Affine {
            constant: constant.ok()?,
            terms,
        })
    }

    /// The constant of a threshold, in the record's whole numbers.
    fn constant(&self, expression: &Expression, measure: &Measure) -> Result<Rational, Problem> {
        let kind = expression.constant_kind;
        let zero = expression.constant.is_zero();
        let fits = match measure {
            _ if kind == ConstantKind::Mixed => false,
            Measure::Money | Measure::Count(_) => kind != ConstantKind::Percent,
            Measure::Percent => kind != ConstantKind::Plain || zero,
            Measure::Ratio | Measure::Date => true,
        };
        if !fits {
            return Err(Problem::Units(match measure {
                Measure::Percent => "this is a percentage: write it with `%`",
                _ => "this is no percentage: write it without `%`",
            }));
        }
        let units = &expression.constant * measure.units(self.schema);
        match measure {
            Measure::Money if !units.is_integer() => {
                let too_precise = crate::amount::TooPrecise(self.schema.currency_digits);
                Err(Problem::Value(too_precise.into()))
            }
            Measure::Percent if !units.is_integer() => {
                Err(Problem::Value(crate::amount::TooPrecise(2).into()))
            }
            _ => Ok(units),
        }
    }

    fn parameter_term(
        &self,
        table: &Table<'_>,
        key: &str,
        name: &str,
        measure: &Measure,
    ) -> Option<usize> {
        let Some(index) = self.parameters.iter().position(|p| p.name == name) else {
            let known = self.parameters.iter().map(|p| p.name.as_str());
            table.report(key, unknown("parameter", name, known));
            return None;
        };
        let unit = self.parameters[index].unit;
        let same = match (measure, unit) {
            (Measure::Ratio, _) => {
                let why = "a share or growth is multiplied with its base, so that its bounds are \
                           numbers and no parameters";
                table.report(key, Problem::Units(why));
                return None;
            }
            (Measure::Count(_), ParameterUnit::Count) => true,
            _ => *measure == unit.measure(),
        };
        if !same {
            table.report(
                key,
                Problem::Units("the parameter has another unit than the rule"),
            );
        }
        same.then_some(index)
    }
}

/// Comparisons, in the order in which [`Reader::optional_bounds`] takes them apart.
pub(super) const BOUNDS: [&str; 5] = ["at_least", "more_than", "at_most", "less_than", "equals"];
pub(super) const TWO_ON_ONE_SIDE: &str = "two comparisons on one side: leave one out";
const ONLY_EQUALS: [bool; 5] = [false, false, false, false, true];
