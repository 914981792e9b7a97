//! Keys and proofs of snarkjs from the shared vectors, their points as they are written.

use ark_bn254::{Bn254, Fq, Fq2, G1Affine, G2Affine};
use ark_ff::PrimeField;
use ark_groth16::{Proof, VerifyingKey};
use num_bigint::BigUint;
use serde_json::Value;

use crate::support::shared;

/// A file of the shared vectors, where they are there.
pub(crate) fn vectors(path: &str) -> Option<Value> {
    let Some(file) = shared(&format!("vectors/{path}")) else {
        eprintln!("NOT RUN: the vectors {path} are not at hand");
        return None;
    };
    Some(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
}

pub(crate) fn key(json: &Value) -> VerifyingKey<Bn254> {
    VerifyingKey {
        alpha_g1: g1(&json["vk_alpha_1"]),
        beta_g2: g2(&json["vk_beta_2"]),
        gamma_g2: g2(&json["vk_gamma_2"]),
        delta_g2: g2(&json["vk_delta_2"]),
        gamma_abc_g1: json["IC"].as_array().unwrap().iter().map(g1).collect(),
    }
}

pub(crate) fn proof(json: &Value) -> Proof<Bn254> {
    Proof {
        a: g1(&json["pi_a"]),
        b: g2(&json["pi_b"]),
        c: g1(&json["pi_c"]),
    }
}

pub(crate) fn number(json: &Value) -> BigUint {
    json.as_str().unwrap().parse().unwrap()
}

fn g1(json: &Value) -> G1Affine {
    match (coordinate(&json[0]), coordinate(&json[1]), &json[2]) {
        (_, _, z) if z == "0" => G1Affine::identity(),
        (x, y, _) => G1Affine::new_unchecked(x, y),
    }
}

fn g2(json: &Value) -> G2Affine {
    let pair = |json: &Value| Fq2::new(coordinate(&json[0]), coordinate(&json[1]));
    match &json[2][0] {
        z if z == "0" => G2Affine::identity(),
        _ => G2Affine::new_unchecked(pair(&json[0]), pair(&json[1])),
    }
}

fn coordinate(json: &Value) -> Fq {
    Fq::from_be_bytes_mod_order(&number(json).to_bytes_be())
}
