//! Damaged files: each is refused, or read as what it then says. Nothing panics.

use ark_bls12_381::Bls12_381;
use ark_bn254::{Bn254, Fr};
use proptest::prelude::*;
use taxproof_interop::r1cs::R1cs;
use taxproof_interop::zkey::Zkey;
use taxproof_interop::{SnarkjsCurve, wtns};

use crate::fixture::Fixture;

/// Cuts a file everywhere, adds to it, and flips every `step`-th bit. `again` reads and writes.
fn survives(file: &[u8], step: usize, again: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    assert!(again(file).as_deref() == Some(file));
    for cut in 0..file.len() {
        assert_eq!(again(&file[..cut]), None, "cut at {cut}");
    }
    assert_eq!(again(&[file, &[0]].concat()), None);
    let mut flipped = file.to_vec();
    let mut refused = 0;
    for bit in (0..8 * file.len()).step_by(step) {
        flipped[bit / 8] ^= 1 << (bit % 8);
        match again(&flipped) {
            Some(written) => assert_eq!(written, flipped, "bit {bit}"),
            None => refused += 1,
        }
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(refused > 0);
}

fn binary_files<E: SnarkjsCurve>() {
    let fixture = Fixture::<E>::new(2, 4);
    survives(&fixture.r1cs().write(), 1, |file| {
        Some(R1cs::read::<E>(file).ok()?.write())
    });
    survives(&wtns::write(&fixture.assignment), 1, |file| {
        Some(wtns::write(&wtns::read::<E>(file).ok()?))
    });
    let zkey = Zkey::new(&fixture.key, fixture.ab()).unwrap();
    survives(&zkey.write(), 41, |file| {
        Some(Zkey::<E>::read(file).ok()?.write())
    });
}

#[test]
fn damaged_files_over_bn254_are_refused_or_say_so() {
    binary_files::<Bn254>();
}

#[test]
fn damaged_files_over_bls12_381_are_refused_or_say_so() {
    binary_files::<Bls12_381>();
}

/// A container that promises more than any memory holds.
#[test]
fn promises_are_not_believed() {
    for name in ["r1cs", "wtns", "zkey"] {
        let mut file = name.as_bytes().to_vec();
        file.extend([if name == "wtns" { 2 } else { 1 }, 0, 0, 0]);
        file.extend([0xff; 4]);
        file.extend([1, 0, 0, 0]);
        file.extend([0xff; 64]);
        assert!(R1cs::<Fr>::read::<Bn254>(&file).is_err());
        assert!(wtns::read::<Bn254>(&file).is_err());
        assert!(Zkey::<Bn254>::read(&file).is_err());
    }
}

/// A header that promises 2^32 - 1 empty rows, and a section that has two.
#[test]
fn rows_are_not_counted_before_they_are_read() {
    let fixture = Fixture::<Bn254>::new(1, 2);
    let mut file = fixture.r1cs().write();
    let rows = 24 + 4 + 32 + 16 + 8;
    file[rows..rows + 4].fill(0xff);
    assert!(R1cs::<Fr>::read::<Bn254>(&file).is_err());
}

proptest! {
    #[test]
    fn circuits_of_any_matrices_round_trip(
        rows in proptest::collection::vec(
            proptest::array::uniform3(proptest::collection::btree_map(0..9usize, any::<i64>(), 0..5)),
            0..12,
        ),
        outputs in 0..3u32,
    ) {
        let matrix = |m: usize| {
            let row = |row: &[std::collections::BTreeMap<usize, i64>; 3]| {
                row[m].iter().map(|(&wire, &value)| (Fr::from(value), wire)).collect()
            };
            rows.iter().map(row).collect()
        };
        let circuit = R1cs {
            outputs,
            inputs: 2,
            private_inputs: 3,
            abc: [matrix(0), matrix(1), matrix(2)],
            labels: (0..9).map(|wire| 2 * wire).collect(),
            label_count: 40,
        };
        prop_assert_eq!(R1cs::read::<Bn254>(&circuit.write()), Ok(circuit));
    }

    #[test]
    fn garbage_is_refused(garbage in proptest::collection::vec(any::<u8>(), 0..200), name in 0..3usize) {
        let name = ["r1cs", "wtns", "zkey"][name];
        let file = [name.as_bytes(), &garbage].concat();
        prop_assert!(R1cs::<Fr>::read::<Bn254>(&file).is_err());
        prop_assert!(wtns::read::<Bn254>(&file).is_err());
        prop_assert!(Zkey::<Bn254>::read(&file).is_err());
    }
}

#[test]
fn wires_named_twice_are_refused() {
    let one = Fr::from(1u64);
    let twice = R1cs {
        abc: [vec![vec![(one, 1), (one, 1)]], vec![vec![]], vec![vec![]]],
        ..R1cs::new([vec![], vec![], vec![]], 1, 0, 2)
    };
    assert!(R1cs::<Fr>::read::<Bn254>(&twice.write()).is_err());
    let merged = R1cs::new(twice.abc, 1, 0, 2);
    assert_eq!(merged.abc[0], [[(one + one, 1)]]);
    assert!(R1cs::<Fr>::read::<Bn254>(&merged.write()).is_ok());
}

#[test]
fn a_witness_begins_with_one() {
    let file = wtns::write(&[Fr::from(2u64), Fr::from(1u64)]);
    assert!(wtns::read::<Bn254>(&file).is_err());
    assert!(wtns::read::<Bn254>(&wtns::write::<Fr>(&[])).is_err());
}
