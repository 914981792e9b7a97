//! Quantities that look back over months: `schemas/cn-rolling.toml`, worked out by hand, and a policy
//! that reads them.

use taxproof_authority::mapping;
use taxproof_claims::policy::{Format, Policy};
use taxproof_claims::schema::Schema;

use crate::fixture::{Bureau, Declaration, HUAWEI, INVOICES, day};

fn rolling() -> Bureau {
    let schema = Schema::from_toml(mapping::CN_ROLLING_SCHEMA).expect("a schema");
    let mut bureau = Bureau::new(schema, mapping::CN_ROLLING);
    bureau.register(HUAWEI, "2023-01-01", "2");
    bureau
}

/// Files VAT for a quarter, paid ten days after its end.
fn quarter(from: &str, to: &str, due: &str) -> Declaration {
    Declaration::vat(from, to).amounts("1000.00", due)
}

#[test]
fn payments_roll_over_months() {
    let mut bureau = rolling();
    bureau.declare(&[
        quarter("2023-01", "2023-03", "1.00"),
        quarter("2023-04", "2023-06", "2.00"),
        // A refund is no payment, but part of the sums.
        quarter("2023-07", "2023-09", "-0.50"),
        quarter("2023-10", "2023-12", "4.00"),
        quarter("2024-01", "2024-03", "8.00").unpaid(),
    ]);
    let record = bureau.record(HUAWEI, "2024Q1");
    assert_eq!(record.field("tax_paid"), [0, 400, -50, 200, 100]);
    assert_eq!(
        record.field("tax_paid_12_months"),
        [550, 650, 250, 300, 100]
    );
    // Paid on 10 April, 10 July 2023 and 10 January 2024.
    assert_eq!(record.field("paid_months"), [3, 2, 2, 1, 0]);
    assert_eq!(record.field("months_since_payment"), [2, 5, 2, 2, 120]);
    assert_eq!(record.get("paid_months_24"), 3);
    assert_eq!(record.get("months_since_payment_now"), 2);
    // Half a year later, with nothing filed since.
    let later = bureau.record(HUAWEI, "2024Q3");
    assert_eq!(later.field("tax_paid_12_months")[..2], [400, 350]);
    assert_eq!(later.field("months_since_payment")[..2], [8, 5]);
    assert_eq!(later.get("months_since_payment_now"), 8);
}

#[test]
fn a_payment_after_the_newest_quarter_is_no_month_ago() {
    let mut bureau = rolling();
    bureau.declare(&[quarter("2023-01", "2023-03", "1.00")]);
    let record = bureau.record(HUAWEI, "2023Q1");
    assert_eq!(record.get("months_since_payment_now"), 0);
    assert_eq!(record.field("months_since_payment"), [120]);
    assert_eq!(record.get("paid_months_24"), 0);
}

#[test]
fn invoices_roll_over_months() {
    let mut bureau = rolling();
    let rows = [
        format!("1,{HUAWEI},a,2023-02-01,10.00,"),
        format!("2,{HUAWEI},b,2023-05-01,20.00,"),
        // Taken back as a whole: no customer any more.
        format!("3,{HUAWEI},b,2023-05-31,20.00,Y"),
        // Nobody knows who: they may be one.
        format!("4,{HUAWEI},,2023-08-01,1.00,"),
        format!("5,{HUAWEI},,2023-08-02,1.00,"),
        format!("6,{HUAWEI},c,2024-01-01,5.00,"),
    ];
    bureau.invoices(format!("{INVOICES}{}", rows.join("\n")));
    let record = bureau.record(HUAWEI, "2024Q1");
    assert_eq!(record.field("invoiced"), [500, 0, 200, 0, 1_000]);
    assert_eq!(
        record.field("invoiced_12_months"),
        [700, 1_200, 1_200, 1_000, 1_000]
    );
    assert_eq!(record.field("customers"), [2, 2, 2, 1, 1]);
    // From 3 August to 31 December.
    assert_eq!(record.get("invoice_gap_days"), 151);
}

#[test]
fn a_policy_reads_them_as_any_field() {
    let mut bureau = rolling();
    bureau.declare(&[quarter("2023-10", "2023-12", "4.00")]);
    let invoice = format!("{INVOICES}1,{HUAWEI},a,2024-01-01,5.00,\n");
    bureau.invoices(invoice);
    let record = bureau.record(HUAWEI, "2024Q1");
    let holds = |field: &str, bound: &str| {
        let text = format!(
            "id = \"p\"\nversion = 1\ntitle = \"t\"\nschema = \"cn-rolling-1\"\n\
             [[rule]]\nname = \"r\"\ntotal = \"{field}\"\nover = \"last quarter\"\n{bound}\n"
        );
        let policy = Policy::parse(&text, Format::Toml, &bureau.schema);
        let policy = policy.unwrap_or_else(|errors| panic!("{}", errors.render("policy")));
        let parameters = policy.parse_parameters(&[]).expect("none");
        let said = policy.evaluate(&record.values, day("2024-04-28"), &parameters);
        said.expect("fits").passed
    };
    assert!(holds("tax_paid_12_months", "at_least = \"4.00\""));
    assert!(!holds("tax_paid_12_months", "at_least = \"4.01\""));
    assert!(holds("months_since_payment", "at_most = 2"));
    assert!(!holds("months_since_payment", "at_most = 1"));
    assert!(holds("customers", "at_least = 1"));
    assert!(!holds("customers", "at_least = 2"));
}

#[test]
fn windows_have_months_and_units() {
    let schema = Schema::from_toml(mapping::CN_ROLLING_SCHEMA).expect("a schema");
    let refused = |from: &str, to: &str| {
        assert!(mapping::CN_ROLLING.contains(from), "{from}");
        let text = mapping::CN_ROLLING.replacen(from, to, 1);
        mapping::Mapping::from_toml(&text, &schema)
            .expect_err("is refused")
            .to_string()
    };
    assert!(refused("paid = true, months = 12", "months = 0").contains("0 or more than 120"));
    let count = "customers = { rule = \"customers\", months = 12 }";
    let money = "customers = { rule = \"invoiced\", months = 12 }";
    assert!(refused(count, money).contains("another unit"));
    let sum = "paid_months_24 = { rule = \"sum\", of = [\"due\"], months = 24 }";
    let paid = "paid_months_24 = { rule = \"paid_months\", of = [\"due\"], months = 24 }";
    assert!(refused(paid, sum).contains("another unit"));
}
