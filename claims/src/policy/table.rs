//! Reading a table of a policy strictly: every key is asked for, or it is an error.

use std::cell::RefCell;
use std::ops::Range;

use super::error::{Problem, Sink, nearest};
use super::source::{Entry, Node, NodeValue};

/// A table that is being read.
pub(super) struct Table<'a> {
    entries: &'a [Entry],
    span: Range<usize>,
    path: String,
    sink: &'a Sink<'a>,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    /// A table, or an error that the value is none.
    pub(super) fn new(node: &'a Node, path: &str, sink: &'a Sink<'a>) -> Option<Self> {
        let NodeValue::Table(entries) = &node.value else {
            let problem = Problem::WrongType {
                expected: "a table",
                found: node.kind(),
            };
            sink.report(&node.span, path, problem);
            return None;
        };
        let known = RefCell::new(Vec::new());
        Some(Self {
            entries,
            span: node.span.clone(),
            path: path.to_owned(),
            sink,
            known,
        })
    }

    /// The same table under a better name, once its name is read.
    pub(super) fn rename(&mut self, path: String) {
        self.path = path;
    }

    /// Whether a key is there; it is then still to be read.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// The first of some keys that is there; reports every further one.
    pub(super) fn one_of(&self, keys: &[&'static str]) -> Option<&'static str> {
        self.known.borrow_mut().extend(keys);
        let mut present = keys.iter().filter(|key| self.has(key));
        let first = present.next();
        for other in present {
            self.report(
                other,
                Problem::Inconsistent("a rule tests one thing: write two rules"),
            );
        }
        first.copied()
    }

    pub(super) fn get(&self, key: &'static str) -> Option<&'a Node> {
        self.known.borrow_mut().push(key);
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
    }

    /// Notes keys that would be asked for if the table were not already wrong.
    pub(super) fn expect_keys(&self, keys: &[&'static str]) {
        self.known.borrow_mut().extend(keys);
    }

    /// Whether a key of the table looks like one of these, misspelt.
    pub(super) fn has_slip_of(&self, keys: &[&str]) -> bool {
        self.entries
            .iter()
            .any(|entry| nearest(&entry.key, keys.iter().copied()).is_some())
    }

    pub(super) fn required(&self, key: &'static str) -> Option<&'a Node> {
        let node = self.get(key);
        if node.is_none() && !self.has_slip_of(&[key]) {
            self.report_here(Problem::MissingKey(key));
        }
        node
    }

    pub(super) fn text(&self, key: &'static str) -> Option<&'a str> {
        match &self.get(key)?.value {
            NodeValue::Text(text) => Some(text),
            _ => self.wrong_type(key, "a text"),
        }
    }

    pub(super) fn required_text(&self, key: &'static str) -> Option<&'a str> {
        self.required(key)?;
        self.text(key)
    }

    /// A number, as it stands or in quotes.
    pub(super) fn number_text(&self, key: &'static str) -> Option<&'a str> {
        let node = self.get(key)?;
        number_text(node).or_else(|| self.wrong_type(key, "a number or a text"))
    }

    pub(super) fn bool(&self, key: &'static str) -> Option<bool> {
        match self.get(key)?.value {
            NodeValue::Bool(b) => Some(b),
            _ => self.wrong_type(key, "true or false"),
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn integer(&self, key: &'static str, least: i64, most: i64) -> Option<i64> {
        let node = self.get(key)?;
        let NodeValue::Number(text) = &node.value else {
            return self.wrong_type(key, "a whole number");
        };
        let number = whole_number(text).filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.report(
                key,
                Problem::OutOfRange {
                    number: text.clone(),
                    least,
                    most,
                },
            );
        }
        number
    }

    /// Whole numbers from `least` to `most`.
    pub(super) fn integers(&self, key: &'static str, least: i64, most: i64) -> Vec<i64> {
        let mut numbers = Vec::new();
        for node in self.list(key) {
            let number = match &node.value {
                NodeValue::Number(text) => {
                    whole_number(text).filter(|n| (least..=most).contains(n))
                }
                _ => None,
            };
            match number {
                Some(n) => numbers.push(n),
                None => {
                    let text = number_text(node).unwrap_or(node.kind()).to_owned();
                    self.report_at(
                        node,
                        key,
                        Problem::OutOfRange {
                            number: text,
                            least,
                            most,
                        },
                    );
                }
            }
        }
        numbers
    }

    /// The items of a list; none where the key is missing.
    pub(super) fn list(&self, key: &'static str) -> &'a [Node] {
        match self.get(key).map(|node| &node.value) {
            Some(NodeValue::List(items)) => items,
            Some(_) => {
                self.wrong_type::<()>(key, "a list");
                &[]
            }
            None => &[],
        }
    }

    /// The texts or numbers of a list, each with its place.
    pub(super) fn texts(&self, key: &'static str) -> Vec<(&'a Node, &'a str)> {
        let mut texts = Vec::new();
        for node in self.list(key) {
            match number_text(node) {
                Some(text) => texts.push((node, text)),
                None => {
                    let problem = Problem::WrongType {
                        expected: "a text",
                        found: node.kind(),
                    };
                    self.report_at(node, key, problem);
                }
            }
        }
        texts
    }

    /// The tables of a list.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Self> {
        let path = |i: usize| match self.path.as_str() {
            "" => format!("{key} {}", i + 1),
            path => format!("{path}.{key} {}", i + 1),
        };
        let nodes = self.list(key).iter().enumerate();
        nodes
            .filter_map(|(i, node)| Self::new(node, &path(i), self.sink))
            .collect()
    }

    /// Reports a problem at a key's value, or at the table where the key is missing.
    pub(super) fn report(&self, key: &str, problem: Problem) {
        match self.entries.iter().find(|entry| entry.key == key) {
            Some(entry) => self.report_at(&entry.node, key, problem),
            None => self.report_here(problem),
        }
    }

    /// Reports a problem at a place within a key's value.
    pub(super) fn report_at(&self, node: &Node, key: &str, problem: Problem) {
        self.sink.report(&node.span, self.key_path(key), problem);
    }

    /// Reports a problem of the table as a whole.
    pub(super) fn report_here(&self, problem: Problem) {
        // A TOML document's own table spans all of its text.
        let span = if self.path.is_empty() {
            0..1
        } else {
            self.span.clone()
        };
        self.sink.report(&span, self.path.clone(), problem);
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(&self) {
        let mut known = self.known.borrow().clone();
        known.sort_unstable();
        known.dedup();
        for entry in self
            .entries
            .iter()
            .filter(|entry| !known.contains(&entry.key.as_str()))
        {
            let problem = Problem::UnknownKey {
                key: entry.key.clone(),
                nearest: nearest(&entry.key, known.iter().copied()),
                known: known.iter().map(|&key| key.to_owned()).collect(),
            };
            self.sink
                .report(&entry.key_span, self.key_path(&entry.key), problem);
        }
    }

    fn key_path(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    fn wrong_type<T>(&self, key: &str, expected: &'static str) -> Option<T> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        self.report(
            key,
            Problem::WrongType {
                expected,
                found: entry.node.kind(),
            },
        );
        None
    }
}

fn number_text(node: &Node) -> Option<&str> {
    match &node.value {
        NodeValue::Text(text) | NodeValue::Number(text) => Some(text),
        _ => None,
    }
}

/// A whole number as TOML and JSON write it; TOML allows `_` between digits.
fn whole_number(text: &str) -> Option<i64> {
    text.replace('_', "").parse().ok()
}
