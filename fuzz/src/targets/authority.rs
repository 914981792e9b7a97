//! What a bureau reads: mappings, rows of filings, its own ledger.

use std::fs;
use std::path::PathBuf;

use taxproof_authority::Sources;
use taxproof_authority::derivation::Terms;
use taxproof_authority::ledger::Ledger;
use taxproof_authority::mapping::{BR_LISTED, BR_LISTED_SCHEMA, CN_TAX, Mapping};
use taxproof_authority::number::NumberFormat;
use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::SHAPES;
use tempfile::TempDir;

use crate::Target;
use crate::fixture::{enterprise, schema};
use crate::input::{Input, chosen, part, text};

pub(super) const MAPPING: Target = Target::new(
    "mapping",
    |bytes| {
        let text = text(bytes);
        for schema in [schema(), &brazil()] {
            if let Ok(mapping) = Mapping::from_toml(text, schema)
                && let Some(derive) = &mapping.derive
            {
                assert!(mapping.check_used(derive, schema).is_ok());
                for day in [0, 20_000, i64::from(i32::MAX)]
                    .into_iter()
                    .filter_map(Date::from_days)
                {
                    derive.newest_period(day);
                }
            }
        }
    },
    || vec![CN_TAX.into(), BR_LISTED.into()],
)
.mebibytes(24);

fn brazil() -> Schema {
    Schema::from_toml(BR_LISTED_SCHEMA).expect("a schema of the repository")
}

/// A register, filings and invoices onto a ledger, and the records that follow.
pub(super) const FILINGS: Target = Target::new(
    "filings",
    |bytes| {
        let mut input = Input::new(bytes);
        let source = &SOURCES[input.below(SOURCES.len())];
        let day = 20_000 + i64::from(input.byte()) * 10;
        let (taxpayers, filings) = (input.part(), input.part());
        let sources = sources(&[taxpayers, filings, input.rest()]);
        let (mapping, schema) = source();
        let from = Date::from_days(18_000).expect("a day of the calendar");
        let mut ledger = Ledger::default();
        let Ok(report) = ledger.ingest(&mapping, &schema, &sources, from, &()) else {
            return;
        };
        report.write_csv(std::io::sink()).expect("nothing is written anywhere");
        read_again(&ledger, &schema);
        let day = Date::from_days(day).expect("a day of the calendar");
        derive(&ledger, &mapping, &schema, day);
    },
    || {
        let taxpayers = "NSRSBH,NSRMC,DJRQ,HY_DM,NSRZT_DM,NSRLX,XYDJ,QJSE,GXRQ\n\
             91330100799655058B,Acme,2020-01-15,6510,03,1,B,0.00,2026-09-30\n";
        let filings = "NSRSBH,ZSXM_DM,SKSSQQ,SKSSQZ,SBQX,NSSBRQ,SBXH,YSX,YNSE,YJSE,JMSE,YBTSE,JKRQ,ZFBZ,ZFRQ\n\
             91330100799655058B,10101,2026-07-01,2026-07-31,2026-08-15,2026-08-10,1,1000.00,130.00,0,0,130.00,2026-08-11,N,\n\
             91330100799655058B,10101,2026-07-01,2026-07-31,2026-08-15,2026-09-10,2,2000.00,260.00,0,0,260.00,,N,\n\
             91330100799655058B,10104,2025-01-01,2025-12-31,2026-05-31,2026-05-01,3,9.00,1.00,0,0,-1.00,2026-05-02,Y,2026-06-01\n";
        let invoices = "FPHM,XFSBH,GFSBH,KPRQ,JE,SE,HZBZ\n\
             17,91330100799655058B,91330100MA00000740,2026-08-01,500.00,65.00,N\n\
             18,91330100799655058B,91330100MA00000740,2026-09-01,-500.00,-65.00,Y\n";
        let seed = |source: u8, day: u8, files: [&str; 3]| {
            let [taxpayers, filings, invoices] = files.map(str::as_bytes);
            let files = [part(taxpayers), part(filings), invoices.to_vec()];
            chosen(source, chosen(day, files.concat()))
        };
        vec![
            seed(0, 77, [taxpayers, filings, invoices]),
            seed(1, 77, [taxpayers, &filings.replace(',', ";"), invoices]),
            seed(2, 20, [BRAZILIAN_REGISTER, BRAZILIAN_FILINGS, ""]),
        ]
    },
)
.mebibytes(24)
.mutations(700);

const BRAZILIAN_FILINGS: &str = "company_id,year,quarter,revenue,pretax_income,tax_expense,\
     tax_current,tax_deferred,tax_paid_cash\n1023,2024,1,100,20,5,4,1,\n1023,2024,2,-7,,0,0,0,3\n";
const BRAZILIAN_REGISTER: &str = "company_id,sector\n1023,Bebidas\n";

type Source = fn() -> (Mapping, Schema);

/// The repository's mappings, and one with the marks and bytes of another country.
const SOURCES: [Source; 3] = [
    || mapping(CN_TAX, schema().clone()),
    || {
        let other = "[filings]\ncsv = { delimiter = \";\", encoding = \"gb18030\" }\n\
             numbers = { decimal = \",\", thousands = \".\", unit = \"ten_thousand\", parentheses = true }\n\
             unknown_enterprise = \"accept\"\n";
        mapping(&CN_TAX.replacen("[filings]\n", other, 1), schema().clone())
    },
    || mapping(BR_LISTED, brazil()),
];

fn mapping(text: &str, schema: Schema) -> (Mapping, Schema) {
    let mapping = Mapping::from_toml(text, &schema);
    (mapping.expect("a mapping of the repository"), schema)
}

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().expect("a temporary folder");
}

/// Files with this content: register, filings, invoices. An empty one is not among the sources.
fn sources(contents: &[&[u8]; 3]) -> Sources {
    let write = |(i, content): (usize, &&[u8])| -> Vec<PathBuf> {
        if content.is_empty() {
            return Vec::new();
        }
        let path = FOLDER.with(|folder| folder.path().join(i.to_string()));
        fs::write(&path, content).expect("a temporary file");
        vec![path]
    };
    let mut files = contents.iter().enumerate().map(write);
    let mut next = || files.next().unwrap_or_default();
    Sources {
        taxpayers: next(),
        filings: next(),
        invoices: next(),
    }
}

fn derive(ledger: &Ledger, mapping: &Mapping, schema: &Schema, day: Date) {
    let Some(derivations) = &mapping.derive else {
        return;
    };
    let Some(newest) = derivations.newest_period(day) else {
        return;
    };
    for shape in SHAPES {
        let terms = Terms {
            schema,
            derivations,
            layout: shape.layout(),
            newest,
            as_of: day,
        };
        for (_, account) in ledger.accounts() {
            if let Ok(values) = terms.derive(account, day) {
                assert_eq!(values.check(schema), Ok(()), "a record out of bounds");
            }
        }
    }
}

/// A ledger's own file.
pub(super) const LEDGER: Target = Target::new(
    "ledger",
    |bytes| {
        if let Ok(ledger) = Ledger::read(bytes, schema()) {
            read_again(&ledger, schema());
            let (mapping, schema) = SOURCES[0]();
            let day = Date::from_days(20_770).expect("a day of the calendar");
            derive(&ledger, &mapping, &schema, day);
        }
    },
    || {
        let mut ledger = Ledger::default();
        let (mapping, schema) = SOURCES[0]();
        let seed = &(FILINGS.seeds)()[0];
        let mut input = Input::new(&seed[2..]);
        let (taxpayers, filings) = (input.part(), input.part());
        let sources = sources(&[taxpayers, filings, input.rest()]);
        let from = Date::from_days(18_000).expect("a day of the calendar");
        let read = ledger.ingest(&mapping, &schema, &sources, from, &());
        read.expect("files that fit the mapping");
        ledger.open_account(enterprise());
        vec![written(&ledger), written(&Ledger::default())]
    },
)
.mebibytes(24)
.mutations(1500);

fn written(ledger: &Ledger) -> Vec<u8> {
    let mut bytes = Vec::new();
    ledger.write(&mut bytes).expect("a vector takes every byte");
    bytes
}

fn read_again(ledger: &Ledger, schema: &Schema) {
    let again = Ledger::read(&written(ledger)[..], schema);
    assert!(
        again.is_ok_and(|again| again == *ledger),
        "a ledger is read as another"
    );
}

/// Numbers as sources write them.
pub(super) const NUMBERS: Target = Target::new(
    "numbers",
    |bytes| {
        let mut input = Input::new(bytes);
        let format = &NUMBER_FORMATS[input.below(NUMBER_FORMATS.len())];
        let format: NumberFormat = toml::from_str(format).expect("a format of numbers");
        let digits = u32::from(input.byte() % 10);
        let text = text(input.rest());
        let Ok(value) = format.read(text, digits) else {
            return;
        };
        if format.is_sound() {
            let negative = format.read(&format!("-{text}"), digits);
            let negated = negative.ok().map(|n| -n.get());
            assert!(
                negated.is_none_or(|negated| negated == value.get()),
                "{text}"
            );
        }
    },
    || {
        vec![
            chosen(0, [&[2], &b"-1234.56"[..]].concat()),
            chosen(1, [&[2], &b"(1.234,5)"[..]].concat()),
            chosen(2, [&[0], "1\u{a0}234".as_bytes()].concat()),
            chosen(3, [&[9], &b"12"[..]].concat()),
        ]
    },
);

const NUMBER_FORMATS: [&str; 4] = [
    "",
    "decimal = \",\"\nthousands = \".\"\nparentheses = true\nunit = \"ten_thousand\"",
    "thousands = \" \"\nunit = \"minor\"",
    "unit = \"million\"\nthousands = \"'\"",
];
