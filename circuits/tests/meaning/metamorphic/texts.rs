//! One rule written in several ways, and its contrary: a person's text, Rust's evaluator, the numbers
//! that it compiles to, the reference and the constraints.

use std::cell::Cell;

use proptest::prelude::*;
use serde_json::json;
use taxproof_claims::amount::{Value, format_units};
use taxproof_claims::policy::{Format, Parameters, Policy};
use taxproof_claims::record::Values;
use taxproof_claims::schema::{CN_TAX, Schema};
use taxproof_claims::shape::Q16;
use taxproof_claims::statement::{Consent, evaluate};
use taxproof_claims::testing::{Choices, as_of, choices_for};

use super::{Case, Readers};
use crate::hold;
use crate::reference::record;

/// Two terms, a window, and a threshold in fen.
struct Rule {
    fields: [&'static str; 2],
    factors: [i64; 2],
    newest: usize,
    oldest: usize,
    threshold: i64,
}

impl Rule {
    fn random(values: &Values, schema: &Schema, choices: &mut Choices) -> Self {
        let money = ["vat_paid", "income_tax_paid", "sales", "invoiced"];
        let first = choices.below(money.len());
        let second = (first + 1 + choices.below(money.len() - 1)) % money.len();
        let newest = 1 + choices.below(12);
        let mut rule = Self {
            fields: [money[first], money[second]],
            factors: [0; 2].map(|_: i64| [1, 2, -1, -3, 7][choices.below(5)]),
            newest,
            oldest: newest + choices.below(17 - newest),
            threshold: 0,
        };
        rule.threshold = rule.total(values, schema) + choices.between(-1, 1);
        rule
    }

    /// The sum over the window, on a record.
    fn total(&self, values: &Values, schema: &Schema) -> i64 {
        let place = |name: &str| schema.fields.iter().position(|field| field.name == name);
        let places = self.fields.map(|name| place(name).expect("of the schema"));
        let rows = &values.rows()[self.newest - 1..self.oldest];
        let row = |row: &Vec<i64>| -> i64 {
            let terms = places.iter().zip(self.factors);
            terms.map(|(&place, factor)| factor * row[place]).sum()
        };
        rows.iter().map(row).sum()
    }

    fn sum(&self, times: i64, swapped: bool) -> String {
        let term = |i: usize| {
            let factor = times * self.factors[i];
            let sign = if factor < 0 { "-" } else { "+" };
            format!("{sign} {} * {}", factor.abs(), self.fields[i])
        };
        let [first, second] = if swapped { [1, 0] } else { [0, 1] };
        let text = format!("{} {}", term(first), term(second));
        text.strip_prefix("+ ").map_or(text.clone(), str::to_owned)
    }

    fn over(&self) -> String {
        format!("\"quarters {} to {}\"", self.newest, self.oldest)
    }

    /// The rule in every way that means the same.
    fn ways(&self) -> Vec<String> {
        let fen = |n: i64| format_units(n.into(), 2);
        let (t, over, quarters) = (
            self.threshold,
            self.over(),
            (self.oldest - self.newest + 1) as i64,
        );
        let total = |times: i64, swapped: bool, bound: &str, at: i64| {
            let sum = self.sum(times, swapped);
            format!(
                "total = \"{sum}\"\nover = {over}\n{bound} = \"{}\"",
                fen(at)
            )
        };
        let average = format!(
            "average = \"{}\"\nover = {over}\nper = \"quarter\"\nat_least = \"{}\"",
            self.sum(quarters, false),
            fen(t),
        );
        let mut ways = vec![
            total(1, false, "at_least", t),
            total(1, true, "at_least", t),
            total(3, false, "at_least", 3 * t),
            total(1, false, "more_than", t - 1),
            total(-1, true, "at_most", -t),
            total(-2, false, "less_than", 1 - 2 * t),
            average,
        ];
        if quarters == 1 {
            let sum = self.sum(1, false);
            ways.push(format!(
                "each_quarter = \"{sum}\"\nover = {over}\nat_least = \"{}\"",
                fen(t)
            ));
            ways.push(format!(
                "each_quarter = \"{sum}\"\nover = {over}\nless_than = \"{}\"\nin_at_most = 0",
                fen(t)
            ));
        }
        ways
    }

    /// The rule in ways that mean the contrary.
    fn contraries(&self) -> Vec<String> {
        let (sum, over) = (self.sum(1, false), self.over());
        let fen = |n: i64| format_units(n.into(), 2);
        let total = |bound: &str, at: i64| {
            format!(
                "total = \"{sum}\"\nover = {over}\n{bound} = \"{}\"",
                fen(at)
            )
        };
        vec![
            total("less_than", self.threshold),
            total("at_most", self.threshold - 1),
        ]
    }
}

/// A policy of one rule, of which a firm that is younger than the window is no exception.
fn policy_of(rule: &str) -> String {
    format!(
        "id = \"one\"\nversion = 1\ntitle = \"One\"\nschema = \"cn-tax-1\"\nshape = \"Q16\"\n\
         [[rule]]\nname = \"only\"\n{rule}\nyoung_firms = \"count_zero\"\n"
    )
}

/// A record of any number of quarters in which some money was paid.
fn values(schema: &Schema, choices: &mut Choices) -> Values {
    let available = choices.below(Q16.periods + 1);
    let value = |n: i64| Value::try_from(n).expect("of few bits");
    let mut attributes = vec![value(0); schema.attributes.len()];
    attributes[0] = value(available as i64);
    let rows: Vec<Vec<Value>> = (0..available)
        .map(|_| {
            let fields = schema.fields.iter();
            fields
                .map(|field| value(choices.signed(30).clamp(field.min, field.max)))
                .collect()
        })
        .collect();
    Values::new(Q16.layout(), &attributes, &rows).expect("of the layout")
}

/// What all readers say of one way to write a rule.
fn says(
    readers: &Readers,
    text: &str,
    schema: &Schema,
    values: &Values,
    circuit: bool,
) -> Result<bool, TestCaseError> {
    let policy = Policy::parse(text, Format::Toml, schema)
        .map_err(|refused| TestCaseError::fail(format!("{refused}\n{text}")))?;
    let none = Parameters::new(policy.parameters(), vec![]).expect("there are none");
    let said = policy
        .evaluate(values, as_of(), &none)
        .expect("fits")
        .passed;
    let numbers = policy.compile(as_of(), &none).expect("compiles").numbers;
    prop_assert_eq!(evaluate(&numbers, values).passed, said, "{}", text);
    let mut asked = record(values);
    asked["as_of"] = json!(as_of().to_string());
    asked["parameters"] = json!({});
    let question = json!({
        "ask": "policy", "schema": CN_TAX, "policy": text, "format": "toml", "records": [asked],
    });
    let answer = readers.reference.borrow_mut().ask(&question);
    prop_assert_eq!(answer[0]["passed"].as_bool(), Some(said), "{}", text);
    if circuit {
        let (values, consent) = (values.clone(), Consent::NONE);
        let case = Case {
            numbers,
            values,
            consent,
        };
        prop_assert_eq!(readers.violated(&case, said.into(), true), None, "{}", text);
        let lie = readers.violated(&case, (!said).into(), true);
        prop_assert_eq!(lie, Some("verdict"), "{}", text);
    }
    Ok(said)
}

#[test]
fn one_rule_in_many_ways_is_one_rule() {
    let readers = Readers::start();
    let schema = Schema::cn_tax();
    let [passed, total] = [const { Cell::new(0u32) }; 2];
    let check = |mut choices: Choices| {
        let values = values(&schema, &mut choices);
        let rule = Rule::random(&values, &schema, &mut choices);
        let holds = rule.total(&values, &schema) >= rule.threshold;
        let circuit = choices.once_in(4);
        for (texts, expected) in [(rule.ways(), holds), (rule.contraries(), !holds)] {
            for text in texts {
                let said = says(&readers, &policy_of(&text), &schema, &values, circuit)?;
                let record = format!("{:?} {:?}", values.attributes(), values.rows());
                prop_assert_eq!(said, expected, "{}\n{}", text, record);
            }
        }
        passed.set(passed.get() + u32::from(holds));
        total.set(total.get() + 1);
        Ok(())
    };
    hold(200, &choices_for(1), check);
    let (passed, total) = (passed.get(), total.get());
    println!("{total} rules in nine to eleven ways, {passed} hold");
    assert!(passed > total / 5 && passed < total, "{passed} of {total}");
}
