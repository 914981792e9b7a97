//! The `taxproof` command.
fn main() {}
