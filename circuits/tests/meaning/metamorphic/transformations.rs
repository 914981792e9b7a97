//! What can be done to numbers and a record so that it is known what becomes of the outcome.

mod amounts;
mod order;
mod parts;
mod rules;

use taxproof_claims::testing::Choices;

use super::{Case, Pair};
use amounts::{amount_split, amounts_scaled, weights_scaled, windows_shifted, zero_quarter};
use order::{
    attributes_permuted, codes_reordered, fields_permuted, larger_shape, quarters_permuted,
    rules_reordered,
};
use rules::{consent_withdrawn, loosened, negated, tightened};

/// None where a case cannot be transformed so.
pub(super) type Transformation = fn(Case, &mut Choices) -> Option<Pair>;

/// All of them, by name.
pub(super) const ALL: [(&str, Transformation); 15] = [
    ("fields permuted with their weights", fields_permuted),
    (
        "attributes permuted with their selectors",
        attributes_permuted,
    ),
    ("quarters permuted with their weights", quarters_permuted),
    ("windows shifted by a new quarter", windows_shifted),
    ("a quarter of zeros added", zero_quarter),
    ("an amount split between two fields", amount_split),
    ("amounts and thresholds scaled", amounts_scaled),
    ("weights and thresholds scaled", weights_scaled),
    ("rules reordered", rules_reordered),
    ("codes reordered", codes_reordered),
    ("a larger shape", larger_shape),
    ("a rule negated", negated),
    ("a rule tightened", tightened),
    ("a rule loosened", loosened),
    ("consent withdrawn", consent_withdrawn),
];
