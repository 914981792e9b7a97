//! Parquet files: columns of numbers, days and texts, as the cells that a CSV file would have.
//!
//! Only flat columns are read, and of these only the ones that the mapping names; row groups one after
//! the other, page by page. A missing value is a blank cell, a decimal is exact, a day is written
//! `2026-09-30`. A time is its day, but for one in UTC that is not midnight: the day is then another
//! elsewhere, and the cell reads as no day.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::data_type::Decimal;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use taxproof_claims::date::Date;

use super::block::Block;

/// Rows of a block.
const BLOCK: u64 = 1024;
const CONTRADICTION: &str = "it is damaged: its parts contradict one another";
/// What a Parquet file begins with.
const MAGIC: &[u8; 4] = b"PAR1";

/// Rows of a file.
pub(super) struct ParquetRows {
    rows: RowIter<'static>,
    /// The columns of each row.
    pub(super) columns: Vec<Column>,
    /// The names of all columns that could be read.
    pub(super) names: Vec<String>,
    /// Rows read so far.
    pub(super) read: u64,
    /// Bytes of the file a row, rounded up.
    pub(super) bytes_a_row: u64,
}

/// A column that is read.
pub(super) struct Column {
    pub(super) name: String,
    /// Whether it holds numbers or days, and not texts.
    pub(super) typed: bool,
    times: Option<Times>,
}

/// How a column keeps times.
#[derive(Clone, Copy)]
struct Times {
    a_second: i64,
    utc: bool,
}

/// Whether a file is one.
pub(super) fn is_one(file: &mut File) -> io::Result<bool> {
    let mut magic = [0; MAGIC.len()];
    let found = file.read_exact(&mut magic);
    file.rewind()?;
    match found {
        Ok(()) => Ok(magic == *MAGIC),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

impl ParquetRows {
    /// Opens a file, of which each row has the wanted columns as cells.
    pub(super) fn open(file: File, wanted: &[&str]) -> Result<Self, ParquetError> {
        contained(|| Self::open_whole(file, wanted))
    }

    fn open_whole(file: File, wanted: &[&str]) -> Result<Self, ParquetError> {
        let bytes = file.metadata()?.len();
        let reader = SerializedFileReader::new(file)?;
        let metadata = reader.metadata().file_metadata();
        let count = u64::try_from(metadata.num_rows()).unwrap_or_default();
        let fields = metadata.schema().get_fields().iter();
        let flat: Vec<_> = fields.filter(|field| is_flat(field)).cloned().collect();
        let names = flat.iter().map(|field| field.name().to_owned()).collect();
        let mut read = flat;
        read.retain(|field| wanted.contains(&field.name()));
        let columns = read.iter().map(|field| Column::new(field)).collect();
        let projection = Type::group_type_builder(metadata.schema().name())
            .with_fields(read)
            .build()?;
        Ok(Self {
            rows: RowIter::from_file_into(Box::new(reader)).project(Some(projection))?,
            columns,
            names,
            read: 0,
            bytes_a_row: bytes.div_ceil(count.max(1)),
        })
    }

    /// The next rows; none at the file's end.
    pub(super) fn block(&mut self) -> Result<Option<Block>, ParquetError> {
        let mut block = Block::apart();
        let start = self.read;
        while self.read - start < BLOCK {
            let Some(row) = self.next()? else {
                break;
            };
            let fields = row.get_column_iter().map(|(_, field)| field);
            let cells = fields.zip(&self.columns);
            let cells: Vec<_> = cells.map(|(field, column)| column.cell(field)).collect();
            block.push(self.read, 1, cells.iter().map(Vec::as_slice));
        }
        Ok((self.read > start).then_some(block))
    }

    /// Passes over rows, as far as there are so many.
    pub(super) fn skip(&mut self, rows: u64) -> Result<(), ParquetError> {
        while self.read < rows && self.next()?.is_some() {}
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Row>, ParquetError> {
        let row = contained(|| self.rows.next().transpose())?;
        self.read += u64::from(row.is_some());
        Ok(row)
    }
}

/// Reads with the crate, which panics at some damaged files: an error as others, after which nothing
/// of the file is read.
fn contained<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ParquetError::General(CONTRADICTION.to_owned())))
}

/// Whether a column has one value a row, of a type that is read.
fn is_flat(field: &Type) -> bool {
    let info = field.get_basic_info();
    let repeated = info.has_repetition() && info.repetition() == Repetition::REPEATED;
    field.is_primitive() && !repeated && info.converted_type() != ConvertedType::INTERVAL
}

impl Column {
    fn new(field: &Type) -> Self {
        let info = field.get_basic_info();
        let bytes = matches!(
            field.get_physical_type(),
            PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY
        );
        Self {
            name: field.name().to_owned(),
            typed: !bytes || info.converted_type() == ConvertedType::DECIMAL,
            times: Times::of(field),
        }
    }

    fn cell(&self, field: &Field) -> Vec<u8> {
        let text = match (field, self.times) {
            (Field::Null, _) => String::new(),
            (
                Field::Long(time) | Field::TimestampMillis(time) | Field::TimestampMicros(time),
                Some(times),
            ) => times.day(*time),
            (Field::Date(days), _) => day((*days).into()),
            (Field::Decimal(decimal), _) => exact(decimal),
            (Field::Str(text), _) => text.clone(),
            (Field::Bytes(bytes), _) => return bytes.data().to_vec(),
            // Digits and a point, where the crate would write an exponent.
            (Field::Float(number), _) => number.to_string(),
            (Field::Double(number), _) => number.to_string(),
            (other, _) => other.to_string(),
        };
        text.into_bytes()
    }
}

impl Times {
    /// How a column keeps them, if it does.
    fn of(field: &Type) -> Option<Self> {
        let info = field.get_basic_info();
        let (a_second, utc) = match (info.logical_type_ref(), info.converted_type()) {
            (Some(LogicalType::Timestamp(time)), _) => {
                let a_second = match time.unit {
                    TimeUnit::MILLIS => 1_000,
                    TimeUnit::MICROS => 1_000_000,
                    TimeUnit::NANOS => 1_000_000_000,
                };
                (a_second, time.is_adjusted_to_u_t_c)
            }
            (_, ConvertedType::TIMESTAMP_MILLIS) => (1_000, true),
            (_, ConvertedType::TIMESTAMP_MICROS) => (1_000_000, true),
            // The crate gives them in milliseconds; writers disagree about the zone.
            _ if field.get_physical_type() == PhysicalType::INT96 => (1_000, true),
            _ => return None,
        };
        Some(Self { a_second, utc })
    }

    /// The day of a time; with the minute, where it is in UTC and not midnight.
    fn day(self, time: i64) -> String {
        let a_day = self.a_second * 86_400;
        let day = day(time.div_euclid(a_day));
        match time.rem_euclid(a_day) {
            after if self.utc && after > 0 => {
                let minutes = after / self.a_second / 60;
                format!("{day}T{:02}:{:02}Z", minutes / 60, minutes % 60)
            }
            _ => day,
        }
    }
}

/// A decimal in digits; one beyond 128 bits as it is not: no amount is so large.
fn exact(decimal: &Decimal) -> String {
    let bytes = decimal.data();
    let scale = u32::try_from(decimal.scale()).unwrap_or(u32::MAX);
    let Some(unit) = 10u128.checked_pow(scale).filter(|_| bytes.len() <= 16) else {
        return "a decimal of more than 128 bits".to_owned();
    };
    let negative = bytes.first().is_some_and(|byte| *byte >= 0x80);
    let start = if negative { -1i128 } else { 0 };
    let units = bytes
        .iter()
        .fold(start, |n, byte| n << 8 | i128::from(*byte));
    let sign = if negative { "-" } else { "" };
    let (whole, part) = (units.unsigned_abs() / unit, units.unsigned_abs() % unit);
    match scale as usize {
        0 => format!("{sign}{whole}"),
        scale => format!("{sign}{whole}.{part:0scale$}"),
    }
}

fn day(days: i64) -> String {
    Date::from_days(days).map_or_else(|| days.to_string(), |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use parquet::data_type::Int64Type;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    /// Two rows of one column.
    fn written() -> Vec<u8> {
        let schema = parse_message_type("message rows { required int64 tax; }").expect("a schema");
        let mut file = Vec::new();
        let writer = SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::default());
        let mut writer = writer.expect("is begun");
        let mut group = writer.next_row_group().expect("is begun");
        let mut column = group.next_column().expect("is begun").expect("a column");
        let cells = column.typed::<Int64Type>();
        let count = cells.write_batch(&[1, 2], None, None);
        assert_eq!(count.expect("is written"), 2);
        column.close().expect("is closed");
        group.close().expect("is closed");
        writer.close().expect("is closed");
        file
    }

    fn rows(bytes: &[u8]) -> Result<u64, ParquetError> {
        let mut file = tempfile::tempfile().expect("is made");
        file.write_all(bytes).expect("is written");
        let mut rows = ParquetRows::open(file, &["tax"])?;
        while rows.block()?.is_some() {}
        Ok(rows.read)
    }

    /// The crate panics at some of these: a footer that places a column before the file, for one.
    #[test]
    fn whichever_byte_is_damaged_nothing_panics() {
        let whole = written();
        assert_eq!(rows(&whole).ok(), Some(2));
        let contradict = |damaged: &[u8]| match rows(damaged) {
            Err(ParquetError::General(why)) => why == CONTRADICTION,
            _ => false,
        };
        let damaged = (0..whole.len()).flat_map(|at| {
            [0x01, 0x02, 0x80].map(|bits| {
                let mut damaged = whole.clone();
                damaged[at] ^= bits;
                damaged
            })
        });
        assert!(damaged.filter(|damaged| contradict(damaged)).count() > 0);
    }
}
