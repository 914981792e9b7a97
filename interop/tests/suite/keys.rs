//! Keys keep their meaning on the way to snarkjs' form and back.

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use taxproof_interop::zkey::Zkey;
use taxproof_interop::{FormatError, SnarkjsCurve};

use crate::fixture::{Fixture, prove, verifies};

fn round_trips<E: SnarkjsCurve>() {
    // Domains that public wires fill to the last row, and just overflow.
    for (inputs, constraints) in [(0, 1), (1, 2), (2, 5), (2, 6), (5, 40)] {
        let fixture = Fixture::<E>::new(inputs, constraints);
        let zkey = Zkey::new(&fixture.key, fixture.ab()).unwrap();
        let file = zkey.write();
        let read = Zkey::<E>::read(&file).unwrap();
        assert_eq!(read, zkey);
        assert_eq!(read.write(), file);
        assert_eq!(read.verifying_key(), &fixture.key.vk);
        let contents = read.contents().unwrap();
        assert_eq!(contents.key, fixture.key);
        assert_eq!(contents.ab.each_ref(), fixture.ab());

        // C is not in the file, and not needed: C·z is A·z ∘ B·z.
        let proof = prove(&contents.key, &fixture.matrices, &fixture.assignment);
        assert!(verifies(read.verifying_key(), fixture.inputs(), &proof));
    }
}

#[test]
fn keys_round_trip_over_bn254() {
    round_trips::<Bn254>();
}

#[test]
fn keys_round_trip_over_bls12_381() {
    round_trips::<Bls12_381>();
}

#[test]
fn a_key_of_another_curve_is_refused() {
    let fixture = Fixture::<Bn254>::new(1, 3);
    let file = Zkey::new(&fixture.key, fixture.ab()).unwrap().write();
    let refused = Zkey::<Bls12_381>::read(&file).unwrap_err();
    assert_eq!(refused, FormatError::Curve("bls12381"));
}

#[test]
fn matrices_of_another_circuit_are_refused() {
    let (one, other) = (Fixture::<Bn254>::new(1, 3), Fixture::<Bn254>::new(1, 9));
    assert!(Zkey::new(&one.key, other.ab()).is_err());
    assert!(Zkey::new(&other.key, one.ab()).is_err());
    let [a, _] = one.ab();
    assert!(Zkey::new(&one.key, [a, &a[1..].to_vec()]).is_err());
}
