//! CSV and Parquet files, cell by cell: encodings, headers, and the refusal of what does not read.

mod block;
mod lines;
mod parquet;
mod row;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::errors::ParquetError;
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::mapping::{CsvFormat, MappingError};
pub(crate) use block::Block;
use lines::CsvRows;
use parquet::ParquetRows;
pub(crate) use row::{Refused, Row};

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
        error: io::Error,
    },
    /// The file begins as a Parquet file does, and is none that reads.
    #[error("`{path}` is a Parquet file that cannot be read: {error}")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: ParquetError,
    },
    /// The file has a column twice that the mapping names.
    #[error("`{path}` has two columns `{column}`: rename one")]
    TwoColumns {
        /// The file.
        path: PathBuf,
        /// As in the mapping.
        column: String,
    },
    /// The mapping names a column that the file does not have.
    #[error(
        "`{path}` has no column `{column}`: is it another file, or the mapping another one's? It has: {headers}"
    )]
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
pub(crate) struct Table<'c> {
    path: PathBuf,
    rows: Rows,
    columns: Arc<Columns<'c>>,
}

enum Rows {
    Csv(CsvRows),
    Parquet(Box<ParquetRows>),
}

/// Which cell is of which column, and how cells are written.
#[derive(Debug)]
pub(crate) struct Columns<'c> {
    encoding: &'static Encoding,
    /// In the order in which they are read.
    index: Vec<(&'c str, usize)>,
    /// The cells that hold numbers or days, and not texts: they are written in one way.
    typed: Vec<usize>,
    count: usize,
}

/// Some rows, as they are in the file.
pub(crate) struct Batch {
    pub(crate) blocks: Vec<Block>,
    /// Bytes of the file that they take.
    pub(crate) bytes: u64,
    /// Where the next rows are.
    pub(crate) end: Position,
}

/// Where in a file reading goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    byte: u64,
    line: u64,
    /// Of a Parquet file.
    record: u64,
}

impl<'c> Table<'c> {
    /// Opens a file that must have some columns; what it begins with says whether it is CSV or Parquet.
    pub(crate) fn open(
        path: &Path,
        format: &CsvFormat,
        columns: &[&'c str],
    ) -> Result<Self, TableError> {
        let io = |error| io_error(path, error);
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
        columns: &[&'c str],
    ) -> Result<Self, TableError> {
        let encoding = format.encoding()?;
        let delimiter = u8::try_from(format.delimiter)
            .map_err(|_| MappingError::Delimiter(format.delimiter))?;
        let mut rows = CsvRows::new(file, delimiter).map_err(|error| io_error(path, error))?;
        let header = rows.header().map_err(|error| io_error(path, error))?;
        let headers: Vec<String> = header
            .first()
            .into_iter()
            .map(|cell| encoding.decode(cell).0.trim().to_owned())
            .collect();
        let index = index(path, columns, &headers, &headers)?;
        Ok(Self {
            path: path.to_owned(),
            rows: Rows::Csv(rows),
            columns: Arc::new(Columns::new(encoding, index, headers.len())),
        })
    }

    fn open_parquet(path: &Path, file: File, columns: &[&'c str]) -> Result<Self, TableError> {
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

    pub(crate) fn columns(&self) -> Arc<Columns<'c>> {
        Arc::clone(&self.columns)
    }

    /// Goes on from a position.
    pub(crate) fn seek(&mut self, position: Position) -> Result<(), TableError> {
        let Self { path, rows, .. } = self;
        match rows {
            Rows::Csv(rows) => {
                let sought = rows.seek(position.byte, position.line);
                sought.map_err(|error| io_error(path, error))
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
            Rows::Csv(rows) => read_csv(rows).map_err(|error| io_error(path, error)),
            Rows::Parquet(rows) => read_parquet(rows).map_err(|error| parquet_error(path, error)),
        }
    }
}

fn read_csv(from: &mut CsvRows) -> Result<Batch, io::Error> {
    let start = from.byte;
    let mut blocks = Vec::new();
    while from.byte - start < BATCH {
        let Some(block) = from.read()? else {
            break;
        };
        blocks.push(block);
    }
    Ok(Batch {
        blocks,
        bytes: from.byte - start,
        end: Position {
            byte: from.byte,
            line: from.line,
            record: 0,
        },
    })
}

fn read_parquet(from: &mut ParquetRows) -> Result<Batch, ParquetError> {
    let start = from.read;
    let mut blocks = Vec::new();
    while (from.read - start) * from.bytes_a_row < BATCH {
        let Some(block) = from.block()? else {
            break;
        };
        blocks.push(block);
    }
    Ok(Batch {
        blocks,
        bytes: (from.read - start) * from.bytes_a_row,
        end: Position {
            byte: from.read * from.bytes_a_row,
            line: from.read,
            record: from.read,
        },
    })
}

/// Where each wanted column is among those that are read.
fn index<'c>(
    path: &Path,
    wanted: &[&'c str],
    read: &[String],
    all: &[String],
) -> Result<Vec<(&'c str, usize)>, TableError> {
    let mut index = Vec::new();
    for &column in wanted {
        let mut found = read.iter().enumerate().filter(|(_, name)| *name == column);
        let (path, named) = (path.to_owned(), column.to_owned());
        match (found.next(), found.next()) {
            (Some((i, _)), None) => index.push((column, i)),
            (Some(_), Some(_)) => {
                return Err(TableError::TwoColumns {
                    path,
                    column: named,
                });
            }
            (None, _) => {
                let headers = shown(all);
                return Err(TableError::NoColumn {
                    path,
                    column: named,
                    headers,
                });
            }
        };
    }
    Ok(index)
}

/// Names of somebody else's columns, as a message has them: nothing in them steers a terminal.
fn shown(names: &[String]) -> String {
    let names = names.iter().map(|name| name.escape_debug().to_string());
    let shown = names.collect::<Vec<_>>().join(", ");
    match shown.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

fn io_error(path: &Path, error: io::Error) -> TableError {
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

impl<'c> Columns<'c> {
    /// Columns of texts.
    const fn new(encoding: &'static Encoding, index: Vec<(&'c str, usize)>, count: usize) -> Self {
        Self {
            encoding,
            index,
            typed: Vec::new(),
            count,
        }
    }
}

/// Most characters of a file's headers in a message.
const MOST_SHOWN: usize = 1000;
/// Bytes that are read at once.
const BATCH: u64 = 4 << 20;

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
            if batch.blocks.is_empty() {
                return rows;
            }
            let columns = table.columns();
            for block in &batch.blocks {
                block.for_each(&columns, |line, row| {
                    let row = row.expect("two cells");
                    let cells = ["a", "b"].map(|column| row.text(column).expect("is UTF-8"));
                    rows.push((line, cells.concat().into_bytes()));
                });
            }
            end = Some(batch.end);
        }
    }

    #[test]
    fn reading_goes_on_where_it_ended() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("rows.csv");
        let count = 2 * BATCH / 100 + 5;
        let filler = "x".repeat(100);
        let text: String = (1..=count).map(|n| format!("{n},{filler}\n")).collect();
        std::fs::write(&path, format!("a,b\n{text}")).expect("is written");
        let expected = |first: u64| {
            let rows = (1..=count).zip(first..);
            rows.map(|(n, line)| (line, format!("{n}{filler}").into_bytes()))
        };
        assert!(rows(&path).into_iter().eq(expected(2)));
        assert!(rows(&as_parquet(&path)).into_iter().eq(expected(1)));
    }
}
