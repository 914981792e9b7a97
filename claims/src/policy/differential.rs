//! Random policies on random records: what a policy says rule by rule is what its numbers say.

use std::cell::Cell;

use proptest::prelude::*;

use super::{Compiled, Format, Parameters, Policy};
use crate::date::Date;
use crate::record::Values;
use crate::schema::Schema;
use crate::statement::{Consent, evaluate};
use crate::testing::{Choices, as_of, choices, policy_toml, values};

/// A schema of another country: other fields, whole currency units, hardly any attributes.
const BRAZIL: &str = r#"
id = "br-listed-1"
title = "Listed companies of Brazil, by quarter"
currency = "BRL"
currency_digits = 0
id_scheme = "plain"
fields = [
    { name = "revenue", label = "revenue", unit = "money", min = -1000000000000, max = 1000000000000 },
    { name = "income_tax_expense", label = "income tax expense", unit = "money", min = -1000000000000, max = 1000000000000 },
    { name = "income_tax_paid", label = "income tax paid", unit = "money", min = -1000000000000, max = 1000000000000 },
]
attributes = [
    { name = "periods_available", label = "quarters on record", unit = "count", of = "quarters", min = 0, max = 32 },
    { name = "holder_since", label = "holder key registered on", unit = "date", min = 0, max = 100000, missing = -1 },
]
"#;

fn brazil() -> Schema {
    Schema::from_toml(BRAZIL).expect("a schema")
}

fn parameters(policy: &Policy, choices: &mut Choices) -> Parameters {
    let values = policy
        .parameters()
        .iter()
        .map(|p| choices.between(p.min, p.max))
        .collect();
    Parameters::new(policy.parameters(), values).expect("within bounds")
}

/// Holds a policy against its numbers on a record.
fn compare(
    policy: &Policy,
    values: &Values,
    as_of: Date,
    parameters: &Parameters,
) -> Result<(), TestCaseError> {
    let said = policy.evaluate(values, as_of, parameters).expect("fits");
    let compiled = policy.compile(as_of, parameters).expect("compiles");
    let counted = evaluate(&compiled.numbers, values);
    prop_assert_eq!(said.passed, counted.passed, "the verdict");

    let mut base_failed = false;
    for (rule, compiled) in said.rules.iter().zip(&compiled.rules) {
        let holds = compiled.atoms.iter().all(|&atom| counted.atoms[atom]);
        if holds && !rule.holds && compiled.base_is_implied {
            prop_assert!(!said.passed, "{} is left to a rule that holds", rule.name);
            base_failed = true;
        } else {
            prop_assert_eq!(rule.holds, holds, "{}: {}", &rule.name, &rule.why);
        }
    }
    // The base points are folded into the thresholds.
    if let (Some(score), false) = (said.score, base_failed) {
        let base = policy
            .score
            .as_ref()
            .map_or(0, |score| i64::from(score.base));
        prop_assert_eq!(score, counted.score + base);
        prop_assert_eq!(said.band, counted.band);
    }

    let outcome = counted.outcome(policy.shape(), compiled.allowed);
    let named = policy.failed_rules(compiled.allowed, outcome);
    let failed = said.rules.iter().filter(|rule| !rule.holds && !said.passed);
    if policy.learns.failed_rules.len() == said.rules.len() && !base_failed {
        prop_assert_eq!(
            named,
            failed.map(|rule| rule.name.as_str()).collect::<Vec<_>>()
        );
    }
    Ok(())
}

/// How much of what can go wrong was seen.
#[derive(Default)]
struct Seen {
    policies: Cell<u32>,
    scorecards: Cell<u32>,
    implied_bases: Cell<u32>,
    /// Comparisons of a rule that a record meets or misses by exactly one.
    edges: Cell<u32>,
    passes: Cell<u32>,
}

impl Seen {
    fn policy(&self, policy: &Policy) {
        let count = |cell: &Cell<u32>, seen: bool| cell.set(cell.get() + u32::from(seen));
        count(&self.policies, true);
        count(&self.scorecards, !policy.variables.is_empty());
        count(
            &self.implied_bases,
            policy.plan.rules.iter().any(|rule| rule.base_is_implied),
        );
    }

    fn record(&self, compiled: &Compiled, values: &Values) {
        let atoms_with = |by: i128| {
            let mut numbers = compiled.numbers.clone();
            numbers
                .linear
                .iter_mut()
                .for_each(|linear| linear.threshold += by);
            numbers
                .counted
                .iter_mut()
                .for_each(|counted| counted.threshold += by);
            evaluate(&numbers, values)
        };
        let [lower, exact, higher] = [-1, 0, 1].map(atoms_with);
        let used = compiled.rules.iter().flat_map(|rule| &rule.atoms);
        let edges = used.filter(|&&i| lower.atoms[i] != higher.atoms[i]).count();
        self.edges.set(self.edges.get() + edges as u32);
        self.passes.set(self.passes.get() + u32::from(exact.passed));
    }
}

fn check(schema: &Schema, mut choices: Choices, seen: &Seen) -> Result<(), TestCaseError> {
    let text = policy_toml(schema, &mut choices);
    let Ok(policy) = Policy::parse(&text, Format::Toml, schema) else {
        return Ok(());
    };
    seen.policy(&policy);

    let received = Policy::decode(&policy.encode(), schema);
    prop_assert_eq!(received.as_ref(), Ok(&policy));

    let first = parameters(&policy, &mut choices);
    let open = policy.compile(as_of(), &first).expect("compiles").open;
    for day in [as_of(), Date::new(2026, 11, 1).expect("a day")] {
        let second = parameters(&policy, &mut choices);
        let [a, b] = [&first, &second].map(|p| policy.compile(day, p).expect("compiles"));
        prop_assert_eq!(&a.open, &open);
        prop_assert_eq!(&b.open, &open);
        let (a, b) = (a.numbers.flatten(), b.numbers.flatten());
        let differing = a
            .iter()
            .zip(&b)
            .enumerate()
            .filter(|(_, (a, b))| a != b)
            .map(|(i, _)| i);
        for position in differing {
            prop_assert!(open.contains(&position), "{} is closed", position);
        }
    }
    for _ in 0..6 {
        let values = values(schema, policy.shape().layout(), &mut choices);
        values.check(schema).expect("within the schema's bounds");
        let parameters = parameters(&policy, &mut choices);
        compare(&policy, &values, as_of(), &parameters).map_err(|difference| {
            let record = format!("{:?} {:?}", values.attributes(), values.rows());
            TestCaseError::fail(format!("{difference}\n{text}\n{record}"))
        })?;
        seen.record(
            &policy.compile(as_of(), &parameters).expect("compiles"),
            &values,
        );
    }
    Ok(())
}

/// Runs cases, and returns what was seen.
fn run(schema: &Schema, cases: u32) -> Seen {
    let seen = Seen::default();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    });
    if let Err(difference) = runner.run(&choices(), |choices| check(schema, choices, &seen)) {
        panic!("{difference}");
    }
    assert!(
        seen.policies.get() > cases / 4,
        "{} policies",
        seen.policies.get()
    );
    assert!(seen.edges.get() > cases / 10, "{} edges", seen.edges.get());
    assert!(
        seen.passes.get() > cases / 8,
        "{} passes",
        seen.passes.get()
    );
    assert!(
        seen.scorecards.get() > cases / 20,
        "{} scorecards",
        seen.scorecards.get()
    );
    seen
}

#[test]
fn numbers_say_what_the_policy_says() {
    let seen = run(&Schema::cn_tax(), 3000);
    assert!(
        seen.implied_bases.get() > 0,
        "no base was left to another rule"
    );
}

#[test]
fn numbers_say_what_the_policy_says_of_another_country() {
    run(&brazil(), 1500);
}

#[test]
fn everything_that_may_be_disclosed_can_be_consented_to() {
    let text = include_str!("../../../policies/scorecard.toml");
    let policy = Policy::parse(text, Format::Toml, &Schema::cn_tax()).expect("a policy");
    let all: Vec<&str> = policy.disclosable_rules().collect();
    assert_eq!(policy.consent(&all, true), Some(policy.allowed_consent()));
    assert_eq!(policy.consent(&[], false), Some(Consent::NONE));
    assert_eq!(policy.consent(&["no-late-filings"], false), None);
    assert_eq!(policy.consent(&["nobody"], false), None);
}
