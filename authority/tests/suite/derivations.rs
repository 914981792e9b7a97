//! Each derivation of a record's values, on filings, register rows and invoices made for it.

use taxproof_authority::derivation::Underivable;
use taxproof_claims::shape::Q32;

use crate::fixture::{Bureau, Declaration, HUAWEI, INVOICES, TAXPAYERS, day, period};

/// A small payer, registered on the first day of 2024, with a VAT filing each quarter of 2024.
fn small_payer() -> Bureau {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2024-01-01", "2");
    let quarters = [("01", "03"), ("04", "06"), ("07", "09"), ("10", "12")];
    let filings =
        quarters.map(|(a, b)| Declaration::vat(&format!("2024-{a}"), &format!("2024-{b}")));
    assert_eq!(bureau.declare(&filings).taken, 4);
    bureau
}

#[test]
fn quarters_run_from_registration_to_the_newest() {
    let bureau = small_payer();
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.get("periods_available"), 4);
    assert_eq!(record.field("vat_paid"), [3_000; 4]);
    assert_eq!(record.field("sales"), [100_000; 4]);
    assert_eq!(record.get("missing_filings"), 0);
    assert_eq!(record.get("registered_on"), day("2024-01-01").days());
    assert_eq!(record.get("holder_since"), day("2024-02-29").days());
    assert_eq!(record.get("grade"), 1);
    assert_eq!(record.get("industry"), 51);
    assert_eq!(record.get("status"), 1);

    // The same filings as of an earlier quarter: nothing of later ones shows.
    let earlier = bureau.record(HUAWEI, "2024Q2");
    assert_eq!(earlier.field("vat_paid"), [3_000; 2]);
}

#[test]
fn registration_before_the_first_filing_begins_the_record() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2023-08-10", "2");
    bureau.declare(&[Declaration::vat("2024-01", "2024-03")]);
    let record = bureau.record(HUAWEI, "2024Q1");
    assert_eq!(record.field("vat_paid"), [3_000, 0, 0]);
    assert_eq!(record.get("missing_filings"), 2);
    // And a filing before the registration does, too.
    bureau.declare(&[Declaration::vat("2023-04", "2023-06")]);
    let record = bureau.record(HUAWEI, "2024Q1");
    assert_eq!(record.field("vat_paid"), [3_000, 0, 0, 3_000]);
}

#[test]
fn no_more_periods_than_rows() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2001-05-01", "2");
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.get("periods_available"), 16);
    let newest = period("2024Q4");
    let longer = bureau.derive_in(HUAWEI, newest, day("2025-01-28"), Q32.layout());
    assert_eq!(longer.expect("a record").get("periods_available"), 32);
    // Registered after the newest quarter: nothing is available yet.
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2025-01-02", "2");
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.get("periods_available"), 0);
    assert_eq!(record.get("missing_filings"), 0);
}

#[test]
fn a_gap_is_a_row_of_zeros_and_counts_as_missing() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2024-01-01", "2");
    bureau.declare(&[
        Declaration::vat("2024-01", "2024-03"),
        Declaration::vat("2024-10", "2024-12"),
    ]);
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.get("periods_available"), 4);
    assert_eq!(record.field("vat_paid"), [3_000, 0, 0, 3_000]);
    assert_eq!(record.field("sales"), [100_000, 0, 0, 100_000]);
    assert_eq!(record.get("missing_filings"), 2);
    assert_eq!(record.get("nil_filings"), 0);
}

#[test]
fn months_add_up_to_their_quarter() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2024-01-01", "1");
    let months = ["01", "02", "03", "04", "06"].map(|m| format!("2024-{m}"));
    let filings = months.map(|m| Declaration::vat(&m, &m).amounts("100.01", "3.01"));
    bureau.declare(&filings);
    let record = bureau.record(HUAWEI, "2024Q2");
    assert_eq!(record.field("vat_paid"), [602, 903]);
    assert_eq!(record.field("sales"), [20_002, 30_003]);
    // May is missing; a small payer would miss the quarter, once.
    assert_eq!(record.get("missing_filings"), 1);
    bureau.register(HUAWEI, "2024-01-01", "2");
    assert_eq!(bureau.record(HUAWEI, "2024Q2").get("missing_filings"), 1);
    // Of an unknown kind of payer, a filing is expected each month.
    let row = format!("{HUAWEI},2024-01-01,5131,03,,A,0,2024-01-01\n");
    bureau.taxpayers(format!("{TAXPAYERS}{row}"));
    assert_eq!(bureau.record(HUAWEI, "2024Q3").get("missing_filings"), 4);
}

#[test]
fn the_latest_version_counts_in_whatever_order_they_come() {
    let versions = [
        Declaration::vat("2024-01", "2024-03").filed("2024-04-05", 1),
        Declaration::vat("2024-01", "2024-03")
            .filed("2024-05-20", 2)
            .amounts("800.00", "24.00"),
        Declaration::vat("2024-01", "2024-03")
            .filed("2024-05-20", 3)
            .amounts("900.00", "27.00"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut bureau = Bureau::chinese();
        bureau.register(HUAWEI, "2024-01-01", "2");
        let report = bureau.declare(&order.map(|i| versions[i].clone()));
        assert_eq!((report.taken, report.findings.len()), (3, 0));
        let record = bureau.record(HUAWEI, "2024Q2");
        assert_eq!(record.field("sales"), [0, 90_000], "{order:?}");
        // Corrected after the deadline, but first filed in time.
        assert_eq!(record.field("late_filings"), [0, 0]);
        // As of a day before the corrections, they have not happened.
        let newest = period("2024Q1");
        let before = bureau.derive_in(HUAWEI, newest, day("2024-04-28"), Q32.layout());
        assert_eq!(before.expect("a record").field("sales"), [100_000]);
    }
}

#[test]
fn a_voided_filing_does_not_count_from_the_day_of_voiding() {
    let mut bureau = small_payer();
    let voided = Declaration::vat("2024-04", "2024-06").voided("2024-08-01");
    // The same version again, now with the flag: it is not another one.
    let report = bureau.declare(&[voided]);
    assert_eq!((report.taken, report.duplicates), (1, 0));
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.field("vat_paid"), [3_000, 3_000, 0, 3_000]);
    assert_eq!(record.get("missing_filings"), 1);
    let then = bureau.derive_in(HUAWEI, period("2024Q2"), day("2024-07-31"), Q32.layout());
    assert_eq!(then.expect("a record").field("vat_paid"), [3_000, 3_000]);
    // The first row once more does not bring it back.
    let report = bureau.declare(&[Declaration::vat("2024-04", "2024-06")]);
    assert_eq!(report.duplicates, 1);
    assert_eq!(bureau.record(HUAWEI, "2024Q4").get("missing_filings"), 1);
    // An earlier version stands again when a later one is voided.
    let later = Declaration::vat("2024-07", "2024-09")
        .filed("2024-11-01", 9)
        .amounts("1.00", "1.00");
    bureau.declare(std::slice::from_ref(&later));
    assert_eq!(bureau.record(HUAWEI, "2024Q4").field("vat_paid")[1], 100);
    bureau.declare(&[later.voided("2024-11-02")]);
    assert_eq!(bureau.record(HUAWEI, "2024Q4").field("vat_paid")[1], 3_000);
}

#[test]
fn refunds_are_negative_and_unpaid_filings_are_not_paid() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2024-01-01", "1");
    bureau.declare(&[
        Declaration::vat("2024-01", "2024-01").amounts("100.00", "-50.25"),
        Declaration::vat("2024-02", "2024-02").amounts("100.00", "20.00"),
        Declaration::vat("2024-03", "2024-03")
            .amounts("100.00", "7.00")
            .unpaid(),
    ]);
    let record = bureau.record(HUAWEI, "2024Q1");
    assert_eq!(record.field("vat_paid"), [-3_025]);
    assert_eq!(record.field("sales"), [30_000]);
    // A refund is no payment, nor is what is unpaid.
    assert_eq!(record.get("last_payment_on"), day("2024-03-10").days());
    assert_eq!(record.get("nil_filings"), 0);
}

#[test]
fn taxes_go_to_their_fields() {
    let mut bureau = small_payer();
    bureau.declare(&[
        Declaration::vat("2024-10", "2024-12")
            .tax("10104")
            .amounts("1", "5.00"),
        Declaration::vat("2024-10", "2024-12")
            .tax("10111")
            .amounts("1", "0.60"),
        Declaration::vat("2024-10", "2024-12")
            .tax("30203")
            .amounts("1", "0.07"),
    ]);
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.field("vat_paid")[0], 3_000);
    assert_eq!(record.field("income_tax_paid")[0], 500);
    assert_eq!(record.field("other_tax_paid")[0], 67);
    assert_eq!(record.field("sales")[0], 100_000);
}

#[test]
fn a_yearly_settlement_belongs_to_the_last_quarter_and_covers_none() {
    let mut bureau = small_payer();
    bureau.declare(&[
        Declaration::vat("2024-01", "2024-12").amounts("0", "-12.00"),
        Declaration::vat("2024-01", "2024-12")
            .tax("10104")
            .amounts("1", "8.00"),
    ]);
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.field("income_tax_paid"), [800, 0, 0, 0]);
    assert_eq!(record.field("vat_paid")[0], 1_800);
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2024-01-01", "2");
    bureau.declare(&[Declaration::vat("2024-01", "2024-12")]);
    assert_eq!(bureau.record(HUAWEI, "2024Q4").get("missing_filings"), 4);
}

#[test]
fn late_is_after_the_deadline() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2024-01-01", "1");
    bureau.declare(&[
        Declaration::vat("2024-01", "2024-01").filed("2024-02-15", 1),
        Declaration::vat("2024-02", "2024-02").filed("2024-03-16", 1),
        Declaration::vat("2024-03", "2024-03").filed("2024-04-16", 1),
        // In time, but voided: what stands is late.
        Declaration::vat("2024-04", "2024-04")
            .filed("2024-05-01", 1)
            .voided("2024-05-02"),
        Declaration::vat("2024-04", "2024-04").filed("2024-06-01", 2),
    ]);
    let record = bureau.record(HUAWEI, "2024Q2");
    assert_eq!(record.field("late_filings"), [1, 2]);
}

#[test]
fn nil_filings_are_filings_of_nothing() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2023-01-01", "2");
    bureau.declare(&[
        Declaration::vat("2023-10", "2023-12").amounts("0", "0.00"),
        Declaration::vat("2024-01", "2024-03").amounts("0", "0.00"),
        Declaration::vat("2024-04", "2024-06").amounts("", "0"),
        Declaration::vat("2024-07", "2024-09").amounts("0", "-1.00"),
        Declaration::vat("2024-10", "2024-12").amounts("0.01", "0.00"),
    ]);
    let record = bureau.record(HUAWEI, "2024Q4");
    // The one of 2023 is more than twelve months ago; a refund or a base is not nil.
    assert_eq!(record.get("nil_filings"), 2);
    assert_eq!(record.get("missing_filings"), 3);
}

#[test]
fn missing_filings_are_those_of_two_years_since_registration() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2024-02-20", "1");
    // Due since February: February to December, eleven.
    assert_eq!(bureau.record(HUAWEI, "2024Q4").get("missing_filings"), 11);
    assert_eq!(bureau.record(HUAWEI, "2026Q4").get("missing_filings"), 24);
    bureau.declare(&[Declaration::vat("2026-10", "2026-12")]);
    assert_eq!(bureau.record(HUAWEI, "2026Q4").get("missing_filings"), 21);
}

#[test]
fn payments_have_the_day_of_the_first_version() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2020-01-01", "2");
    assert_eq!(bureau.record(HUAWEI, "2024Q4").get("last_payment_on"), -1);
    assert_eq!(
        bureau.record(HUAWEI, "2024Q4").get("payment_gap_months"),
        24
    );
    bureau.declare(&[
        Declaration::vat("2024-01", "2024-03").filed("2024-04-10", 1),
        // A correction half a year later does not look like a payment half a year later.
        Declaration::vat("2024-01", "2024-03")
            .filed("2024-10-10", 2)
            .amounts("1001.00", "30.03"),
    ]);
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.get("last_payment_on"), day("2024-04-10").days());
    // January 2023 to March 2024 without one: fifteen months; then May to December.
    assert_eq!(record.get("payment_gap_months"), 15);
    // Paid after the day of the epoch: not yet.
    let before = bureau.derive_in(HUAWEI, period("2024Q1"), day("2024-04-09"), Q32.layout());
    assert_eq!(before.expect("a record").get("last_payment_on"), -1);
}

#[test]
fn two_filings_about_the_same_months_are_not_added_up() {
    let mut bureau = small_payer();
    bureau.declare(&[Declaration::vat("2024-05", "2024-05")]);
    assert_eq!(
        bureau.derive(HUAWEI, "2024Q4"),
        Err(Underivable::Overlap {
            kind: "vat".to_owned(),
            first: "2024-04 to 2024-06".to_owned(),
            second: "2024-05".to_owned(),
        })
    );
    bureau.declare(&[Declaration::vat("2024-05", "2024-05").voided("2024-07-01")]);
    assert!(bureau.derive(HUAWEI, "2024Q4").is_ok());
}

#[test]
fn of_two_versions_that_nothing_orders_the_lesser_counts() {
    let lesser = Declaration::vat("2024-01", "2024-03").amounts("900.00", "27.00");
    let greater = Declaration::vat("2024-01", "2024-03");
    for pair in [[lesser.clone(), greater.clone()], [greater, lesser]] {
        let mut bureau = Bureau::chinese();
        bureau.register(HUAWEI, "2024-01-01", "2");
        let report = bureau.declare(&pair);
        assert_eq!((report.taken, report.refused()), (2, 0));
        assert_eq!(report.findings.len(), 1);
        assert_eq!(bureau.record(HUAWEI, "2024Q1").field("sales"), [90_000]);
    }
}

#[test]
fn the_register_holds_as_of_a_day() {
    let mut bureau = Bureau::chinese();
    let row =
        |grade, arrears, day| format!("{HUAWEI},2020-01-01,5131,03,2,{grade},{arrears},{day}\n");
    let report = bureau.taxpayers(format!(
        "{TAXPAYERS}{}{}{}",
        row("B", "0", "2025-01-01"),
        row("D", "12.50", "2024-01-01"),
        row("B", "0", "2025-01-01"),
    ));
    assert_eq!((report.taken, report.duplicates), (2, 1));
    let older = bureau.record(HUAWEI, "2024Q3");
    assert_eq!((older.get("grade"), older.get("arrears")), (5, 1_250));
    let newer = bureau.record(HUAWEI, "2024Q4");
    assert_eq!((newer.get("grade"), newer.get("arrears")), (2, 0));
    // Before the register begins, nothing is known, and what must be known has no default.
    assert_eq!(
        bureau.derive(HUAWEI, "2023Q3"),
        Err(Underivable::Unknown("registered_on".to_owned()))
    );
}

#[test]
fn what_the_register_does_not_say_is_missing_and_never_favourable() {
    let mut bureau = Bureau::chinese();
    let row = format!("{HUAWEI},2020-01-01,,,2,,0,2024-01-01\n");
    bureau.taxpayers(format!("{TAXPAYERS}{row}"));
    let record = bureau.record(HUAWEI, "2024Q4");
    for attribute in ["grade", "industry", "status"] {
        assert_eq!(record.get(attribute), 0, "{attribute}");
    }
    let mut bureau = Bureau::chinese();
    let row = format!("{HUAWEI},2020-01-01,5131,03,2,A,,2024-01-01\n");
    bureau.taxpayers(format!("{TAXPAYERS}{row}"));
    assert_eq!(
        bureau.derive(HUAWEI, "2024Q4"),
        Err(Underivable::Unknown("arrears".to_owned()))
    );
}

#[test]
fn without_invoices_every_day_is_without_one() {
    let bureau = small_payer();
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.field("invoiced"), [0; 4]);
    // The run grows from the first day, to the most that the schema holds.
    assert_eq!(record.field("invoice_gap_days"), [366, 274, 182, 91]);
    assert_eq!(record.field("top_customer_share"), [10_000; 4]);
    assert_eq!(record.get("idle_invoice_months"), 12);
}

#[test]
fn invoices_less_red_letters() {
    let mut bureau = small_payer();
    let rows = [
        // Ten days after the first, sold to two; the red letter is written as a positive number.
        format!("1,{HUAWEI},a,2024-01-11,100.00,"),
        format!("2,{HUAWEI},b,2024-01-31,300.00,"),
        format!("3,{HUAWEI},b,2024-02-01,200.00,Y"),
        format!("4,{HUAWEI},c,2024-08-10,50.00,"),
        // After the epoch's day.
        format!("5,{HUAWEI},c,2025-03-01,7.00,"),
    ];
    let report = bureau.invoices(format!("{INVOICES}{}", rows.join("\n")));
    assert_eq!((report.taken, report.findings.len()), (5, 0));
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.field("invoiced"), [0, 5_000, 0, 20_000]);
    // Q1: 2024-02-01 to 03-31, 60 days; the red letter is no sale. Q2: open since then, 151 days.
    // Q3: the run that ends on 08-09, 191 days, and 51 days to its end. Q4: 143 days.
    assert_eq!(record.field("invoice_gap_days"), [143, 191, 151, 60]);
    // Of 200, a and b have 100 each; then c has 50 of 250.
    assert_eq!(
        record.field("top_customer_share"),
        [4_000, 4_000, 5_000, 5_000]
    );
    assert_eq!(record.get("idle_invoice_months"), 10);
}

#[test]
fn shares_are_rounded_up_and_bounded() {
    let mut bureau = small_payer();
    let rows = [
        format!("1,{HUAWEI},a,2024-01-11,1.00,"),
        format!("2,{HUAWEI},b,2024-01-11,1.00,"),
        format!("3,{HUAWEI},c,2024-01-11,1.00,"),
        // More taken back from one than sold to it: the other has more than all.
        format!("4,{HUAWEI},a,2024-12-11,5.00,"),
        format!("5,{HUAWEI},b,2024-12-11,-4.00,"),
        // Nobody knows who: they may be one.
        format!("6,{HUAWEI},,2024-06-30,9.00,"),
        format!("7,{HUAWEI},,2024-06-30,3.00,"),
    ];
    bureau.invoices(format!("{INVOICES}{}", rows.join("\n")));
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(
        record.field("top_customer_share"),
        [7_500, 8_000, 8_000, 3_334]
    );
}

#[test]
fn of_two_invoices_with_one_number_the_lesser_counts() {
    for rows in [["9.00", "8.00"], ["8.00", "9.00"]] {
        let mut bureau = small_payer();
        let rows = rows.map(|amount| format!("1,{HUAWEI},a,2024-01-11,{amount},\n"));
        let report = bureau.invoices(format!("{INVOICES}{}{}", rows.concat(), rows[0]));
        assert_eq!((report.taken, report.duplicates), (2, 1));
        assert_eq!(report.findings.len(), 1);
        assert_eq!(bureau.record(HUAWEI, "2024Q1").field("invoiced"), [800]);
    }
}

#[test]
fn the_newest_quarter_is_the_last_whose_filings_were_due() {
    let bureau = Bureau::chinese();
    let rules = bureau.mapping.derive.expect("rules");
    let newest = |text| rules.newest_period(day(text)).map(|p| p.to_string());
    assert_eq!(newest("2026-11-22").as_deref(), Some("2026Q3"));
    // 27 days after 30 September is 27 October: on that day, filings may still come.
    assert_eq!(newest("2026-10-27").as_deref(), Some("2026Q2"));
    assert_eq!(newest("2026-10-28").as_deref(), Some("2026Q3"));
}

#[test]
fn history_may_begin_later_than_the_enterprise() {
    let mapping = taxproof_authority::mapping::CN_TAX.replace(
        "registered = \"registered_on\"",
        "registered = \"registered_on\"\nhistory_from = \"2024Q1\"",
    );
    let mut bureau = Bureau::new(taxproof_claims::schema::Schema::cn_tax(), &mapping);
    bureau.register(HUAWEI, "2010-01-01", "2");
    let record = bureau.record(HUAWEI, "2024Q4");
    assert_eq!(record.get("periods_available"), 4);
    assert_eq!(record.get("missing_filings"), 4);
    assert_eq!(record.field("invoice_gap_days"), [366, 274, 182, 91]);
}

#[test]
fn sums_beyond_a_record_leave_the_enterprise_out() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2024-01-01", "1");
    let most = "2814749767106.55";
    let months = ["2024-01", "2024-02"].map(|m| Declaration::vat(m, m).amounts(most, "1"));
    assert_eq!(bureau.declare(&months).refused(), 0);
    assert!(matches!(
        bureau.derive(HUAWEI, "2024Q1"),
        Err(Underivable::TooLarge { quantity, .. }) if quantity == "sales"
    ));
}
