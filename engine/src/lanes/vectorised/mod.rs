//! What is the same for all instruction sets, as macros: functions with target features cannot be
//! generic over them. The module that uses one has `Vector`, `Constants` and the functions that are
//! called here.

mod arithmetic;
mod kernels;

pub(super) use arithmetic::arithmetic;
pub(super) use kernels::{butterflies, divisors_1, products, sums};
