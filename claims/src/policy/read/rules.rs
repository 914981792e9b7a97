//! Rules: what each tests.

use num_traits::ToPrimitive;

use super::Reader;
use super::comparisons::{BOUNDS, TWO_ON_ONE_SIDE};
use super::texts::{
    BASES, MAX_QUARTERS, PERS, ago, points, table_name, unknown, window, word, young_firms,
};
use crate::policy::error::Problem;
use crate::policy::expression::{ConstantKind, Expression, Window, without_zeros};
use crate::policy::rule::{Base, Count, Figure, Measure, Rule, Sum, Test, YoungFirms};
use crate::policy::source::Node;
use crate::policy::table::Table;
use crate::schema::Quantity;

impl Reader<'_> {
    pub(super) fn rule(&self, table: &mut Table<'_>) -> Option<Rule> {
        let name = table_name(table, "rule");
        let test = match table.one_of(&TESTS) {
            Some("each_quarter") => self.each_quarter(table),
            Some("attribute") => self.attribute(table),
            Some("parameter") => self.parameter_test(table),
            Some(kind) => self.figure_test(table, kind),
            None => {
                table.report_here(Problem::Inconsistent(
                    "a rule tests something: `each_quarter`, `total`, `average`, `growth`, \
                     `ratio`, `attribute` or `parameter`",
                ));
                None
            }
        };
        let of_rows = test.as_ref().is_none_or(|test| test.oldest().is_some());
        let young_firms = if of_rows {
            young_firms(table)
        } else {
            YoungFirms::Fail
        };
        let points = points(table, "points");
        if points == Some(0) {
            table.report(
                "points",
                Problem::Inconsistent("0 points count for nothing"),
            );
        }
        let veto = table.bool("veto");
        if veto == Some(false) && points.is_none() {
            let why = "a rule without points or group is always required: leave `veto` out";
            table.report("veto", Problem::Inconsistent(why));
        }
        table.finish();
        let required = veto == Some(true);
        Some(Rule {
            name: name?,
            test: test?,
            young_firms,
            required,
            points,
        })
    }

    fn each_quarter(&self, table: &Table<'_>) -> Option<Test> {
        let sum = self.sum(table, "each_quarter");
        let over = window(table, "over");
        let measure = sum.as_ref().map(|sum| sum.measure.clone());
        let bounds = self.bounds(table, measure.as_ref());
        let quarters = over.map_or(MAX_QUARTERS, |over| i64::from(over.quarters()));
        let at_least = table
            .integer("in_at_least", 1, quarters)
            .and_then(|n| n.to_u32());
        let at_most = table
            .integer("in_at_most", 0, quarters - 1)
            .and_then(|n| n.to_u32());
        let all = if at_most.is_none() {
            over.map(Window::quarters)
        } else {
            None
        };
        let count = Count {
            at_least: at_least.or(all),
            at_most,
        };
        if let (Some(least), Some(most)) = (at_least, at_most)
            && least > most
        {
            let why = "`in_at_least` is above `in_at_most`";
            table.report("in_at_least", Problem::Unsatisfiable(why));
        }
        Some(Test::EachQuarter {
            sum: sum?,
            over: over?,
            bounds: bounds?,
            count,
        })
    }

    fn figure_test(&self, table: &Table<'_>, kind: &str) -> Option<Test> {
        let figure = self.figure(table, kind);
        let measure = figure.as_ref().map(Figure::measure);
        let bounds = self.bounds(table, measure);
        let base = match kind {
            "growth" | "ratio" => word(table, "base_not_positive", &BASES).unwrap_or(Base::Fail),
            _ => Base::Fail,
        };
        Some(Test::Figure {
            figure: figure?,
            bounds: bounds?,
            base,
        })
    }

    pub(super) fn figure(&self, table: &Table<'_>, kind: &str) -> Option<Figure> {
        match kind {
            "total" => {
                let (sum, over) = (self.sum(table, "total"), window(table, "over"));
                Some(Figure::Total {
                    sum: sum?,
                    over: over?,
                })
            }
            "average" => {
                let (sum, over) = (self.sum(table, "average"), window(table, "over"));
                let per = table.required("per").and(word(table, "per", &PERS));
                Some(Figure::Average {
                    sum: sum?,
                    over: over?,
                    per: per?,
                })
            }
            "growth" => {
                let sum = self.sum(table, "growth");
                let (from, to) = (window(table, "from"), window(table, "to"));
                Some(Figure::Growth {
                    sum: sum?,
                    from: from?,
                    to: to?,
                })
            }
            _ => self.ratio(table),
        }
    }

    fn ratio(&self, table: &Table<'_>) -> Option<Figure> {
        let sum = self.sum(table, "ratio");
        let over = window(table, "over");
        let base = self.sum(table, "to");
        let base_over = match table.get("to_over") {
            Some(_) => window(table, "to_over"),
            None => over,
        };
        let (sum, base) = (sum?, base?);
        if sum.measure != base.measure {
            table.report(
                "to",
                Problem::Units("the two sides of a ratio have different units"),
            );
        }
        Some(Figure::Ratio {
            sum,
            over: over?,
            base,
            base_over: base_over?,
        })
    }

    fn sum(&self, table: &Table<'_>, key: &'static str) -> Option<Sum> {
        let text = table.required_text(key)?;
        let Some(expression) = Expression::parse(text) else {
            let expected = "a sum of fields such as `vat_paid + income_tax_paid` or `5 * sales`";
            table.report(
                key,
                Problem::BadValue {
                    text: text.to_owned(),
                    expected,
                },
            );
            return None;
        };
        if expression.constant_kind != ConstantKind::None {
            let why = "a sum is of fields: a number without a field belongs into the threshold";
            table.report(key, Problem::Inconsistent(why));
            return None;
        }
        let mut terms = Vec::new();
        let mut measure = None;
        for (name, factor) in without_zeros(&expression.terms) {
            let (index, field) = self.field(table, key, name)?;
            let of = Measure::of(field).filter(|of| *of != Measure::Date);
            if of.is_none()
                || measure
                    .as_ref()
                    .is_some_and(|measure| Some(measure) != of.as_ref())
            {
                let why = "the fields of a sum are all money, all per cent or all count one thing";
                table.report(key, Problem::Units(why));
                return None;
            }
            measure = of;
            terms.push((index, factor.clone()));
        }
        let Some(measure) = measure else {
            table.report(
                key,
                Problem::Inconsistent("the fields of this sum cancel out"),
            );
            return None;
        };
        terms.sort_by_key(|(index, _)| *index);
        Some(Sum { terms, measure })
    }

    fn field(&self, table: &Table<'_>, key: &str, name: &str) -> Option<(usize, &Quantity)> {
        let found = self.schema.field(name);
        if found.is_none() {
            let problem = match self.schema.attribute(name) {
                Some(_) => Problem::Inconsistent(
                    "an attribute is no field of the quarters: write `attribute = \"...\"`",
                ),
                None => unknown(
                    "field",
                    name,
                    self.schema.fields.iter().map(|q| q.name.as_str()),
                ),
            };
            table.report(key, problem);
        }
        found
    }

    fn attribute(&self, table: &Table<'_>) -> Option<Test> {
        let Some((attribute, quantity)) = self.attribute_of(table) else {
            table.expect_keys(&BOUNDS);
            table.expect_keys(&["one_of", "none_of", "at_least_ago", "within"]);
            return None;
        };
        let Some(measure) = Measure::of(quantity) else {
            return self.codes_test(table, attribute, quantity);
        };
        let ages = measure == Measure::Date;
        let at_least_ago = if ages {
            ago(table, "at_least_ago")
        } else {
            None
        };
        let within = if ages { ago(table, "within") } else { None };
        let both = |age, keys: [&str; 2]| table.has(age) && keys.iter().any(|key| table.has(key));
        if both("within", ["at_least", "more_than"])
            || both("at_least_ago", ["at_most", "less_than"])
        {
            table.report_here(Problem::Inconsistent(TWO_ON_ONE_SIDE));
        }
        let bounds = match ages && (table.has("at_least_ago") || table.has("within")) {
            true => self.optional_bounds(table, Some(&measure))?,
            false => self.bounds(table, Some(&measure))?,
        };
        Some(Test::Attribute {
            attribute,
            bounds,
            at_least_ago,
            within,
        })
    }

    pub(super) fn attribute_of(&self, table: &Table<'_>) -> Option<(usize, &Quantity)> {
        let name = table.required_text("attribute")?;
        let found = self.schema.attribute(name);
        if found.is_none() {
            let problem = match self.schema.field(name) {
                Some(_) => Problem::Inconsistent(
                    "a field of the quarters is no attribute: write `total`, `each_quarter` or \
                     another test of the rows",
                ),
                None => {
                    let known = self.schema.attributes.iter().map(|q| q.name.as_str());
                    unknown("attribute", name, known)
                }
            };
            table.report("attribute", problem);
        }
        found
    }

    fn codes_test(&self, table: &Table<'_>, attribute: usize, q: &Quantity) -> Option<Test> {
        let key = table.one_of(&["one_of", "none_of", "equals"]);
        let Some(key) = key else {
            table.expect_keys(&BOUNDS);
            let why =
                "a code is not more or less than another: use `one_of`, `none_of` or `equals`";
            table.report_here(Problem::Inconsistent(why));
            return None;
        };
        let codes = match key {
            "equals" => vec![self.code(table, key, None, q, table.number_text("equals")?)?],
            _ => self.codes(table, key, q)?,
        };
        Some(Test::Codes {
            attribute,
            codes,
            member: key != "none_of",
        })
    }

    pub(super) fn codes(
        &self,
        table: &Table<'_>,
        key: &'static str,
        q: &Quantity,
    ) -> Option<Vec<i64>> {
        let mut codes = Vec::new();
        for (node, text) in table.texts(key) {
            codes.push(self.code(table, key, Some(node), q, text)?);
        }
        codes.sort_unstable();
        let distinct = codes.len();
        codes.dedup();
        if codes.is_empty() || codes.len() < distinct {
            let why = "a list of codes names at least one, and each once";
            table.report(key, Problem::Inconsistent(why));
            return None;
        }
        Some(codes)
    }

    fn code(
        &self,
        table: &Table<'_>,
        key: &str,
        node: Option<&Node>,
        quantity: &Quantity,
        text: &str,
    ) -> Option<i64> {
        let report = |problem| match node {
            Some(node) => table.report_at(node, key, problem),
            None => table.report(key, problem),
        };
        match self.schema.parse_value(quantity, text) {
            Ok(code) if code.get() > 0 => Some(code.get()),
            Ok(_) => {
                let why = "0 says that the code is not known, which no rule accepts";
                report(Problem::Inconsistent(why));
                None
            }
            Err(error) => {
                report(Problem::Value(error));
                None
            }
        }
    }

    fn parameter_test(&self, table: &Table<'_>) -> Option<Test> {
        let text = table.required_text("parameter")?;
        let found = self.parameters.iter().position(|p| p.name == text);
        let Some(parameter) = found else {
            table.expect_keys(&BOUNDS);
            let known = self.parameters.iter().map(|p| p.name.as_str());
            table.report("parameter", unknown("parameter", text, known));
            return None;
        };
        let measure = self.parameters[parameter].unit.measure();
        let bounds = self.bounds(table, Some(&measure))?;
        Some(Test::Parameter { parameter, bounds })
    }
}

/// What a rule can test: one of these keys.
const TESTS: [&str; 7] = [
    "each_quarter",
    "total",
    "average",
    "growth",
    "ratio",
    "attribute",
    "parameter",
];
