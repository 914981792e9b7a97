//! What rules mean, worked out by hand on one record.

use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;
use taxproof_claims::policy::{Format, Parameters, Policy};
use taxproof_claims::record::Values;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Q16;
use taxproof_claims::statement::evaluate;

const AS_OF: &str = "2026-10-20";

/// Ten quarters; in yuan, newest first: VAT 100 a quarter, then 80; sales 1,000, then 0, then
/// a quarter of -500.
fn values() -> Values {
    let value = |n: i64| Value::try_from(n).expect("a small value");
    let row = |vat: i64, income_tax: i64, sales: i64, late: i64| {
        let yuan = [vat, income_tax, 0, sales, 0].map(|n| value(n * 100));
        yuan.into_iter()
            .chain([value(30), value(2_500), value(late)])
            .collect()
    };
    let mut rows: Vec<Vec<Value>> = (0..4).map(|_| row(100, 25, 1_000, 0)).collect();
    rows.extend((0..4).map(|i| row(80, 0, 0, i64::from(i < 2))));
    rows.extend([row(0, 0, -500, 0), row(-10, 0, 0, 5)]);
    let registered = "2024-10-20".parse::<Date>().expect("a day").days();
    // periods, holder, registered, grade M, industry 13, normal, arrears 0.01, never paid, gap 5.
    let attributes = [10, 0, registered, 3, 13, 1, 1, -1, 5, 2, 4, 6].map(value);
    Values::new(Q16.layout(), &attributes, &rows).expect("fits")
}

/// Whether a rule holds, which the numbers must agree with.
fn holds(keys: &str) -> bool {
    let schema = Schema::cn_tax();
    let values = values();
    values.check(&schema).expect("a record of the schema");
    let text = format!(
        "id = \"p\"\nversion = 1\ntitle = \"t\"\nschema = \"cn-tax-1\"\n\
         [[parameter]]\nname = \"amount\"\nunit = \"money\"\nmin = 0\nmax = 1000\n\
         [[rule]]\nname = \"r\"\n{}\n",
        keys.replace("; ", "\n")
    );
    let policy = Policy::parse(&text, Format::Toml, &schema)
        .unwrap_or_else(|errors| panic!("{}", errors.render("policy")));
    let as_of = AS_OF.parse().expect("a day");
    let parameters = policy
        .parse_parameters(&[("amount", "300")])
        .expect("a parameter");
    let said = policy.evaluate(&values, as_of, &parameters).expect("fits");
    let numbers = policy
        .compile(as_of, &parameters)
        .expect("compiles")
        .numbers;
    assert_eq!(evaluate(&numbers, &values).passed, said.passed, "{keys}");
    said.rules[0].holds
}

#[test]
fn rules_hold_at_their_thresholds_and_not_beyond() {
    let pairs = [
        // 4 · 125 = 500 in the last year, 820 VAT and 100 income tax in two.
        (
            "total = \"vat_paid + income_tax_paid\"; over = \"last 12 months\"",
            "at_least = \"500\"",
            "more_than = \"500\"",
        ),
        (
            "total = \"vat_paid + income_tax_paid\"; over = \"last year\"",
            "at_most = \"500.00\"",
            "less_than = 500",
        ),
        (
            "total = \"vat_paid\"; over = \"last quarter\"",
            "equals = 100",
            "equals = \"100.01\"",
        ),
        (
            "total = \"vat_paid\"; over = \"quarter 5\"",
            "equals = 80",
            "equals = 100",
        ),
        (
            "total = \"-1 * vat_paid + 4 * income_tax_paid\"; over = \"last quarter\"",
            "at_least = 0",
            "at_least = \"0.01\"",
        ),
        // (400 + 320) ÷ 2 years; 720 ÷ 8 quarters; 720 ÷ 7 for neither.
        (
            "average = \"vat_paid\"; per = \"year\"; over = \"last 2 years\"",
            "at_least = 360",
            "more_than = 360",
        ),
        (
            "average = \"vat_paid\"; per = \"quarter\"; over = \"last 8 quarters\"",
            "at_least = 90",
            "more_than = 90",
        ),
        (
            "average = \"vat_paid\"; per = \"quarter\"; over = \"quarters 3 to 5\"",
            "more_than = \"93.33\"",
            "at_least = \"93.34\"",
        ),
        // 80 to 100 is 25 %; 100 + 25 over 80 is 56.25 %.
        (
            "growth = \"vat_paid\"; from = \"quarters 5 to 8\"; to = \"last 4 quarters\"",
            "at_least = \"25 %\"",
            "more_than = \"25 %\"",
        ),
        (
            "growth = \"vat_paid + income_tax_paid\"; from = \"quarters 5 to 8\"; to = \"last quarter\"",
            "equals = \"56.25 %\"",
            "at_most = \"56.24 %\"",
        ),
        (
            "ratio = \"vat_paid\"; over = \"last 4 quarters\"; to = \"sales\"",
            "at_least = \"10 %\"",
            "more_than = 0.1",
        ),
        (
            "ratio = \"vat_paid\"; over = \"last quarter\"; to = \"vat_paid\"; to_over = \"quarter 8\"",
            "equals = \"125 %\"",
            "less_than = \"125 %\"",
        ),
        (
            "each_quarter = \"vat_paid\"; over = \"last 8 quarters\"",
            "at_least = 80",
            "more_than = 80",
        ),
        (
            "each_quarter = \"vat_paid\"; over = \"last 8 quarters\"; more_than = 80",
            "in_at_least = 4",
            "in_at_least = 5",
        ),
        (
            "each_quarter = \"vat_paid\"; over = \"last 8 quarters\"; more_than = 80",
            "in_at_most = 4",
            "in_at_most = 3",
        ),
        (
            "each_quarter = \"late_filings\"; over = \"last 10 quarters\"; at_least = 1",
            "in_at_most = 3",
            "in_at_most = 2",
        ),
        (
            "total = \"late_filings\"; over = \"last 10 quarters\"",
            "at_most = 7",
            "at_most = 6",
        ),
        (
            "total = \"top_customer_share\"; over = \"last quarter\"",
            "at_most = \"25 %\"",
            "less_than = \"25 %\"",
        ),
        (
            "attribute = \"registered_on\"",
            "at_least_ago = \"2 years\"",
            "at_least_ago = \"731 days\"",
        ),
        (
            "attribute = \"registered_on\"",
            "within = \"2 years\"",
            "within = \"729 days\"",
        ),
        (
            "attribute = \"registered_on\"",
            "at_most = \"2024-10-20\"",
            "less_than = 2024-10-20",
        ),
        (
            "attribute = \"arrears\"",
            "at_most = \"0.01\"",
            "at_most = 0",
        ),
        (
            "attribute = \"payment_gap_months\"",
            "less_than = 6",
            "less_than = 5",
        ),
        (
            "attribute = \"grade\"",
            "one_of = [\"A\", \"B\", \"M\"]",
            "one_of = [\"A\", \"B\"]",
        ),
        ("attribute = \"grade\"", "equals = \"M\"", "equals = \"A\""),
        (
            "attribute = \"industry\"",
            "none_of = [\"06\", \"70\"]",
            "none_of = [13]",
        ),
        (
            "total = \"vat_paid\"; over = \"last 4 quarters\"",
            "at_least = \"amount + 100\"",
            "more_than = \"100 + amount\"",
        ),
        (
            "total = \"vat_paid\"; over = \"last 4 quarters\"",
            "at_most = \"2 * amount - 200\"",
            "at_most = \"amount * 133.33 %\"",
        ),
        ("parameter = \"amount\"", "at_most = 300", "less_than = 300"),
    ];
    for (subject, right, wrong) in pairs {
        assert!(holds(&format!("{subject}; {right}")), "{subject}; {right}");
        assert!(!holds(&format!("{subject}; {wrong}")), "{subject}; {wrong}");
    }
}

#[test]
fn a_firm_with_too_few_quarters_fails_unless_the_policy_says_otherwise() {
    let quarters = "each_quarter = \"late_filings\"; over = \"last 11 quarters\"; at_most = 5";
    assert!(!holds(quarters));
    assert!(holds(&format!("{quarters}; young_firms = \"count_zero\"")));
    let total = "total = \"vat_paid\"; over = \"quarters 9 to 12\"; at_least = \"-10\"";
    assert!(!holds(total));
    assert!(holds(&format!("{total}; young_firms = \"count_zero\"")));
}

#[test]
fn a_base_that_is_not_positive_fails_unless_the_policy_takes_it_as_multiplied() {
    // Sales were 0 in the four quarters before the last, and -500 in the ninth.
    let growth = |from: &str, bound: &str| {
        format!("growth = \"sales\"; from = \"{from}\"; to = \"last quarter\"; {bound}")
    };
    let multiplied =
        |rule: String| holds(&format!("{rule}; base_not_positive = \"as_multiplied\""));
    for from in ["quarters 5 to 8", "quarter 9"] {
        assert!(!holds(&growth(from, "at_least = \"-20 %\"")));
        assert!(!holds(&growth(from, "at_most = \"9000 %\"")));
    }
    // 1,000 ≥ 0.8 · 0, and 1,000 ≥ 0.8 · -500, but 1,000 ≤ 91 · -500 does not hold.
    assert!(multiplied(growth(
        "quarters 5 to 8",
        "at_least = \"-20 %\""
    )));
    assert!(multiplied(growth("quarter 9", "at_least = \"-20 %\"")));
    assert!(!multiplied(growth("quarter 9", "at_most = \"9000 %\"")));
    let ratio =
        "ratio = \"vat_paid\"; over = \"quarters 5 to 8\"; to = \"sales\"; at_least = \"1 %\"";
    assert!(!holds(ratio));
    assert!(multiplied(ratio.to_owned()));
}

#[test]
fn what_is_not_known_meets_no_rule() {
    for bound in [
        "within = \"100 years\"",
        "at_least_ago = \"0 days\"",
        "at_most = \"2026-01-01\"",
    ] {
        assert!(
            !holds(&format!("attribute = \"last_payment_on\"; {bound}")),
            "{bound}"
        );
    }
}

#[test]
fn a_record_of_another_layout_and_parameters_out_of_bounds_are_errors() {
    let schema = Schema::cn_tax();
    let text = include_str!("../../../policies/ccb-limit.toml");
    let policy = Policy::parse(text, Format::Toml, &schema).expect("a policy");
    let as_of = AS_OF.parse().expect("a day");
    let fits = policy
        .parse_parameters(&[("requested_amount", "10,000")])
        .expect("fits");
    assert!(policy.evaluate(&values(), as_of, &fits).is_ok());
    assert!(policy.compile(as_of, &Parameters::default()).is_err());
    assert!(
        policy
            .parse_parameters(&[("requested_amount", "3,000,000.01")])
            .is_err()
    );
    let wide = values()
        .with_layout(taxproof_claims::shape::Q32.layout())
        .expect("more rows");
    assert!(policy.evaluate(&wide, as_of, &fits).is_err());
}
