//! The files of circom and snarkjs, over both curves.

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use taxproof_interop::r1cs::R1cs as Circuit;
use taxproof_interop::zkey::Zkey;
use taxproof_interop::{SnarkjsCurve, proof, public, symbols, verification_key, wtns};

use crate::Target;
use crate::fixture::{SmallCurve, small};
use crate::input::text;
use crate::property::{canonical, settled};

/// A function of a curve on an input, over both curves.
macro_rules! on_both {
    ($of_curve:ident) => {
        |bytes| {
            $of_curve::<Bn254>(bytes);
            $of_curve::<Bls12_381>(bytes);
        }
    };
}

/// Seeds of a curve, for both curves.
macro_rules! of_both {
    ($of_curve:ident) => {
        || vec![$of_curve::<Bn254>(), $of_curve::<Bls12_381>()]
    };
}

pub(super) const R1CS: Target = Target::new("r1cs", on_both!(read_r1cs), of_both!(r1cs));

fn read_r1cs<E: SnarkjsCurve + SmallCurve>(bytes: &[u8]) {
    let circuit = canonical(bytes, Circuit::<E::ScalarField>::read::<E>, Circuit::write);
    if let Some(circuit) = circuit {
        circuit.violated(&small::<E>().assignment);
        if circuit.wires() < 1 << 10 {
            circuit.violated(&vec![E::ScalarField::from(2u64); circuit.wires()]);
        }
    }
}

fn r1cs<E: SnarkjsCurve + SmallCurve>() -> Vec<u8> {
    let small = small::<E>();
    let wires = small.assignment.len();
    Circuit::new(small.matrices.clone(), small.instance(), 1, wires).write()
}

pub(super) const WTNS: Target = Target::new("wtns", on_both!(read_wtns), of_both!(witness));

fn read_wtns<E: SnarkjsCurve>(bytes: &[u8]) {
    canonical(bytes, wtns::read::<E>, |assignment| wtns::write(assignment));
}

fn witness<E: SmallCurve>() -> Vec<u8> {
    wtns::write(&small::<E>().assignment)
}

pub(super) const SYMBOLS: Target = Target::new(
    "symbols",
    |bytes| {
        let read = |bytes: &[u8]| symbols::read(text(bytes));
        let whole = text(bytes);
        canonical(whole.as_bytes(), read, |symbols| {
            symbols::write(symbols).into_bytes()
        });
    },
    || {
        let names = ["main.one", "main.a", "main.part.b", "c"].map(str::to_owned);
        vec![
            symbols::write(&symbols::of_wires(names)).into_bytes(),
            b"1,-1,0,main.x\n".to_vec(),
        ]
    },
);

pub(super) const ZKEY: Target =
    Target::new("zkey", on_both!(read_zkey), of_both!(zkey)).mutations(700);

fn read_zkey<E: SnarkjsCurve>(bytes: &[u8]) {
    let Some(zkey) = canonical(bytes, Zkey::<E>::read, Zkey::write) else {
        return;
    };
    // From here on it takes milliseconds for each element of the domain.
    if bytes.len() < SMALL_ZKEY
        && let Ok(contents) = zkey.contents()
    {
        let [a, b] = &contents.ab;
        let again = Zkey::new(&contents.key, [a, b]);
        assert!(
            again.is_ok_and(|again| again.contents().is_ok()),
            "a key that does not fit itself"
        );
    }
}

/// Bytes of a `.zkey` file with a domain of some dozens.
const SMALL_ZKEY: usize = 8 << 10;

fn zkey<E: SnarkjsCurve + SmallCurve>() -> Vec<u8> {
    let small = small::<E>();
    let [a, b, _] = &small.matrices;
    let zkey = Zkey::new(&small.key, [a, b]);
    zkey.expect("key and matrices are of one circuit").write()
}

pub(super) const VERIFICATION_KEY: Target = Target::new(
    "snarkjs_verification_key",
    on_both!(read_verification_key),
    of_both!(written_verification_key),
)
.mutations(1000);

fn read_verification_key<E: SnarkjsCurve>(bytes: &[u8]) {
    settled(
        text(bytes),
        verification_key::read::<E>,
        verification_key::write,
    );
}

fn written_verification_key<E: SnarkjsCurve + SmallCurve>() -> Vec<u8> {
    verification_key::write(&small::<E>().key.vk).into_bytes()
}

pub(super) const PROOF: Target = Target::new(
    "snarkjs_proof",
    on_both!(read_proof),
    of_both!(written_proof),
)
.mutations(1500);

fn read_proof<E: SnarkjsCurve>(bytes: &[u8]) {
    settled(text(bytes), proof::read::<E>, proof::write);
}

fn written_proof<E: SnarkjsCurve + SmallCurve>() -> Vec<u8> {
    proof::write(&small::<E>().proof).into_bytes()
}

pub(super) const PUBLIC: Target = Target::new(
    "snarkjs_public",
    on_both!(read_public),
    of_both!(written_public),
);

fn read_public<E: SnarkjsCurve>(bytes: &[u8]) {
    settled(text(bytes), public::read::<E::ScalarField>, |inputs| {
        public::write(inputs)
    });
}

fn written_public<E: SmallCurve>() -> Vec<u8> {
    public::write(small::<E>().inputs()).into_bytes()
}
