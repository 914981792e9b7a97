//! CSV files, block by block.
//!
//! Without quotation marks a line is a row, so a block is cut off at a line end and taken apart by whoever
//! parses it, many blocks at once. A block with quotation marks is taken apart here, since only from its
//! beginning can be told which line ends are within a cell.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::mem::replace;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr, memchr_iter, memrchr};

use super::block::Block;

/// A CSV file that is being read.
pub(super) struct CsvRows {
    file: File,
    delimiter: u8,
    /// What was read and is in no block yet. It begins with a row, or with empty lines.
    ahead: Vec<u8>,
    /// Where in the file that begins.
    pub(super) byte: u64,
    /// On which line, from 1.
    pub(super) line: u64,
    /// How much is read at once.
    block: usize,
    ended: bool,
}

/// Bytes of a block: so many that the work on it outweighs handing it to a thread.
const BLOCK: usize = 128 << 10;
/// Bytes ahead that hold no row's end: a row ends sooner, unless a quotation mark in it is not closed.
const LONGEST_ROW: usize = 16 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl CsvRows {
    pub(super) fn new(file: File, delimiter: u8) -> io::Result<Self> {
        let mut rows = Self {
            file,
            delimiter,
            ahead: Vec::new(),
            byte: 0,
            line: 1,
            block: BLOCK,
            ended: false,
        };
        rows.fill(BLOCK)?;
        if rows.ahead.starts_with(BYTE_ORDER_MARK) {
            rows.take(BYTE_ORDER_MARK.len());
        }
        Ok(rows)
    }

    /// Goes on from where a row begins.
    pub(super) fn seek(&mut self, byte: u64, line: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(byte))?;
        self.ahead.clear();
        self.ended = false;
        (self.byte, self.line) = (byte, line);
        Ok(())
    }

    /// The first row.
    pub(super) fn header(&mut self) -> io::Result<Block> {
        self.take_apart(1)
    }

    /// Some rows; none at the file's end.
    pub(super) fn read(&mut self) -> io::Result<Option<Block>> {
        self.fill(self.block)?;
        if self.ahead.is_empty() {
            return Ok(None);
        }
        let end = match self.ended {
            true => self.ahead.len(),
            false => memrchr(b'\n', &self.ahead).map_or(0, |at| at + 1),
        };
        if end == 0 || !is_plain(&self.ahead[..end]) {
            return self.take_apart(usize::MAX).map(Some);
        }
        let line = self.line;
        Ok(Some(Block::lines(self.take(end), line, self.delimiter)))
    }

    /// Reads until so much is ahead, or the file ends.
    fn fill(&mut self, length: usize) -> io::Result<()> {
        let missing = length.saturating_sub(self.ahead.len()) as u64;
        if missing > 0 && !self.ended {
            self.ahead.reserve_exact(missing as usize);
            let read = (&self.file).take(missing).read_to_end(&mut self.ahead)?;
            self.ended = (read as u64) < missing;
        }
        Ok(())
    }

    /// Takes so much off what is ahead.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.ahead.split_off(length);
        let taken = replace(&mut self.ahead, rest);
        self.byte += length as u64;
        self.line += line_ends(&taken);
        taken
    }

    /// At most so many of the rows that are ahead, one at least unless the file ends before.
    fn take_apart(&mut self, most: usize) -> io::Result<Block> {
        loop {
            let (block, used) = self.apart(most);
            if used > 0 || self.ended {
                self.take(used);
                return Ok(block);
            }
            if self.ahead.len() >= LONGEST_ROW {
                return Err(too_long(self.line));
            }
            // Twice as much each time, so that a row of any length is gone through but a few times.
            self.fill(2 * self.ahead.len().max(BLOCK))?;
        }
    }

    /// The whole rows that are ahead, and how many bytes they are.
    fn apart(&self, most: usize) -> (Block, usize) {
        let mut block = Block::apart();
        let mut reader = ReaderBuilder::new().delimiter(self.delimiter).build();
        // What a file begins with, a mark that is passed over, no row does.
        reader.read_record(b"\n", &mut [], &mut []);
        let (mut used, mut line, mut rows) = (0, self.line, 0);
        let mut cells = Cells::default();
        while rows < most {
            let empty = self.ahead[used..].iter();
            let empty = empty.take_while(|byte| b"\r\n".contains(byte)).count();
            line += line_ends(&self.ahead[used..used + empty]);
            used += empty;
            let rest = &self.ahead[used..];
            let Some(length) = cells.read(&mut reader, rest, self.ended) else {
                break;
            };
            let lines = line_ends(&rest[..length]);
            block.push(line, lines, cells.iter());
            line += lines;
            used += length;
            rows += 1;
        }
        (block, used)
    }
}

/// The cells of a row.
#[derive(Default)]
struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    /// Reads the first row of some bytes, after which others may come unless they are the last, and says how
    /// many it has; none where it does not end in them.
    fn read(&mut self, reader: &mut Reader, bytes: &[u8], last: bool) -> Option<usize> {
        let (mut used, mut length) = (0, 0);
        self.count = 0;
        loop {
            let rest = &bytes[used..];
            if rest.is_empty() && !last {
                return None;
            }
            let (result, read, written, ended) =
                reader.read_record(rest, &mut self.text[length..], &mut self.ends[self.count..]);
            used += read;
            length += written;
            self.count += ended;
            match result {
                ReadRecordResult::Record => return Some(used),
                ReadRecordResult::End => return None,
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len() + 256, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len() + 16, 0),
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let ends = &self.ends[..self.count];
        let starts = [0].into_iter().chain(ends.iter().copied());
        starts.zip(ends).map(|(start, end)| &self.text[start..*end])
    }
}

/// Whether each line is a row: there are no quotation marks, and carriage returns are before line feeds only.
fn is_plain(text: &[u8]) -> bool {
    memchr(b'"', text).is_none()
        && memchr_iter(b'\r', text).all(|at| text.get(at + 1) == Some(&b'\n'))
}

fn too_long(line: u64) -> io::Error {
    let most = LONGEST_ROW >> 20;
    let text = format!(
        "the row that begins on line {line}, or soon after it, does not end within {most} MiB: a quotation \
         mark is not closed, and whoever keeps the file mends that"
    );
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn line_ends(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}

#[cfg(test)]
mod tests {
    use std::fs;

    use encoding_rs::UTF_8;
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::super::Columns;
    use super::*;

    /// Every row's line and cells, in blocks of about so many bytes; at every block the file is opened anew.
    fn rows(text: &[u8], block: usize, cells: usize) -> Vec<(u64, Vec<String>)> {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("rows.csv");
        fs::write(&path, text).expect("is written");
        let names: Vec<String> = (0..cells).map(|i| i.to_string()).collect();
        let index = names.iter().map(String::as_str).zip(0..).collect();
        let columns = Columns::new(UTF_8, index, cells);
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let file = File::open(&path).expect("is there");
            let mut rows = CsvRows::new(file, b',').expect("is read");
            rows.block = block;
            if let Some((byte, line)) = next {
                rows.seek(byte, line).expect("is there");
            }
            let Some(block) = rows.read().expect("is read") else {
                return found;
            };
            block.for_each(&columns, |line, row| {
                let cells = match row {
                    Ok(row) => (0..cells)
                        .map(|i| row.text(&i.to_string()).expect("is read").into_owned())
                        .collect(),
                    Err(refused) => vec![format!("{refused:?}")],
                };
                found.push((line, cells));
            });
            next = Some((rows.byte, rows.line));
        }
    }

    /// The same by the crate `csv`, which reads a file from one end to the other.
    fn by_the_crate(text: &[u8], cells: usize) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let records = reader.byte_records();
        let records = records.map(|record| record.expect("is read"));
        let whole = records.filter(|record| record.len() == cells);
        let text = |cell: &[u8]| String::from_utf8_lossy(cell).trim().to_owned();
        whole
            .map(|record| record.iter().map(text).collect())
            .collect()
    }

    proptest! {
        #[test]
        fn rows_are_those_of_any_reader(text in "([abc,\n\r\" ]|\r\n|,){0,60}", block in 1usize..20) {
            let expected = by_the_crate(text.as_bytes(), 2);
            let found = rows(text.as_bytes(), block, 2);
            let whole = found.into_iter().filter(|(_, cells)| cells.len() == 2);
            let whole: Vec<_> = whole.map(|(_, cells)| cells).collect();
            prop_assert_eq!(whole, expected);
        }
    }

    #[test]
    fn rows_know_their_lines() {
        let row = |line, a: &str, b: &str| (line, vec![a.to_owned(), b.to_owned()]);
        for block in [1, 7, 1000] {
            let plain = b"\xef\xbb\xbfa,b\n\n\r\nc,d\r\n e ,f";
            let expected = [row(1, "a", "b"), row(4, "c", "d"), row(5, "e", "f")];
            assert_eq!(rows(plain, block, 2), expected, "{block}");
            let quoted = b"a,\"b\n,\n\"\n\n\"c\"\"\",d\n";
            let expected = [row(1, "a", "b\n,"), row(5, "c\"", "d")];
            assert_eq!(rows(quoted, block, 2), expected, "{block}");
        }
    }

    #[test]
    fn a_quotation_mark_does_not_take_the_memory_for_all_that_follows() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("rows.csv");
        let text = format!("a,b\n\"c,{}", "d\n".repeat(LONGEST_ROW));
        fs::write(&path, text).expect("is written");
        let mut rows = CsvRows::new(File::open(&path).expect("is there"), b',').expect("is read");
        assert!(rows.read().expect("whole rows are before it").is_some());
        let refused = rows.read().err().expect("the rest is not held");
        assert!(refused.to_string().contains("line 2, or soon"), "{refused}");
        assert!(rows.ahead.capacity() <= 2 * LONGEST_ROW);
    }

    #[test]
    fn a_quotation_mark_that_stays_open_takes_all_that_follows() {
        let text = format!("a,b\n\"c,{}\n", "d\n".repeat(1000));
        let found = rows(text.as_bytes(), 16, 2);
        assert_eq!(found.len(), 2);
        assert!(
            found[1].1[0].contains("OpenQuote { lines: 1001"),
            "{found:?}"
        );
    }
}
