//! Everything that reads bytes of others, each as a [`Target`]: what is done with any bytes, and
//! what must then hold.
//!
//! Of every input: nothing panics, and no more memory is taken than the target says. Where bytes
//! are read as something, writing it gives the same bytes; where a format leaves a choice (TOML,
//! JSON), what was written is read as the same again.
//!
//! The same targets run in the gate, over committed inputs and [mutations](mutation) of them, and
//! under libFuzzer, which looks for inputs by coverage. `docs/fuzzing.md` says how, and lists which
//! decoder is in which target.

mod fixture;
mod property;
mod target;
mod targets;

pub mod input;
pub mod mutation;

pub use target::{Target, find, run};
pub use targets::TARGETS;

/// Measures what a target takes.
#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
