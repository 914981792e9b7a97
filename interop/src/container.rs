//! The container of iden3's binary formats: four letters, a version, and numbered sections, each
//! with its length. All integers are little-endian.

use std::collections::BTreeMap;

use crate::FormatError;

/// What a format's container begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    /// The four letters, which are also the file's extension.
    pub(crate) name: &'static str,
    pub(crate) version: u32,
}

/// The sections of a file, in any order.
#[derive(Debug)]
pub(crate) struct Sections<'a>(BTreeMap<u32, &'a [u8]>);

impl<'a> Sections<'a> {
    /// Splits a file into exactly the sections in `ids`.
    pub(crate) fn read(file: &'a [u8], format: Format, ids: &[u32]) -> Result<Self, FormatError> {
        if !file.starts_with(format.name.as_bytes()) {
            return Err(FormatError::Magic(format.name));
        }
        let mut rest = Cursor::new(&file[format.name.len()..], "the file's header");
        let found = rest.u32()?;
        if found != format.version {
            return Err(FormatError::Version {
                format: format.name,
                expected: format.version,
                found,
            });
        }
        let mut sections = BTreeMap::new();
        for _ in 0..rest.u32()? {
            let (id, length) = (rest.u32()?, rest.u64()?);
            if !ids.contains(&id) {
                return Err(FormatError::Unknown(id));
            }
            let length = usize::try_from(length).map_err(|_| rest.truncated())?;
            if sections.insert(id, rest.take(length)?).is_some() {
                return Err(FormatError::Repeated(id));
            }
        }
        rest.finish()?;
        let missing = ids.iter().find(|id| !sections.contains_key(id));
        missing.map_or(Ok(Self(sections)), |&id| Err(FormatError::Missing(id)))
    }

    /// A section that [`Self::read`] was told of.
    pub(crate) fn cursor(&self, id: u32, place: &'static str) -> Cursor<'a> {
        Cursor::new(self.0[&id], place)
    }
}

/// Writes a file.
pub(crate) fn write(format: Format, sections: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let length: usize = sections.iter().map(|(_, body)| body.len() + 12).sum();
    let mut file = Vec::with_capacity(12 + length);
    file.extend_from_slice(format.name.as_bytes());
    file.extend_from_slice(&format.version.to_le_bytes());
    file.extend_from_slice(&(sections.len() as u32).to_le_bytes());
    for (id, body) in sections {
        file.extend_from_slice(&id.to_le_bytes());
        file.extend_from_slice(&(body.len() as u64).to_le_bytes());
        file.extend_from_slice(body);
    }
    file
}

/// Reads a section from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    place: &'static str,
}

impl<'a> Cursor<'a> {
    const fn new(rest: &'a [u8], place: &'static str) -> Self {
        Self { rest, place }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], FormatError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.truncated())?;
        self.rest = rest;
        Ok(taken)
    }

    /// `count` pieces of `size` bytes each.
    pub(crate) fn pieces(&mut self, count: usize, size: usize) -> Result<&'a [u8], FormatError> {
        let length = count.checked_mul(size).ok_or_else(|| self.truncated())?;
        self.take(length)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, FormatError> {
        let bytes = self.take(4)?.try_into().expect("four bytes were taken");
        Ok(u32::from_le_bytes(bytes))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, FormatError> {
        let bytes = self.take(8)?.try_into().expect("eight bytes were taken");
        Ok(u64::from_le_bytes(bytes))
    }

    /// All that is left.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Nothing may be left.
    pub(crate) const fn finish(self) -> Result<(), FormatError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(FormatError::Surplus {
            count: self.rest.len(),
            place: self.place,
        })
    }

    const fn truncated(&self) -> FormatError {
        FormatError::Truncated(self.place)
    }
}
