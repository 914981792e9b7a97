//! CSV and Parquet files, cell by cell: encodings, headers, and the refusal of what does not read.

mod parquet;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::errors::ParquetError;
use csv::ByteRecord;
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};
use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;
use taxproof_claims::subject::EnterpriseId;

use crate::mapping::{CsvFormat, DayColumn, EnterpriseColumn, MappingError, read_day};
use crate::number::NumberFormat;
use crate::report::Reason;
use parquet::ParquetRows;

/// A file cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// No such file, or no permission.
    #[error("`{path}` cannot be read: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        error: csv::Error,
    },
    /// The file begins as a Parquet file does, and is none that reads.
    #[error("`{path}` is a Parquet file that cannot be read: {error}")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: ParquetError,
    },
    /// The mapping names a column that the file does not have, or has twice.
    #[error("`{path}` has no column `{column}`, or two of them; it has: {headers}")]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// As in the mapping.
        column: String,
        /// As in the file.
        headers: String,
    },
    /// The mapping's encoding is none.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

/// An open file whose columns are known.
pub(crate) struct Table {
    path: PathBuf,
    rows: Rows,
    columns: Arc<Columns>,
}

enum Rows {
    Csv(Box<csv::Reader<File>>),
    Parquet(Box<ParquetRows>),
}

/// Which cell is of which column, and how cells are written.
#[derive(Debug)]
pub(crate) struct Columns {
    encoding: &'static Encoding,
    index: HashMap<String, usize>,
    /// The cells that hold numbers or days, and not texts: they are written in one way.
    typed: HashSet<usize>,
    count: usize,
}

/// Some rows, as they are in the file.
pub(crate) struct Batch {
    pub(crate) rows: Vec<RawRow>,
    /// Bytes of the file that they take.
    pub(crate) bytes: u64,
    /// Where the next rows are.
    pub(crate) end: Position,
}

/// A row as it is in the file.
pub(crate) struct RawRow {
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    /// Over how many lines it runs.
    lines: u64,
    cells: ByteRecord,
}

/// Where in a file reading goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    byte: u64,
    line: u64,
    record: u64,
}

/// A row of a table.
pub(crate) struct Row<'a> {
    columns: &'a Columns,
    cells: &'a ByteRecord,
}

/// A cell, or a row, was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) column: Option<String>,
    pub(crate) reason: Reason,
}

impl Refused {
    pub(crate) fn row(reason: Reason) -> Self {
        Self {
            column: None,
            reason,
        }
    }

    pub(crate) fn cell(column: &str, reason: impl Into<Reason>) -> Self {
        Self {
            column: Some(column.to_owned()),
            reason: reason.into(),
        }
    }
}

impl Table {
    /// Opens a file that must have some columns; what it begins with says whether it is CSV or Parquet.
    pub(crate) fn open(
        path: &Path,
        format: &CsvFormat,
        columns: &[&str],
    ) -> Result<Self, TableError> {
        let io = |error: io::Error| csv_error(path, error.into());
        let mut file = File::open(path).map_err(io)?;
        if parquet::is_one(&mut file).map_err(io)? {
            Self::open_parquet(path, file, columns)
        } else {
            Self::open_csv(path, file, format, columns)
        }
    }

    fn open_csv(
        path: &Path,
        file: File,
        format: &CsvFormat,
        columns: &[&str],
    ) -> Result<Self, TableError> {
        let encoding = format.encoding()?;
        let delimiter = u8::try_from(format.delimiter)
            .map_err(|_| MappingError::Delimiter(format.delimiter))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(file);
        let headers: Vec<String> = reader
            .byte_headers()
            .map_err(|error| csv_error(path, error))?
            .iter()
            .map(|cell| encoding.decode(cell).0.trim().to_owned())
            .collect();
        Ok(Self {
            path: path.to_owned(),
            rows: Rows::Csv(Box::new(reader)),
            columns: Arc::new(Columns {
                encoding,
                index: index(path, columns, &headers, &headers)?,
                typed: HashSet::new(),
                count: headers.len(),
            }),
        })
    }

    fn open_parquet(path: &Path, file: File, columns: &[&str]) -> Result<Self, TableError> {
        let rows = ParquetRows::open(file, columns).map_err(|error| parquet_error(path, error))?;
        let read = rows.columns.iter();
        let names: Vec<String> = read.clone().map(|column| column.name.clone()).collect();
        let typed = read.enumerate().filter(|(_, column)| column.typed);
        Ok(Self {
            path: path.to_owned(),
            columns: Arc::new(Columns {
                encoding: encoding_rs::UTF_8,
                index: index(path, columns, &names, &rows.names)?,
                typed: typed.map(|(i, _)| i).collect(),
                count: names.len(),
            }),
            rows: Rows::Parquet(Box::new(rows)),
        })
    }

    pub(crate) fn columns(&self) -> Arc<Columns> {
        Arc::clone(&self.columns)
    }

    /// Goes on from a position.
    pub(crate) fn seek(&mut self, position: Position) -> Result<(), TableError> {
        let Self { path, rows, .. } = self;
        match rows {
            Rows::Csv(reader) => {
                let mut to = csv::Position::new();
                to.set_byte(position.byte)
                    .set_line(position.line)
                    .set_record(position.record);
                reader.seek(to).map_err(|error| csv_error(path, error))
            }
            Rows::Parquet(rows) => {
                let skipped = rows.skip(position.record);
                skipped.map_err(|error| parquet_error(path, error))
            }
        }
    }

    /// The next rows; none at the file's end.
    pub(crate) fn read(&mut self) -> Result<Batch, TableError> {
        let Self { path, rows, .. } = self;
        match rows {
            Rows::Csv(reader) => read_csv(reader).map_err(|error| csv_error(path, error)),
            Rows::Parquet(rows) => read_parquet(rows).map_err(|error| parquet_error(path, error)),
        }
    }
}

fn read_csv(reader: &mut csv::Reader<File>) -> Result<Batch, csv::Error> {
    let start = reader.position().byte();
    let mut rows = Vec::new();
    while rows.len() < BATCH {
        let line = reader.position().line();
        let mut cells = ByteRecord::new();
        if !reader.read_byte_record(&mut cells)? {
            break;
        }
        let line = cells.position().map_or(line, csv::Position::line);
        rows.push(RawRow {
            line,
            lines: reader.position().line().saturating_sub(line),
            cells,
        });
    }
    let end = reader.position();
    Ok(Batch {
        rows,
        bytes: end.byte() - start,
        end: Position {
            byte: end.byte(),
            line: end.line(),
            record: end.record(),
        },
    })
}

fn read_parquet(from: &mut ParquetRows) -> Result<Batch, ParquetError> {
    let mut rows = Vec::new();
    while rows.len() < BATCH {
        let Some(cells) = from.next()? else {
            break;
        };
        rows.push(RawRow {
            line: from.read,
            lines: 1,
            cells,
        });
    }
    Ok(Batch {
        bytes: rows.len() as u64 * from.bytes_a_row,
        end: Position {
            byte: from.read * from.bytes_a_row,
            line: from.read,
            record: from.read,
        },
        rows,
    })
}

/// Where each wanted column is among those that are read.
fn index(
    path: &Path,
    wanted: &[&str],
    read: &[String],
    all: &[String],
) -> Result<HashMap<String, usize>, TableError> {
    let mut index = HashMap::new();
    for &column in wanted {
        let mut found = read.iter().enumerate().filter(|(_, name)| *name == column);
        match (found.next(), found.next()) {
            (Some((i, _)), None) => index.insert(column.to_owned(), i),
            _ => {
                return Err(TableError::NoColumn {
                    path: path.to_owned(),
                    column: column.to_owned(),
                    headers: all.join(", "),
                });
            }
        };
    }
    Ok(index)
}

fn csv_error(path: &Path, error: csv::Error) -> TableError {
    TableError::Io {
        path: path.to_owned(),
        error,
    }
}

fn parquet_error(path: &Path, error: ParquetError) -> TableError {
    TableError::Parquet {
        path: path.to_owned(),
        error,
    }
}

impl Columns {
    /// The row, if it has as many cells as the header.
    pub(crate) fn row<'a>(&'a self, row: &'a RawRow) -> Result<Row<'a>, Refused> {
        let (found, expected, lines) = (row.cells.len(), self.count, row.lines);
        if found == expected {
            return Ok(Row {
                columns: self,
                cells: &row.cells,
            });
        }
        Err(Refused::row(if lines > 1 {
            Reason::OpenQuote {
                lines,
                found,
                expected,
            }
        } else {
            Reason::Cells { found, expected }
        }))
    }
}

impl Row<'_> {
    /// The text of a cell, without the blanks around it.
    pub(crate) fn text(&self, column: &str) -> Result<String, Refused> {
        let cell = self.columns.index.get(column).map(|&i| &self.cells[i]);
        let encoding = self.columns.encoding;
        encoding
            .decode_without_bom_handling_and_without_replacement(cell.unwrap_or_default())
            .map(|text| text.trim().to_owned())
            .ok_or_else(|| Refused::cell(column, Reason::Encoding(encoding.name())))
    }

    fn is_typed(&self, column: &str) -> bool {
        let cell = self.columns.index.get(column);
        cell.is_some_and(|cell| self.columns.typed.contains(cell))
    }

    /// The text of a cell that must not be blank.
    pub(crate) fn filled(&self, column: &str) -> Result<String, Refused> {
        match self.text(column)? {
            text if text.is_empty() => Err(Refused::cell(column, Reason::Blank)),
            text => Ok(text),
        }
    }

    /// The enterprise's id, by the schema's scheme.
    pub(crate) fn enterprise(
        &self,
        column: &EnterpriseColumn,
        schema: &Schema,
    ) -> Result<EnterpriseId, Refused> {
        let (name, text) = match column {
            EnterpriseColumn::Column(column) => (column.as_str(), self.filled(column)?),
            EnterpriseColumn::Constant { constant } => ("", constant.clone()),
        };
        let id = schema.id_scheme.parse(&text);
        id.map_err(|error| Refused::cell(name, error))
    }

    /// A day; `None` where the cell is blank.
    pub(crate) fn day(&self, column: &str, format: &str) -> Result<Option<Date>, Refused> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let typed = self.is_typed(column).then(|| text.parse().ok()).flatten();
        let day = typed.or_else(|| read_day(&text, format)).ok_or_else(|| {
            let format = format.to_owned();
            Refused::cell(column, Reason::Day { text, format })
        })?;
        Ok(Some(day))
    }

    /// A day that must be there, of a column that the mapping may not have.
    pub(crate) fn needed_day(&self, column: Option<&DayColumn>) -> Result<Option<Date>, Refused> {
        let Some(DayColumn { column, format }) = column else {
            return Ok(None);
        };
        match self.day(column, format)? {
            Some(day) => Ok(Some(day)),
            None => Err(Refused::cell(column, Reason::Blank)),
        }
    }

    /// A number in smallest units; `None` where the cell is blank.
    pub(crate) fn number(
        &self,
        column: &str,
        format: &NumberFormat,
        digits: u32,
    ) -> Result<Option<Value>, Refused> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let value = match self.is_typed(column) {
            true => format.of_typed().read(&text, digits),
            false => format.read(&text, digits),
        };
        value
            .map(Some)
            .map_err(|error| Refused::cell(column, error))
    }
}

impl EnterpriseColumn {
    pub(crate) fn column(&self) -> Option<&str> {
        match self {
            Self::Column(column) => Some(column),
            Self::Constant { .. } => None,
        }
    }
}

/// Rows that are read at once.
const BATCH: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::as_parquet;

    /// Every row's line and cells, of each batch read by a table that goes on from where the last ended.
    fn rows(path: &Path) -> Vec<(u64, Vec<u8>)> {
        let open = || Table::open(path, &CsvFormat::default(), &["b", "a"]).expect("a table");
        let (mut rows, mut end) = (Vec::new(), None);
        loop {
            let mut table = open();
            if let Some(end) = end.take() {
                table.seek(end).expect("is there");
            }
            let batch = table.read().expect("is read");
            if batch.rows.is_empty() {
                return rows;
            }
            let cells = |row: &RawRow| (row.line, row.cells.as_slice().to_vec());
            rows.extend(batch.rows.iter().map(cells));
            end = Some(batch.end);
        }
    }

    #[test]
    fn reading_goes_on_where_it_ended() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("rows.csv");
        let count = 2 * BATCH as u64 + 5;
        let text: String = (1..=count).map(|n| format!("{n},x\n")).collect();
        std::fs::write(&path, format!("a,b\n{text}")).expect("is written");
        let expected = |first: u64| {
            let rows = (1..=count).zip(first..);
            rows.map(|(n, line)| (line, format!("{n}x").into_bytes()))
        };
        assert!(rows(&path).into_iter().eq(expected(2)));
        assert!(rows(&as_parquet(&path)).into_iter().eq(expected(1)));
    }
}
