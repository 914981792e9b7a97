//! Reading.

use std::borrow::Cow;
use std::mem::take;

use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;

use super::{Given, Malformed};

/// What a list has place for before it is read.
const MOST: usize = 64;

/// Reads.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    bytes: &'a [u8],
    names: Known<'a>,
}

/// The names that numbers stand for.
#[derive(Debug)]
enum Known<'a> {
    None,
    Given(&'a Given<'a>),
    Table {
        texts: Vec<&'a str>,
        /// The names of the list that was read last.
        list: Vec<&'a str>,
    },
}

impl<'a> Decoder<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            names: Known::None,
        }
    }

    /// Reads what was written with the same names.
    pub(crate) const fn with_names(bytes: &'a [u8], given: &'a Given<'a>) -> Self {
        Self {
            bytes,
            names: Known::Given(given),
        }
    }

    pub(crate) fn with_table(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut head = Self::new(bytes);
        let texts = head.list(Self::text)?;
        Ok(Self {
            bytes: head.bytes,
            names: Known::Table {
                texts,
                list: Vec::new(),
            },
        })
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, Malformed> {
        // Most are this small.
        if let Some((&byte @ ..0x80, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            return Ok(byte.into());
        }
        if let Some((&word, _)) = self.bytes.split_first_chunk()
            && let Some((n, length)) = first_number(word)
        {
            self.bytes = &self.bytes[length..];
            return Ok(n);
        }
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.bytes.split_first().ok_or(Malformed)?;
            self.bytes = rest;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(Malformed);
            }
            n |= part << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(Malformed)
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Malformed> {
        let n = self.unsigned()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    pub(crate) fn day(&mut self) -> Result<Date, Malformed> {
        Date::from_days(self.signed()?).ok_or(Malformed)
    }

    pub(crate) fn value(&mut self) -> Result<Value, Malformed> {
        Value::try_from(self.signed()?).map_err(|_| Malformed)
    }

    pub(crate) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.unsigned()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(Malformed),
        }
    }

    pub(crate) fn name(&mut self) -> Result<&'a str, Malformed> {
        if let Known::None = self.names {
            return self.text();
        }
        let place = usize::try_from(self.unsigned()?).map_err(|_| Malformed)?;
        let found = match &self.names {
            Known::None => None,
            Known::Table { texts, .. } => texts.get(place).copied(),
            Known::Given(_) if place == 0 => return self.text(),
            Known::Given(given) => given.texts.get(place - 1).copied(),
        };
        found.ok_or(Malformed)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::try_from(self.unsigned()?).map_err(|_| Malformed)?;
        let (text, rest) = self.bytes.split_at_checked(length).ok_or(Malformed)?;
        self.bytes = rest;
        std::str::from_utf8(text).map_err(|_| Malformed)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.bytes.split_first_chunk().ok_or(Malformed)?;
        self.bytes = rest;
        Ok(*bytes)
    }

    /// A count, then as many of something.
    pub(crate) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| Malformed)?;
        // No more at first than most lists have: bytes may say any number.
        let mut all = Vec::with_capacity(count.min(MOST));
        for _ in 0..count {
            all.push(read(self)?);
        }
        Ok(all)
    }

    /// As many of something as the list before has, each with its name.
    pub(crate) fn list_before<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<(&'a str, T)>, Malformed> {
        let list = match &mut self.names {
            Known::None => Cow::default(),
            Known::Given(given) => Cow::Borrowed(given.list.as_slice()),
            Known::Table { list, .. } => Cow::Owned(take(list)),
        };
        let mut all = Vec::with_capacity(list.len());
        for name in list.iter() {
            all.push((*name, read(self)?));
        }
        if let (Known::Table { list: kept, .. }, Cow::Owned(list)) = (&mut self.names, list) {
            *kept = list;
        }
        Ok(all)
    }

    /// Keeps the names of a list that was read, for those that follow.
    pub(crate) fn keep(&mut self, names: impl Iterator<Item = &'a str>) {
        if let Known::Table { list, .. } = &mut self.names {
            list.clear();
            list.extend(names);
        }
    }

    /// What is left to read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// The number that bytes begin with, and how long it is, unless it goes on after them: what
/// [`Decoder::unsigned`] reads byte by byte, all at once.
const fn first_number(bytes: [u8; 8]) -> Option<(u64, usize)> {
    const MORE: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(bytes);
    let last = !word & MORE;
    if last == 0 {
        return None;
    }
    let length = last.trailing_zeros() / 8 + 1;
    let n = word & (last ^ (last - 1)) & !MORE;
    // Groups of 7, 14 and 28 bits are moved next to each other.
    let n = (n & 0x007f_007f_007f_007f) | ((n & 0x7f00_7f00_7f00_7f00) >> 1);
    let n = (n & 0x0000_3fff_0000_3fff) | ((n & 0x3fff_0000_3fff_0000) >> 2);
    let n = (n & 0x0000_0000_0fff_ffff) | ((n & 0x0fff_ffff_0000_0000) >> 4);
    Some((n, length as usize))
}
