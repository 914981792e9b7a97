//! The values of a range of keys, read at once.

use super::{Key, Located, Store};
use crate::error::AuthorityError;
use crate::wiped::Wiped;

/// The newest values of a range of keys.
pub(crate) struct Range<'a> {
    store: &'a Store,
    /// In the order of keys.
    pub(crate) located: Vec<Located>,
    /// Of each file, where in it the range's values begin, and these.
    values: Vec<(u64, Wiped)>,
}

impl Store {
    /// The values of the keys from `first` to `last`.
    pub(crate) fn range(&self, first: Key, last: Key) -> Result<Range<'_>, AuthorityError> {
        let mut values = Vec::new();
        for (_, segment) in &self.files {
            values.push(segment.values(&segment.range(first, last)?)?);
        }
        Ok(Range {
            store: self,
            located: self.scan(first, last)?,
            values,
        })
    }
}

impl Range<'_> {
    /// The value at one of the range's places.
    pub(crate) fn value(&self, at: &Located) -> Result<&[u8], AuthorityError> {
        let (_, segment) = &self.store.files[at.file];
        segment.value_in(&self.values[at.file], &at.entry)
    }

    /// Where a key's value is.
    pub(crate) fn find(&self, key: Key) -> Option<&Located> {
        let at = self.located.binary_search_by_key(&key, Located::key).ok()?;
        self.located.get(at)
    }
}
