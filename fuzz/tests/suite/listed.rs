//! Each target has its committed inputs, and they are few.

use std::collections::BTreeSet;
use std::fs;

use taxproof_fuzz::{TARGETS, find};

use crate::{alone, root};

#[test]
fn every_target_has_inputs_and_all_inputs_a_target() {
    let _alone = alone();
    let targets: BTreeSet<String> = TARGETS.iter().map(|t| t.name.to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "two targets have one name");
    let folders = fs::read_dir(root().join("fuzz/seeds")).expect("the committed inputs");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.expect("an entry").file_name();
        name.into_string().expect("a target's name")
    };
    assert_eq!(folders.map(name).collect::<BTreeSet<_>>(), targets);
    assert!(find("presentation").is_some() && find("nothing").is_none());
}

/// Inputs stay small enough to be kept in the repository.
#[test]
fn inputs_take_less_than_a_mebibyte() {
    let _alone = alone();
    let mut bytes = 0;
    for target in TARGETS {
        let folder = root().join("fuzz/seeds").join(target.name);
        for file in fs::read_dir(folder).expect("a target's inputs") {
            bytes += file.expect("an entry").metadata().expect("a file").len();
        }
    }
    assert!(bytes < 1 << 20, "{bytes} bytes");
}
