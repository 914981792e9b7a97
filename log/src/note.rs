//! Signed notes: a text and who signed it (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Longest note that is read, in bytes: a checkpoint is a few hundred, and a cosignature a hundred.
pub const MAX_NOTE: usize = 64 * 1024;

/// Most signatures of a note that are read.
const MAX_SIGNATURES: usize = 64;

/// What begins a signature's line: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// A text with signatures, none of them verified.
///
/// The text means nothing before a key has been found to have signed it: see
/// [`LogKey`](crate::LogKey) and [`WitnessKey`](crate::WitnessKey).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// A signature and the name and id of the key that it claims to be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// Not empty, without spaces and plus signs.
    pub name: String,
    /// The first bytes of a hash of name, type and key.
    pub id: [u8; 4],
    /// As the type of the key has it.
    pub signature: Vec<u8>,
}

/// The bytes are no signed note. Whoever made them is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// More than [`MAX_NOTE`] bytes or 64 signatures.
    #[error("the note is too long")]
    Long,
    /// A control character other than a line's end.
    #[error("the note holds a control character")]
    Control,
    /// No blank line before the signatures, or no signature, or no text.
    #[error("not a text, a blank line and signatures")]
    Parts,
    /// A line after the last blank one is no signature.
    #[error("`{0}` is no signature")]
    Signature(String),
}

impl Note {
    /// A text, each of whose lines ends in a line's end, with a signature.
    ///
    /// # Errors
    /// The text cannot be one of a note.
    pub fn new(text: &str, signature: SignatureLine) -> Result<Self, NoteError> {
        let signatures = vec![signature];
        Self {
            text: text.to_owned(),
            signatures,
        }
        .to_string()
        .parse()
    }

    /// What was signed, with its last line's end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Who claims to have signed it.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a signature, in place of an older one of the same key.
    pub fn add(&mut self, signature: SignatureLine) {
        let same = |other: &SignatureLine| other.name == signature.name && other.id == signature.id;
        self.signatures.retain(|other| !same(other));
        self.signatures.push(signature);
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE {
            return Err(NoteError::Long);
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Control);
        }
        let blank = note.rfind("\n\n").ok_or(NoteError::Parts)?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        if text == "\n" || lines.is_empty() || !lines.ends_with('\n') {
            return Err(NoteError::Parts);
        }
        let signatures = lines
            .lines()
            .map(str::parse)
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Long);
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id[..], &self.signature].concat();
        write!(f, "{DASH}{} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let malformed = || NoteError::Signature(line.to_owned());
        let rest = line.strip_prefix(DASH).ok_or_else(malformed)?;
        let (name, base64) = rest.split_once(' ').ok_or_else(malformed)?;
        let bytes = BASE64_STANDARD.decode(base64).map_err(|_| malformed())?;
        let (id, signature) = bytes.split_first_chunk().ok_or_else(malformed)?;
        if !is_name(name) || signature.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            name: name.to_owned(),
            id: *id,
            signature: signature.to_vec(),
        })
    }
}

/// Whether a text can name a key.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '+')
}
