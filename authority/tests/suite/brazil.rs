//! The figures of Brazil's listed companies: some made here, and the real ones where they are there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use taxproof_authority::Sources;
use taxproof_claims::shape::{Layout, Q16, Q32};

use crate::fixture::{Bureau, Record, day, period};

const HEADER: &str = "company_id,ticker,name,sector,year,quarter,period_end,revenue,pretax_income,\
                      tax_expense,tax_current,tax_deferred,tax_paid_cash,currency,source\n";
const ID: &str = "00000000000191";

/// A row of a quarter with the six amounts.
fn row(year: u32, quarter: u32, amounts: &str) -> String {
    format!("{ID},AÇÃO3,Água & Cia.,Petróleo,{year},{quarter},,{amounts},BRL,CVM ITR\n")
}

fn derive(bureau: &Bureau, id: &str, layout: Layout) -> Record {
    let derived = bureau.derive_in(id, period("2025Q3"), day("2025-12-31"), layout);
    derived.expect("has a record")
}

#[test]
fn gaps_and_blanks_are_zeros_that_say_so() {
    let mut bureau = Bureau::brazilian();
    let report = bureau.filings(format!(
        "{HEADER}{}{}{}",
        row(2024, 4, "100,20,-5,-7,2,"),
        row(2025, 2, "200,-30,0,,,0"),
        // Before: a gap of one quarter, then the first.
        row(2024, 2, "50,10,4,4,0,3"),
    ));
    assert_eq!((report.taken, report.findings.len()), (3, 0));
    let record = derive(&bureau, ID, Q16.layout());
    assert_eq!(record.get("periods_available"), 6);
    // 2025Q3 was not reported: the newest row is a gap, as are 2025Q1 and 2024Q3.
    assert_eq!(record.field("reported"), [0, 1, 0, 1, 0, 1]);
    assert_eq!(record.field("cash_reported"), [0, 1, 0, 0, 0, 1]);
    assert_eq!(record.field("revenue"), [0, 200, 0, 100, 0, 50]);
    assert_eq!(record.field("pretax_income"), [0, -30, 0, 20, 0, 10]);
    assert_eq!(record.field("income_tax_expense"), [0, 0, 0, -5, 0, 4]);
    assert_eq!(record.field("income_tax_current"), [0, 0, 0, -7, 0, 4]);
    assert_eq!(record.field("income_tax_deferred"), [0, 0, 0, 2, 0, 0]);
    assert_eq!(record.field("income_tax_paid"), [0, 0, 0, 0, 0, 3]);
    assert_eq!(record.get("quarters_missing"), 3);
    assert_eq!(record.get("cash_quarters_missing"), 4);
    assert_eq!(record.get("first_reported"), day("2024-04-01").days());
    assert_eq!(record.get("last_reported"), day("2025-06-30").days());
    // Nobody said the sector; the same file is a register, too.
    assert_eq!(record.get("sector"), 0);
    let report = bureau.taxpayers(format!("{HEADER}{}", row(2024, 4, "1,1,1,1,1,1")));
    assert_eq!(report.taken, 1);
    let record = bureau.derive_in(ID, period("2025Q3"), day("2026-11-22"), Q16.layout());
    assert_eq!(record.expect("a record").get("sector"), 12);
}

fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let there = folder.join("br_quarterly_tax.csv").exists();
    if !there {
        eprintln!("skipped: the companies' figures are not on this machine");
    }
    there.then_some(folder)
}

/// The figures by company and quarter (year times four and quarter less one), by splitting lines.
fn by_hand(path: &Path) -> BTreeMap<String, BTreeMap<i64, [Option<i64>; 6]>> {
    let text = std::fs::read_to_string(path).expect("is read");
    let mut companies: BTreeMap<String, BTreeMap<i64, _>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        assert!(!line.contains('"'), "no cell is quoted");
        let cells: Vec<&str> = line.split(',').collect();
        let number = |i: usize| cells[i].parse::<i64>().ok();
        let quarter = number(4).expect("a year") * 4 + number(5).expect("a quarter") - 1;
        let figures = [7, 8, 9, 10, 11, 12].map(number);
        let company = companies.entry(cells[0].to_owned()).or_default();
        assert_eq!(company.insert(quarter, figures), None);
    }
    companies
}

#[test]
fn every_real_company_has_the_values_of_its_rows() {
    let Some(folder) = data() else { return };
    let mut bureau = Bureau::brazilian();
    let quarterly = folder.join("br_quarterly_tax.csv");
    let sources = Sources {
        taxpayers: vec![folder.join("br_companies.csv")],
        filings: vec![quarterly.clone()],
        invoices: vec![],
    };
    let report = bureau.ingest(&sources).expect("is read");
    assert_eq!(report.refused(), 0);
    let companies = by_hand(&quarterly);
    assert_eq!(report.enterprises, companies.len() as u64);
    let newest = 2025 * 4 + 2;
    let fields = [
        "revenue",
        "pretax_income",
        "income_tax_expense",
        "income_tax_current",
        "income_tax_deferred",
        "income_tax_paid",
    ];
    for layout in [Q16.layout(), Q32.layout()] {
        for (id, quarters) in &companies {
            let record = bureau.derive_in(id, period("2025Q3"), day("2026-11-22"), layout);
            let record = record.expect("a record");
            let (first, _) = quarters.first_key_value().expect("a quarter");
            let available = (newest - first + 1).min(layout.periods as i64);
            assert_eq!(record.get("periods_available"), available, "{id}");
            let rows: Vec<i64> = (0..available).map(|i| newest - i).collect();
            for (i, field) in fields.iter().enumerate() {
                let expected: Vec<i64> = rows
                    .iter()
                    .map(|q| quarters.get(q).and_then(|f| f[i]).unwrap_or(0))
                    .collect();
                assert_eq!(record.field(field), expected, "{id} {field}");
            }
            let reported: Vec<i64> = rows
                .iter()
                .map(|q| i64::from(quarters.contains_key(q)))
                .collect();
            assert_eq!(record.field("reported"), reported, "{id}");
            let cash: Vec<i64> = rows
                .iter()
                .map(|q| i64::from(quarters.get(q).is_some_and(|f| f[5].is_some())))
                .collect();
            assert_eq!(record.field("cash_reported"), cash, "{id}");
            let four_years = (newest - 15).max(*first)..=newest;
            let missing = four_years.filter(|q| !quarters.contains_key(q)).count();
            assert_eq!(record.get("quarters_missing"), missing as i64, "{id}");
            assert!(record.get("sector") > 0, "{id}");
        }
    }
}

#[test]
fn a_real_company_with_a_leading_zero_and_an_accent() {
    let Some(folder) = data() else { return };
    let mut bureau = Bureau::brazilian();
    let sources = Sources {
        taxpayers: vec![folder.join("br_companies.csv")],
        filings: vec![folder.join("br_quarterly_tax.csv")],
        invoices: vec![],
    };
    bureau.ingest(&sources).expect("is read");
    // From the lines of the file for 07526557000100 in 2012 and 2013, read by eye: 2012Q4 is a gap.
    let record = bureau.derive_in(
        "07526557000100",
        period("2013Q2"),
        day("2026-11-22"),
        Q16.layout(),
    );
    let record = record.expect("a record");
    assert_eq!(record.get("periods_available"), 5);
    assert_eq!(
        record.field("income_tax_expense"),
        [516_883_000, 501_446_000, 0, 420_058_000, 375_960_000]
    );
    assert_eq!(
        record.field("income_tax_paid"),
        [0, 1_068_305_000, 0, 571_881_000, 0]
    );
    assert_eq!(record.get("quarters_missing"), 1);
    // `Bebidas`; and `Agropecuária` of another.
    assert_eq!(record.get("sector"), 4);
    let other = derive_sector(&bureau, "21240146000184");
    assert_eq!(other, 1);
}

fn derive_sector(bureau: &Bureau, id: &str) -> i64 {
    let record = bureau.derive_in(id, period("2025Q3"), day("2026-11-22"), Q16.layout());
    record.expect("a record").get("sector")
}
