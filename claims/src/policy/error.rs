//! What is wrong with a policy's text, with the place.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use crate::shape::Shape;

/// What is wrong at one place. The policy's author must mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not TOML or not JSON.
    #[error("{0}")]
    Syntax(String),
    /// The text is too long to be a policy.
    #[error("a policy has at most {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// A key that means nothing here.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// As written.
        key: String,
        /// The nearest key that means something here.
        nearest: Option<String>,
        /// All of those.
        known: Vec<String>,
    },
    /// The same key twice.
    #[error("the key `{0}` is written twice")]
    DuplicateKey(String),
    /// A key that must be there is not.
    #[error("the key `{0}` is missing")]
    MissingKey(&'static str),
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What belongs here.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A name that stands for nothing.
    #[error("there is no {kind} `{name}`")]
    UnknownName {
        /// Of what: field, attribute, rule, parameter.
        kind: &'static str,
        /// As written.
        name: String,
        /// The nearest name that stands for something.
        nearest: Option<String>,
        /// All of those.
        known: Vec<String>,
    },
    /// A name is used twice.
    #[error("the name `{0}` is used twice")]
    DuplicateName(String),
    /// Not a name.
    #[error("`{0}` is not a name: 1 to 40 characters of a-z, 0-9, `-` and `_`, a letter first")]
    BadName(String),
    /// A text that may not be shown.
    #[error("a title has 1 to 200 characters and no control characters")]
    BadTitle,
    /// Not a number, sum or threshold.
    #[error("`{text}` is not {expected}")]
    BadValue {
        /// As written.
        text: String,
        /// What belongs here.
        expected: &'static str,
    },
    /// A value that a quantity cannot have.
    #[error(transparent)]
    Value(#[from] crate::schema::ValueError),
    /// A whole number outside its range.
    #[error("{number} is not from {least} to {most}")]
    OutOfRange {
        /// As written.
        number: String,
        /// The least.
        least: i64,
        /// The greatest.
        most: i64,
    },
    /// Units that do not go together.
    #[error("{0}")]
    Units(&'static str),
    /// Another schema than the one that the policy is read for.
    #[error("the policy is written for the schema `{found}`, not for `{expected}`")]
    WrongSchema {
        /// The schema at hand.
        expected: String,
        /// The policy's.
        found: String,
    },
    /// No record can meet the rule.
    #[error("no record can meet this: {0}")]
    Unsatisfiable(&'static str),
    /// Keys that contradict each other or mean nothing together.
    #[error("{0}")]
    Inconsistent(&'static str),
    /// The rule is not one sum of products of a time weight and a field weight.
    #[error("fields over different quarters cannot be compared in one rule")]
    NotRankOne,
    /// Coefficients too large once they are whole numbers.
    #[error("the coefficients need whole numbers of more than {bits} bits to be exact")]
    TooFine {
        /// The bits that there are.
        bits: u32,
    },
    /// The threshold is larger than the comparison.
    #[error("the threshold is too large for the comparison")]
    ThresholdTooLarge,
    /// A rule of several comparisons where there must be one.
    #[error("this rule takes more than one comparison, and {0}")]
    SeveralComparisons(&'static str),
    /// The shape has not enough room.
    #[error("the policy needs more {what} than {shape} has")]
    TooBig {
        /// Of what there is not enough.
        what: &'static str,
        /// The shape, the largest that the policy could have.
        shape: Shape,
    },
    /// The text is a policy, but not written in the one canonical way.
    #[error("this is not the canonical form of the policy")]
    NotCanonical,
}

impl Problem {
    /// What to do about it, where that is not plain.
    pub fn help(&self) -> Option<String> {
        let list = |names: &[String]| {
            names
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::UnknownKey {
                nearest: Some(nearest),
                ..
            }
            | Self::UnknownName {
                nearest: Some(nearest),
                ..
            } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { known, .. } => Some(format!("the keys here are {}", list(known))),
            Self::UnknownName { known, .. } if known.is_empty() => Some("there are none".into()),
            Self::UnknownName { known, .. } => Some(format!("there are {}", list(known))),
            Self::NotRankOne => Some(
                "one rule weighs quarters and fields apart: use the same quarters on both sides, \
                 or the same field, or a scorecard's variable, which may mix them"
                    .into(),
            ),
            Self::TooFine { .. } => {
                Some("use rounder coefficients, such as 1.5 % rather than 1.4987 %".into())
            }
            Self::TooBig { .. } => {
                Some("leave a rule out, or split the policy in two requests".into())
            }
            Self::SeveralComparisons(_) => Some(
                "split it into rules of one comparison each; for growth and ratio, state the \
                 base's sign in a required rule of its own or set \
                 `base_not_positive = \"as_multiplied\"`"
                    .into(),
            ),
            _ => None,
        }
    }
}

/// A problem and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// What is wrong.
    pub problem: Problem,
    /// The table and key: `rule.tax-each-quarter.over`.
    pub key: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    excerpt: String,
    width: usize,
}

impl PolicyError {
    fn new(text: &str, span: &Range<usize>, key: String, problem: Problem) -> Self {
        let start = floor_boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let rest = &text[line_start..];
        let excerpt = rest.lines().next().unwrap_or_default();
        let column = text[line_start..start].chars().count() + 1;
        let end = floor_boundary(
            text,
            span.end
                .clamp(start, line_start + excerpt.len().max(start - line_start)),
        );
        Self {
            problem,
            key,
            line: text[..start].matches('\n').count() + 1,
            column,
            excerpt: excerpt.chars().take(MAX_EXCERPT).collect(),
            width: text[start..end].chars().count().clamp(1, MAX_EXCERPT),
        }
    }

    /// The error as a compiler shows it, with the line of the text and a caret.
    pub fn render(&self, file: &str) -> String {
        let Self {
            problem,
            key,
            line,
            column,
            excerpt,
            width,
        } = self;
        let margin = " ".repeat(line.to_string().len());
        let caret = format!("{}{}", " ".repeat(column - 1), "^".repeat(*width));
        let at = if key.is_empty() {
            String::new()
        } else {
            format!(" in `{key}`")
        };
        let help = problem
            .help()
            .map(|h| format!("{margin} = help: {h}\n"))
            .unwrap_or_default();
        format!(
            "error: {problem}\n{margin}--> {file}:{line}:{column}\n{margin} |\n{line} | {excerpt}\n\
             {margin} | {caret}{at}\n{help}"
        )
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.problem
        )
    }
}

/// Everything that was found wrong with a policy's text, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    /// The errors.
    pub fn iter(&self) -> impl Iterator<Item = &PolicyError> {
        self.0.iter()
    }

    /// All errors as a compiler shows them.
    pub fn render(&self, file: &str) -> String {
        let errors: Vec<_> = self.0.iter().map(|error| error.render(file)).collect();
        errors.join("\n")
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&errors.join("; "))
    }
}

impl std::error::Error for PolicyErrors {}

/// Collects errors while a text is read.
pub(super) struct Sink<'a> {
    text: &'a str,
    errors: RefCell<Vec<(usize, PolicyError)>>,
}

impl<'a> Sink<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            errors: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn report(&self, span: &Range<usize>, key: impl Into<String>, problem: Problem) {
        let error = PolicyError::new(self.text, span, key.into(), problem);
        let mut errors = self.errors.borrow_mut();
        if errors.len() < MAX_ERRORS && !errors.iter().any(|(_, e)| *e == error) {
            errors.push((span.start, error));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.errors.borrow().is_empty()
    }

    /// What was collected, if anything was.
    pub(super) fn finish(self) -> Result<(), PolicyErrors> {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|(start, _)| *start);
        match errors.is_empty() {
            true => Ok(()),
            false => Err(PolicyErrors(
                errors.into_iter().map(|(_, error)| error).collect(),
            )),
        }
    }
}

/// The nearest of some names, if it is near enough to be a slip.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    known
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

fn edit_distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(MAX_EXCERPT).collect();
    let b: Vec<char> = b.chars().collect();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = previous[j] + usize::from(from != to);
            row.push(replaced.min(previous[j + 1] + 1).min(row[j] + 1));
        }
        previous = row;
    }
    previous[b.len()]
}

fn floor_boundary(text: &str, index: usize) -> usize {
    let index = index.min(text.len());
    (0..=index)
        .rev()
        .find(|&i| text.is_char_boundary(i))
        .unwrap_or(0)
}

/// Most characters of a line that are shown.
const MAX_EXCERPT: usize = 160;

/// Most errors that are collected.
const MAX_ERRORS: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_a_slip_away() {
        let known = || ["more_than", "at_most", "at_least"].into_iter();
        assert_eq!(nearest("more_then", known()).as_deref(), Some("more_than"));
        assert_eq!(nearest("at_lest", known()).as_deref(), Some("at_least"));
        assert_eq!(nearest("colour", known()), None);
    }

    #[test]
    fn the_caret_stands_under_the_value_whatever_the_script() {
        let text = "a = 1\ntitle = \"税\" x\n";
        let start = text.find('x').expect("an x");
        let error = PolicyError::new(text, &(start..start + 1), "title".into(), Problem::BadTitle);
        assert_eq!((error.line, error.column), (2, 13));
        assert!(error.render("p.toml").contains("--> p.toml:2:13\n"));
        let outside = PolicyError::new(text, &(500..900), String::new(), Problem::BadTitle);
        assert_eq!((outside.line, outside.column), (3, 1));
    }
}
