//! CSV files, cell by cell: encodings, headers, and the refusal of what does not read.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    reader: csv::Reader<File>,
    columns: Arc<Columns>,
}

/// Which cell is of which column, and how cells are written.
#[derive(Debug)]
pub(crate) struct Columns {
    encoding: &'static Encoding,
    index: HashMap<String, usize>,
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
    /// Opens a file that must have some columns.
    pub(crate) fn open(
        path: &Path,
        format: &CsvFormat,
        columns: &[&str],
    ) -> Result<Self, TableError> {
        let io = |error: csv::Error| TableError::Io {
            path: path.to_owned(),
            error,
        };
        let encoding = format.encoding()?;
        let delimiter = u8::try_from(format.delimiter)
            .map_err(|_| MappingError::Delimiter(format.delimiter))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_path(path)
            .map_err(io)?;
        let headers: Vec<String> = reader
            .byte_headers()
            .map_err(io)?
            .iter()
            .map(|cell| encoding.decode(cell).0.trim().to_owned())
            .collect();
        let mut index = HashMap::new();
        for &column in columns {
            let mut found = headers.iter().enumerate().filter(|(_, h)| *h == column);
            match (found.next(), found.next()) {
                (Some((i, _)), None) => index.insert(column.to_owned(), i),
                _ => {
                    return Err(TableError::NoColumn {
                        path: path.to_owned(),
                        column: column.to_owned(),
                        headers: headers.join(", "),
                    });
                }
            };
        }
        Ok(Self {
            path: path.to_owned(),
            reader,
            columns: Arc::new(Columns {
                encoding,
                index,
                count: headers.len(),
            }),
        })
    }

    pub(crate) fn columns(&self) -> Arc<Columns> {
        Arc::clone(&self.columns)
    }

    /// Goes on from a position.
    pub(crate) fn seek(&mut self, position: Position) -> Result<(), TableError> {
        let mut to = csv::Position::new();
        to.set_byte(position.byte)
            .set_line(position.line)
            .set_record(position.record);
        self.reader.seek(to).map_err(|error| self.io(error))
    }

    /// The next rows; none at the file's end.
    pub(crate) fn read(&mut self) -> Result<Batch, TableError> {
        let start = self.reader.position().byte();
        let mut rows = Vec::new();
        while rows.len() < BATCH {
            let line = self.reader.position().line();
            let mut cells = ByteRecord::new();
            let more = self.reader.read_byte_record(&mut cells);
            if !more.map_err(|error| self.io(error))? {
                break;
            }
            let line = cells.position().map_or(line, csv::Position::line);
            rows.push(RawRow {
                line,
                lines: self.reader.position().line().saturating_sub(line),
                cells,
            });
        }
        let end = self.reader.position();
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

    fn io(&self, error: csv::Error) -> TableError {
        TableError::Io {
            path: self.path.clone(),
            error,
        }
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
        let day = read_day(&text, format).ok_or_else(|| {
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
        let value = format.read(&text, digits);
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
