//! The statement as constraints.
