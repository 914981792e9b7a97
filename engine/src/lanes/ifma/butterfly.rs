//! The butterflies of transforms.

use super::Vector;
use super::product::product;
use super::range::{broadcast_limbs, difference, less_one, plus_one};
use crate::lanes::constants::{Constants, LIMBS};
use crate::lanes::vectorised::butterflies;
use crate::lanes::{BLOCK, Block, Eight, LastFactors};

butterflies!("avx512f,avx512ifma", u64);
