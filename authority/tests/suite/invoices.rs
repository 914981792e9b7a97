//! Real invoices: a British wholesaler's of a year, where they are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use taxproof_authority::Sources;
use taxproof_claims::period::Period;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Q16;

use crate::fixture::{Bureau, day, period};

const SCHEMA: &str = r#"
id = "uk-invoices-1"
title = "invoices of a wholesaler, by quarter"
currency = "GBP"
currency_digits = 2
id_scheme = "plain"

[[fields]]
name = "invoiced"
label = "invoiced amount"
unit = "money"
min = -281474976710655
max = 281474976710655

[[fields]]
name = "gap"
label = "longest gap between invoices"
unit = "count"
of = "days"
min = 0
max = 366

[[fields]]
name = "top"
label = "share of the largest customer over twelve months"
unit = "basis_points"
min = 0
max = 10000

[[attributes]]
name = "periods_available"
label = "quarters on record"
unit = "count"
of = "quarters"
min = 0
max = 32

[[attributes]]
name = "idle"
label = "months without an invoice"
unit = "count"
of = "months"
min = 0
max = 12
"#;

/// One seller; amounts in pence; a register of one row says when it began.
const MAPPING: &str = r#"
schema = "uk-invoices-1"
title = "the wholesaler's export"

[taxpayers]
enterprise = "seller"
facts = { began = { type = "day", column = "began" } }

[invoices]
enterprise = { constant = "WHOLESALER" }
numbers = { unit = "minor" }
number = "invoice_no"
date = { column = "invoice_datetime", format = "%Y-%m-%d %H:%M:%S" }
buyer = "customer_id"
amount = "amount_pence"
cancellation = { column = "kind", values = ["cancellation"] }

[derive.periods]
deadline_days = 30
registered = "began"

[derive.fields]
invoiced = { rule = "invoiced" }
gap = { rule = "invoice_gap" }
top = { rule = "top_customer_share", months = 12 }

[derive.attributes]
idle = { rule = "idle_invoice_months", months = 12 }
"#;

#[test]
fn a_wholesalers_year() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/uk_retail_invoices.csv");
    if !path.exists() {
        eprintln!("skipped: the wholesaler's invoices are not on this machine");
        return;
    }
    let schema = Schema::from_toml(SCHEMA).expect("a schema");
    let mut bureau = Bureau::new(schema, MAPPING);
    bureau.taxpayers("seller,began\nWHOLESALER,2010-12-01\n");
    let sources = Sources {
        invoices: vec![path.clone()],
        ..Sources::default()
    };
    let report = bureau.ingest(&sources).expect("is read").files.remove(0);
    assert_eq!(
        (report.rows, report.taken, report.refused()),
        (22_190, 22_190, 0)
    );

    // By splitting lines: pence by quarter and by buyer, days with a sale.
    let text = std::fs::read_to_string(&path).expect("is read");
    let mut invoiced: BTreeMap<Period, i64> = BTreeMap::new();
    let mut buyers: BTreeMap<&str, i64> = BTreeMap::new();
    let mut days = BTreeSet::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let pence: i64 = cells[7].parse().expect("pence");
        let date = day(&cells[4][..10]);
        *invoiced
            .entry(Period::of(date).expect("a quarter"))
            .or_default() += pence;
        if date >= day("2011-01-01") {
            *buyers.entry(cells[2]).or_default() += pence;
        }
        if pence > 0 {
            days.insert(date.days());
        }
    }
    let record = bureau.derive_in(
        "WHOLESALER",
        period("2011Q4"),
        day("2026-11-22"),
        Q16.layout(),
    );
    let record = record.expect("a record");
    let newest_first: Vec<i64> = invoiced.values().rev().copied().collect();
    assert_eq!(newest_first.len(), 5);
    assert_eq!(record.field("invoiced"), newest_first);
    let total: i64 = buyers.values().sum();
    let top = buyers.values().max().expect("a buyer") * 10_000;
    assert_eq!(record.field("top")[0], (top + total - 1) / total);
    let sorted: Vec<i64> = days.iter().copied().collect();
    let first = day("2011-10-01").days();
    let gaps = sorted.windows(2).filter(|w| w[1] > first);
    let open = day("2011-12-31").days() - sorted.last().expect("a day");
    let longest = gaps
        .map(|w| w[1] - w[0] - 1)
        .max()
        .expect("a gap")
        .max(open);
    assert_eq!(record.field("gap")[0], longest);
    assert_eq!(record.get("idle"), 0);
}
