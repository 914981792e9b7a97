//! From a tree of values to a policy: names are looked up, amounts read, rules checked.

mod comparisons;
mod rules;
mod texts;
mod variables;

use num_traits::ToPrimitive;

use super::Policy;
use super::error::{Problem, Sink};
use super::parameters::{MAX_PARAMETERS, expected, parse_value};
use super::plan::{Place, Plan};
use super::rule::{Group, Learns, Parameter, ParameterUnit, Rule, Score};
use super::source::{Node, NodeValue};
use super::table::Table;
use crate::schema::Schema;
use crate::shape::{BAND_THRESHOLDS, GROUPS, Q16, Q16S, Q32, Shape, VALUE_BITS};
pub(super) use texts::{BASES, PERS, YOUNG_FIRMS};
use texts::{check_name, name, shape, table_name, title, unknown};

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
        score: score.map_or(Some(None), |score| score.map(Some))?,
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
        Some(NodeValue::Text(text)) if text == "all" => (0..rules.len()).collect(),
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

/// Far more than any shape holds; the shape says how many fit.
const MAX_RULES: usize = 64;
const MAX_VARIABLES: usize = 32;

/// Every shape's scores are far below this.
const MAX_SCORE: i64 = 1 << 20;
