//! `.sym`: names of wires, a line each: `label,wire,component,name`.

use std::fmt::Write as _;

use crate::FormatError;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// As in the labels of a `.r1cs` file.
    pub label: u64,
    /// The wire; none where the compiler did away with it.
    pub wire: Option<u32>,
    /// The component that it belongs to.
    pub component: u32,
    /// Its name, with dots between components, without commas and line ends.
    pub name: String,
}

/// Symbols of wires from 1 on, which have the label of their own number. The component of a wire is
/// what stands before its name's last dot.
pub fn of_wires(names: impl IntoIterator<Item = String>) -> Vec<Symbol> {
    let mut components = std::collections::HashMap::new();
    let symbol = |(wire, name): (u32, String)| {
        let of = name.rsplit_once('.').map_or("", |(of, _)| of).to_owned();
        let next = components.len() as u32;
        Symbol {
            label: wire.into(),
            wire: Some(wire),
            component: *components.entry(of).or_insert(next),
            name,
        }
    };
    (1..).zip(names).map(symbol).collect()
}

/// The file.
pub fn write(symbols: &[Symbol]) -> String {
    let mut file = String::new();
    for symbol in symbols {
        let wire = symbol.wire.map_or(-1, i64::from);
        let (label, component, name) = (symbol.label, symbol.component, &symbol.name);
        writeln!(file, "{label},{wire},{component},{name}").expect("a string takes every line");
    }
    file
}

/// Reads a file.
///
/// # Errors
/// A line is none.
pub fn read(file: &str) -> Result<Vec<Symbol>, FormatError> {
    let Some(lines) = file.strip_suffix('\n') else {
        let last = file.lines().count();
        return if file.is_empty() {
            Ok(Vec::new())
        } else {
            Err(FormatError::Line(last))
        };
    };
    let lines = (1..).zip(lines.split('\n'));
    lines
        .map(|(number, line)| symbol(line).ok_or(FormatError::Line(number)))
        .collect()
}

fn symbol(line: &str) -> Option<Symbol> {
    let fields: Vec<&str> = line.split(',').collect();
    let [label, wire, component, name] = fields.try_into().ok()?;
    Some(Symbol {
        label: number(label)?,
        wire: match wire {
            "-1" => None,
            wire => Some(u32::try_from(number(wire)?).ok()?),
        },
        component: u32::try_from(number(component)?).ok()?,
        name: (!name.is_empty()).then(|| name.to_owned())?,
    })
}

/// A decimal number in its one way of writing.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
