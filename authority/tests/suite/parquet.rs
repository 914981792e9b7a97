//! Filings in a Parquet file: the same account as from the same rows in CSV.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use taxproof_authority::report::FileReport;
use taxproof_authority::{AuthorityError, Sources, TableError};
use taxproof_claims::date::Date;

use crate::fixture::{Bureau, Declaration, FILINGS, HUAWEI};

/// Days, times and amounts are typed; a column more than the mapping reads, and one that is not flat.
const SCHEMA: &str = "message filings {
    optional byte_array NSRSBH (UTF8);
    optional byte_array ZSXM_DM (UTF8);
    optional int32 SKSSQQ (DATE);
    optional int32 SKSSQZ (DATE);
    optional int64 SBQX (TIMESTAMP(NANOS,false));
    optional int64 NSSBRQ (TIMESTAMP_MILLIS);
    optional int64 SBXH;
    optional byte_array NSRMC (UTF8);
    optional fixed_len_byte_array(9) YSX (DECIMAL(20,2));
    optional int64 YBTSE (DECIMAL(18,2));
    optional int32 JKRQ (DATE);
    optional byte_array ZFBZ (UTF8);
    optional int64 ZFRQ (TIMESTAMP_MICROS);
    repeated int32 tags;
}";

fn put<T: DataType>(mut column: SerializedColumnWriter<'_>, cells: Vec<Option<T::T>>) {
    let levels: Vec<i16> = cells.iter().map(|cell| cell.is_some().into()).collect();
    let there: Vec<T::T> = cells.into_iter().flatten().collect();
    let written =
        column
            .typed::<T>()
            .write_batch(&there, Some(&levels), Some(&vec![0; levels.len()]));
    written.expect("is written");
    column.close().expect("is closed");
}

/// Days since 1970-01-01; nothing where there is no text.
fn days(text: &str) -> Option<i32> {
    let day: Date = text.parse().ok()?;
    i32::try_from(day.days()).ok()
}

/// Times of so many a second, some seconds after midnight.
fn times(text: &str, a_second: i64, after: i64) -> Option<i64> {
    days(text).map(|days| (i64::from(days) * 86_400 + after) * a_second)
}

fn fen(text: &str) -> i64 {
    text.replace('.', "").parse().expect("two decimals")
}

/// Writes filings, a row group each; they were filed so many seconds after midnight in UTC.
fn write(path: &Path, groups: &[&[Declaration]], filed_after: i64) {
    let schema = Arc::new(parse_message_type(SCHEMA).expect("a schema"));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let file = std::fs::File::create(path).expect("is made");
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(properties.build())).expect("is begun");
    for rows in groups {
        let mut group = writer.next_row_group().expect("is begun");
        macro_rules! column {
            ($type:ty, $cell:expr) => {
                let column = group.next_column().expect("is begun").expect("a column");
                put::<$type>(column, rows.iter().map($cell).collect());
            };
        }
        column!(ByteArrayType, |d| Some(ByteArray::from(d.enterprise)));
        column!(ByteArrayType, |d| Some(ByteArray::from(d.tax)));
        column!(Int32Type, |d| days(&d.from));
        column!(Int32Type, |d| days(&d.to));
        column!(Int64Type, |d| times(&d.deadline, 1_000_000_000, 86_399));
        column!(Int64Type, |d| times(&d.filed, 1_000, filed_after));
        column!(Int64Type, |d| Some(d.sequence.into()));
        column!(ByteArrayType, |_| Some(ByteArray::from("华为")));
        column!(FixedLenByteArrayType, |d| {
            let bytes = i128::from(fen(&d.base)).to_be_bytes();
            Some(FixedLenByteArray::from(bytes[7..].to_vec()))
        });
        column!(Int64Type, |d| Some(fen(&d.due)));
        column!(Int32Type, |d| days(&d.paid));
        column!(ByteArrayType, |d| Some(ByteArray::from(d.voided)));
        column!(Int64Type, |d| times(d.voided_on, 1_000_000, 0));
        column!(Int32Type, |_| None);
        group.close().expect("is closed");
    }
    writer.close().expect("is closed");
}

fn declarations() -> [Declaration; 4] {
    [
        Declaration::vat("2024-01", "2024-03").amounts("1000.00", "-30.05"),
        Declaration::vat("2024-04", "2024-06").unpaid(),
        Declaration::vat("2024-07", "2024-09").voided("2024-11-01"),
        Declaration::vat("2024-07", "2024-09").filed("2024-10-12", 2),
    ]
}

fn bureau() -> Bureau {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2024-01-01", "2");
    bureau
}

fn ingest(bureau: &mut Bureau, groups: &[&[Declaration]], filed_after: i64) -> FileReport {
    let path = bureau.path("filings.parquet");
    write(&path, groups, filed_after);
    let sources = Sources {
        filings: vec![path],
        ..Sources::default()
    };
    bureau.ingest(&sources).expect("is read").files.remove(0)
}

#[test]
fn typed_columns_give_what_texts_give() {
    let rows = declarations();
    let mut of_csv = bureau();
    let text: String = rows.iter().map(Declaration::row).collect();
    of_csv.filings(format!("{FILINGS}{text}"));
    let mut of_parquet = bureau();
    let report = ingest(&mut of_parquet, &[&rows[..3], &rows[3..]], 0);
    assert_eq!((report.rows, report.taken), (4, 4));
    assert_eq!(report.findings, []);
    assert_eq!(of_parquet.account(HUAWEI), of_csv.account(HUAWEI));
}

#[test]
fn rows_that_are_refused_are_named_by_number() {
    let mut rows = declarations();
    rows[2].enterprise = "914403001922038217";
    let report = ingest(&mut bureau(), &[&rows[..1], &rows[1..]], 0);
    assert_eq!((report.rows, report.taken), (4, 3));
    let finding = &report.findings[0];
    let column = finding.column.as_deref();
    assert_eq!((finding.line, column), (3, Some("NSRSBH")));
}

/// What is four in the afternoon in UTC is midnight of the next day in Beijing: nobody guesses the day.
#[test]
fn a_time_in_utc_that_is_not_midnight_is_refused() {
    let report = ingest(&mut bureau(), &[&declarations()[..1]], 16 * 3600);
    assert_eq!((report.taken, report.refusals), (0, 1));
    let finding = &report.findings[0];
    assert_eq!(finding.column.as_deref(), Some("NSSBRQ"));
    let reason = finding.reason.to_string();
    assert!(
        reason.contains("`2024-04-10T16:00Z` is not a day"),
        "{reason}"
    );
}

#[test]
fn damaged_files_and_missing_columns_stop_the_ingestion() {
    let mut bureau = bureau();
    let path = bureau.path("filings.parquet");
    write(&path, &[&declarations()], 0);
    let whole = std::fs::read(&path).expect("is there");
    let sources = Sources {
        filings: vec![path.clone()],
        ..Sources::default()
    };
    for cut in [8, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).expect("is written");
        assert!(matches!(
            bureau.ingest(&sources),
            Err(AuthorityError::Table(TableError::Parquet { .. }))
        ));
    }
    std::fs::write(&path, &whole).expect("is written");
    let as_invoices = Sources {
        invoices: vec![path],
        ..Sources::default()
    };
    assert!(matches!(
        bureau.ingest(&as_invoices),
        Err(AuthorityError::Table(TableError::NoColumn { column, headers, .. }))
            if column == "FPHM" && headers.contains("NSRMC") && !headers.contains("tags")
    ));
    assert_eq!(bureau.ledger.len(), 1);
}
