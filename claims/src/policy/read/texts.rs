//! Texts with a meaning: names, windows, lengths of time, words.

use std::str::FromStr;

use num_traits::ToPrimitive;

use crate::policy::error::{Problem, nearest};
use crate::policy::expression::{Ago, Window};
use crate::policy::rule::{Base, Per, YoungFirms};
use crate::policy::table::Table;
use crate::shape::{POINTS_BITS, Q32, Shape};

pub(super) fn shape(table: &Table<'_>) -> Option<Shape> {
    let text = table.text("shape")?;
    let shape = Shape::from_str(text);
    if shape.is_err() {
        let known = crate::shape::SHAPES.iter().map(|shape| shape.name);
        table.report("shape", unknown("shape", text, known));
    }
    shape.ok()
}

pub(super) fn title(table: &Table<'_>) -> Option<String> {
    const LONGEST: usize = 200;
    let title = table.required_text("title")?;
    let shown = (1..=LONGEST).contains(&title.chars().count());
    if !shown || title.chars().any(char::is_control) {
        table.report("title", Problem::BadTitle);
        return None;
    }
    Some(title.to_owned())
}

/// A table's `name`, by which errors then call it.
pub(super) fn table_name(table: &mut Table<'_>, kind: &str) -> Option<String> {
    let name = name(table, "name")?;
    table.rename(format!("{kind}.{name}"));
    Some(name)
}

pub(super) fn name(table: &Table<'_>, key: &'static str) -> Option<String> {
    let text = table.required_text(key)?;
    check_name(table, key, text).then(|| text.to_owned())
}

pub(super) fn check_name(table: &Table<'_>, key: &str, text: &str) -> bool {
    const LONGEST: usize = 40;
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let valid = (1..=LONGEST).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(part);
    if !valid {
        table.report(key, Problem::BadName(text.to_owned()));
    }
    valid
}

pub(super) fn window(table: &Table<'_>, key: &'static str) -> Option<Window> {
    let text = table.required_text(key)?;
    let window = Window::parse(text);
    match window {
        None => {
            let expected = "a window such as `last 8 quarters`, `last 2 years`, `quarter 5` or `quarters 5 to 8`";
            table.report(
                key,
                Problem::BadValue {
                    text: text.to_owned(),
                    expected,
                },
            );
            None
        }
        Some(window) if i64::from(window.oldest) > MAX_QUARTERS => {
            let number = window.oldest.to_string();
            table.report(
                key,
                Problem::OutOfRange {
                    number,
                    least: 1,
                    most: MAX_QUARTERS,
                },
            );
            None
        }
        window => window,
    }
}

pub(super) fn ago(table: &Table<'_>, key: &'static str) -> Option<Ago> {
    let text = table.text(key)?;
    let ago = Ago::parse(text);
    if ago.is_none() {
        let expected = "a length of time such as `2 years`, `6 months` or `90 days`";
        table.report(
            key,
            Problem::BadValue {
                text: text.to_owned(),
                expected,
            },
        );
    }
    ago
}

pub(super) fn points(table: &Table<'_>, key: &'static str) -> Option<i32> {
    const MOST: i64 = (1 << POINTS_BITS) - 1;
    table.integer(key, -MOST, MOST).and_then(|n| n.to_i32())
}

pub(super) fn required_points(table: &Table<'_>) -> Option<i32> {
    table.required("points").and(points(table, "points"))
}

pub(super) fn young_firms(table: &Table<'_>) -> YoungFirms {
    word(table, "young_firms", &YOUNG_FIRMS).unwrap_or(YoungFirms::Fail)
}

/// One of some words.
pub(super) fn word<T: Copy>(
    table: &Table<'_>,
    key: &'static str,
    words: &[(&str, T)],
) -> Option<T> {
    let text = table.text(key)?;
    let found = words
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, meaning)| *meaning);
    if found.is_none() {
        table.report(
            key,
            unknown("meaning", text, words.iter().map(|(word, _)| *word)),
        );
    }
    found
}

pub(super) fn unknown<'n>(
    kind: &'static str,
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> Problem {
    Problem::UnknownName {
        kind,
        name: name.to_owned(),
        nearest: nearest(name, known.clone()),
        known: known.map(str::to_owned).collect(),
    }
}

pub(in crate::policy) const BASES: [(&str, Base); 2] =
    [("fail", Base::Fail), ("as_multiplied", Base::AsMultiplied)];
pub(in crate::policy) const PERS: [(&str, Per); 2] =
    [("quarter", Per::Quarter), ("year", Per::Year)];
pub(in crate::policy) const YOUNG_FIRMS: [(&str, YoungFirms); 2] = [
    ("fail", YoungFirms::Fail),
    ("count_zero", YoungFirms::CountZero),
];

/// The rows of the largest shape.
pub(super) const MAX_QUARTERS: i64 = Q32.periods as i64;
