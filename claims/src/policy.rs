//! Policies: what a bank asks.
