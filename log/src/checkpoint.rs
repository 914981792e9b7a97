//! Checkpoints: a log's name, size and root, signed (C2SP tlog-checkpoint).

use std::convert::Infallible;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use taxproof_claims::signature::{Signature, SigningKey};

use crate::hash::Hash;
use crate::key::{LogKey, WitnessKey};
use crate::note::{Note, NoteError};

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: not empty, on one line.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over these.
    pub root: Hash,
    /// Lines that the log adds, each with its end. Nobody checks them.
    pub extension: String,
}

impl Checkpoint {
    /// Signs the head of a log, under the key's name, with the secret of that key.
    ///
    /// # What is not checked
    /// That `root` is the one over `size` entries, and that `secret` is the key's.
    pub fn sign(key: &LogKey, secret: &SigningKey, size: u64, root: Hash) -> Note {
        let sign = |text: &[u8]| Ok(secret.sign_bytes(text));
        let Ok(note) = Self::sign_with::<Infallible>(key, size, root, sign);
        note
    }

    /// Signs the head of a log as [`Self::sign`] does, with a secret that is elsewhere.
    ///
    /// # What is not checked
    /// As of [`Self::sign`].
    ///
    /// # Errors
    /// Those of `sign`.
    pub fn sign_with<E>(
        key: &LogKey,
        size: u64,
        root: Hash,
        sign: impl FnOnce(&[u8]) -> Result<Signature, E>,
    ) -> Result<Note, E> {
        let checkpoint = Self {
            origin: key.name().to_owned(),
            size,
            root,
            extension: String::new(),
        };
        let text = checkpoint.to_string();
        let line = key.line(sign(text.as_bytes())?);
        Ok(Note::new(&text, line).expect("a name has no line's end or control"))
    }
}

/// Why a checkpoint is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The bytes are no signed note. Whoever served them is at fault.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note's text is no checkpoint.
    #[error("the text is no checkpoint: a name, a size and a root, a line each")]
    Text,
    /// It is another log's. Give this log's, or trust that one.
    #[error("the checkpoint is of `{found}`, not of `{expected}`")]
    Origin {
        /// The trusted log's name.
        expected: String,
        /// The checkpoint's.
        found: String,
    },
    /// The log has not signed it.
    #[error("`{0}` has not signed the checkpoint")]
    Unsigned(String),
    /// A signature in a trusted key's name does not verify.
    #[error("a signature in the name of `{0}` does not verify")]
    Forged(String),
    /// Too few of the trusted witnesses have cosigned it. Wait for them, or ask for a newer one.
    #[error("{found} of the trusted witnesses cosigned the checkpoint, {required} must")]
    Witnesses {
        /// How many must.
        required: usize,
        /// How many did.
        found: usize,
    },
    /// Enough of the trusted witnesses have cosigned it, but too few of them in time. Have it
    /// cosigned again, or mend the clock that is wrong.
    #[error(
        "{found} of the trusted witnesses cosigned the checkpoint in time, {required} must: the \
         others did too long ago, or in the future"
    )]
    Untimely {
        /// How many must.
        required: usize,
        /// How many did in time.
        found: usize,
    },
}

/// Whose signatures make a checkpoint count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    /// The log.
    pub log: LogKey,
    /// Who watches it, each key once.
    pub witnesses: Vec<WitnessKey>,
    /// How many of them must have cosigned.
    pub required: usize,
}

impl Quorum {
    /// The log alone, without witnesses: a log that shows others another history is not noticed.
    pub const fn of(log: LogKey) -> Self {
        Self {
            log,
            witnesses: Vec::new(),
            required: 0,
        }
    }

    /// The checkpoint of a note that the log and enough witnesses have signed.
    ///
    /// # What is not checked
    /// That it continues an older one, and how old it is.
    ///
    /// # Errors
    /// It is no checkpoint of this log, not signed, or by too few.
    pub fn accept(&self, note: &Note) -> Result<Checkpoint, CheckpointError> {
        self.accept_within(note, 0..=u64::MAX)
    }

    /// The same where the witnesses must have cosigned within some times, in seconds since
    /// 1970-01-01T00:00:00Z. Without witnesses nothing says how old a checkpoint is.
    ///
    /// # What is not checked
    /// That it continues an older one.
    ///
    /// # Errors
    /// As of [`Self::accept`], and too few have cosigned it then.
    pub fn accept_within(
        &self,
        note: &Note,
        times: RangeInclusive<u64>,
    ) -> Result<Checkpoint, CheckpointError> {
        self.log.verify(note)?;
        let checkpoint: Checkpoint = note.text().parse()?;
        if checkpoint.origin != self.log.name() {
            let (expected, found) = (self.log.name().to_owned(), checkpoint.origin);
            return Err(CheckpointError::Origin { expected, found });
        }
        let (mut ever, mut timely) = (0, 0);
        for witness in &self.witnesses {
            let cosigned = witness.times(note)?;
            ever += usize::from(!cosigned.is_empty());
            timely += usize::from(cosigned.iter().any(|time| times.contains(time)));
        }
        let required = self.required;
        if ever < required {
            let found = ever;
            return Err(CheckpointError::Witnesses { required, found });
        }
        if timely < required {
            let found = timely;
            return Err(CheckpointError::Untimely { required, found });
        }
        Ok(checkpoint)
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            origin,
            size,
            root,
            extension,
        } = self;
        write!(f, "{origin}\n{size}\n{root}\n{extension}")
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let read = || {
            let (origin, rest) = text.split_once('\n')?;
            let (size, rest) = rest.split_once('\n')?;
            let (root, extension) = rest.split_once('\n')?;
            let checkpoint = Self {
                origin: origin.to_owned(),
                size: size.parse().ok()?,
                root: Hash::from_base64(root)?,
                extension: extension.to_owned(),
            };
            let lines = extension.is_empty() || extension.ends_with('\n');
            let blank = extension.lines().any(str::is_empty);
            let same = checkpoint.to_string() == text;
            (!origin.is_empty() && lines && !blank && same).then_some(checkpoint)
        };
        read().ok_or(CheckpointError::Text)
    }
}
