//! A row's cells, and the refusal of what does not read.

use std::borrow::Cow;
use std::cell::Cell;

use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;

use super::Columns;
use super::block::{Place, RawRow};
use crate::codec::are_equal;
use crate::mapping::{DayColumn, EnterpriseColumn, read_day};
use crate::number::NumberFormat;
use crate::report::Reason;

/// A row of a table.
pub(crate) struct Row<'a> {
    columns: &'a Columns<'a>,
    text: &'a [u8],
    /// The same, where it is UTF-8 and the file is said to be.
    utf8: Option<&'a str>,
    cells: &'a [Place],
    /// The column after the one that was read last: they are read in one order.
    next: Cell<usize>,
}

/// Bytes of a cell that is read, at most.
const LONGEST_CELL: usize = 64 << 10;

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

impl<'a> Row<'a> {
    /// The row, if it has as many cells as the header.
    pub(super) fn new(
        columns: &'a Columns<'a>,
        text: &'a [u8],
        utf8: Option<&'a str>,
        row: &RawRow<'a>,
    ) -> Result<Self, Refused> {
        let (found, expected, lines) = (row.cells.len(), columns.count, row.lines);
        if found == expected {
            return Ok(Row {
                columns,
                text,
                utf8,
                cells: row.cells,
                next: Cell::new(0),
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

    /// Which cell is of a column.
    fn find(&self, column: &str) -> Option<usize> {
        let index = &self.columns.index;
        if let Some((name, cell)) = index.get(self.next.get())
            && are_equal(name, column)
        {
            self.next.set(self.next.get() + 1);
            return Some(*cell);
        }
        let (before, from) = index.split_at(self.next.get().min(index.len()));
        let mut all = from.iter().chain(before).zip(self.next.get()..);
        let ((_, cell), at) = all.find(|((name, _), _)| are_equal(name, column))?;
        self.next.set((at + 1) % index.len());
        Some(*cell)
    }

    /// The text of a cell, without the blanks around it.
    pub(crate) fn text(&self, column: &str) -> Result<Cow<'a, str>, Refused> {
        let place = self.find(column).and_then(|cell| self.cells.get(cell));
        let Some(place) = place.copied() else {
            return Ok(Cow::default());
        };
        let length = place.range().len();
        if length > LONGEST_CELL {
            return Err(Refused::cell(column, Reason::Long(length)));
        }
        if let Some(text) = self.utf8.and_then(|utf8| utf8.get(place.range())) {
            return Ok(trim(text).into());
        }
        let encoding = self.columns.encoding;
        let decoded =
            encoding.decode_without_bom_handling_and_without_replacement(&self.text[place.range()]);
        match decoded {
            Some(Cow::Borrowed(text)) => Ok(trim(text).into()),
            Some(Cow::Owned(text)) => Ok(trim(&text).to_owned().into()),
            None => Err(Refused::cell(column, Reason::Encoding(encoding.name()))),
        }
    }

    #[inline]
    fn is_typed(&self, column: &str) -> bool {
        let typed = &self.columns.typed;
        !typed.is_empty() && self.find(column).is_some_and(|cell| typed.contains(&cell))
    }

    /// The text of a cell that must not be blank.
    pub(crate) fn filled(&self, column: &str) -> Result<Cow<'a, str>, Refused> {
        match self.text(column)? {
            text if text.is_empty() => Err(Refused::cell(column, Reason::Blank)),
            text => Ok(text),
        }
    }

    /// What is to be the enterprise's id, and its column.
    pub(crate) fn enterprise<'b>(
        &self,
        column: &'b EnterpriseColumn,
    ) -> Result<(&'b str, Cow<'b, str>), Refused>
    where
        'a: 'b,
    {
        match column {
            EnterpriseColumn::Column(column) => Ok((column, self.filled(column)?)),
            EnterpriseColumn::Constant { constant } => Ok(("", constant.into())),
        }
    }

    /// A day; `None` where the cell is blank.
    pub(crate) fn day(&self, column: &str, format: &str) -> Result<Option<Date>, Refused> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let typed = self.is_typed(column).then(|| text.parse().ok()).flatten();
        let day = typed.or_else(|| read_day(&text, format)).ok_or_else(|| {
            let (text, format) = (text.into_owned(), format.to_owned());
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

/// [`str::trim`], sooner where there is nothing to trim.
fn trim(text: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if is_plain(bytes.first()) && is_plain(bytes.last()) {
        text
    } else {
        text.trim()
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
