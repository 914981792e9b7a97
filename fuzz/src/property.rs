//! What must hold of what was read.

use std::fmt::{Debug, Display};
use std::str::FromStr;

/// What is read as something is what it is written as.
pub(crate) fn canonical<T, E>(
    bytes: &[u8],
    read: impl FnOnce(&[u8]) -> Result<T, E>,
    write: impl FnOnce(&T) -> Vec<u8>,
) -> Option<T> {
    let value = read(bytes).ok()?;
    assert!(
        write(&value) == bytes,
        "bytes are read that would not be written"
    );
    Some(value)
}

/// A text that is read as something is what it is written as.
pub(crate) fn canonical_text<T: FromStr + Display>(text: &str) -> Option<T> {
    let value: T = text.parse().ok()?;
    assert_eq!(
        value.to_string(),
        text,
        "a text is read that is not written"
    );
    Some(value)
}

/// A text that is read as something may be written otherwise, but what is written is read as the
/// same.
pub(crate) fn settled<T: PartialEq + Debug, E: Debug>(
    text: &str,
    read: impl Fn(&str) -> Result<T, E>,
    write: impl Fn(&T) -> String,
) -> Option<T> {
    let value = read(text).ok()?;
    let written = write(&value);
    let again = read(&written).expect("what was written is read");
    assert_eq!(again, value, "what was written is read as something else");
    assert_eq!(write(&again), written, "one value is written in two ways");
    Some(value)
}
