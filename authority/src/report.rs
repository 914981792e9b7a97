//! What ingestion says of each file: how many rows were taken, and which were not, and why.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use taxproof_claims::subject::IdError;

use crate::folder::private;
use crate::number::NumberError;

/// What ingestion did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestReport {
    /// One a file, in the order of reading.
    pub files: Vec<FileReport>,
    /// Enterprises on record afterwards.
    pub enterprises: u64,
}

/// What ingestion did with one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// The file, as it was named.
    pub file: String,
    /// Rows in it, without the headers.
    pub rows: u64,
    /// Rows that are now on record and were not before.
    pub taken: u64,
    /// Rows that were on record already, word for word.
    pub duplicates: u64,
    /// Rows that the mapping says are no filings.
    pub no_filing: u64,
    /// Rows that were refused.
    pub refusals: u64,
    /// Rows that were taken with a doubt.
    pub doubts: u64,
    /// The first thousand rows that were refused, or taken with a doubt, by line. After a crash they
    /// are those found since; the report has all.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// A row about which somebody should do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line of the file on which the row begins, from 1.
    pub line: u64,
    /// The column, where it is one.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

/// Why a row was refused, or is in doubt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Bytes that are not of the file's encoding.
    #[error("the cell is not written in {0}")]
    Encoding(&'static str),
    /// More or fewer cells than headers.
    #[error("the row has {found} cells, the header {expected}")]
    Cells {
        /// In the row.
        found: usize,
        /// In the header.
        expected: usize,
    },
    /// A row over several lines with another number of cells: most likely, a quotation mark opens
    /// and does not close, and the lines after it are swallowed.
    #[error(
        "the row runs over {lines} lines and has {found} cells, the header {expected}: \
             a quotation mark is not closed, and none of these lines is read"
    )]
    OpenQuote {
        /// How many.
        lines: u64,
        /// In the row.
        found: usize,
        /// In the header.
        expected: usize,
    },
    /// A cell of so many bytes: what names or counts something is shorter.
    #[error("the cell is {0} bytes long, more than any name or number is")]
    Long(usize),
    /// Nothing where something must be.
    #[error("the cell is blank")]
    Blank,
    /// No id of the schema's scheme.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The enterprise is not on record.
    #[error("`{0}` is not on record")]
    UnknownEnterprise(String),
    /// Not a number, or one that a record cannot hold.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A negative number where the mapping says there is none.
    #[error("`{0}` is negative")]
    Negative(String),
    /// Not a day of the mapping's format.
    #[error("`{text}` is not a day written as {format}")]
    Day {
        /// As in the file.
        text: String,
        /// The mapping's format.
        format: String,
    },
    /// Not a year, quarter or month.
    #[error("`{0}` is not a quarter or a month")]
    Period(String),
    /// Not whole months.
    #[error("{0} to {1} is not one to twelve whole months")]
    Span(String, String),
    /// More than a quarter, or across two.
    #[error("{0} is not within a quarter")]
    NotWithinQuarter(String),
    /// A text to which the mapping gives no name.
    #[error("`{0}` has no name in the mapping")]
    UnknownName(String),
    /// A flag that says neither yes nor no.
    #[error("`{0}` is neither a voided nor a valid filing's flag")]
    Flag(String),
    /// A day of voiding on a filing that is not voided.
    #[error("the filing has a day of voiding but is not voided")]
    VoidedWithoutFlag,
    /// Two versions of a filing that nothing orders. The row is taken; the one with the lesser
    /// amounts counts.
    #[error(
        "another version of this filing was filed on the same day, and no sequence orders them"
    )]
    Ambiguous,
    /// Two invoices of one number. The row is taken; the one with the lesser amount counts.
    #[error("another invoice of this seller has the number `{0}`")]
    SameNumber(String),
}

impl Reason {
    /// Whether the row was refused.
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, Self::Ambiguous | Self::SameNumber(_))
    }

    /// Who should do what about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Encoding(_) => {
                "the mapping's author: name the file's encoding; or the source: export the row again"
            }
            Self::OpenQuote { .. } => "the source: close the quotation mark, and ingest again",
            Self::Cells { .. } | Self::Blank => "the source: complete the row",
            Self::Long(_) => {
                "the source: shorten the cell; the mapping's author: check which column is named"
            }
            Self::Id(_) => "the source: correct the id",
            Self::UnknownEnterprise(_) => {
                "the bureau: ingest the register of taxpayers that lists it, then this file again"
            }
            Self::Number(NumberError::TooLarge(_)) => {
                "the source: correct the amount; the mapping's author: check its unit"
            }
            Self::Number(_) | Self::Negative(_) => {
                "the source: correct the amount; the mapping's author: check how numbers are written"
            }
            Self::Day { .. } | Self::Period(_) => {
                "the source: correct the date; the mapping's author: check its format"
            }
            Self::Span(..) | Self::NotWithinQuarter(_) => {
                "the source: correct the period; the mapping's author: see `longer_than_quarter`"
            }
            Self::UnknownName(_) => "the mapping's author: give the text a name, or say `other`",
            Self::Flag(_) | Self::VoidedWithoutFlag => "the source: correct the flag",
            Self::Ambiguous => "the mapping's author: name the column that orders versions",
            Self::SameNumber(_) => "the source: correct the invoice's number",
        }
    }
}

impl FileReport {
    pub(crate) fn new(file: &Path) -> Self {
        Self {
            file: file.display().to_string(),
            rows: 0,
            taken: 0,
            duplicates: 0,
            no_filing: 0,
            refusals: 0,
            doubts: 0,
            findings: Vec::new(),
        }
    }

    /// Rows that were refused.
    pub const fn refused(&self) -> u64 {
        self.refusals
    }
}

impl IngestReport {
    /// Rows that were refused, in all files.
    pub fn refused(&self) -> u64 {
        self.files.iter().map(FileReport::refused).sum()
    }
}

/// Writes every finding to a CSV file: file, line, column, outcome, reason, who should do what. Rows that
/// do not read come first, in the order of reading; then those that the ledger refuses or doubts.
#[derive(Debug)]
pub(crate) struct Findings {
    file: BufWriter<File>,
    bytes: u64,
}

/// Findings of a file that are held in memory.
const HELD: usize = 1000;

impl Findings {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut findings = Self {
            file: BufWriter::new(private(path, false)?),
            bytes: 0,
        };
        findings.write(["file", "line", "column", "outcome", "reason", "remedy"])?;
        findings.mark()?;
        Ok(findings)
    }

    /// Goes on after so many bytes.
    pub(crate) fn resume(path: &Path, bytes: u64) -> io::Result<Self> {
        let mut file = File::options().write(true).open(path)?;
        if file.metadata()?.len() < bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.set_len(bytes)?;
        file.seek(SeekFrom::End(0))?;
        let file = BufWriter::new(file);
        Ok(Self { file, bytes })
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes a finding and counts it.
    pub(crate) fn add(&mut self, report: &mut FileReport, finding: Finding) -> io::Result<()> {
        let refused = finding.reason.is_refusal();
        self.write([
            report.file.as_str(),
            &finding.line.to_string(),
            finding.column.as_deref().unwrap_or_default(),
            if refused { "refused" } else { "taken" },
            &finding.reason.to_string(),
            finding.reason.remedy(),
        ])?;
        report.refusals += u64::from(refused);
        report.doubts += u64::from(!refused);
        if report.findings.len() < HELD {
            let place = report.findings.partition_point(|f| f.line <= finding.line);
            report.findings.insert(place, finding);
        }
        Ok(())
    }

    /// Writes everything, and says how much it is.
    pub(crate) fn flush(&mut self) -> io::Result<u64> {
        self.file.flush()?;
        Ok(self.bytes)
    }

    /// Makes durable what was written, and says how much it is.
    pub(crate) fn mark(&mut self) -> io::Result<u64> {
        self.flush()?;
        self.file.get_ref().sync_data()?;
        Ok(self.bytes)
    }

    fn write(&mut self, cells: [&str; 6]) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(cells)?;
        let row = csv
            .into_inner()
            .map_err(|error| io::Error::other(error.to_string()))?;
        self.bytes += row.len() as u64;
        self.file.write_all(&row)
    }
}
