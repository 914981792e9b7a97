//! The Poseidon2 permutation over both curves' scalar fields, for the widths 4, 8 and 16.
//!
//! S-box x^5, 8 external rounds, 56 internal rounds at width 4 and 57 at 8 and 16; the external
//! matrix is circ(2·M4, M4, ..., M4), the internal one 1 + diag. As in the paper
//! ([eprint 2023/323](https://eprint.iacr.org/2023/323)), an external linear layer comes first.
//!
//! # Constants
//! `params/poseidon2.py` generates them by the procedure of the paper's authors. Its BN254 tables
//! make the permutation of the crate `taceo-poseidon2`, and its BLS12-381 tables at widths 4 and 8
//! are those that the authors published with the S-box coded as 0 in the generator's seed (a later
//! version of their script codes it as 1). Width 16 over BLS12-381 was published nowhere: it comes
//! from the same procedure.
//!
//! # Caution!
//! This is a permutation, not a hash: capacity, padding and feed-forward are the caller's.

mod bls12_381;
mod bn254;

use ark_ff::PrimeField;

/// Rounds with an S-box on every element, half of them before and half after the internal ones.
pub const EXTERNAL_ROUNDS: usize = 8;

/// A field that has constants.
pub trait Poseidon2Field: PrimeField {
    /// The constants of a width, or none.
    #[doc(hidden)]
    fn constants(width: usize) -> Option<&'static Constants<Self>>;
}

impl Poseidon2Field for ark_bn254::Fr {
    fn constants(width: usize) -> Option<&'static Constants<Self>> {
        match width {
            4 => Some(&bn254::WIDTH_4),
            8 => Some(&bn254::WIDTH_8),
            16 => Some(&bn254::WIDTH_16),
            _ => None,
        }
    }
}

impl Poseidon2Field for ark_bls12_381::Fr {
    fn constants(width: usize) -> Option<&'static Constants<Self>> {
        match width {
            4 => Some(&bls12_381::WIDTH_4),
            8 => Some(&bls12_381::WIDTH_8),
            16 => Some(&bls12_381::WIDTH_16),
            _ => None,
        }
    }
}

/// The generated tables of one field and width, rows one after the other.
#[doc(hidden)]
#[derive(Debug)]
pub struct Constants<F: 'static> {
    external: &'static [F],
    internal: &'static [F],
    diagonal_minus_one: &'static [F],
}

/// The permutation of `T` field elements. A handle: making one costs nothing.
///
/// `T` is 4, 8 or 16; another width does not compile.
#[derive(Debug, Clone, Copy)]
pub struct Poseidon2<F: 'static, const T: usize> {
    external: &'static [[F; T]],
    internal: &'static [F],
    diagonal_minus_one: &'static [F; T],
}

impl<F: Poseidon2Field, const T: usize> Poseidon2<F, T> {
    /// Permutes the state.
    pub fn permute(&self, state: &mut [F; T]) {
        let (first, last) = self.external.split_at(EXTERNAL_ROUNDS / 2);
        external_layer(state);
        first
            .iter()
            .for_each(|constants| external_round(state, constants));
        self.internal
            .iter()
            .for_each(|constant| self.internal_round(state, constant));
        last.iter()
            .for_each(|constants| external_round(state, constants));
    }

    /// Round constants of the external rounds, in order.
    pub fn external(&self) -> &'static [[F; T]] {
        self.external
    }

    /// Round constants of the internal rounds, in order, each for the first element.
    pub fn internal(&self) -> &'static [F] {
        self.internal
    }

    /// `μ` of the internal layer: element i becomes `μ[i]·element + Σ elements`.
    pub fn diagonal_minus_one(&self) -> &'static [F; T] {
        self.diagonal_minus_one
    }

    fn internal_round(&self, state: &mut [F; T], constant: &F) {
        state[0] += constant;
        sbox(&mut state[0]);
        let sum: F = state.iter().sum();
        for (element, factor) in state.iter_mut().zip(self.diagonal_minus_one) {
            *element *= factor;
            *element += sum;
        }
    }
}

impl<F: Poseidon2Field, const T: usize> Default for Poseidon2<F, T> {
    fn default() -> Self {
        const { assert!(T == 4 || T == 8 || T == 16, "no Poseidon2 of this width") }
        let constants = F::constants(T).expect("a field has constants for the three widths");
        Self {
            external: constants.external.as_chunks().0,
            internal: constants.internal,
            diagonal_minus_one: constants
                .diagonal_minus_one
                .first_chunk()
                .expect("the generator writes one entry an element"),
        }
    }
}

fn external_round<F: PrimeField, const T: usize>(state: &mut [F; T], constants: &[F; T]) {
    for (element, constant) in state.iter_mut().zip(constants) {
        *element += constant;
        sbox(element);
    }
    external_layer(state);
}

fn sbox<F: PrimeField>(x: &mut F) {
    let fourth = x.square().square();
    *x *= fourth;
}

/// circ(2·M4, M4, ..., M4): M4 on each block of four, then each block plus the sum of all blocks
/// (of which there is only the one at width 4, where the matrix is M4 itself).
fn external_layer<F: PrimeField, const T: usize>(state: &mut [F; T]) {
    let (blocks, _) = state.as_chunks_mut::<4>();
    blocks.iter_mut().for_each(block_layer);
    if blocks.len() == 1 {
        return;
    }
    let mut sums = [F::zero(); 4];
    for block in blocks.iter() {
        for (sum, element) in sums.iter_mut().zip(block) {
            *sum += element;
        }
    }
    for block in blocks {
        for (element, sum) in block.iter_mut().zip(&sums) {
            *element += sum;
        }
    }
}

/// M4 = [[5, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]] in additions; the paper's
/// appendix B.
fn block_layer<F: PrimeField>(block: &mut [F; 4]) {
    let [a, b, c, d] = *block;
    let t0 = a + b;
    let t1 = c + d;
    let t2 = b.double() + t1;
    let t3 = d.double() + t0;
    let t4 = t1.double().double() + t3;
    let t5 = t0.double().double() + t2;
    *block = [t3 + t5, t5, t2 + t4, t4];
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{BigInteger, Field, MontFp};
    use proptest::prelude::*;
    use std::path::Path;
    use std::process::Command;
    use taceo_poseidon2::bn254 as taceo;

    type Bn = ark_bn254::Fr;
    type Bls = ark_bls12_381::Fr;

    fn permuted<F: Poseidon2Field, const T: usize>(mut state: [F; T]) -> [F; T] {
        Poseidon2::<F, T>::default().permute(&mut state);
        state
    }

    fn agrees_with_taceo(elements: [Bn; 16]) {
        let four = *elements.first_chunk().unwrap();
        let eight = *elements.first_chunk().unwrap();
        assert_eq!(permuted(four), taceo::t4::permutation(&four));
        assert_eq!(permuted(eight), taceo::t8::permutation(&eight));
        assert_eq!(permuted(elements), taceo::t16::permutation(&elements));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn agrees_with_taceo_on_random_states(bytes: [[u8; 32]; 16]) {
            agrees_with_taceo(bytes.map(|b| Bn::from_le_bytes_mod_order(&b)));
        }
    }

    #[test]
    fn agrees_with_taceo_on_edge_states() {
        let one = Bn::from(1);
        let edges = [
            Bn::from(0),
            one,
            -one,
            Bn::from(2).pow([253]),
            -Bn::from(1u64 << 48),
        ];
        for edge in edges {
            agrees_with_taceo([edge; 16]);
            for place in 0..16 {
                let mut state = [Bn::from(0); 16];
                state[place] = edge;
                agrees_with_taceo(state);
            }
        }
    }

    /// First and last element of the permutation of 0, 1, 2, ...
    fn answers_to_counting<F: Poseidon2Field, const T: usize>(first: &str, last: &str) {
        let got = permuted::<F, T>(std::array::from_fn(|i| F::from(i as u64)));
        assert_eq!([got[0], got[T - 1]].map(hexadecimal), [first, last]);
    }

    /// Width 4 over BN254 is the vector of Noir's and Barretenberg's Poseidon2; the others come
    /// from an implementation with whole matrices.
    #[test]
    fn known_answers() {
        answers_to_counting::<Bn, 4>(
            "01bd538c2ee014ed5141b29e9ae240bf8db3fe5b9a38629a9647cf8d76c01737",
            "2e11c5cff2a22c64d01304b778d78f6998eff1ab73163a35603f54794c30847a",
        );
        answers_to_counting::<Bn, 8>(
            "1d1a50bcde871247856df135d56a4ca61af575f1140ed9b1503c77528cf345df",
            "0b19bfa00c8f1d505074130e7f8b49a8624b1905e280ceca5ba11099b081b265",
        );
        answers_to_counting::<Bn, 16>(
            "0fc2e6b758f493969e1d860f9a44ee3bdffdf796f382aa4ffb16fa4e9bcc333f",
            "0e2ceb1f8fde5f80be1f41bd239fabdc2f6133a6a98920a55c42891c3a925152",
        );
        answers_to_counting::<Bls, 4>(
            "28ff6c4edf9768c08ae26290487e93449cc8bc155fc2fad92a344adceb3ada6d",
            "07cfb49540ee456cce38b8a7d1a930a57ffc6660737f6589ef184c5e15334e36",
        );
        answers_to_counting::<Bls, 8>(
            "638a70e5a395c4473b2545d6cbb088d46587ddc9e1b2cff26d283d7c5557fd44",
            "31c246341ba23ed834987fa8494c7118a83ca625186525227758d7ee89421a48",
        );
        answers_to_counting::<Bls, 16>(
            "463f84707d0cf95635b0d4052e1fccd7ee18f9f4486b45d4dc16b4f58b5a55c8",
            "0fc01eb625e9bd3054b607501e88c91287b7843456b4f47032b7f4b928601d96",
        );
    }

    fn hexadecimal<F: PrimeField>(x: F) -> String {
        let bytes = x.into_bigint().to_bytes_be();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// First and last of what the paper's authors published for BLS12-381 at width 8.
    #[test]
    fn constants_over_bls12_381_are_the_published_ones() {
        let eight = Poseidon2::<Bls, 8>::default();
        let first: Bls =
            MontFp!("0x53ada42ebdbe3750f185d8aed927c2a339b1023dfde196b58aea362b1458208b");
        let low: Bls =
            MontFp!("0x1118b610c2544efa26b70d9d60ca6ca362afcfff12436cf3b0f8a3ec5895d9ea");
        let high: Bls =
            MontFp!("0x45ef82a5684137e5fc9613e0581cb65b5ad3d43470eacf0f060e1711c4c57623");
        assert_eq!(eight.external()[0][0], first);
        assert_eq!(eight.diagonal_minus_one()[0], low);
        assert_eq!(eight.diagonal_minus_one()[7], high);
    }

    fn has_the_right_sizes<F: Poseidon2Field>() {
        for (width, internal) in [(4, 56), (8, 57), (16, 57)] {
            let constants = F::constants(width).unwrap();
            assert_eq!(constants.external.len(), EXTERNAL_ROUNDS * width);
            assert_eq!(constants.internal.len(), internal);
            assert_eq!(constants.diagonal_minus_one.len(), width);
        }
    }

    #[test]
    fn tables_have_the_right_sizes() {
        has_the_right_sizes::<Bn>();
        has_the_right_sizes::<Bls>();
    }

    fn is_the_matrix<F: Poseidon2Field, const T: usize>() {
        const M4: [[u64; 4]; 4] = [[5, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]];
        for column in 0..T {
            let mut state = [F::zero(); T];
            state[column] = F::one();
            external_layer(&mut state);
            for (row, element) in state.into_iter().enumerate() {
                let twice = if T > 4 && row / 4 == column / 4 { 2 } else { 1 };
                assert_eq!(element, F::from(twice * M4[row % 4][column % 4]));
            }
        }
    }

    #[test]
    fn external_layer_is_the_papers_matrix() {
        is_the_matrix::<Bn, 4>();
        is_the_matrix::<Bls, 8>();
        is_the_matrix::<Bn, 16>();
    }

    #[test]
    fn generating_again_gives_the_same_tables() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let check = Command::new("python3")
            .arg(root.join("params/poseidon2.py"))
            .arg("--check")
            .arg(root.join("src/poseidon2"))
            .status();
        match check {
            Ok(status) => assert!(status.success()),
            Err(error) => eprintln!("skipped: python3 does not run here ({error})"),
        }
    }
}
