//! Files that circom, snarkjs and rapidsnark's authors made.

use ark_bn254::{Bn254, Fr};
use taxproof_interop::r1cs::R1cs;
use taxproof_interop::zkey::Zkey;
use taxproof_interop::{proof, public, verification_key, wtns};

use crate::fixture::{prove, vector, vector_text, verifies};

#[test]
fn circoms_witness_satisfies_circoms_constraints() {
    let (Some(circuit), Some(witness)) = (
        vector("snarkjs_circuit.r1cs"),
        vector("snarkjs_witness.wtns"),
    ) else {
        return;
    };
    let circuit = R1cs::<Fr>::read::<Bn254>(&circuit).unwrap();
    let mut assignment = wtns::read::<Bn254>(&witness).unwrap();
    assert_eq!(circuit.violated(&assignment), None);
    assert_eq!(R1cs::read::<Bn254>(&circuit.write()).unwrap(), circuit);
    assert_eq!(wtns::write(&assignment), witness);
    assignment[circuit.instance()] += Fr::from(1u64);
    assert!(circuit.violated(&assignment).is_some());
}

/// A key of snarkjs proves in arkworks, for snarkjs' verifying key.
#[test]
fn snarkjs_key_proves_in_arkworks() {
    let (Some(zkey), Some(circuit), Some(witness), Some(key)) = (
        vector("rapidsnark_circuit_final.zkey"),
        vector("snarkjs_circuit.r1cs"),
        vector("rapidsnark_witness.wtns"),
        vector_text("rapidsnark_verification_key.json"),
    ) else {
        return;
    };
    let zkey = Zkey::<Bn254>::read(&zkey).unwrap();
    let circuit = R1cs::<Fr>::read::<Bn254>(&circuit).unwrap();
    let assignment = wtns::read::<Bn254>(&witness).unwrap();
    let key = verification_key::read::<Bn254>(&key).unwrap();
    assert_eq!(zkey.verifying_key(), &key);

    let contents = zkey.contents().unwrap();
    let rows = circuit.abc[..2].iter().zip(&contents.ab);
    let sorted = |row: &Vec<(Fr, usize)>| {
        let mut row = row.clone();
        row.sort_by_key(|term| term.1);
        row
    };
    for (expected, found) in rows {
        let [expected, found] = [expected, found].map(|m| m.iter().map(sorted).collect::<Vec<_>>());
        assert_eq!(expected, found);
    }
    let proof = prove(&contents.key, &circuit.abc, &assignment);
    let inputs = &assignment[1..circuit.instance()];
    assert!(verifies(&key, inputs, &proof));

    // The way back gives the key that was read, but for the point that arkworks has not.
    let again = Zkey::new(&contents.key, contents.ab.each_ref()).unwrap();
    assert_eq!(again.contents().unwrap().key, contents.key);
}

#[test]
fn snarkjs_keys_are_read_and_written_alike() {
    for name in ["rapidsnark_circuit_final.zkey", "circom-compat_test.zkey"] {
        let Some(file) = vector(name) else { return };
        let zkey = Zkey::<Bn254>::read(&file).unwrap();
        let written = zkey.write();
        assert_eq!(written.len(), file.len(), "{name}");
        assert_eq!(Zkey::<Bn254>::read(&written).unwrap(), zkey, "{name}");
    }
}

#[test]
fn circom_compats_constraints_are_read() {
    let Some(file) = vector("circom-compat_mycircuit.r1cs") else {
        return;
    };
    let circuit = R1cs::<Fr>::read::<Bn254>(&file).unwrap();
    assert_eq!(circuit.abc[0].len(), 1);
    assert_eq!((circuit.instance(), circuit.wires()), (2, 4));
}

#[test]
fn snarkjs_proof_verifies() {
    let folder = "snarkjs-rapidsnark-circuit";
    let at = |file: &str| vector_text(&format!("{folder}/{file}.json"));
    let (Some(key), Some(made), Some(inputs)) = (at("verification_key"), at("proof"), at("public"))
    else {
        return;
    };
    let key = verification_key::read::<Bn254>(&key).unwrap();
    let made = proof::read::<Bn254>(&made).unwrap();
    let inputs = public::read::<Fr>(&inputs).unwrap();
    assert!(verifies(&key, &inputs, &made));
}
