//! The inverses of a block, by one inversion for all of them (Montgomery's trick).

use ark_bn254::Fq;
use ark_ff::Field as _;

use super::{Arithmetic, BLOCK, Block, LANES, inversion};

/// The inverse of each lane of each vector, or none if one of them is zero.
pub(crate) fn inverses<A: Arithmetic<Fq>>(
    arithmetic: A,
    block: &Block<A::Vector>,
) -> Option<Block<A::Vector>> {
    let [a, b, c, d] = block;
    let (mut halves, mut out) = (*block, *block);
    arithmetic.mul([a, c, a, c], [b, d, b, d], &mut halves);
    let [ab, cd, ..] = &halves;
    arithmetic.mul([ab; BLOCK], [cd; BLOCK], &mut out);
    let inverse = invert_lanes(arithmetic, &out[0])?;
    arithmetic.mul([&inverse; BLOCK], [cd, ab, cd, ab], &mut out);
    let [of_ab, of_cd, ..] = out;
    arithmetic.mul([&of_ab, &of_ab, &of_cd, &of_cd], [b, a, d, c], &mut out);
    Some(out)
}

fn invert_lanes<A: Arithmetic<Fq>>(arithmetic: A, vector: &A::Vector) -> Option<A::Vector> {
    let elements = arithmetic
        .elements(vector)
        .map(|words| arithmetic.unpack(words));
    let mut before = [Fq::ONE; LANES];
    let mut product = Fq::ONE;
    for (before, element) in before.iter_mut().zip(&elements) {
        *before = product;
        product *= element;
    }
    let mut inverse = inversion::invert(product)?;
    let mut inverses = [[0; 4]; LANES];
    for lane in (0..LANES).rev() {
        inverses[lane] = arithmetic.pack(inverse * before[lane]);
        inverse *= elements[lane];
    }
    Some(arithmetic.vector(inverses))
}
