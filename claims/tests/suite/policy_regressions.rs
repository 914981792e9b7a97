//! What attackers of the compiler found, one test each.

use std::fmt::Write as _;

use taxproof_claims::amount::Value;
use taxproof_claims::policy::{Format, Parameters, Policy};
use taxproof_claims::record::Values;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Q16;
use taxproof_claims::statement::evaluate;

/// Growth over one and the same window by 0 % weighs no quarter at all. When the linear places were
/// taken it became a counted comparison, whose weights of the fields then counted: rules and
/// numbers disagreed, and a modified wallet could pass.
#[test]
fn a_rule_without_weights_means_the_same_in_every_place() {
    let schema = Schema::cn_tax();
    let mut text = String::from(
        "id = \"p\"\nversion = 1\ntitle = \"P\"\nschema = \"cn-tax-1\"\n\
         [score]\nbase = 40\ncut_off = 0\n",
    );
    for i in 1..=6 {
        let rule = format!(
            "[[rule]]\nname = \"t{i}\"\ntotal = \"sales\"\nover = \"last {i} quarters\"\nat_least = {i}\n"
        );
        text.write_str(&rule).expect("written");
    }
    text += "[[rule]]\nname = \"still\"\ngrowth = \"sales\"\nfrom = \"last 4 quarters\"\nto = \"last 4 quarters\"\n\
             at_most = \"0 %\"\nbase_not_positive = \"as_multiplied\"\npoints = -50\n";
    let policy = Policy::parse(&text, Format::Toml, &schema).expect("a policy");
    let parameters = Parameters::new(policy.parameters(), Vec::new()).expect("none");
    let as_of = "2026-11-22".parse().expect("a day");
    let compiled = policy.compile(as_of, &parameters).expect("compiles");
    for sales in [-500, 0, 500] {
        let value = |n: i64| Value::try_from(n).expect("a small value");
        let rows = vec![vec![value(0), value(0), value(0), value(sales)]; 8];
        let values = Values::new(Q16.layout(), &[value(8)], &rows).expect("fits");
        let rules = policy
            .evaluate(&values, as_of, &parameters)
            .expect("evaluates");
        let numbers = evaluate(&compiled.numbers, &values);
        assert_eq!(rules.passed, numbers.passed, "sales of {sales}");
        assert!(!rules.passed, "the rule always holds and takes 50 points");
    }
}
