//! What a policy says of a record: docs/policy.md, the Rust evaluator, the compiled numbers.

use std::cell::{Cell, RefCell};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use taxproof_claims::date::Date;
use taxproof_claims::policy::{Format, Parameters, Policy};
use taxproof_claims::record::Values;
use taxproof_claims::schema::{CN_TAX, Schema};
use taxproof_claims::statement::evaluate;
use taxproof_claims::testing::{
    Choices, approach, as_of, choices_for, policy_toml, values, wide_policy_toml,
};

use crate::hold;
use crate::reference::{self, Reference};

/// What the reference says of a record.
#[derive(Debug, Deserialize)]
struct Said {
    passed: bool,
    score: Option<i64>,
    band: u64,
    failed: Vec<String>,
    failed_as_multiplied: Vec<String>,
}

/// A record and a request's parameters.
struct Asked {
    values: Values,
    parameters: Parameters,
    as_of: Date,
}

/// Schemas as texts: the default one, one of whole units, one with six digits behind the point.
fn schemas() -> [String; 3] {
    [
        CN_TAX.to_owned(),
        include_str!("../../../schemas/br-listed.toml").to_owned(),
        CN_TAX.replace("currency_digits = 2", "currency_digits = 6"),
    ]
}

fn day(choices: &mut Choices) -> Date {
    let ends = [as_of(), Date::new(2024, 2, 29).expect("a leap day")];
    match choices.below(3) {
        2 => Date::from_days(choices.between(18_000, 24_000)).expect("a day"),
        i => ends[i],
    }
}

fn ask(policy: &Policy, choices: &mut Choices) -> Asked {
    let schema = policy.schema();
    let drawn = policy.parameters().iter().map(|p| match choices.below(4) {
        0 => p.min,
        1 => p.max,
        _ => choices.between(p.min, p.max.min(p.min.saturating_add(u32::MAX.into()))),
    });
    let parameters = Parameters::new(policy.parameters(), drawn.collect()).expect("within bounds");
    let mut values = values(schema, policy.shape().layout(), choices);
    let as_of = day(choices);
    let compiled = policy.compile(as_of, &parameters).expect("compiles");
    for _ in 0..choices.below(3) {
        values = approach(&values, &compiled.numbers, schema, choices);
    }
    values.check(schema).expect("within the schema's bounds");
    Asked {
        values,
        parameters,
        as_of,
    }
}

fn question(policy: &Policy, schema: &str, text: Option<&str>, asked: &[Asked]) -> Json {
    let records: Vec<Json> = asked
        .iter()
        .map(|asked| {
            let mut record = reference::record(&asked.values);
            let named = asked.parameters.named(policy.parameters());
            record["parameters"] = named
                .into_iter()
                .map(|p| (p.name, json!(p.value)))
                .collect();
            record["as_of"] = json!(asked.as_of.to_string());
            record
        })
        .collect();
    let canonical = policy.canonical();
    json!({
        "ask": "policy",
        "schema": schema,
        "policy": text.unwrap_or(&canonical),
        "format": if text.is_some() { "toml" } else { "json" },
        "records": records,
    })
}

/// Holds both evaluators of the policy, and both of its numbers, against each other.
fn compare(
    reference: &mut Reference,
    policy: &Policy,
    asked: &Asked,
    theirs: &Said,
) -> Result<bool, TestCaseError> {
    let Asked {
        values,
        parameters,
        as_of,
    } = asked;
    let ours = policy.evaluate(values, *as_of, parameters).expect("fits");
    let failed: Vec<&str> = ours
        .rules
        .iter()
        .filter(|rule| !rule.holds)
        .map(|rule| rule.name.as_str())
        .collect();
    prop_assert_eq!(&failed, &theirs.failed, "failed rules");
    prop_assert_eq!(ours.score, theirs.score, "score");
    prop_assert_eq!(ours.band, theirs.band, "band");
    prop_assert_eq!(ours.passed, theirs.passed, "verdict");

    let compiled = policy.compile(*as_of, parameters).expect("compiles");
    let outcome = evaluate(&compiled.numbers, values).outcome(policy.shape(), compiled.allowed);
    prop_assert_eq!(outcome.passed(), theirs.passed, "the numbers' verdict");
    if policy.learns().band {
        prop_assert_eq!(outcome.band(), theirs.band, "the numbers' band");
    }
    let by_numbers = reference.outcomes(&compiled.numbers, &[(values, compiled.allowed)]);
    prop_assert_eq!(outcome.bits(), by_numbers[0], "the outcome of the numbers");
    let left_to_others = |name: &&str| {
        let rule = compiled.rules.iter().find(|rule| rule.name == **name);
        rule.is_some_and(|rule| rule.base_is_implied)
    };
    let named = policy.failed_rules(compiled.allowed, outcome);
    let expected = policy.disclosable_rules().filter(|name| {
        let failed = if left_to_others(name) {
            &theirs.failed_as_multiplied
        } else {
            &theirs.failed
        };
        !theirs.passed && failed.iter().any(|failed| failed == name)
    });
    prop_assert_eq!(named, expected.collect::<Vec<_>>(), "what the bank is told");
    Ok(theirs.passed)
}

/// A policy, how it was written, and six records.
fn check(
    reference: &mut Reference,
    schema: &str,
    choices: &mut Choices,
) -> Result<Option<u32>, TestCaseError> {
    let parsed = Schema::from_toml(schema).expect("a schema");
    let text = if choices.once_in(2) {
        wide_policy_toml(&parsed, choices)
    } else {
        policy_toml(&parsed, choices)
    };
    let Ok(policy) = Policy::parse(&text, Format::Toml, &parsed) else {
        return Ok(None);
    };
    let as_written = choices.once_in(2).then_some(text.as_str());
    let asked: Vec<Asked> = (0..6).map(|_| ask(&policy, choices)).collect();
    let answer = reference.ask(&question(&policy, schema, as_written, &asked));
    let said: Vec<Said> = serde_json::from_value(answer).expect("what the reference says");
    let mut passed = 0;
    for (asked, said) in asked.iter().zip(&said) {
        let holds = compare(reference, &policy, asked, said).map_err(|difference| {
            let record = format!("{:?} {:?}", asked.values.attributes(), asked.values.rows());
            let (day, parameters) = (asked.as_of, asked.parameters.values());
            TestCaseError::fail(format!(
                "{difference}\n{text}\n{record}\nat {day} with {parameters:?}: {said:?}"
            ))
        })?;
        passed += u32::from(holds);
    }
    Ok(Some(passed))
}

#[test]
fn the_reference_says_what_rust_says() {
    let reference = RefCell::new(Reference::start());
    let schemas = schemas();
    let [policies, passed, drawn] = [const { Cell::new(0u32) }; 3];
    let run = |(schema, mut choices): (usize, Choices)| {
        drawn.set(drawn.get() + 1);
        let found = check(&mut reference.borrow_mut(), &schemas[schema], &mut choices)?;
        policies.set(policies.get() + u32::from(found.is_some()));
        passed.set(passed.get() + found.unwrap_or(0));
        Ok(())
    };
    let schema = prop::sample::select(vec![0, 0, 1, 2]);
    hold(2000, &(schema, choices_for(6)), run);
    let (policies, passed, drawn) = (policies.get(), passed.get(), drawn.get());
    println!("{policies} of {drawn} policies, six records each, {passed} pass");
    assert!(
        policies > drawn / 4,
        "{policies} of {drawn} policies are taken"
    );
    assert!(
        passed > policies / 4,
        "{passed} passes of {policies} policies"
    );
}
