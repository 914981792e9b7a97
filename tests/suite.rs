//! The product from outside: everything that needs more than one crate, in one binary, because each
//! binary costs minutes to build.

mod dependencies;
mod readme;
mod real_data;
mod support;
