//! The canonical binary encoding of everything that is signed, hashed or sent.
//!
//! Integers are big-endian and of fixed width; byte strings and texts carry their length as four
//! bytes; a list carries its count as four bytes; every object begins with its tag as a text.
//! There is one encoding of a value: a [`Reader`] refuses what a [`Writer`] would not have written,
//! trailing bytes included.

/// Bytes that are not the canonical encoding of what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end early: cut off in transit or on disk.
    #[error("the data end early")]
    Truncated,
    /// Bytes follow the end.
    #[error("{0} bytes follow the end of the data")]
    TrailingBytes(usize),
    /// Another kind of object, or another version of the format.
    #[error("this is not a `{expected}`")]
    WrongTag {
        /// The tag of what was expected.
        expected: &'static str,
    },
    /// A part has a value that it cannot have.
    #[error("{0}")]
    Invalid(&'static str),
    /// A part is longer than its limit.
    #[error("a part of {length} bytes or entries, where at most {limit} are allowed")]
    TooLong {
        /// As claimed by the data.
        length: usize,
        /// The most that is accepted.
        limit: usize,
    },
}

/// Writes the canonical encoding.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Begins an object with its tag.
    pub fn object(tag: &'static str) -> Self {
        let mut writer = Self::default();
        writer.text(tag);
        writer
    }

    /// One byte.
    pub fn u8(&mut self, n: u8) {
        self.0.push(n);
    }

    /// Four bytes.
    pub fn u32(&mut self, n: u32) {
        self.0.extend(n.to_be_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, n: u64) {
        self.0.extend(n.to_be_bytes());
    }

    /// Eight bytes, two's complement.
    pub fn i64(&mut self, n: i64) {
        self.0.extend(n.to_be_bytes());
    }

    /// Sixteen bytes, two's complement.
    pub fn i128(&mut self, n: i128) {
        self.0.extend(n.to_be_bytes());
    }

    /// Bytes whose number the format fixes.
    pub fn fixed(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    /// Bytes with their length before them.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend(bytes);
    }

    /// A text in UTF-8 with its length before it.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// The number of entries of a list that follows.
    pub fn count(&mut self, n: usize) {
        self.u32(u32::try_from(n).expect("an encoded part has fewer than 2^32 bytes or entries"));
    }

    /// The encoding.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads the canonical encoding.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins to read parts that are no object of their own.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Begins to read an object whose tag must be `tag`.
    ///
    /// # Errors
    /// [`DecodeError::WrongTag`] for any other object.
    pub fn object(bytes: &'a [u8], tag: &'static str) -> Result<Self, DecodeError> {
        let mut reader = Self(bytes);
        match reader.bytes(tag.len()) {
            Ok(found) if found == tag.as_bytes() => Ok(reader),
            _ => Err(DecodeError::WrongTag { expected: tag }),
        }
    }

    /// `n` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn fixed(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(DecodeError::Truncated)?;
        self.0 = tail;
        Ok(head)
    }

    /// An array of fixed length.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, tail) = self.0.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.0 = tail;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    /// Eight bytes, two's complement.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_be_bytes)
    }

    /// Sixteen bytes, two's complement.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn i128(&mut self) -> Result<i128, DecodeError> {
        self.array().map(i128::from_be_bytes)
    }

    /// At most `limit` bytes with their length before them.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] or [`DecodeError::Truncated`].
    pub fn bytes(&mut self, limit: usize) -> Result<&'a [u8], DecodeError> {
        let length = self.count(limit)?;
        self.fixed(length)
    }

    /// A text of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Self::bytes`], or the bytes are not UTF-8.
    pub fn text(&mut self, limit: usize) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes(limit)?)
            .map_err(|_| DecodeError::Invalid("a text is not UTF-8"))
    }

    /// The number of entries of a list, at most `limit`.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] or [`DecodeError::Truncated`].
    pub fn count(&mut self, limit: usize) -> Result<usize, DecodeError> {
        let length = self.u32()? as usize;
        if length > limit {
            return Err(DecodeError::TooLong { length, limit });
        }
        Ok(length)
    }

    /// What is left to read.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Ends the object.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`].
    pub const fn finish(self) -> Result<(), DecodeError> {
        match self.0.len() {
            0 => Ok(()),
            n => Err(DecodeError::TrailingBytes(n)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_encoding_is_read() {
        let mut writer = Writer::object("tp/test/1");
        writer.u32(7);
        writer.text("税");
        let bytes = writer.finish();

        let read = |bytes: &[u8]| -> Result<(u32, String), DecodeError> {
            let mut reader = Reader::object(bytes, "tp/test/1")?;
            let value = (reader.u32()?, reader.text(8)?.to_owned());
            reader.finish()?;
            Ok(value)
        };
        assert_eq!(read(&bytes), Ok((7, "税".to_owned())));
        for cut in 0..bytes.len() {
            assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(read(&longer), Err(DecodeError::TrailingBytes(1)));
        let mut huge = bytes.clone();
        huge[17] = 0xff;
        assert!(matches!(read(&huge), Err(DecodeError::TooLong { .. })));
        let mut not_utf8 = bytes;
        not_utf8[22] = 0xff;
        assert!(matches!(read(&not_utf8), Err(DecodeError::Invalid(_))));
    }
}
