//! Criterion benches; see the `benches` targets of this crate.
