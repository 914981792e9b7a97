//! `proof.json`.

use ark_groth16::Proof;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FormatError, SnarkjsCurve, json};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    pi_a: Value,
    pi_b: Value,
    pi_c: Value,
    protocol: String,
    curve: String,
}

/// The file.
pub fn write<E: SnarkjsCurve>(proof: &Proof<E>) -> String {
    json::print(&Json {
        pi_a: json::print_point(&proof.a),
        pi_b: json::print_point(&proof.b),
        pi_c: json::print_point(&proof.c),
        protocol: json::PROTOCOL.to_owned(),
        curve: E::NAME.to_owned(),
    })
}

/// Reads a file. Its points are in their groups; one at infinity is none of this function's
/// business.
///
/// # Errors
/// It is none for this curve.
pub fn read<E: SnarkjsCurve>(file: &str) -> Result<Proof<E>, FormatError> {
    let proof: Json = json::parse(file)?;
    json::expect(&proof.protocol, &proof.curve, E::NAME)?;
    Ok(Proof {
        a: json::parse_point(&proof.pi_a, "pi_a")?,
        b: json::parse_point(&proof.pi_b, "pi_b")?,
        c: json::parse_point(&proof.pi_c, "pi_c")?,
    })
}
