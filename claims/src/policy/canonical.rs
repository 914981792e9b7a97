//! The one canonical text of a policy: JSON of the same language with sorted keys and every
//! default written out.

use std::collections::BTreeMap;

use num_traits::{Signed, Zero};
use serde::Serialize;

use super::Policy;
use super::exact::{Rational, to_decimal_text, whole};
use super::read::{BASES, PERS, YOUNG_FIRMS};
use super::rule::{
    Affine, Bins, Bound, Bounds, Figure, Group, Measure, Measured, Parameter, Rule, Score, Sum,
    Test, Variable, YoungFirms,
};
use crate::date::Date;

/// A value of the canonical text.
#[derive(Serialize)]
#[serde(untagged)]
enum Written {
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Self>),
    Table(Table),
}

type Table = BTreeMap<&'static str, Written>;

impl Written {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn integers(numbers: impl IntoIterator<Item = i32>) -> Self {
        Self::List(
            numbers
                .into_iter()
                .map(|n| Self::Integer(n.into()))
                .collect(),
        )
    }
}

/// The canonical text of a policy.
pub(super) fn write(policy: &Policy) -> String {
    let writer = Writer { policy };
    let mut table = Table::from([
        ("id", Written::text(&policy.id)),
        ("version", Written::Integer(policy.version.into())),
        ("title", Written::text(&policy.title)),
        ("schema", Written::text(&policy.schema.id)),
        ("shape", Written::text(policy.shape.name)),
        ("learns", Written::Table(writer.learns())),
        (
            "parameter",
            writer.tables(&policy.parameters, Writer::parameter),
        ),
        ("rule", writer.tables(&policy.rules, Writer::rule)),
        ("group", writer.tables(&policy.groups, Writer::group)),
        (
            "variable",
            writer.tables(&policy.variables, Writer::variable),
        ),
    ]);
    if let Some(score) = &policy.score {
        table.insert("score", Written::Table(write_score(score)));
    }
    serde_json::to_string(&table).expect("tables with text keys are JSON")
}

struct Writer<'a> {
    policy: &'a Policy,
}

impl Writer<'_> {
    fn tables<T>(&self, items: &[T], write: impl Fn(&Self, &T) -> Table) -> Written {
        Written::List(
            items
                .iter()
                .map(|item| Written::Table(write(self, item)))
                .collect(),
        )
    }

    fn learns(&self) -> Table {
        let learns = &self.policy.learns;
        let mut table = Table::from([
            ("id", Written::Bool(learns.id)),
            ("band", Written::Bool(learns.band)),
            ("failed_rules", self.rule_names(&learns.failed_rules)),
        ]);
        if let Some(scope) = &learns.scope {
            table.insert("scope", Written::text(scope));
        }
        table
    }

    fn parameter(&self, parameter: &Parameter) -> Table {
        let value = |value: i64| {
            let constant = Affine::constant(whole(value));
            Written::Text(self.threshold(&parameter.unit.measure(), &constant))
        };
        Table::from([
            ("name", Written::text(&parameter.name)),
            ("unit", Written::text(parameter.unit.word())),
            ("min", value(parameter.min)),
            ("max", value(parameter.max)),
        ])
    }

    fn rule(&self, rule: &Rule) -> Table {
        let mut table = self.test(&rule.test);
        table.insert("name", Written::text(&rule.name));
        if rule.test.oldest().is_some() {
            table.insert(
                "young_firms",
                Written::text(word(&YOUNG_FIRMS, rule.young_firms)),
            );
        }
        if let Some(points) = rule.points {
            table.insert("points", Written::Integer(points.into()));
        }
        // Not written for a rule of a group alone, which is neither.
        if rule.required || rule.points.is_some() {
            table.insert("veto", Written::Bool(rule.required));
        }
        table
    }

    fn test(&self, test: &Test) -> Table {
        match test {
            Test::EachQuarter {
                sum,
                over,
                bounds,
                count,
            } => {
                let mut table = self.bounds(&sum.measure, bounds);
                table.insert("each_quarter", Written::Text(self.sum(sum)));
                table.insert("over", Written::Text(over.canonical()));
                let counts = [
                    ("in_at_least", count.at_least),
                    ("in_at_most", count.at_most),
                ];
                for (key, count) in counts {
                    table.extend(count.map(|count| (key, Written::Integer(count.into()))));
                }
                table
            }
            Test::Figure {
                figure,
                bounds,
                base,
            } => {
                let mut table = self.bounds(figure.measure(), bounds);
                table.append(&mut self.figure(figure));
                if matches!(figure, Figure::Growth { .. } | Figure::Ratio { .. }) {
                    table.insert("base_not_positive", Written::text(word(&BASES, *base)));
                }
                table
            }
            Test::Attribute {
                attribute,
                bounds,
                at_least_ago,
                within,
            } => {
                let quantity = &self.policy.schema.attributes[*attribute];
                let measure = Measure::of(quantity).unwrap_or(Measure::Ratio);
                let mut table = self.bounds(&measure, bounds);
                table.insert("attribute", Written::text(&quantity.name));
                for (key, ago) in [("at_least_ago", at_least_ago), ("within", within)] {
                    table.extend(ago.map(|ago| (key, Written::Text(ago.canonical()))));
                }
                table
            }
            Test::Codes {
                attribute,
                codes,
                member,
            } => {
                let key = if *member { "one_of" } else { "none_of" };
                let name = &self.policy.schema.attributes[*attribute].name;
                Table::from([
                    ("attribute", Written::text(name)),
                    (key, self.codes(*attribute, codes)),
                ])
            }
            Test::Parameter { parameter, bounds } => {
                let parameter = &self.policy.parameters[*parameter];
                let mut table = self.bounds(&parameter.unit.measure(), bounds);
                table.insert("parameter", Written::text(&parameter.name));
                table
            }
        }
    }

    fn figure(&self, figure: &Figure) -> Table {
        match figure {
            Figure::Total { sum, over } => Table::from([
                ("total", Written::Text(self.sum(sum))),
                ("over", Written::Text(over.canonical())),
            ]),
            Figure::Average { sum, over, per } => Table::from([
                ("average", Written::Text(self.sum(sum))),
                ("over", Written::Text(over.canonical())),
                ("per", Written::text(word(&PERS, *per))),
            ]),
            Figure::Growth { sum, from, to } => Table::from([
                ("growth", Written::Text(self.sum(sum))),
                ("from", Written::Text(from.canonical())),
                ("to", Written::Text(to.canonical())),
            ]),
            Figure::Ratio {
                sum,
                over,
                base,
                base_over,
            } => Table::from([
                ("ratio", Written::Text(self.sum(sum))),
                ("over", Written::Text(over.canonical())),
                ("to", Written::Text(self.sum(base))),
                ("to_over", Written::Text(base_over.canonical())),
            ]),
        }
    }

    fn group(&self, group: &Group) -> Table {
        Table::from([
            ("name", Written::text(&group.name)),
            ("any_of", self.rule_names(&group.any_of)),
            ("at_least", Written::Integer(group.at_least.into())),
        ])
    }

    fn variable(&self, variable: &Variable) -> Table {
        let schema = &self.policy.schema;
        let of_attribute = |attribute: usize| {
            Table::from([(
                "attribute",
                Written::text(&schema.attributes[attribute].name),
            )])
        };
        let (mut table, bins) = match &variable.measured {
            Measured::Figure { figure, bins } => {
                let end = |end: &Rational| self.end(figure.measure(), end);
                let mut table = self.figure(figure);
                let young_firms: YoungFirms = variable.young_firms;
                table.insert(
                    "young_firms",
                    Written::text(word(&YOUNG_FIRMS, young_firms)),
                );
                (table, write_bins(bins, end))
            }
            Measured::Attribute { attribute, bins } => {
                let quantity = &schema.attributes[*attribute];
                let measure = Measure::of(quantity).unwrap_or(Measure::Ratio);
                (
                    of_attribute(*attribute),
                    write_bins(bins, |end| self.end(&measure, end)),
                )
            }
            Measured::Age { attribute, bins } => (
                of_attribute(*attribute),
                write_bins(bins, |end| end.canonical()),
            ),
            Measured::Codes {
                attribute,
                bins,
                other,
            } => {
                let named = bins.iter().map(|(codes, points)| {
                    Table::from([
                        ("one_of", self.codes(*attribute, codes)),
                        ("points", Written::Integer((*points).into())),
                    ])
                });
                let other = [Table::from([("points", Written::Integer((*other).into()))])];
                (of_attribute(*attribute), named.chain(other).collect())
            }
        };
        table.insert("name", Written::text(&variable.name));
        table.insert("missing", Written::Integer(variable.missing.into()));
        table.insert(
            "bins",
            Written::List(bins.into_iter().map(Written::Table).collect()),
        );
        table
    }

    fn bounds(&self, measure: &Measure, bounds: &Bounds) -> Table {
        let side = |bound: &Option<Bound>, [strict, not_strict]: [&'static str; 2]| {
            bound.as_ref().map(|bound| {
                let key = if bound.strict { strict } else { not_strict };
                (key, Written::Text(self.threshold(measure, &bound.value)))
            })
        };
        let low = side(&bounds.low, ["more_than", "at_least"]);
        let high = side(&bounds.high, ["less_than", "at_most"]);
        low.into_iter().chain(high).collect()
    }

    fn end(&self, measure: &Measure, end: &Rational) -> String {
        self.threshold(measure, &Affine::constant(end.clone()))
    }

    /// A threshold as a person would write it, without groups of digits.
    fn threshold(&self, measure: &Measure, affine: &Affine) -> String {
        let constant = &affine.constant / measure.units(&self.policy.schema);
        let constant_text = match measure {
            Measure::Date => {
                let days = num_traits::ToPrimitive::to_i64(&constant.to_integer());
                let date = days.and_then(Date::from_days).map(|date| date.to_string());
                return date.expect("a policy's date was read from the calendar");
            }
            Measure::Percent => format!("{} %", decimal(&(&constant * whole(100)))),
            _ => decimal(&constant),
        };
        let constant = (!constant.is_zero() || affine.terms.is_empty()).then_some(constant_text);
        let terms = affine
            .terms
            .iter()
            .map(|(index, factor)| (self.policy.parameters[*index].name.as_str(), factor));
        signed_terms(constant, terms)
    }

    fn sum(&self, sum: &Sum) -> String {
        let fields = &self.policy.schema.fields;
        signed_terms(
            None,
            sum.terms
                .iter()
                .map(|(field, f)| (fields[*field].name.as_str(), f)),
        )
    }

    fn codes(&self, attribute: usize, codes: &[i64]) -> Written {
        let schema = &self.policy.schema;
        let quantity = &schema.attributes[attribute];
        let named = codes
            .iter()
            .map(|&code| schema.format_value(quantity, code.into()));
        Written::List(named.map(Written::Text).collect())
    }

    fn rule_names(&self, rules: &[usize]) -> Written {
        let names = rules
            .iter()
            .map(|&rule| Written::text(&self.policy.rules[rule].name));
        Written::List(names.collect())
    }
}

fn write_score(score: &Score) -> Table {
    let mut table = Table::from([
        ("base", Written::Integer(score.base.into())),
        ("bands", Written::integers(score.bands.iter().copied())),
    ]);
    table.extend(
        score
            .cut_off
            .map(|cut_off| ("cut_off", Written::Integer(cut_off.into()))),
    );
    table
}

fn write_bins<T>(bins: &Bins<T>, end: impl Fn(&T) -> String) -> Vec<Table> {
    let points = |points: i32| ("points", Written::Integer(points.into()));
    let below = bins
        .below
        .iter()
        .map(|(upper, p)| Table::from([("below", Written::Text(end(upper))), points(*p)]));
    below.chain([Table::from([points(bins.rest)])]).collect()
}

fn signed_terms<'t>(
    constant: Option<String>,
    terms: impl Iterator<Item = (&'t str, &'t Rational)>,
) -> String {
    let mut text = constant.unwrap_or_default();
    for (name, factor) in terms {
        let sign = match (text.is_empty(), factor.is_negative()) {
            (true, false) => "",
            (true, true) => "- ",
            (false, false) => " + ",
            (false, true) => " - ",
        };
        text.push_str(&format!("{sign}{} * {name}", decimal(&factor.abs())));
    }
    text
}

fn decimal(number: &Rational) -> String {
    to_decimal_text(number).expect("a policy's numbers were read from decimals")
}

fn word<T: PartialEq>(words: &[(&'static str, T)], meaning: T) -> &'static str {
    let found = words.iter().find(|(_, known)| *known == meaning);
    found.map_or("", |(word, _)| word)
}
