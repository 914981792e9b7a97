//! Rows in blocks: what one thread parses at once.

use memchr::memchr2_iter;

use super::Columns;
use super::row::{Refused, Row};

/// Some rows, one after the other.
pub(crate) struct Block {
    text: Vec<u8>,
    rows: Rows,
}

/// Where the rows of a block are.
enum Rows {
    /// Each line is one, and no cell is in quotation marks.
    Lines {
        /// The first line's number.
        line: u64,
        delimiter: u8,
    },
    /// They have been taken apart.
    Apart { rows: Vec<Apart>, cells: Vec<Place> },
}

/// A row that has been taken apart.
struct Apart {
    line: u64,
    lines: u64,
    /// Where its cells end.
    cells: usize,
}

/// Where a cell is in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    start: usize,
    end: usize,
}

impl Place {
    pub(super) const fn range(self) -> std::ops::Range<usize> {
        self.start..self.end
    }
}

/// A row as it is in the file.
pub(super) struct RawRow<'a> {
    /// The line on which it begins, from 1.
    line: u64,
    /// Over how many lines it runs.
    pub(super) lines: u64,
    pub(super) cells: &'a [Place],
}

impl Block {
    /// A block in which each line is a row, and no cell is in quotation marks. Lines end with a line feed,
    /// before which there may be a carriage return; the last need not.
    pub(super) const fn lines(text: Vec<u8>, line: u64, delimiter: u8) -> Self {
        let rows = Rows::Lines { line, delimiter };
        Self { text, rows }
    }

    /// A block of rows that are taken apart.
    pub(super) const fn apart() -> Self {
        Self {
            text: Vec::new(),
            rows: Rows::Apart {
                rows: Vec::new(),
                cells: Vec::new(),
            },
        }
    }

    /// Appends a row, of a block of rows that are taken apart.
    pub(super) fn push<'a>(
        &mut self,
        line: u64,
        lines: u64,
        of: impl IntoIterator<Item = &'a [u8]>,
    ) {
        let Rows::Apart { rows, cells } = &mut self.rows else {
            return;
        };
        for cell in of {
            let start = self.text.len();
            self.text.extend_from_slice(cell);
            let end = self.text.len();
            cells.push(Place { start, end });
        }
        let cells = cells.len();
        rows.push(Apart { line, lines, cells });
    }

    /// How many bytes its rows are.
    pub(crate) const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Gives each row with the line on which it begins.
    pub(crate) fn for_each(
        &self,
        columns: &Columns<'_>,
        mut take: impl FnMut(u64, Result<Row<'_>, Refused>),
    ) {
        let utf8 = columns.encoding == encoding_rs::UTF_8;
        let utf8 = utf8.then(|| std::str::from_utf8(&self.text).ok()).flatten();
        self.each(|row| take(row.line, Row::new(columns, &self.text, utf8, row)));
    }

    /// The cells of the first row.
    pub(super) fn first(&self) -> Vec<&[u8]> {
        let mut first = None;
        self.each(|row| {
            let cells = row.cells.iter().map(|place| &self.text[place.range()]);
            first.get_or_insert_with(|| cells.collect());
        });
        first.unwrap_or_default()
    }

    fn each(&self, mut take: impl FnMut(&RawRow<'_>)) {
        match &self.rows {
            Rows::Lines { line, delimiter } => self.each_line(*line, *delimiter, take),
            Rows::Apart { rows, cells } => {
                let mut start = 0;
                for row in rows {
                    take(&RawRow {
                        line: row.line,
                        lines: row.lines,
                        cells: &cells[start..row.cells],
                    });
                    start = row.cells;
                }
            }
        }
    }

    /// Takes lines apart; those that are empty are no rows.
    fn each_line(&self, mut line: u64, delimiter: u8, mut take: impl FnMut(&RawRow<'_>)) {
        let mut cells = Vec::new();
        let mut start = 0;
        let ends = memchr2_iter(b'\n', delimiter, &self.text);
        for end in ends.chain([self.text.len()]) {
            if self.text.get(end) == Some(&delimiter) {
                cells.push(Place { start, end });
                start = end + 1;
                continue;
            }
            let last = &self.text[start..end];
            let before_end = last.strip_suffix(b"\r").unwrap_or(last).len();
            let next = end + 1;
            if before_end > 0 || !cells.is_empty() {
                let end = start + before_end;
                cells.push(Place { start, end });
                take(&RawRow {
                    line,
                    lines: 1,
                    cells: &cells,
                });
                cells.clear();
            }
            start = next;
            line += 1;
        }
    }
}
