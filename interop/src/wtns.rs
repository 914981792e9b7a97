//! `.wtns`: the values of all wires.

use ark_ff::PrimeField;

use crate::container::{self, Format, Sections};
use crate::{FormatError, SnarkjsCurve, element};

const FORMAT: Format = Format {
    name: "wtns",
    version: 2,
};
const HEADER: u32 = 1;
const VALUES: u32 = 2;

/// The values of all wires, one first, as a file.
pub fn write<F: PrimeField>(assignment: &[F]) -> Vec<u8> {
    let mut header = Vec::new();
    element::write_order::<F>(&mut header);
    header.extend_from_slice(&(assignment.len() as u32).to_le_bytes());
    let values = assignment.iter().flat_map(|&value| element::encode(value));
    container::write(FORMAT, &[(HEADER, header), (VALUES, values.collect())])
}

/// Reads the values of all wires.
///
/// # What is not checked
/// That they satisfy any constraint.
///
/// # Errors
/// The file is none over the curve's scalar field, or the first value is not one.
pub fn read<E: SnarkjsCurve>(file: &[u8]) -> Result<Vec<E::ScalarField>, FormatError> {
    let sections = Sections::read(file, FORMAT, &[HEADER, VALUES])?;
    let mut header = sections.cursor(HEADER, "the header");
    element::expect_order::<E::ScalarField>(&mut header, E::NAME)?;
    let count = header.u32()? as usize;
    header.finish()?;
    let width = element::width::<E::ScalarField>();
    let mut values = sections.cursor(VALUES, "the values");
    let bytes = values.pieces(count, width)?.chunks(width);
    values.finish()?;
    let assignment: Option<Vec<_>> = bytes.map(element::decode).collect();
    let assignment = assignment.ok_or(FormatError::Element("a value"))?;
    match assignment.first() {
        Some(first) if *first == E::ScalarField::from(1u64) => Ok(assignment),
        _ => Err(FormatError::Inconsistent("the first wire is not one")),
    }
}
