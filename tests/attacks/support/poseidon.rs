//! arkworks' Poseidon sponge with circomlib's parameters over BN254.

use ark_bn254::Fr;
use ark_crypto_primitives::sponge::poseidon::{
    PoseidonConfig, PoseidonSponge, find_poseidon_ark_and_mds,
};
use ark_crypto_primitives::sponge::{CryptographicSponge, FieldBasedCryptographicSponge};

/// The parameters for so many elements at once; for one to four.
pub(crate) fn config(rate: usize) -> PoseidonConfig<Fr> {
    let partial_rounds = [56, 57, 56, 60][rate - 1];
    let (ark, mds) = find_poseidon_ark_and_mds::<Fr>(254, rate, 8, partial_rounds, 0);
    PoseidonConfig {
        full_rounds: 8,
        partial_rounds: partial_rounds as usize,
        alpha: 5,
        ark,
        mds,
        rate,
        capacity: 1,
    }
}

/// A sponge that has absorbed some elements and was squeezed once: what came out, and its state.
pub(crate) fn squeezed(rate: usize, elements: &[Fr]) -> (Fr, Vec<Fr>) {
    let mut sponge = PoseidonSponge::new(&config(rate));
    sponge.absorb(&elements.to_vec());
    let out = sponge.squeeze_native_field_elements(1);
    (out[0], sponge.state)
}
