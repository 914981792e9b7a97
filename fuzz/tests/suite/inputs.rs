//! The gate's run: committed inputs, seeds made now, and mutations of both.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::Instant;

use taxproof_fuzz::mutation::{Numbers, mutate};
use taxproof_fuzz::{TARGETS, Target, run};

use crate::{alone, root};

fn committed(target: &Target) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/seeds").join(target.name);
    let files = fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut paths: Vec<_> = files.map(|file| file.expect("an entry").path()).collect();
    paths.sort();
    let read = |path: &_| fs::read(path).expect("an input");
    paths.iter().map(read).collect()
}

/// Runs an input, and keeps one of which something does not hold.
fn run_or_keep(target: &Target, input: &[u8]) -> bool {
    let held = catch_unwind(|| run(target, input)).is_ok();
    if !held {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("{target:?}.input"));
        fs::write(&path, input).expect("a folder for what tests leave");
        eprintln!("{target:?}: the input is in {}", path.display());
    }
    held
}

/// Runs a target until something does not hold.
fn holds(target: &Target) -> bool {
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{target:?} has no seeds");
    let inputs = [seeds, committed(target), vec![Vec::new()]].concat();
    let mut numbers = Numbers::new(1);
    let mutated = (0..target.mutations).map(|_| mutate(&inputs, &mut numbers));
    inputs.iter().all(|input| run_or_keep(target, input))
        && mutated.into_iter().all(|input| run_or_keep(target, &input))
}

#[test]
fn nothing_panics_and_memory_is_bounded() {
    let _alone = alone();
    let mut failed = Vec::new();
    for target in TARGETS {
        // Names the target that does not end, where output is shown.
        eprint!("{target:?} ");
        let begun = Instant::now();
        if !holds(target) {
            failed.push(target);
        }
        eprintln!("{} ms", begun.elapsed().as_millis());
    }
    assert!(failed.is_empty(), "something does not hold in {failed:?}");
}

/// A target that would not notice anything would pass as well.
#[test]
fn what_does_not_hold_is_noticed() {
    let _alone = alone();
    let panics = |target: &Target| {
        let target = *target;
        catch_unwind(move || run(&target, b"input")).is_err()
    };
    let mut target = TARGETS[0];
    assert!(!panics(&target));
    target.body = |_| panic!("as a mistake would");
    assert!(panics(&target));
    target.body = |_| drop(std::hint::black_box(vec![1u8; 3 << 20]));
    target.memory = 2 << 20;
    assert!(panics(&target), "3 MiB are more than 2");
}
