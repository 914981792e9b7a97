//! Where `unsafe` may stand, and that overflow is checked in the profile that is shipped.

use std::fs;

use crate::support::repository::{root, sources};

/// The only sources with `unsafe`: the engine's kernels, and its mapping of a key's file.
const KERNELS: [&str; 9] = [
    "engine/src/lanes/avx2/memory.rs",
    "engine/src/lanes/avx2/product.rs",
    "engine/src/lanes/ifma/memory.rs",
    "engine/src/lanes/vectorised/arithmetic.rs",
    "engine/src/pairing/exponentiation.rs",
    "engine/src/pairing/lines.rs",
    "engine/src/pairing/scaling.rs",
    "engine/src/poseidon2/ifma.rs",
    "engine/src/prepared.rs",
];

/// Lines of code that say `unsafe`, comments aside, as numbers from 0.
fn unsafe_lines(text: &str) -> Vec<usize> {
    let keywords = [
        concat!("uns", "afe {"),
        concat!("uns", "afe fn"),
        concat!("uns", "afe impl"),
    ];
    let says = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        keywords.iter().any(|keyword| code.contains(keyword))
    };
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| says(line))
        .map(|(i, _)| i)
        .collect()
}

#[test]
fn unsafe_code_stands_in_kernels_only() {
    let found = sources();
    assert!(found.len() > 100, "only {} sources", found.len());
    let mut kernels = Vec::new();
    for path in found {
        let text = fs::read_to_string(root().join(&path)).expect("a source");
        if !unsafe_lines(&text).is_empty() {
            kernels.push(path);
        }
    }
    kernels.sort();
    assert_eq!(kernels, KERNELS);
}

#[test]
fn every_unsafe_block_has_its_reason() {
    for kernel in KERNELS {
        let text = fs::read_to_string(root().join(kernel)).expect("a kernel");
        let lines: Vec<&str> = text.lines().collect();
        for at in unsafe_lines(&text) {
            let reason = lines[at.saturating_sub(4)..=at].iter();
            assert!(
                reason.clone().any(|line| line.contains("SAFETY")),
                "{kernel}:{}: no `SAFETY` reason",
                at + 1
            );
        }
    }
}

#[test]
fn every_other_crate_forbids_unsafe_code() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace");
    assert!(workspace.contains("\nunsafe_code = \"forbid\"\n"));
    for entry in fs::read_dir(root()).expect("the root") {
        let manifest = entry.expect("an entry").path().join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&manifest) else {
            continue;
        };
        let inherits = text.contains("\n[lints]\nworkspace = true\n");
        let is_engine = manifest.ends_with("engine/Cargo.toml");
        assert!(
            inherits || is_engine,
            "{} sets its own lints",
            manifest.display()
        );
    }
}

#[test]
fn overflow_is_checked_in_release() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace");
    assert!(workspace.contains("\n[profile.release]\noverflow-checks = true\n"));
    let largest = std::hint::black_box(u64::MAX);
    let sum = std::panic::catch_unwind(|| largest + std::hint::black_box(1));
    assert!(sum.is_err(), "an addition wrapped around");
}
