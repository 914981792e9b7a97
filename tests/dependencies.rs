//! Arrows between the workspace's crates run one way (ARCHITECTURE.md), so that the bank's service
//! holds no circuit or prover code and the engine knows nothing of tax.

use std::collections::BTreeSet;
use std::path::Path;

/// Each crate, and which of ours it may depend on.
const ARROWS: [(&str, &[&str]); 12] = [
    ("engine", &[]),
    ("interop", &[]),
    ("claims", &["engine"]),
    ("samples", &["claims", "engine"]),
    ("soundness", &[]),
    ("circuits", &["claims", "engine"]),
    (
        "examination",
        &["circuits", "claims", "engine", "samples", "soundness"],
    ),
    ("proto", &[]),
    ("prover", &["circuits", "claims", "engine", "proto"]),
    ("verifier", &["claims", "engine", "log", "proto"]),
    ("log", &["claims"]),
    ("authority", &["claims", "engine", "log"]),
];

/// What may depend on everything, and nothing on it.
const LEAVES: [&str; 2] = ["benches", "fuzz"];

fn our_dependencies(krate: &str) -> BTreeSet<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(krate)
        .join("Cargo.toml");
    let text = std::fs::read_to_string(manifest).expect("a manifest");
    let manifest: toml::Table = text.parse().expect("TOML");
    ["dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table())
        .flat_map(|section| section.keys())
        .filter_map(|name| name.strip_prefix("taxproof-").map(str::to_owned))
        .collect()
}

#[test]
fn arrows_run_one_way() {
    for (krate, allowed) in ARROWS {
        for dependency in our_dependencies(krate) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{krate} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn every_crate_has_its_arrows() {
    let root = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .expect("a manifest");
    let root: toml::Table = root.parse().expect("TOML");
    let members: BTreeSet<&str> = root["workspace"]["members"]
        .as_array()
        .expect("members")
        .iter()
        .filter_map(|member| member.as_str())
        .filter(|member| !LEAVES.contains(member))
        .collect();
    assert_eq!(
        members,
        ARROWS.map(|(krate, _)| krate).into_iter().collect()
    );
}
