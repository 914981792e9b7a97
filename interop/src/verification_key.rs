//! `verification_key.json`.
//!
//! snarkjs also writes e(α, β) there as `vk_alphabeta_12`. It does not read it, and neither is it
//! written here.

use ark_groth16::VerifyingKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FormatError, SnarkjsCurve, json};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    protocol: String,
    curve: String,
    #[serde(rename = "nPublic")]
    inputs: usize,
    vk_alpha_1: Value,
    vk_beta_2: Value,
    vk_gamma_2: Value,
    vk_delta_2: Value,
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "what follows from the rest is not read")]
    vk_alphabeta_12: Value,
    #[serde(rename = "IC")]
    ic: Vec<Value>,
}

/// The file.
pub fn write<E: SnarkjsCurve>(key: &VerifyingKey<E>) -> String {
    json::print(&Json {
        protocol: json::PROTOCOL.to_owned(),
        curve: E::NAME.to_owned(),
        inputs: key.gamma_abc_g1.len() - 1,
        vk_alpha_1: json::print_point(&key.alpha_g1),
        vk_beta_2: json::print_point(&key.beta_g2),
        vk_gamma_2: json::print_point(&key.gamma_g2),
        vk_delta_2: json::print_point(&key.delta_g2),
        vk_alphabeta_12: Value::Null,
        ic: key.gamma_abc_g1.iter().map(json::print_point).collect(),
    })
}

/// Reads a file.
///
/// # What is not checked
/// That the key is sound: two of its points may be equal, or at infinity.
///
/// # Errors
/// It is none for this curve, or has not as many input points as it says.
pub fn read<E: SnarkjsCurve>(file: &str) -> Result<VerifyingKey<E>, FormatError> {
    let key: Json = json::parse(file)?;
    json::expect(&key.protocol, &key.curve, E::NAME)?;
    if key.inputs.checked_add(1) != Some(key.ic.len()) {
        return Err(FormatError::Inconsistent(
            "`IC` has not one point more than `nPublic` says",
        ));
    }
    let points = key.ic.iter().map(|point| json::parse_point(point, "IC"));
    Ok(VerifyingKey {
        alpha_g1: json::parse_point(&key.vk_alpha_1, "vk_alpha_1")?,
        beta_g2: json::parse_point(&key.vk_beta_2, "vk_beta_2")?,
        gamma_g2: json::parse_point(&key.vk_gamma_2, "vk_gamma_2")?,
        delta_g2: json::parse_point(&key.vk_delta_2, "vk_delta_2")?,
        gamma_abc_g1: points.collect::<Result<_, _>>()?,
    })
}
