//! The formats, against themselves and against files of others.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod damage;
mod fixture;
mod foreign;
mod keys;
mod text;
