//! The permutation against the crate `taceo-poseidon2`, known answers and itself in lanes.

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
    let first: Bls = MontFp!("0x53ada42ebdbe3750f185d8aed927c2a339b1023dfde196b58aea362b1458208b");
    let low: Bls = MontFp!("0x1118b610c2544efa26b70d9d60ca6ca362afcfff12436cf3b0f8a3ec5895d9ea");
    let high: Bls = MontFp!("0x45ef82a5684137e5fc9613e0581cb65b5ad3d43470eacf0f060e1711c4c57623");
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

fn many<F: Poseidon2Field, const T: usize>(states: &[F]) -> Vec<[F; T]> {
    (0..states.len())
        .map(|i| std::array::from_fn(|j| states[(i + j) % states.len()]))
        .collect()
}

/// Every way to treat many states against one state at a time, for numbers of states around the
/// numbers of lanes.
fn agrees_with_one_at_a_time<F: Poseidon2Field, const T: usize>(elements: &[F])
where
    Poseidon2<F, T>: Default,
{
    let all = many::<F, T>(elements);
    let alone: Vec<[F; T]> = all.iter().map(|&state| permuted(state)).collect();
    for kernels in Kernels::available() {
        let counts = [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, all.len()];
        for count in counts.map(|count| count.min(all.len())) {
            let mut states = all[..count].to_vec();
            permute_all(kernels, &mut states);
            assert_eq!(states, alone[..count], "{count} of width {T}");
        }
        let sums: Vec<F> = alone.iter().zip(&all).map(|(p, c)| p[0] + c[0]).collect();
        assert_eq!(compress_all(kernels, &all), sums);
        for each in [0, 1, T - 1, T, 2 * T + 1] {
            let mut states = all.clone();
            let inputs: Vec<F> = elements
                .iter()
                .copied()
                .cycle()
                .take(each * all.len())
                .collect();
            absorb_all(kernels, &mut states, &inputs);
            for (i, state) in states.into_iter().enumerate() {
                let input = &inputs[i * each..(i + 1) * each];
                assert_eq!(state, absorbed(all[i], input), "{each} by width {T}");
            }
        }
    }
}

fn absorbed<F: Poseidon2Field, const T: usize>(mut state: [F; T], input: &[F]) -> [F; T] {
    for block in input.chunks(T - 1) {
        state.iter_mut().zip(block).for_each(|(s, i)| *s += i);
        if block.len() == T - 1 {
            state = permuted(state);
        }
    }
    state
}

fn agrees_at_every_width<F: Poseidon2Field>(elements: &[F]) {
    agrees_with_one_at_a_time::<F, 4>(elements);
    agrees_with_one_at_a_time::<F, 8>(elements);
    agrees_with_one_at_a_time::<F, 16>(elements);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn many_states_agree_with_one_at_a_time(bytes in prop::collection::vec(any::<[u8; 32]>(), 70)) {
        let elements: Vec<Bn> = bytes.iter().map(|b| Bn::from_le_bytes_mod_order(b)).collect();
        agrees_at_every_width(&elements);
    }
}

#[test]
fn many_states_agree_on_edges() {
    let one = Bn::from(1);
    let mut edges = vec![
        Bn::from(0),
        one,
        -one,
        Bn::from(1u64 << 52),
        -Bn::from(1u64 << 52),
    ];
    edges.extend([52, 104, 156, 208, 253].map(|bit| Bn::from(2).pow([bit])));
    edges.extend([52, 104, 156, 208, 253].map(|bit| -Bn::from(2).pow([bit])));
    // Words that are the largest and the smallest in arkworks' representation.
    edges.extend([one, -one].map(|x| x / Bn::from(2).pow([256])));
    agrees_at_every_width(&edges);
    for edge in edges {
        agrees_at_every_width(&[edge; 9]);
    }
    agrees_at_every_width(&[Bls::from(0), Bls::from(1), -Bls::from(1)]);
}

#[test]
fn small_numbers_are_elements() {
    fn equal<F: Poseidon2Field>() {
        let powers = (0..64).map(|i| 1u64 << i);
        for n in powers.flat_map(|n| [n - 1, n, n + n / 3, u64::MAX - n]) {
            assert_eq!(F::from_small(n), F::from(n), "{n}");
        }
    }
    equal::<ark_bn254::Fr>();
    equal::<ark_bls12_381::Fr>();
}
