//! Rules that give one bit each.

mod counted;
mod linear;
mod range;
mod set;

pub(crate) use counted::counted;
pub(crate) use linear::linear;
pub(crate) use range::range;
#[cfg(test)]
pub(crate) use set::listed;
pub(crate) use set::set;
