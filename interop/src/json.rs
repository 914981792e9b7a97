//! snarkjs' JSON: numbers are decimal strings, points are projective with z one, or zero at
//! infinity.

use ark_ff::{Field, PrimeField};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::FormatError;
use crate::point::{self, Coordinates};

/// The name of the protocol.
pub(crate) const PROTOCOL: &str = "groth16";

/// Most digits of a number: of a coordinate below 2^384.
const DIGITS: usize = 116;

pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, FormatError> {
    serde_json::from_str(text).map_err(|error| FormatError::Json(error.to_string()))
}

pub(crate) fn print(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("strings and lists are JSON");
    text.push('\n');
    text
}

/// Refuses another protocol or curve.
pub(crate) fn expect(
    protocol: &str,
    curve: &str,
    expected: &'static str,
) -> Result<(), FormatError> {
    if protocol != PROTOCOL {
        return Err(FormatError::Inconsistent("the protocol is not groth16"));
    }
    if curve == expected {
        Ok(())
    } else {
        Err(FormatError::Curve(expected))
    }
}

/// The number of a string, if it is below the field's order and written as snarkjs would.
pub(crate) fn element<F: PrimeField>(text: &str, name: &'static str) -> Result<F, FormatError> {
    let element = (text.len() <= DIGITS)
        .then(|| text.parse::<F>().ok())
        .flatten()
        .filter(|element| element.to_string() == text);
    element.ok_or(FormatError::Element(name))
}

/// [x, y, z], each a string, or over an extension a list of them.
pub(crate) fn print_point<G: Coordinates>(point: &G) -> Value {
    let (zero, one) = (G::BaseField::from(0u64), G::BaseField::from(1u64));
    let coordinates = point.xy().map_or([zero, one, zero], |(x, y)| [x, y, one]);
    Value::Array(coordinates.map(print_field).into())
}

/// The point of [x, y, z].
pub(crate) fn parse_point<G: Coordinates>(
    json: &Value,
    name: &'static str,
) -> Result<G, FormatError> {
    let refused = FormatError::Point(name);
    let coordinates = json.as_array().map(Vec::as_slice);
    let Some([x, y, z]) = coordinates else {
        return Err(refused);
    };
    let [x, y, z] = [
        parse_field::<G>(x, name)?,
        parse_field::<G>(y, name)?,
        parse_field::<G>(z, name)?,
    ];
    let (zero, one) = (G::BaseField::from(0u64), G::BaseField::from(1u64));
    if (x, y, z) == (zero, one, zero) {
        return Ok(G::zero());
    }
    let point = point::checked(x, y).filter(|_| z == one);
    point.ok_or(refused)
}

fn print_field<F: Field>(element: F) -> Value {
    let mut parts = element
        .to_base_prime_field_elements()
        .map(|part| Value::String(part.to_string()));
    match F::extension_degree() {
        1 => parts.next().expect("a prime field's element is one part"),
        _ => parts.collect(),
    }
}

fn parse_field<G: Coordinates>(
    json: &Value,
    name: &'static str,
) -> Result<G::BaseField, FormatError> {
    let refused = || FormatError::Element(name);
    let parts = match json {
        Value::String(_) => std::slice::from_ref(json),
        Value::Array(parts) if parts.len() > 1 => parts.as_slice(),
        _ => return Err(refused()),
    };
    if parts.len() != point::degree::<G>() {
        return Err(refused());
    }
    let parts = parts.iter().map(|part| {
        let text = part.as_str().ok_or_else(refused)?;
        element::<<G::BaseField as Field>::BasePrimeField>(text, name)
    });
    let parts: Vec<_> = parts.collect::<Result<_, _>>()?;
    G::BaseField::from_base_prime_field_elems(parts).ok_or_else(refused)
}
