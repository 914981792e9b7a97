//! A policy in plain words, for the applicant who is asked to consent.
//!
//! Everything here follows from the checked policy and the schema. The policy's title is the
//! bank's own text and is left out, so that a bank cannot say one thing and ask another.

use std::collections::BTreeSet;
use std::fmt;

use super::Policy;
use super::parameters::Parameters;
use super::rule::{Figure, Measured, Rule, Sum, Test, YoungFirms};
use super::words::{Words, listed, points_words};
use crate::schema::PERIODS_AVAILABLE;

/// A policy in plain words: the same wherever it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// In the order in which they are read.
    pub sections: Vec<Section>,
}

/// Lines under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading, without a colon.
    pub heading: String,
    /// Sentences, without a full stop.
    pub lines: Vec<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, section) in self.sections.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n" };
            writeln!(f, "{gap}{}:", section.heading)?;
            section
                .lines
                .iter()
                .try_for_each(|line| writeln!(f, "  - {line}"))?;
        }
        Ok(())
    }
}

impl Policy {
    /// This policy in plain words; with a request's parameters, also what its thresholds come to.
    /// Parameters that do not fit the policy are left out.
    pub fn explain(&self, parameters: Option<&Parameters>) -> Explanation {
        let parameters = parameters.filter(|p| p.check(&self.parameters).is_ok());
        let explaining = Explaining {
            policy: self,
            words: Words {
                policy: self,
                parameters,
            },
        };
        let mut sections = vec![explaining.policy()];
        sections.extend(explaining.parameters(parameters));
        sections.extend(explaining.required());
        sections.extend(explaining.groups());
        sections.extend(explaining.points());
        sections.extend(explaining.edge_cases());
        sections.push(explaining.learns());
        sections.push(explaining.does_not_learn());
        Explanation { sections }
    }
}

struct Explaining<'a> {
    policy: &'a Policy,
    words: Words<'a>,
}

impl Explaining<'_> {
    fn policy(&self) -> Section {
        let Policy {
            id,
            version,
            schema,
            shape,
            ..
        } = self.policy;
        section(
            "Policy",
            [
                format!("`{id}`, version {version}"),
                format!(
                    "for records of the schema `{}`, in the shape {shape}",
                    schema.id
                ),
            ],
        )
    }

    fn parameters(&self, given: Option<&Parameters>) -> Option<Section> {
        let lines: Vec<_> = self
            .policy
            .parameters
            .iter()
            .enumerate()
            .map(|(i, parameter)| {
                let measure = parameter.unit.measure();
                let value = |n: i64| self.words.amount(&measure, &super::exact::whole(n));
                let name = parameter.name.replace('_', " ");
                let bounds = format!("from {} to {}", value(parameter.min), value(parameter.max));
                match given {
                    Some(given) => format!("{name}: {} ({bounds})", value(given.values()[i])),
                    None => format!("{name}: {bounds}"),
                }
            })
            .collect();
        (!lines.is_empty()).then(|| section("The request states", lines))
    }

    fn required(&self) -> Option<Section> {
        let rules = self.policy.rules.iter().filter(|rule| rule.required);
        let lines: Vec<_> = rules.map(|rule| self.rule(rule)).collect();
        (!lines.is_empty()).then(|| section("Each of these rules must hold", lines))
    }

    fn groups(&self) -> Vec<Section> {
        let group = |group: &super::rule::Group| {
            let heading = format!(
                "At least {} of these rules must hold (`{}`)",
                group.at_least, group.name
            );
            section(
                &heading,
                group
                    .any_of
                    .iter()
                    .map(|&rule| self.rule(&self.policy.rules[rule])),
            )
        };
        self.policy.groups.iter().map(group).collect()
    }

    fn points(&self) -> Option<Section> {
        let score = self.policy.score.as_ref()?;
        let mut lines = Vec::new();
        if score.base != 0 {
            lines.push(format!("{} to begin with", points_words(score.base)));
        }
        for rule in &self.policy.rules {
            let points = rule.points.map(points_words);
            lines.extend(points.map(|points| format!("{points} where {}", self.rule(rule))));
        }
        for variable in &self.policy.variables {
            let (subject, bins) = self.words.variable(variable);
            lines.push(format!(
                "`{}`, {subject}: {}",
                variable.name,
                bins.join("; ")
            ));
            if let Some(unknown) = self.unknown_variable(variable) {
                lines.push(format!(
                    "`{}`, {unknown}: {}",
                    variable.name,
                    points_words(variable.missing)
                ));
            }
        }
        lines.extend(
            score
                .cut_off
                .map(|cut_off| format!("at least {cut_off} points must be reached")),
        );
        Some(section("Points", lines))
    }

    /// When a variable's missing bin counts.
    fn unknown_variable(&self, variable: &super::rule::Variable) -> Option<String> {
        let young = |figure: &Figure| match variable.young_firms {
            YoungFirms::Fail => format!(
                "fewer than {} quarter{} on record",
                figure.oldest(),
                if figure.oldest() == 1 { "" } else { "s" }
            ),
            YoungFirms::CountZero => String::new(),
        };
        let reasons = match &variable.measured {
            Measured::Figure {
                figure: figure @ (Figure::Growth { .. } | Figure::Ratio { .. }),
                ..
            } => {
                vec![
                    young(figure),
                    "nothing above zero to compare with".to_owned(),
                ]
            }
            Measured::Figure { figure, .. } => vec![young(figure)],
            Measured::Attribute { attribute, .. }
            | Measured::Age { attribute, .. }
            | Measured::Codes { attribute, .. } => {
                self.words.attribute(*attribute).missing?;
                vec!["not known".to_owned()]
            }
        };
        let reasons: Vec<_> = reasons
            .into_iter()
            .filter(|reason| !reason.is_empty())
            .collect();
        (!reasons.is_empty()).then(|| listed(&reasons, "or"))
    }

    fn edge_cases(&self) -> Option<Section> {
        let mut lines = Vec::new();
        let by_rows = |young: YoungFirms| {
            let of = move |rule: &&Rule| rule.young_firms == young && rule.test.oldest().is_some();
            self.policy.rules.iter().filter(of)
        };
        let strict: Vec<_> = by_rows(YoungFirms::Fail)
            .filter_map(|rule| Some(format!("`{}` ({})", rule.name, rule.test.oldest()?)))
            .collect();
        if !strict.is_empty() {
            lines.push(format!(
                "a firm with fewer quarters on record than a rule looks back fails it: {}",
                listed(&strict, "and")
            ));
        }
        let lenient: Vec<_> = by_rows(YoungFirms::CountZero)
            .map(|rule| format!("`{}`", rule.name))
            .collect();
        if !lenient.is_empty() {
            lines.push(format!(
                "quarters before a firm existed count as zero: {}",
                listed(&lenient, "and")
            ));
        }
        for rule in &self.policy.rules {
            lines.extend(
                self.words
                    .base(rule)
                    .map(|said| format!("`{}` {said}", rule.name)),
            );
        }
        (!lines.is_empty()).then(|| section("Young firms and zero bases", lines))
    }

    fn learns(&self) -> Section {
        let policy = self.policy;
        let mut lines = vec![self.verdict()];
        lines.push("if you fail, that you fail".to_owned());
        if !policy.learns.failed_rules.is_empty() {
            let names = policy.learns.failed_rules.iter();
            let names: Vec<_> = names
                .map(|&rule| format!("`{}`", policy.rules[rule].name))
                .collect();
            lines.push(format!(
                "if you fail, and only as far as you agree: which of these rules failed (of a rule of several comparisons, which of them): {}",
                listed(&names, "and")
            ));
        }
        if let Some(score) = policy.score.as_ref().filter(|_| policy.learns.band) {
            lines.push(format!(
                "if you agree, whether you pass or fail: the band of your score, of the {} bands \
                 divided at {} points",
                score.bands.len() + 1,
                listed(
                    &score
                        .bands
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>(),
                    "and"
                )
            ));
        }
        lines.push(match policy.learns.id {
            true => "your enterprise id".to_owned(),
            false => "no id, but a pseudonym".to_owned(),
        });
        lines.push(
            "your pseudonym at this bank, the same at every visit: it links your visits there"
                .to_owned(),
        );
        if let Some(scope) = &policy.learns.scope {
            lines.push(format!(
                "a tag for the registry `{scope}`, the same at every bank that uses it: it links \
                 your visits to these banks"
            ));
        }
        if !policy.parameters.is_empty() {
            lines.push("what the request states, which the bank knows already".to_owned());
        }
        lines.push(
            "which authority keeps your record, as of which day and newest quarter".to_owned(),
        );
        section("What the bank learns", lines)
    }

    /// What a pass tells: every required rule, and a length of history.
    fn verdict(&self) -> String {
        let required = self
            .policy
            .rules
            .iter()
            .filter(|rule| rule.required && rule.young_firms == YoungFirms::Fail);
        let history = required.filter_map(|rule| rule.test.oldest()).max();
        let history = history.map_or_else(String::new, |quarters| {
            format!(" and that at least {quarters} quarters are on record")
        });
        format!(
            "if you pass, that all of the above holds{history}: your figures are on the right side \
             of each threshold, but not where"
        )
    }

    fn does_not_learn(&self) -> Section {
        let policy = self.policy;
        let mut lines = vec![
            "any amount, count, date or code of your record beyond what the rules imply".to_owned(),
        ];
        let unused = self.unused();
        if !unused.is_empty() {
            lines.push(format!("anything about: {}", unused.join("; ")));
        }
        if policy.score.is_some() {
            lines.push("your score in points".to_owned());
        }
        if !policy.learns.id {
            lines.push("your enterprise id, unless you tell it in another way".to_owned());
        }
        lines.push("that a pseudonym at another bank is yours".to_owned());
        section("What the bank does not learn", lines)
    }

    /// The labels of all fields and attributes that no rule or variable looks at.
    fn unused(&self) -> Vec<String> {
        let policy = self.policy;
        let mut used = Used::default();
        for rule in &policy.rules {
            used.test(&rule.test);
        }
        for variable in &policy.variables {
            match &variable.measured {
                Measured::Figure { figure, .. } => used.figure(figure),
                Measured::Attribute { attribute, .. }
                | Measured::Age { attribute, .. }
                | Measured::Codes { attribute, .. } => {
                    used.attributes.insert(*attribute);
                }
            }
        }
        let fields = policy.schema.fields.iter().enumerate();
        let fields = fields.filter(|(i, _)| !used.fields.contains(i));
        let attributes = policy.schema.attributes.iter().enumerate();
        let attributes = attributes.filter(|(i, _)| !used.attributes.contains(i));
        fields
            .chain(attributes)
            .map(|(_, quantity)| quantity.label.clone())
            .collect()
    }

    fn rule(&self, rule: &Rule) -> String {
        format!("{} (`{}`)", self.words.rule(rule), rule.name)
    }
}

#[derive(Default)]
struct Used {
    fields: BTreeSet<usize>,
    attributes: BTreeSet<usize>,
}

impl Used {
    fn test(&mut self, test: &Test) {
        match test {
            Test::EachQuarter { sum, .. } => self.sum(sum),
            Test::Figure { figure, .. } => self.figure(figure),
            Test::Attribute { attribute, .. } | Test::Codes { attribute, .. } => {
                self.attributes.insert(*attribute);
            }
            Test::Parameter { .. } => {}
        }
    }

    fn figure(&mut self, figure: &Figure) {
        match figure {
            Figure::Total { sum, .. }
            | Figure::Average { sum, .. }
            | Figure::Growth { sum, .. } => {
                self.sum(sum);
            }
            Figure::Ratio { sum, base, .. } => {
                self.sum(sum);
                self.sum(base);
            }
        }
    }

    fn sum(&mut self, sum: &Sum) {
        self.fields
            .extend(sum.terms.iter().map(|(field, _)| *field));
        // Every rule on the rows looks at how many there are.
        self.attributes.insert(PERIODS_AVAILABLE);
    }
}

fn section(heading: &str, lines: impl IntoIterator<Item = String>) -> Section {
    Section {
        heading: heading.to_owned(),
        lines: lines.into_iter().collect(),
    }
}
