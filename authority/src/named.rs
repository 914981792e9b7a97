//! A few values by name.

use std::cell::Cell;

/// Values by name, in the order of names, each name once. Names are looked through one by one: there are
/// few, and a list takes less to make than a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named<'a, T>(Vec<(&'a str, T)>);

/// Where a name was found in a list, and that name there: lists often have it in one place, and as one
/// text, which is sooner seen than that texts are equal. It serves one name.
#[derive(Debug, Default)]
pub(crate) struct Found<'a>(Cell<(usize, &'a str)>);

impl<T> Default for Named<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'a, T> Named<'a, T> {
    /// Values of names that another list has.
    pub(crate) const fn as_another(named: Vec<(&'a str, T)>) -> Self {
        Self(named)
    }

    /// Values whose names are in order, each once, or none.
    pub(crate) fn in_order(named: Vec<(&'a str, T)>) -> Option<Self> {
        named
            .is_sorted_by(|(a, _), (b, _)| a < b)
            .then_some(Self(named))
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
    pub(crate) fn get_near(&self, name: &str, found: &Found<'a>) -> Option<&T> {
        let (place, known) = found.0.get();
        if let Some((there, value)) = self.0.get(place)
            && (std::ptr::eq(*there, known) || *there == name)
        {
            found.0.set((place, there));
            return Some(value);
        }
        let place = self.0.iter().position(|(n, _)| *n == name)?;
        let (there, value) = &self.0[place];
        found.0.set((place, there));
        Some(value)
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
        let other: Named<'_, u8> = [("b", 7)].into_iter().collect();
        for (name, values) in [
            ("b", [Some(&3), Some(&7)]),
            ("a", [Some(&2), None]),
            ("c", [None; 2]),
        ] {
            let found = Found::default();
            for _ in 0..2 {
                let near = [&named, &other].map(|list| list.get_near(name, &found));
                assert_eq!(near, values);
            }
        }
    }
}
