//! `public.json`: the public inputs.

use ark_ff::PrimeField;

use crate::{FormatError, json};

/// The inputs, without the leading one, as a file.
pub fn write<F: PrimeField>(inputs: &[F]) -> String {
    let inputs: Vec<String> = inputs.iter().map(ToString::to_string).collect();
    json::print(&inputs)
}

/// Reads a file.
///
/// # What is not checked
/// How many there are.
///
/// # Errors
/// One is not a number below the field's order: x and x + r would be the same input, and are not.
pub fn read<F: PrimeField>(file: &str) -> Result<Vec<F>, FormatError> {
    let inputs: Vec<String> = json::parse(file)?;
    let element = |text: &String| json::element(text, "a public input");
    inputs.iter().map(element).collect()
}
