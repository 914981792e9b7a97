//! A policy's text as a tree of values with their places, from TOML or from JSON.

use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Problem, Sink};

/// How a policy's text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML, as people write it.
    Toml,
    /// JSON of the same structure.
    Json,
}

/// A value and where it stands in the text, in bytes.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: NodeValue,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum NodeValue {
    Bool(bool),
    /// As written: numbers are read exactly, never by way of a float.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
    Null,
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node,
}

impl Node {
    /// What the value is, to a person.
    pub(super) const fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Bool(_) => "true or false",
            NodeValue::Number(_) => "a number",
            NodeValue::Text(_) => "a text",
            NodeValue::List(_) => "a list",
            NodeValue::Table(_) => "a table",
            NodeValue::Null => "null",
        }
    }
}

/// Reads a text; reports what is wrong and returns what could be read.
pub(super) fn read(text: &str, format: Format, sink: &Sink<'_>) -> Option<Node> {
    match format {
        Format::Toml => Some(read_toml(text, sink)),
        Format::Json => read_json(text, sink),
    }
}

fn read_toml(text: &str, sink: &Sink<'_>) -> Node {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        sink.report(&span, "", Problem::Syntax(error.message().to_owned()));
    }
    Node {
        span: table.span(),
        value: toml_table(table.get_ref()),
    }
}

fn toml_table(table: &DeTable<'_>) -> NodeValue {
    let entries = table.iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        key_span: key.span(),
        node: toml_node(value),
    });
    NodeValue::Table(entries.collect())
}

fn toml_node(value: &Spanned<DeValue<'_>>) -> Node {
    let inner = match value.get_ref() {
        DeValue::String(text) => NodeValue::Text(text.to_string()),
        DeValue::Integer(n) => NodeValue::Number(n.to_string()),
        DeValue::Float(n) => NodeValue::Number(n.to_string()),
        DeValue::Boolean(b) => NodeValue::Bool(*b),
        DeValue::Datetime(date) => NodeValue::Text(date.to_string()),
        DeValue::Array(items) => NodeValue::List(items.iter().map(toml_node).collect()),
        DeValue::Table(table) => toml_table(table),
    };
    Node {
        span: value.span(),
        value: inner,
    }
}

fn read_json(text: &str, sink: &Sink<'_>) -> Option<Node> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => json_node(text, raw, MAX_DEPTH, sink),
        Err(error) => {
            let start = offset_of_line(text, error.line()) + error.column().saturating_sub(1);
            sink.report(&(start..start + 1), "", Problem::Syntax(error.to_string()));
            None
        }
    }
}

fn json_node(text: &str, raw: &RawValue, depth: usize, sink: &Sink<'_>) -> Option<Node> {
    let span = span_within(text, raw.get());
    let Some(depth) = depth.checked_sub(1) else {
        sink.report(&span, "", Problem::Syntax("nested too deeply".into()));
        return None;
    };
    let parsed = match raw.get().as_bytes().first() {
        Some(b'{') => serde_json::from_str::<RawTable<'_>>(raw.get()).map(|table| {
            let entries = table.0.into_iter().filter_map(|(key, value)| {
                let key_span = span_within(text, key.get());
                Some(Entry {
                    key: serde_json::from_str(key.get()).ok()?,
                    key_span,
                    node: json_node(text, value, depth, sink)?,
                })
            });
            let entries: Vec<Entry> = entries.collect();
            report_duplicates(&entries, sink);
            NodeValue::Table(entries)
        }),
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(raw.get()).map(|items| {
            let nodes = items
                .into_iter()
                .filter_map(|item| json_node(text, item, depth, sink));
            NodeValue::List(nodes.collect())
        }),
        Some(b'"') => serde_json::from_str(raw.get()).map(NodeValue::Text),
        Some(b't') => Ok(NodeValue::Bool(true)),
        Some(b'f') => Ok(NodeValue::Bool(false)),
        Some(b'n') => Ok(NodeValue::Null),
        _ => Ok(NodeValue::Number(raw.get().to_owned())),
    };
    match parsed {
        Ok(value) => Some(Node { span, value }),
        Err(error) => {
            sink.report(&span, "", Problem::Syntax(error.to_string()));
            None
        }
    }
}

fn report_duplicates(entries: &[Entry], sink: &Sink<'_>) {
    for (i, entry) in entries.iter().enumerate() {
        if entries[..i].iter().any(|earlier| earlier.key == entry.key) {
            sink.report(
                &entry.key_span,
                &entry.key,
                Problem::DuplicateKey(entry.key.clone()),
            );
        }
    }
}

/// Where a part that was borrowed from a text stands in it.
fn span_within(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

fn offset_of_line(text: &str, line: usize) -> usize {
    text.split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum()
}

/// A policy nests seven deep.
const MAX_DEPTH: usize = 16;

/// A JSON object's keys and values where they stand, duplicates included.
struct RawTable<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawTable<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = RawTable<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(RawTable(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, format: Format) -> Vec<(String, String)> {
        let sink = Sink::new(text);
        let node = read(text, format, &sink).expect("reads");
        sink.finish().expect("no errors");
        let NodeValue::Table(entries) = node.value else {
            panic!("a table")
        };
        let at = |span: Range<usize>| text[span].to_owned();
        entries
            .into_iter()
            .map(|e| (at(e.key_span), at(e.node.span)))
            .collect()
    }

    #[test]
    fn values_know_their_place_in_both_formats() {
        let toml = places("b = \"税\" # c\na = 1_000.50\n", Format::Toml);
        assert_eq!(
            toml,
            [
                ("a".into(), "1_000.50".into()),
                ("b".into(), "\"税\"".into())
            ]
        );
        let json = places("{ \"b\" : \"税\",\n \"a\": 1000.50 }", Format::Json);
        assert_eq!(
            json,
            [
                ("\"b\"".into(), "\"税\"".into()),
                ("\"a\"".into(), "1000.50".into())
            ]
        );
    }

    #[test]
    fn both_formats_refuse_what_is_malformed_with_a_place() {
        let error = |text: &str, format| {
            let sink = Sink::new(text);
            read(text, format, &sink);
            let errors = sink.finish().expect_err("malformed");
            let first = errors.iter().next().expect("an error");
            (first.line, first.column)
        };
        assert_eq!(error("a = 1\nb = = 2\n", Format::Toml).0, 2);
        assert_eq!(error("{\n \"a\": 1,\n \"b\" 2 }", Format::Json).0, 3);
        assert_eq!(error("{\n \"a\": 1,\n \"a\": 2 }", Format::Json), (3, 2));
        assert_eq!(error("a = 1\na = 2\n", Format::Toml).0, 2);
        assert_eq!(error("", Format::Json), (1, 1));
        assert_eq!(error(&"[".repeat(60_000), Format::Json).0, 1);
        assert_eq!(
            error(&("[".repeat(60_000) + &"]".repeat(60_000)), Format::Json),
            (1, 17)
        );
        error(&format!("a = {}", "[".repeat(60_000)), Format::Toml);
    }
}
