//! The gate's run: committed inputs, seeds made now, and mutations of both.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

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
fn run_or_keep(target: &Target, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(target, input))) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("{target:?}.input"));
        fs::write(&path, input).expect("a folder for what tests leave");
        eprintln!("{target:?}: the input is in {}", path.display());
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn nothing_panics_and_memory_is_bounded() {
    let _alone = alone();
    for target in TARGETS {
        // Names the target that does not end, where output is shown.
        eprintln!("{target:?}");
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{target:?} has no seeds");
        let inputs = [seeds, committed(target)].concat();
        run_or_keep(target, &[]);
        for input in &inputs {
            run_or_keep(target, input);
        }
        let mut numbers = Numbers::new(1);
        for _ in 0..target.mutations {
            run_or_keep(target, &mutate(&inputs, &mut numbers));
        }
    }
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
