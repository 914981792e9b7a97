//! Policies: as officers write them, as they travel, and as trees of every kind of rule.

use taxproof_claims::date::Date;
use taxproof_claims::policy::{Compiled, Format, Parameters, Policy, PolicyErrors};
use taxproof_claims::record::Values;
use taxproof_claims::statement::evaluate;
use taxproof_claims::testing::{self, Choices};

use crate::Target;
use crate::fixture::{policies, schema, values};
use crate::input::{Input, text};

pub(super) const POLICY_TOML: Target = Target::new(
    "policy_toml",
    |bytes| {
        written(text(bytes), Format::Toml);
    },
    || policies().into_iter().map(String::into_bytes).collect(),
)
.mebibytes(24)
.mutations(1500);

pub(super) const POLICY_JSON: Target = Target::new(
    "policy_json",
    |bytes| {
        written(text(bytes), Format::Json);
    },
    || {
        let json = |toml: String| {
            let table: toml::Table = toml.parse().expect("a policy in TOML");
            serde_json::to_vec_pretty(&table).expect("TOML without dates is JSON")
        };
        policies().into_iter().map(json).collect()
    },
)
.mebibytes(24)
.mutations(1500);

/// What a bank sends a wallet.
pub(super) const POLICY_CANONICAL: Target = Target::new(
    "policy_canonical",
    |bytes| {
        if let Ok(policy) = Policy::decode(bytes, schema()) {
            assert!(
                policy.encode() == bytes,
                "a policy is read that is not written"
            );
            agree(&policy, &[values()], &mut Choices::new(Vec::new()));
        }
    },
    || {
        let encode = |toml: String| {
            let policy = Policy::parse(&toml, Format::Toml, schema());
            policy.expect("a policy of the repository").encode()
        };
        policies().into_iter().map(encode).collect()
    },
)
.mebibytes(24)
.mutations(1500);

/// A policy of every kind of rule, with records that meet its thresholds now and then.
pub(super) const POLICY_TREE: Target = Target::new(
    "policy_tree",
    |bytes| tree(bytes, testing::policy_toml),
    || trees(64),
)
.mebibytes(24)
.mutations(1000);

/// A policy as large as the language allows.
pub(super) const POLICY_WIDE: Target = Target::new(
    "policy_wide",
    |bytes| tree(bytes, testing::wide_policy_toml),
    || trees(256),
)
.mebibytes(24)
.mutations(1000);

fn trees(length: u32) -> Vec<Vec<u8>> {
    // Steps coprime to 256 visit every byte.
    let tree = |step: u32| (0..length).map(|i| (i * step + step) as u8).collect();
    [0, 1, 7, 37, 101, 151, 211, 253].map(tree).into()
}

fn tree(bytes: &[u8], generate: fn(&taxproof_claims::schema::Schema, &mut Choices) -> String) {
    let mut choices = Input::new(bytes).choices();
    let text = generate(schema(), &mut choices);
    let Some(policy) = written(&text, Format::Toml) else {
        return;
    };
    let layout = policy.shape().layout();
    let records: Vec<Values> = (0..3)
        .map(|_| testing::values(schema(), layout, &mut choices))
        .collect();
    agree(&policy, &records, &mut choices);
}

/// Reads a policy as an officer wrote it; then it is the same in its canonical text and in either
/// format.
fn written(text: &str, format: Format) -> Option<Policy> {
    let policy = match Policy::parse(text, format, schema()) {
        Ok(policy) => policy,
        Err(errors) => {
            show(&errors);
            return None;
        }
    };
    let canonical = policy.canonical();
    assert_eq!(
        Policy::decode(canonical.as_bytes(), schema()).as_ref(),
        Ok(&policy)
    );
    assert_eq!(
        Policy::parse(&canonical, Format::Json, schema()).as_ref(),
        Ok(&policy)
    );
    let json: serde_json::Value = serde_json::from_str(&canonical).expect("canonical text is JSON");
    let toml = toml::to_string(&json).expect("a policy in JSON is one in TOML");
    assert_eq!(
        Policy::parse(&toml, Format::Toml, schema()).as_ref(),
        Ok(&policy)
    );
    agree(&policy, &[values()], &mut Choices::new(Vec::new()));
    Some(policy)
}

fn show(errors: &PolicyErrors) {
    assert!(
        errors.iter().next().is_some(),
        "a policy was refused without a reason"
    );
    assert!(!errors.render("policy").is_empty() && !errors.to_string().is_empty());
}

/// A policy says of records what its numbers say, for the least, the greatest and other parameters.
fn agree(policy: &Policy, records: &[Values], choices: &mut Choices) {
    let declared = policy.parameters();
    let least: Vec<i64> = declared.iter().map(|p| p.min).collect();
    let greatest = declared.iter().map(|p| p.max).collect();
    let between = declared
        .iter()
        .map(|p| choices.between(p.min, p.max))
        .collect();
    let mut open = None;
    for given in [least, greatest, between] {
        let parameters = Parameters::new(declared, given).expect("parameters within bounds");
        policy.explain(Some(&parameters)).to_string();
        for day in [testing::as_of(), Date::from_days(0).expect("the first day")] {
            let Ok(compiled) = policy.compile(day, &parameters) else {
                assert_ne!(day, testing::as_of(), "a policy does not compile");
                continue;
            };
            let flat = compiled.numbers.flatten();
            assert!(compiled.open.iter().all(|&place| place < flat.len()));
            assert_eq!(
                open.get_or_insert_with(|| compiled.open.clone()),
                &compiled.open
            );
            for values in records {
                same(policy, &compiled, values, day, &parameters);
            }
        }
    }
}

fn same(policy: &Policy, compiled: &Compiled, values: &Values, day: Date, given: &Parameters) {
    let values = values.with_layout(policy.shape().layout());
    let values = values.expect("every shape has the schema's fields");
    let said = policy
        .evaluate(&values, day, given)
        .expect("a record of the shape");
    let counted = evaluate(&compiled.numbers, &values);
    assert_eq!(
        (said.passed, said.band),
        (counted.passed, counted.band),
        "rules and numbers disagree"
    );
    let outcome = counted.outcome(policy.shape(), compiled.allowed);
    policy.failed_rules(compiled.allowed, outcome);
}

/// Parameters as people write them.
pub(super) const PARAMETERS: Target = Target::new(
    "parameters",
    |bytes| {
        let policy = Policy::parse(PARAMETERISED, Format::Toml, schema());
        let policy = policy.expect("the policy is one");
        let pairs: Vec<(&str, &str)> = text(bytes)
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        if let Ok(parameters) = policy.parse_parameters(&pairs) {
            let named = parameters.named(policy.parameters());
            let again = Parameters::from_named(policy.parameters(), &named);
            assert_eq!(again.as_ref(), Ok(&parameters));
            let compiled = policy.compile(testing::as_of(), &parameters);
            compiled.expect("a policy compiles for all parameters within bounds");
        }
    },
    || {
        let inputs = [
            "money=50,000\ncount=3\npercent=12.5 %",
            "money=-1\ncount=0\npercent=0 %",
        ];
        inputs.map(Vec::from).into()
    },
);

const PARAMETERISED: &str = r#"
id = "parameters"
version = 1
title = "A parameter of each unit"
schema = "cn-tax-1"

[[parameter]]
name = "money"
unit = "money"
min = "-100"
max = "1,000,000"

[[parameter]]
name = "count"
unit = "count"
min = "0"
max = "16"

[[parameter]]
name = "percent"
unit = "percent"
min = "0 %"
max = "100 %"

[[rule]]
name = "money"
total = "vat_paid"
over = "quarters 1 to 4"
at_least = "money"

[[rule]]
name = "count"
attribute = "nil_filings"
at_most = "count"

[[rule]]
name = "percent"
parameter = "percent"
at_most = "50 %"
"#;
