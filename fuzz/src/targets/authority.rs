//! What a bureau reads: mappings, rows of filings, its own ledger.

use std::fs;
use std::path::PathBuf;

use taxproof_authority::derivation::Terms;
use taxproof_authority::ledger::{Account, Ledger, Page};
use taxproof_authority::mapping::{BR_LISTED, BR_LISTED_SCHEMA, CN_TAX, Mapping};
use taxproof_authority::number::NumberFormat;
use taxproof_authority::report::IngestReport;
use taxproof_authority::{AuthorityError, Ingestion, Sources};
use taxproof_claims::bundle::place;
use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::SHAPES;
use taxproof_claims::subject::EnterpriseId;
use tempfile::TempDir;

use crate::Target;
use crate::fixture::{enterprise, folder, schema};
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

/// A register, filings and invoices onto a ledger, twice, and the records that follow.
pub(super) const FILINGS: Target = Target::new(
    "filings",
    |bytes| {
        let mut input = Input::new(bytes);
        let source = &SOURCES[input.below(SOURCES.len())];
        let day = 20_000 + i64::from(input.byte()) * 10;
        let (taxpayers, filings) = (input.part(), input.part());
        let (mapping, schema) = source();
        let desk = Desk::new([taxpayers, filings, input.rest()]);
        let mut ledger = desk.ledger().expect("a ledger that is not there yet");
        if desk.ingest(&mut ledger, &mapping, &schema).is_err() {
            return;
        }
        let enterprises = enterprises(&[taxpayers, filings], &schema);
        let accounts = |ledger: &Ledger| -> Vec<Option<Page>> {
            let account = |id| ledger.account(id).expect("what was written is read");
            enterprises.iter().map(account).collect()
        };
        let before = accounts(&ledger);
        let again = desk.ingest(&mut ledger, &mapping, &schema);
        again.expect("files that were read are read again");
        assert!(accounts(&ledger) == before, "a second reading says more");
        let day = Date::from_days(day).expect("a day of the calendar");
        for account in before.iter().flatten() {
            derive(&account.account(), &mapping, &schema, day);
        }
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
    static FOLDER: TempDir = folder();
}

/// Files to ingest, and a folder for a ledger.
pub(super) struct Desk {
    folder: PathBuf,
    pub(super) sources: Sources,
}

impl Desk {
    /// Files with this content: register, filings, invoices. An empty one is not among the sources.
    pub(super) fn new(contents: [&[u8]; 3]) -> Self {
        let folder = FOLDER.with(|folder| folder.path().join("desk"));
        let _ = fs::remove_dir_all(&folder);
        let written = "a temporary folder can be written to";
        fs::create_dir(&folder).expect(written);
        let write = |(i, content): (usize, &[u8])| -> Vec<PathBuf> {
            if content.is_empty() {
                return Vec::new();
            }
            let path = folder.join(i.to_string());
            fs::write(&path, content).expect(written);
            vec![path]
        };
        let mut files = contents.into_iter().enumerate().map(write);
        let mut next = || files.next().unwrap_or_default();
        let sources = Sources {
            taxpayers: next(),
            filings: next(),
            invoices: next(),
        };
        Self { folder, sources }
    }

    pub(super) fn ledger(&self) -> Result<Ledger, AuthorityError> {
        Ledger::open(&self.folder.join("ledger"))
    }

    pub(super) fn ingest(
        &self,
        ledger: &mut Ledger,
        mapping: &Mapping,
        schema: &Schema,
    ) -> Result<IngestReport, AuthorityError> {
        let ingestion = Ingestion {
            mapping,
            schema,
            sources: &self.sources,
            from: Date::from_days(18_000).expect("a day of the calendar"),
            report: &self.folder.join("report.csv"),
        };
        ledger.ingest(&ingestion, &())
    }
}

/// The first enterprises that some files name.
fn enterprises(files: &[&[u8]], schema: &Schema) -> Vec<EnterpriseId> {
    let texts = files.iter().flat_map(|file| text(file).lines());
    let cells = texts.flat_map(|line| line.split([',', ';']));
    let ids = cells.filter_map(|cell| schema.id_scheme.parse(cell).ok());
    ids.take(8).collect()
}

fn derive(account: &Account<'_>, mapping: &Mapping, schema: &Schema, day: Date) {
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
        if let Ok(values) = terms.derive(account, day) {
            assert_eq!(values.check(schema), Ok(()), "a record out of bounds");
        }
    }
}

/// A file of a ledger's store: as it is; with one account of any bytes; and with an index of any
/// entries. The digests of the latter two are those that belong to them.
pub(super) const LEDGER: Target = Target::new(
    "ledger",
    |bytes| {
        let mut input = Input::new(bytes);
        let file = match input.below(3) {
            0 => input.rest().to_vec(),
            1 => {
                let account = owned(input.rest());
                let place = place(enterprise().as_str());
                segment(
                    &account,
                    &[(place, SEGMENT.len() as u64, account.len() as u32)],
                    1,
                )
            }
            _ => {
                let keys = input.u64();
                let entries = (0..input.below(4)).map(|_| {
                    let any = u128::from(input.u64()) << 64;
                    let key = if any == 0 {
                        place(enterprise().as_str())
                    } else {
                        any
                    };
                    (key, input.u64(), u32::from_be_bytes(input.array()))
                });
                let entries: Vec<_> = entries.collect();
                segment(input.rest(), &entries, keys)
            }
        };
        let desk = filed();
        let accounts = desk.folder.join("ledger/accounts");
        fs::create_dir_all(&accounts).expect("a temporary folder");
        fs::write(accounts.join("1-1"), file).expect("a temporary file");
        let Ok(mut ledger) = desk.ledger() else {
            return;
        };
        let (mapping, schema) = SOURCES[0]();
        let known = ledger.account(&enterprise());
        if let Ok(Some(account)) = &known {
            let day = Date::from_days(20_770).expect("a day of the calendar");
            derive(&account.account(), &mapping, &schema, day);
        }
        // What is on record is read, added to and written again.
        if desk.ingest(&mut ledger, &mapping, &schema).is_ok() && known.is_ok() {
            let account = ledger.account(&enterprise());
            assert!(account.is_ok_and(|a| a.is_some()), "an account is lost");
        }
    },
    || {
        let desk = filed();
        let (mapping, schema) = SOURCES[0]();
        let mut ledger = desk.ledger().expect("a ledger that is not there yet");
        let read = desk.ingest(&mut ledger, &mapping, &schema);
        read.expect("files that fit the mapping");
        let file = fs::read(desk.folder.join("ledger/accounts/1-1"));
        let file = file.expect("the first change of a ledger");
        let id = enterprise();
        let end = file.windows(18).position(|w| w == id.as_str().as_bytes());
        let account = end.expect("an account names its owner") + id.as_str().len();
        let entry = [&[0; 8][..], &20u64.to_be_bytes(), &23u32.to_be_bytes()].concat();
        let index = [&1u64.to_be_bytes()[..], &[1], &entry, &owned(b"\0\0\0\0")].concat();
        let beyond = [&[0; 8][..], &[0, 0, 0, 0, 0, 0, 0, 20], &[255; 4]].concat();
        let beyond = [&1u64.to_be_bytes()[..], &[1], &beyond].concat();
        vec![
            chosen(0, &file),
            chosen(1, &file[account..file.len() - 100]),
            chosen(1, [0; 4]),
            chosen(2, index),
            chosen(2, beyond),
        ]
    },
)
.mebibytes(24)
.mutations(500);

/// The filings that a ledger is added to.
pub(super) fn filed() -> Desk {
    let seed = &(FILINGS.seeds)()[0];
    let mut input = Input::new(&seed[2..]);
    Desk::new([input.part(), input.part(), input.rest()])
}

/// An account's bytes behind its owner's name.
fn owned(account: &[u8]) -> Vec<u8> {
    let id = enterprise();
    [&[id.as_str().len() as u8], id.as_str().as_bytes(), account].concat()
}

/// How a file of a store begins.
const SEGMENT: &[u8] = b"taxproof/segment/1\n\0";

/// A file of a store with some values and an index of key, offset and length: see
/// `taxproof_authority`'s `store::segment`.
fn segment(values: &[u8], index: &[(u128, u64, u32)], keys: u64) -> Vec<u8> {
    let digest = |bytes: &[u8]| blake3::hash(bytes).as_bytes()[..16].to_vec();
    let mut file = [SEGMENT, values].concat();
    let end = file.len();
    let mut block = Vec::new();
    for &(key, offset, length) in index {
        let range = usize::try_from(offset).ok();
        let range = range.and_then(|start| file.get(start..)?.get(..length as usize));
        let check = digest(range.unwrap_or_default());
        block.extend(key.to_be_bytes());
        block.extend(offset.to_be_bytes());
        block.extend(length.to_be_bytes());
        block.extend(check);
    }
    if !block.is_empty() {
        let check = digest(&block);
        file.extend(block);
        file.extend(check);
    }
    let parts = [end as u64, index.len() as u64, keys].map(u64::to_be_bytes);
    file.extend(parts.as_flattened());
    file.extend(digest(parts.as_flattened()));
    file
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
