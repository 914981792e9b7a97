//! Targets, and how one is run on an input.

use std::fmt;

use crate::{MEMORY, TARGETS};

/// Bytes in a mebibyte.
const MIB: usize = 1 << 20;

/// Something that reads bytes of others.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name on the command line, and of the folder with its inputs.
    pub name: &'static str,
    /// Reads an input. Panics where something does not hold.
    pub body: fn(&[u8]),
    /// Inputs to begin with, made by the code that writes what the target reads.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Most bytes of memory that one input may take.
    pub memory: usize,
    /// Mutated inputs that the gate tries.
    pub mutations: usize,
}

impl Target {
    /// A target that takes microseconds and little memory.
    pub(crate) const fn new(
        name: &'static str,
        body: fn(&[u8]),
        seeds: fn() -> Vec<Vec<u8>>,
    ) -> Self {
        Self {
            name,
            body,
            seeds,
            memory: 2 * MIB,
            mutations: 10_000,
        }
    }

    /// The same with so many mebibytes of memory.
    pub(crate) const fn mebibytes(self, count: usize) -> Self {
        Self {
            memory: count * MIB,
            ..self
        }
    }

    /// The same with so many mutations in the gate: fewer where each takes longer.
    pub(crate) const fn mutations(self, mutations: usize) -> Self {
        Self { mutations, ..self }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The target of a name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs a target on an input.
///
/// # Panics
/// Something does not hold of the input, or it takes more memory than it may.
pub fn run(target: &Target, input: &[u8]) {
    let mut taken = memory_of(target, input);
    if taken > target.memory {
        // The first time made what all later inputs share.
        taken = memory_of(target, input);
    }
    assert!(
        taken <= target.memory,
        "{target:?} takes {taken} bytes of memory for {} bytes, and may take {}",
        input.len(),
        target.memory
    );
}

fn memory_of(target: &Target, input: &[u8]) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    (target.body)(input);
    MEMORY.peak_usage().saturating_sub(before)
}
