//! Penumbra's `SpendProof::verify` reads proofs with `deserialize_compressed_unchecked`. What that lets in
//! is in `gnark_crypto_363_missing_subgroup_check`; here, that nothing of ours reads so, nor takes a field
//! element modulo r, nor bits that are not unique.

use ark_bn254::G2Affine;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize, Compress, Validate};

use crate::support::repository::{root, sources};

/// Ways around a check, and the only files that go there.
const WAYS: [(&str, &[&str]); 5] = [
    ("compressed_unchecked(", &[]),
    ("to_non_unique", &[]),
    (
        "Validate::No",
        &[
            // Files whose digest was noted when every point was checked.
            "engine/src/groth16/prepared.rs",
            // Checks each point itself when a key is admitted.
            "prover/src/proving_key.rs",
        ],
    ),
    (
        "new_unchecked(",
        &[
            "engine/src/lanes/constants.rs",
            "engine/src/msm/curve.rs",
            // The endomorphism's image of a point, which tells whether that is in the group.
            "engine/src/pairing/blocks/group.rs",
            // With a root of the curve's equation, and in G2 with a check of the group after it.
            "engine/src/pairing/points.rs",
            // Multiples of points that are checked.
            "engine/src/pairing/scaling.rs",
            // A product that was reduced below the modulus.
            "engine/src/poseidon2/mod.rs",
            // Only beside a check that the point is in its group.
            "interop/src/point.rs",
        ],
    ),
    (
        "bytes_mod_order(",
        &[
            // Its tests alone, of nodes that it wrote.
            "authority/src/commitment/tree.rs",
            // Fewer bits than r has: 248 of a digest, 31 bytes, an id of 31 characters, a tag.
            "claims/src/digest.rs",
            "claims/src/hash.rs",
            "claims/src/holder.rs",
            "claims/src/subject.rs",
            // Inputs that it makes up.
            "fuzz/src/targets/keys.rs",
        ],
    ),
];

#[test]
fn nothing_of_ours_reads_around_a_check() {
    let shipped = |path: &&String| path.contains("src/") && !path.contains("tests");
    let all = sources();
    let files: Vec<&String> = all.iter().filter(shipped).collect();
    assert!(files.len() > 100, "{} sources", files.len());
    for (way, allowed) in WAYS {
        let goes = |path: &&&String| {
            let text = std::fs::read_to_string(root().join(path)).unwrap();
            text.lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                code.contains(way)
            })
        };
        let mut found: Vec<&str> = files
            .iter()
            .filter(goes)
            .map(|path| path.as_str())
            .collect();
        found.sort_unstable();
        assert_eq!(found, allowed, "`{way}`");
    }
}

#[test]
fn the_naive_reader_takes_a_point_of_no_group() {
    let x = ark_bn254::Fq2::new(5.into(), 0.into());
    let strays = (0..20u64).filter_map(|i| {
        let x = x + ark_bn254::Fq2::new(i.into(), 1.into());
        G2Affine::get_point_from_x_unchecked(x, false)
    });
    let mut strays = strays.filter(|point| !point.is_in_correct_subgroup_assuming_on_curve());
    let stray = strays.next().unwrap();
    let mut bytes = Vec::new();
    stray.serialize_compressed(&mut bytes).unwrap();
    let read = |validate| G2Affine::deserialize_with_mode(&bytes[..], Compress::Yes, validate);
    assert_eq!(read(Validate::No).unwrap(), stray, "the attack works");
    assert!(read(Validate::Yes).is_err());
}
