//! Attacks that have succeeded elsewhere, one file for each, named after it: the first half shows that
//! the naive way falls to it, the second that ours does not. `docs/attacks.md` is the list.

mod ark_groth16_all_zero_key;
mod ark_groth16_prepare_inputs_truncates;
mod ark_groth16_proves_the_unsatisfied;
mod ark_r1cs_std_213_equality_of_constants;
mod ark_r1cs_std_is_cmp_unchecked;
mod ark_r1cs_std_square_equals_constant;
mod ark_sponge_squeezes_another_element;
mod arkworks_sponge_26_padding_collides;
mod dark_forest_missing_range_check;
mod frozen_heart_batch_challenge;
mod gnark_crypto_363_missing_subgroup_check;
mod gnark_cve_2023_44378_two_decompositions;
mod gnark_cve_2024_45040_guessable_commitment;
mod orchard_2026_many_nullifiers;
mod penumbra_deserialize_unchecked;
mod semaphore_public_input_plus_r;
mod snarkjs_383_malleable_proofs;
mod snarkjs_must_reject;
mod snarkvm_685_inner_node_as_leaf;
mod statement_not_bound_replay;
mod summa_sum_wraps_modulo_p;
mod support;
mod tornado_mimc_assigned_not_constrained;
mod veil_cash_gamma_equals_delta;
mod witness_dependent_shape;
mod zcash_toxic_waste_of_one_party;

use std::collections::BTreeSet;

use crate::support::repository::{root, sources};

/// The files of attacks.
fn files() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("tests/attacks")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| name != "mod")
        .collect()
}

/// The files of attacks that a text names, as links to them.
fn named(text: &str) -> BTreeSet<String> {
    let links = text.split("(../tests/attacks/").skip(1);
    links
        .filter_map(|rest| Some(rest.split_once(".rs)")?.0.to_owned()))
        .collect()
}

#[test]
fn every_attack_is_listed_and_every_listed_one_is_there() {
    let list = std::fs::read_to_string(root().join("docs/attacks.md")).unwrap();
    assert_eq!(named(&list), files());
}

/// What looks like a test's name in the list is one; a star stands for any ending.
#[test]
fn every_test_that_the_list_names_is_there() {
    let list = std::fs::read_to_string(root().join("docs/attacks.md")).unwrap();
    let code: String = sources()
        .iter()
        .map(|path| std::fs::read_to_string(root().join(path)).unwrap())
        .collect();
    let names = list.split('`').skip(1).step_by(2);
    let names = names.filter_map(|name| name.rsplit("::").next());
    // Libraries' functions have shorter names, but for one.
    let tests: Vec<&str> = names
        .filter(|name| name.split('_').count() > 3 && *name != "to_non_unique_bits_le")
        .filter(|name| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "_*".contains(c))
        })
        .collect();
    assert!(tests.len() > 50, "{tests:?}");
    for test in tests {
        let begin = match test.strip_suffix('*') {
            Some(begin) => format!("fn {begin}"),
            None => format!("fn {test}("),
        };
        assert!(code.contains(&begin), "there is no test {test}");
    }
}

/// A file that no module names is compiled by nobody.
#[test]
fn every_attack_is_run() {
    let own = std::fs::read_to_string(root().join("tests/attacks/mod.rs")).unwrap();
    for name in files() {
        assert!(
            own.contains(&format!("\nmod {name};\n")),
            "{name}.rs is not run"
        );
    }
}

/// An attack is shown twice: that it works, and that it does not work here.
#[test]
fn every_attack_is_shown_to_work_first() {
    for name in files() {
        let text =
            std::fs::read_to_string(root().join(format!("tests/attacks/{name}.rs"))).unwrap();
        assert!(text.contains("naive"), "{name} uses nothing naive");
        let ours = ["ours::", "repository::", "taxproof_"]
            .iter()
            .any(|of| text.contains(of));
        assert!(ours, "{name} uses nothing of ours");
    }
}
