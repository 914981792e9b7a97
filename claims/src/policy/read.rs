//! From a tree of values to a policy: names are looked up, amounts read, rules checked.

use std::str::FromStr;

use num_traits::{ToPrimitive, Zero};

use super::Policy;
use super::error::{Problem, Sink, nearest};
use super::exact::{Rational, whole};
use super::expression::{Ago, ConstantKind, Expression, Window, without_zeros};
use super::parameters::{MAX_PARAMETERS, expected, parse_value};
use super::plan::{Place, Plan};
use super::rule::{
    Affine, Base, Bins, Bound, Bounds, Count, Figure, Group, Learns, Measure, Measured, Parameter,
    ParameterUnit, Per, Rule, Score, Sum, Test, Variable, YoungFirms,
};
use super::source::Node;
use super::table::Table;
use crate::schema::{Quantity, Schema};
use crate::shape::{
    BAND_THRESHOLDS, BIN_THRESHOLDS, GROUPS, POINTS_BITS, Q16, Q16S, Q32, Shape, VALUE_BITS,
};

/// Reads a policy; what is wrong is reported, and then there is none.
pub(super) fn policy(root: &Node, schema: &Schema, sink: &Sink<'_>) -> Option<Policy> {
    let table = Table::new(root, "", sink)?;
    let mut reader = Reader {
        schema,
        parameters: Vec::new(),
    };

    let id = name(&table, "id");
    let version = table
        .required("version")
        .and(table.integer("version", 1, u32::MAX.into()));
    let title = title(&table);
    reader.check_schema(&table);
    let shape = shape(&table);

    reader.read_parameters(&table);
    let mut rule_tables = limited_tables(&table, "rule", MAX_RULES);
    let rules: Vec<_> = rule_tables.iter_mut().map(|t| reader.rule(t)).collect();
    let rule_names: Vec<String> = rules
        .iter()
        .map(|r| r.as_ref().map_or_else(String::new, |r| r.name.clone()))
        .collect();
    report_duplicates(&rule_tables, &rule_names);

    let mut group_tables = limited_tables(&table, "group", GROUPS);
    let groups: Vec<_> = group_tables
        .iter_mut()
        .map(|t| group(t, &rule_names))
        .collect();
    let mut variable_tables = limited_tables(&table, "variable", MAX_VARIABLES);
    let variables: Vec<_> = variable_tables
        .iter_mut()
        .map(|t| reader.variable(t))
        .collect();
    let score_table = table
        .get("score")
        .and_then(|node| Table::new(node, "score", sink));
    let score = score_table.as_ref().map(score);
    let learns_table = table
        .get("learns")
        .and_then(|node| Table::new(node, "learns", sink));
    let learns = learns_table
        .as_ref()
        .map_or_else(Learns::default, |t| learns(t, &rule_names));
    table.finish();
    if rules.is_empty() && variables.is_empty() {
        table.report_here(Problem::Inconsistent(
            "a policy has at least one rule or variable",
        ));
    }
    if !sink.is_empty() {
        return None;
    }

    let mut rules: Vec<Rule> = rules.into_iter().collect::<Option<_>>()?;
    let groups: Vec<Group> = groups.into_iter().collect::<Option<_>>()?;
    let in_a_group = |i: &usize| groups.iter().any(|g| g.any_of.contains(i));
    for (i, rule) in rules.iter_mut().enumerate() {
        rule.required |= rule.points.is_none() && !in_a_group(&i);
    }
    let policy = Policy {
        schema: schema.clone(),
        id: id?,
        version: version?.to_u32()?,
        title: title?,
        shape: Q16,
        learns,
        parameters: reader.parameters,
        rules,
        groups,
        score: score.flatten_option()?,
        variables: variables.into_iter().collect::<Option<_>>()?,
        plan: Plan::default(),
    };
    check_score(&policy, &table, score_table.as_ref());
    if !sink.is_empty() {
        return None;
    }
    let report = |(place, problem): (Place, Problem)| match place {
        Place::Rule(i) => rule_tables[i].report_here(problem),
        Place::Group(i) => group_tables[i].report_here(problem),
        Place::Variable(i) => variable_tables[i].report_here(problem),
        Place::Score => score_table.as_ref().unwrap_or(&table).report_here(problem),
        Place::Policy => table.report("shape", problem),
    };
    match fit(policy, shape) {
        Ok(policy) => Some(policy),
        Err(problems) => {
            problems.into_iter().for_each(report);
            None
        }
    }
}

/// Finds the smallest shape that fits, or tries the one that is asked for.
fn fit(mut policy: Policy, shape: Option<Shape>) -> Result<Policy, Vec<(Place, Problem)>> {
    let candidates = match shape {
        Some(shape) => vec![shape],
        None if policy.variables.is_empty() => vec![Q16, Q32],
        None => vec![Q16S],
    };
    let mut problems = Vec::new();
    for shape in candidates {
        policy.shape = shape;
        match Plan::new(&policy) {
            Ok(plan) => {
                policy.plan = plan;
                return Ok(policy);
            }
            Err(found) => problems = found,
        }
    }
    Err(problems)
}

fn check_score(policy: &Policy, table: &Table<'_>, score_table: Option<&Table<'_>>) {
    let at = score_table.unwrap_or(table);
    let counts = policy.rules.iter().any(|r| r.points.is_some()) || !policy.variables.is_empty();
    let bands = policy.score.as_ref().is_some_and(|s| !s.bands.is_empty());
    let inconsistent = match &policy.score {
        None if counts => Some("points count for nothing without a [score]"),
        Some(_) if !counts => Some("a score without points: no rule has any, and no variable"),
        Some(s) if s.cut_off.is_none() && s.bands.is_empty() => {
            Some("a score without `cut_off` or `bands` decides nothing")
        }
        _ if bands != policy.learns.band => {
            Some("`bands` and `learns.band = true` belong together: one means nothing alone")
        }
        _ => None,
    };
    if let Some(why) = inconsistent {
        at.report_here(Problem::Inconsistent(why));
    }
}

struct Reader<'a> {
    schema: &'a Schema,
    parameters: Vec<Parameter>,
}

impl Reader<'_> {
    fn check_schema(&self, table: &Table<'_>) {
        if let Some(found) = table
            .required_text("schema")
            .filter(|id| *id != self.schema.id)
        {
            let expected = self.schema.id.clone();
            table.report(
                "schema",
                Problem::WrongSchema {
                    expected,
                    found: found.to_owned(),
                },
            );
        }
    }

    fn read_parameters(&mut self, table: &Table<'_>) {
        for mut table in limited_tables(table, "parameter", MAX_PARAMETERS) {
            if let Some(parameter) = self.parameter(&mut table) {
                if self.parameters.iter().any(|p| p.name == parameter.name) {
                    table.report("name", Problem::DuplicateName(parameter.name));
                } else {
                    self.parameters.push(parameter);
                }
            }
        }
    }

    fn parameter(&self, table: &mut Table<'_>) -> Option<Parameter> {
        let name = table_name(table, "parameter");
        let name = name.filter(|name| {
            let usable = !name.contains('-');
            if !usable {
                let expected =
                    "the name of a parameter: no `-`, which reads as minus in thresholds";
                table.report(
                    "name",
                    Problem::BadValue {
                        text: name.clone(),
                        expected,
                    },
                );
            }
            usable
        });
        let unit = table.required_text("unit").and_then(|text| {
            let unit = ParameterUnit::ALL
                .into_iter()
                .find(|unit| unit.word() == text);
            if unit.is_none() {
                let known = ParameterUnit::ALL.map(ParameterUnit::word);
                table.report("unit", unknown("unit", text, known.into_iter()));
            }
            unit
        });
        let end = |key| {
            table.required(key)?;
            let (text, unit) = (table.number_text(key)?, unit?);
            let value = parse_value(&unit.measure(), self.schema, text)
                .filter(|value| value.unsigned_abs() < 1 << VALUE_BITS);
            if value.is_none() {
                let expected = expected(&unit.measure());
                table.report(
                    key,
                    Problem::BadValue {
                        text: text.to_owned(),
                        expected,
                    },
                );
            }
            value
        };
        let (min, max) = (end("min"), end("max"));
        table.finish();
        let parameter = Parameter {
            name: name?,
            unit: unit?,
            min: min?,
            max: max?,
        };
        if parameter.min > parameter.max {
            table.report("max", Problem::Inconsistent("`max` is below `min`"));
            return None;
        }
        Some(parameter)
    }

    fn rule(&self, table: &mut Table<'_>) -> Option<Rule> {
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

    fn figure(&self, table: &Table<'_>, kind: &str) -> Option<Figure> {
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

    fn attribute_of(&self, table: &Table<'_>) -> Option<(usize, &Quantity)> {
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

    fn codes(&self, table: &Table<'_>, key: &'static str, q: &Quantity) -> Option<Vec<i64>> {
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

    /// The comparisons of a rule; at least one. Without a measure, the keys are only noted.
    fn bounds(&self, table: &Table<'_>, measure: Option<&Measure>) -> Option<Bounds> {
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

    fn optional_bounds(&self, table: &Table<'_>, measure: Option<&Measure>) -> Option<Bounds> {
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
    fn threshold(&self, table: &Table<'_>, key: &'static str, measure: &Measure) -> Option<Affine> {
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

    fn variable(&self, table: &mut Table<'_>) -> Option<Variable> {
        let name = table_name(table, "variable");
        let mut young = YoungFirms::Fail;
        let mut can_be_missing = true;
        let measured = match table.one_of(&MEASURES) {
            Some("attribute") => {
                let found = self.attribute_of(table);
                table.expect_keys(&["bins"]);
                can_be_missing = found.is_none_or(|(_, quantity)| quantity.missing.is_some());
                found.and_then(|(attribute, quantity)| {
                    self.attribute_variable(table, attribute, quantity)
                })
            }
            Some(kind) => {
                let figure = self.figure(table, kind);
                young = young_firms(table);
                let measure = figure.as_ref().map_or(&Measure::Ratio, Figure::measure);
                let bins = self.bins(table, |table, key| {
                    self.threshold(table, key, measure)?.as_constant().cloned()
                });
                figure
                    .zip(bins)
                    .map(|(figure, bins)| Measured::Figure { figure, bins })
            }
            None => {
                let why = "a variable measures something: `total`, `average`, `growth`, `ratio` or \
                           `attribute`";
                table.report_here(Problem::Inconsistent(why));
                None
            }
        };
        let missing = match can_be_missing {
            true => table.required("missing").and(points(table, "missing")),
            false => Some(points(table, "missing").unwrap_or(0)),
        };
        table.finish();
        Some(Variable {
            name: name?,
            measured: measured?,
            young_firms: young,
            missing: missing?,
        })
    }

    fn attribute_variable(
        &self,
        table: &Table<'_>,
        attribute: usize,
        quantity: &Quantity,
    ) -> Option<Measured> {
        match Measure::of(quantity) {
            None => self.code_bins(table, attribute, quantity),
            Some(Measure::Date) => {
                let bins = self.bins(table, ago)?;
                Some(Measured::Age { attribute, bins })
            }
            Some(measure) => {
                let bins = self.bins(table, |table, key| {
                    self.threshold(table, key, &measure)?.as_constant().cloned()
                })?;
                Some(Measured::Attribute { attribute, bins })
            }
        }
    }

    fn bins<T: Comparable>(
        &self,
        table: &Table<'_>,
        end: impl Fn(&Table<'_>, &'static str) -> Option<T>,
    ) -> Option<Bins<T>> {
        let tables = bin_tables(table)?;
        let (last, others) = tables.split_last()?;
        let mut below: Vec<(T, i32)> = Vec::new();
        for bin in others {
            let upper = bin.required("below").and_then(|_| end(bin, "below"));
            let points = required_points(bin);
            bin.finish();
            let (upper, points) = (upper?, points?);
            if below
                .last()
                .is_some_and(|(previous, _)| !previous.is_below(&upper))
            {
                let why = "bins ascend: each is below a greater number than the one before";
                bin.report("below", Problem::Inconsistent(why));
                return None;
            }
            below.push((upper, points));
        }
        let rest = required_points(last);
        last.finish();
        Some(Bins { below, rest: rest? })
    }

    fn code_bins(&self, table: &Table<'_>, attribute: usize, q: &Quantity) -> Option<Measured> {
        let tables = bin_tables(table)?;
        let (last, others) = tables.split_last()?;
        let mut bins: Vec<(Vec<i64>, i32)> = Vec::new();
        for bin in others {
            let codes = bin
                .required("one_of")
                .and_then(|_| self.codes(bin, "one_of", q));
            let points = required_points(bin);
            bin.finish();
            let (codes, points) = (codes?, points?);
            if bins
                .iter()
                .any(|(earlier, _)| earlier.iter().any(|code| codes.contains(code)))
            {
                bin.report("one_of", Problem::Inconsistent("a code is in one bin only"));
                return None;
            }
            bins.push((codes, points));
        }
        let other = required_points(last);
        last.finish();
        Some(Measured::Codes {
            attribute,
            bins,
            other: other?,
        })
    }
}

/// Ends of bins, which ascend.
trait Comparable {
    fn is_below(&self, other: &Self) -> bool;
}

impl Comparable for Rational {
    fn is_below(&self, other: &Self) -> bool {
        self < other
    }
}

impl Comparable for Ago {
    fn is_below(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Months(a), Self::Months(b)) | (Self::Days(a), Self::Days(b)) => a < b,
            // Whether 3 months are more than 90 days depends on the date.
            _ => false,
        }
    }
}

trait FlattenOption<T> {
    fn flatten_option(self) -> Option<Option<T>>;
}

impl<T> FlattenOption<T> for Option<Option<T>> {
    /// `Some(None)` where nothing was written, `None` where it could not be read.
    fn flatten_option(self) -> Option<Option<T>> {
        match self {
            None => Some(None),
            Some(None) => None,
            Some(found) => Some(found),
        }
    }
}

fn bin_tables<'a>(table: &Table<'a>) -> Option<Vec<Table<'a>>> {
    table.required("bins")?;
    let tables = table.tables("bins");
    if !(2..=BIN_THRESHOLDS + 1).contains(&tables.len()) {
        let why = "a variable has 2 to 10 bins, the last without an upper end";
        table.report("bins", Problem::Inconsistent(why));
        return None;
    }
    Some(tables)
}

fn limited_tables<'a>(table: &Table<'a>, key: &'static str, limit: usize) -> Vec<Table<'a>> {
    let mut tables = table.tables(key);
    if tables.len() > limit {
        let number = tables.len().to_string();
        let most = limit.try_into().unwrap_or(i64::MAX);
        table.report(
            key,
            Problem::OutOfRange {
                number,
                least: 0,
                most,
            },
        );
        tables.truncate(limit);
    }
    tables
}

fn report_duplicates(tables: &[Table<'_>], names: &[String]) {
    for (i, name) in names.iter().enumerate() {
        if !name.is_empty() && names[..i].contains(name) {
            tables[i].report("name", Problem::DuplicateName(name.clone()));
        }
    }
}

fn group(table: &mut Table<'_>, rules: &[String]) -> Option<Group> {
    let name = table_name(table, "group");
    table.required("any_of");
    let any_of = rule_indices(table, "any_of", rules);
    let at_least = match table.get("at_least") {
        Some(_) => table.integer("at_least", 1, any_of.len().max(1).to_i64()?),
        None => Some(1),
    };
    table.finish();
    if any_of.is_empty() {
        table.report(
            "any_of",
            Problem::Inconsistent("a group names at least one rule"),
        );
    }
    Some(Group {
        name: name?,
        any_of,
        at_least: at_least?.to_u32()?,
    })
}

fn score(table: &Table<'_>) -> Option<Score> {
    let integer = |key| match table.get(key) {
        Some(_) => table
            .integer(key, -MAX_SCORE, MAX_SCORE)
            .map(|n| n.to_i32()),
        None => Some(None),
    };
    let base = integer("base");
    let cut_off = integer("cut_off");
    let bands = table.integers("bands", -MAX_SCORE, MAX_SCORE);
    table.finish();
    if bands.len() > BAND_THRESHOLDS || bands.windows(2).any(|pair| pair[0] >= pair[1]) {
        let why = "`bands` has up to three thresholds, ascending";
        table.report("bands", Problem::Inconsistent(why));
    }
    Some(Score {
        base: base?.unwrap_or(0),
        cut_off: cut_off?,
        bands: bands.iter().filter_map(ToPrimitive::to_i32).collect(),
    })
}

fn learns(table: &Table<'_>, rules: &[String]) -> Learns {
    let failed_rules = match table.get("failed_rules").map(|node| &node.value) {
        Some(super::source::NodeValue::Text(text)) if text == "all" => (0..rules.len()).collect(),
        _ => rule_indices(table, "failed_rules", rules),
    };
    let learns = Learns {
        id: table.bool("id").unwrap_or(false),
        band: table.bool("band").unwrap_or(false),
        failed_rules,
        scope: table
            .text("scope")
            .filter(|text| check_name(table, "scope", text))
            .map(Into::into),
    };
    table.finish();
    learns
}

/// The rules that a list names, ascending.
fn rule_indices(table: &Table<'_>, key: &'static str, rules: &[String]) -> Vec<usize> {
    let mut indices = Vec::new();
    for (node, name) in table.texts(key) {
        match rules.iter().position(|rule| rule == name) {
            Some(index) if indices.contains(&index) => {
                table.report_at(node, key, Problem::DuplicateName(name.to_owned()));
            }
            Some(index) => indices.push(index),
            None => {
                let known = rules
                    .iter()
                    .map(String::as_str)
                    .filter(|rule| !rule.is_empty());
                table.report_at(node, key, unknown("rule", name, known));
            }
        }
    }
    indices.sort_unstable();
    indices
}

fn shape(table: &Table<'_>) -> Option<Shape> {
    let text = table.text("shape")?;
    let shape = Shape::from_str(text);
    if shape.is_err() {
        let known = crate::shape::SHAPES.iter().map(|shape| shape.name);
        table.report("shape", unknown("shape", text, known));
    }
    shape.ok()
}

fn title(table: &Table<'_>) -> Option<String> {
    const LONGEST: usize = 200;
    let title = table.required_text("title")?;
    let shown = (1..=LONGEST).contains(&title.chars().count());
    if !shown || title.chars().any(char::is_control) {
        table.report("title", Problem::BadTitle);
        return None;
    }
    Some(title.to_owned())
}

/// A table's `name`, by which errors then call it.
fn table_name(table: &mut Table<'_>, kind: &str) -> Option<String> {
    let name = name(table, "name")?;
    table.rename(format!("{kind}.{name}"));
    Some(name)
}

fn name(table: &Table<'_>, key: &'static str) -> Option<String> {
    let text = table.required_text(key)?;
    check_name(table, key, text).then(|| text.to_owned())
}

fn check_name(table: &Table<'_>, key: &str, text: &str) -> bool {
    const LONGEST: usize = 40;
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let valid = (1..=LONGEST).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(part);
    if !valid {
        table.report(key, Problem::BadName(text.to_owned()));
    }
    valid
}

fn window(table: &Table<'_>, key: &'static str) -> Option<Window> {
    let text = table.required_text(key)?;
    let window = Window::parse(text);
    match window {
        None => {
            let expected = "a window such as `last 8 quarters`, `last 2 years`, `quarter 5` or `quarters 5 to 8`";
            table.report(
                key,
                Problem::BadValue {
                    text: text.to_owned(),
                    expected,
                },
            );
            None
        }
        Some(window) if i64::from(window.oldest) > MAX_QUARTERS => {
            let number = window.oldest.to_string();
            table.report(
                key,
                Problem::OutOfRange {
                    number,
                    least: 1,
                    most: MAX_QUARTERS,
                },
            );
            None
        }
        window => window,
    }
}

fn ago(table: &Table<'_>, key: &'static str) -> Option<Ago> {
    let text = table.text(key)?;
    let ago = Ago::parse(text);
    if ago.is_none() {
        let expected = "a length of time such as `2 years`, `6 months` or `90 days`";
        table.report(
            key,
            Problem::BadValue {
                text: text.to_owned(),
                expected,
            },
        );
    }
    ago
}

fn points(table: &Table<'_>, key: &'static str) -> Option<i32> {
    const MOST: i64 = (1 << POINTS_BITS) - 1;
    table.integer(key, -MOST, MOST).and_then(|n| n.to_i32())
}

fn required_points(table: &Table<'_>) -> Option<i32> {
    table.required("points").and(points(table, "points"))
}

fn young_firms(table: &Table<'_>) -> YoungFirms {
    word(table, "young_firms", &YOUNG_FIRMS).unwrap_or(YoungFirms::Fail)
}

/// One of some words.
fn word<T: Copy>(table: &Table<'_>, key: &'static str, words: &[(&str, T)]) -> Option<T> {
    let text = table.text(key)?;
    let found = words
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, meaning)| *meaning);
    if found.is_none() {
        table.report(
            key,
            unknown("meaning", text, words.iter().map(|(word, _)| *word)),
        );
    }
    found
}

fn unknown<'n>(
    kind: &'static str,
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> Problem {
    Problem::UnknownName {
        kind,
        name: name.to_owned(),
        nearest: nearest(name, known.clone()),
        known: known.map(str::to_owned).collect(),
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

/// What a variable can measure.
const MEASURES: [&str; 5] = ["total", "average", "growth", "ratio", "attribute"];

/// Comparisons, in the order in which [`Reader::optional_bounds`] takes them apart.
const BOUNDS: [&str; 5] = ["at_least", "more_than", "at_most", "less_than", "equals"];
const TWO_ON_ONE_SIDE: &str = "two comparisons on one side: leave one out";
const ONLY_EQUALS: [bool; 5] = [false, false, false, false, true];

pub(super) const BASES: [(&str, Base); 2] =
    [("fail", Base::Fail), ("as_multiplied", Base::AsMultiplied)];
pub(super) const PERS: [(&str, Per); 2] = [("quarter", Per::Quarter), ("year", Per::Year)];
pub(super) const YOUNG_FIRMS: [(&str, YoungFirms); 2] = [
    ("fail", YoungFirms::Fail),
    ("count_zero", YoungFirms::CountZero),
];

/// Far more than any shape holds; the shape says how many fit.
const MAX_RULES: usize = 64;
const MAX_VARIABLES: usize = 32;

/// The rows of the largest shape.
const MAX_QUARTERS: i64 = Q32.periods as i64;

/// Every shape's scores are far below this.
const MAX_SCORE: i64 = 1 << 20;
