//! Statements about many rows: each takes a message to the database and back.

use std::iter;

use sqlx::{Database, Encode, QueryBuilder, Type};

/// Rows of one statement at most.
const AT_ONCE: usize = 64;

/// Values in parts, each as long as a power of two: few statements serve any number of values, so
/// that all of them stay prepared.
pub(super) fn parts<T>(mut values: &[T]) -> impl Iterator<Item = &[T]> {
    iter::from_fn(move || {
        let most = values.len().min(AT_ONCE).checked_ilog2()?;
        let (part, rest) = values.split_at(1 << most);
        values = rest;
        Some(part)
    })
}

/// A statement that ends with `… IN (values)`.
pub(super) fn among<'a, DB, V>(start: &str, values: impl Iterator<Item = V>) -> QueryBuilder<DB>
where
    DB: Database,
    DB::Arguments: Default,
    V: Encode<'a, DB> + Type<DB>,
{
    let mut query = QueryBuilder::new(start);
    query.push(" IN (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_powers_of_two_and_leave_nothing_out() {
        for length in 0..300_usize {
            let values: Vec<usize> = (0..length).collect();
            let found: Vec<_> = parts(&values).collect();
            assert!(found.iter().all(|part| part.len().is_power_of_two()));
            assert!(found.iter().all(|part| part.len() <= AT_ONCE));
            assert_eq!(found.concat(), values);
        }
    }
}
