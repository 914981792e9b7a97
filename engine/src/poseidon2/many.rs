//! Many states at once: several at a time where field and processor have lanes for them.
//!
//! Work is spread over the current rayon pool. The results are those of [`Poseidon2::permute`],
//! whatever the kernels. Elements are packed into lanes and unpacked for each permutation, which is
//! a small part of its cost, so that states are plain field elements between permutations.

use rayon::prelude::*;

use super::{Poseidon2, Poseidon2Field};
use crate::kernels::Kernels;

/// States that a thread takes at once.
const CHUNK: usize = 64;

/// Permutes every state.
pub fn permute_all<F: Poseidon2Field, const T: usize>(kernels: Kernels, states: &mut [[F; T]]) {
    if states.len() <= CHUNK {
        return permute_chunk(kernels, states);
    }
    states
        .par_chunks_mut(CHUNK)
        .for_each(|chunk| permute_chunk(kernels, chunk));
}

/// The first element of each permuted state plus the first element before: a compression of `T`
/// elements to one by feed-forward.
pub fn compress_all<F: Poseidon2Field, const T: usize>(
    kernels: Kernels,
    inputs: &[[F; T]],
) -> Vec<F> {
    let compress = |inputs: &[[F; T]]| -> Vec<F> {
        let mut states = inputs.to_vec();
        permute_chunk(kernels, &mut states);
        let pairs = states.iter().zip(inputs);
        pairs.map(|(state, input)| state[0] + input[0]).collect()
    };
    inputs.par_chunks(CHUNK).flat_map_iter(compress).collect()
}

/// Absorbs equally many elements into each state of a sponge of rate `T - 1`: whole blocks are
/// added and permuted, what remains is added only.
///
/// `inputs` holds the elements for the first state, then those for the second, and so on. All
/// states must be between blocks, with nothing in the rate that awaits a permutation.
///
/// # Panics
/// The inputs' number is no multiple of the states'.
pub fn absorb_all<F: Poseidon2Field, const T: usize>(
    kernels: Kernels,
    states: &mut [[F; T]],
    inputs: &[F],
) {
    if states.is_empty() {
        return assert!(inputs.is_empty(), "elements for no state");
    }
    assert!(
        inputs.len().is_multiple_of(states.len()),
        "each state absorbs equally many elements"
    );
    let each = inputs.len() / states.len();
    if each == 0 {
        return;
    }
    states
        .par_chunks_mut(CHUNK)
        .zip(inputs.par_chunks(CHUNK * each))
        .for_each(|(states, inputs)| absorb_chunk(kernels, states, inputs, each));
}

fn absorb_chunk<F: Poseidon2Field, const T: usize>(
    kernels: Kernels,
    states: &mut [[F; T]],
    inputs: &[F],
    each: usize,
) {
    for start in (0..each).step_by(T - 1) {
        let block = start..each.min(start + T - 1);
        for (state, input) in states.iter_mut().zip(inputs.chunks(each)) {
            let elements = state.iter_mut().zip(&input[block.clone()]);
            elements.for_each(|(element, input)| *element += input);
        }
        if block.len() == T - 1 {
            permute_chunk(kernels, states);
        }
    }
}

fn permute_chunk<F: Poseidon2Field, const T: usize>(kernels: Kernels, states: &mut [[F; T]]) {
    let done = F::permute_in_lanes(kernels, states);
    let permutation = Poseidon2::<F, T>::default();
    states[done..]
        .iter_mut()
        .for_each(|state| permutation.permute(state));
}
