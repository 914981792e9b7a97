//! A few values by name.

use std::cell::Cell;

/// Values by name, in the order of names, each name once. Names are looked through one by one: there are
/// few, and a list takes less to make than a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named<'a, T>(Vec<(&'a str, T)>);

impl<T> Default for Named<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'a, T> Named<'a, T> {
    /// Values whose names are in order, each once, or none.
    pub(crate) fn in_order(named: Vec<(&'a str, T)>) -> Option<Self> {
        named.is_sorted_by(|(a, _), (b, _)| a < b).then_some(Self(named))
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        let mut named = self.0.iter();
        named.find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// The value of a name, which is sought first where the one of another list was found.
    pub(crate) fn get_near(&self, name: &str, place: &Cell<usize>) -> Option<&T> {
        if let Some((there, value)) = self.0.get(place.get())
            && *there == name
        {
            return Some(value);
        }
        let found = self.0.iter().position(|(n, _)| *n == name)?;
        place.set(found);
        Some(&self.0[found].1)
    }

    /// All of them, in the order of names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &T)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }
}

/// Of several values of one name, the last holds.
impl<'a, T> FromIterator<(&'a str, T)> for Named<'a, T> {
    fn from_iter<I: IntoIterator<Item = (&'a str, T)>>(values: I) -> Self {
        let mut named: Vec<(&str, T)> = values.into_iter().collect();
        if !named.is_sorted_by(|(a, _), (b, _)| a < b) {
            named.reverse();
            named.sort_by_key(|(name, _)| *name);
            named.dedup_by_key(|(name, _)| *name);
        }
        Self(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_each_once() {
        let named: Named<'_, u8> = [("b", 1), ("a", 2), ("b", 3)].into_iter().collect();
        assert_eq!(named, [("a", 2), ("b", 3)].into_iter().collect());
        assert!(named.iter().eq([("a", &2), ("b", &3)]));
        assert_eq!((named.get("b"), named.get("c")), (Some(&3), None));
        let place = Cell::new(7);
        for (name, value) in [("b", Some(&3)), ("b", Some(&3)), ("a", Some(&2)), ("c", None)] {
            assert_eq!(named.get_near(name, &place), value);
        }
    }
}
