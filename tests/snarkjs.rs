//! snarkjs, which nobody here wrote, on our exported files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ff::{BigInteger, One, PrimeField};
use num_bigint::BigUint;
use taxproof_claims::curve::NamedPairing;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_interop::{SnarkjsCurve, proof, public, wtns};
use taxproof_verifier::key::{Admission, AdmittedKey};
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey};
use tempfile::TempDir;

/// The key that is reduced to what a policy leaves open, as exported.
const POLICY_KEY: &str = "policy_verification_key.json";

/// Where `npm ci` in `tests/snarkjs` puts it.
pub(crate) fn snarkjs() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snarkjs/node_modules");
    let script = root.join("snarkjs/build/cli.cjs");
    if script.exists() {
        return Some(script);
    }
    // The gate sets this: there, what is not run is an error.
    assert!(
        std::env::var_os("TAXPROOF_ALL_TOOLS").is_none(),
        "snarkjs is missing: run `npm ci` in tests/snarkjs"
    );
    eprintln!("NOT RUN: snarkjs is missing; `npm ci` in tests/snarkjs installs it");
    None
}

/// A curve of ours that snarkjs knows.
trait Judged: NamedPairing<ScalarField: Poseidon2Field> + SnarkjsCurve {}
impl Judged for Bn254 {}
impl Judged for Bls12_381 {}

/// A folder of exported files, and the tools for them.
struct Exported {
    folder: TempDir,
    snarkjs: PathBuf,
}

impl Exported {
    fn new(snarkjs: PathBuf, curve: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join(format!("Q16-{curve}.pk"));
        let exported = Self { folder, snarkjs };
        exported.taxproof(&format!("setup dev --shape Q16 --curve {curve} --out ."));
        let key = key.display();
        exported.taxproof(&format!(
            "research export --shape Q16 --curve {curve} --key {key} --out ."
        ));
        exported
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    fn taxproof(&self, arguments: &str) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_taxproof"))
            .args(arguments.split(' '))
            .current_dir(&self.folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
        output
    }

    /// Whether snarkjs succeeds, and what it says.
    fn snarkjs(&self, arguments: &str) -> (bool, String) {
        let output = Command::new("node")
            .arg(&self.snarkjs)
            .args(arguments.split(' '))
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), said)
    }

    fn snarkjs_verifies(&self, key: &str, public: &str, proof: &str) -> bool {
        let (succeeds, said) = self.snarkjs(&format!("groth16 verify {key} {public} {proof}"));
        assert!(!succeeds || said.contains("OK!"), "{said}");
        succeeds
    }

    /// Whether our verifier, through the admission of the key's file, accepts these files.
    fn we_verify<E: Judged>(&self, key: &AdmittedKey<E>, public: &str, proof: &str) -> bool {
        let accept = || {
            let inputs = public::read::<E::ScalarField>(&self.read(public)).ok()?;
            let proof = proof::read::<E>(&self.read(proof)).ok()?;
            let proof = CanonicalProof::from_points(&proof).ok()?;
            let all = vec![Input::Open; key.key().inputs()];
            let policy = ReducedKey::new(Arc::clone(key.key()), &all).ok()?;
            policy.verify(&proof, &inputs).ok()
        };
        accept().is_some()
    }

    fn admitted<E: Judged>(&self) -> AdmittedKey<E> {
        let file = self.path(&format!("Q16-{}.vk", E::CURVE));
        let file = std::fs::read(file).unwrap();
        let admission = Admission {
            allow_dev: true,
            ceremony_keys: Vec::new(),
        };
        AdmittedKey::open(&file, &admission).unwrap()
    }
}

/// Both take each other's files, and refuse alike.
fn take_each_other_s<E: Judged>(files: &Exported) {
    let (read, said) = files.snarkjs("r1cs info circuit.r1cs");
    assert!(read, "{said}");
    let constraints =
        taxproof_circuits::clauses::<E::ScalarField>(taxproof_claims::shape::Q16).constraints;
    assert!(
        said.contains(&format!("# of Constraints: {constraints}")),
        "{said}"
    );
    let (satisfied, said) = files.snarkjs("wtns check circuit.r1cs witness.wtns");
    assert!(satisfied && said.contains("WITNESS IS CORRECT"), "{said}");

    // Their key out of our key is the key that we export.
    let (exported, said) = files.snarkjs("zkey export verificationkey circuit.zkey theirs.json");
    assert!(exported, "{said}");
    let key = |name| -> serde_json::Value { serde_json::from_str(&files.read(name)).unwrap() };
    let (ours, theirs) = (key("verification_key.json"), key("theirs.json"));
    for (name, value) in ours.as_object().unwrap() {
        assert_eq!(theirs[name], *value, "{name}");
    }

    // Our proof, under both keys.
    assert!(files.snarkjs_verifies("verification_key.json", "public.json", "proof.json"));
    assert!(files.snarkjs_verifies(POLICY_KEY, "policy_public.json", "proof.json"));
    assert!(!files.snarkjs_verifies(POLICY_KEY, "public.json", "proof.json"));

    // Their proof, under ours.
    let (proven, said) =
        files.snarkjs("groth16 prove circuit.zkey witness.wtns their_proof.json their_public.json");
    assert!(proven, "{said}");
    let admitted = files.admitted::<E>();
    assert_eq!(key("their_public.json"), key("public.json"));
    assert!(files.we_verify(&admitted, "their_public.json", "their_proof.json"));
    assert!(files.we_verify(&admitted, "public.json", "proof.json"));
    assert!(files.snarkjs_verifies(POLICY_KEY, "policy_public.json", "their_proof.json"));

    refuse_alike(files, &admitted);
    a_false_witness_is_noticed::<E>(files);
}

#[test]
fn snarkjs_takes_our_files_and_we_take_its_proof() {
    let Some(snarkjs) = snarkjs() else { return };
    let files = Exported::new(snarkjs, "bn254");
    take_each_other_s::<Bn254>(&files);
    keys_come_back(&files);
}

#[test]
fn so_it_is_over_bls12_381() {
    let Some(snarkjs) = snarkjs() else { return };
    take_each_other_s::<Bls12_381>(&Exported::new(snarkjs, "bls12-381"));
}

/// What we refuse, snarkjs refuses.
fn refuse_alike<E: Judged>(files: &Exported, key: &AdmittedKey<E>) {
    let inputs: Vec<String> = serde_json::from_str(&files.read("public.json")).unwrap();
    let open: Vec<String> = serde_json::from_str(&files.read("policy_public.json")).unwrap();
    let proof: serde_json::Value = serde_json::from_str(&files.read("proof.json")).unwrap();
    let order = BigUint::from_bytes_be(&E::ScalarField::MODULUS.to_bytes_be());
    let number = |text: &String| text.parse::<BigUint>().unwrap();
    let mut cases = Vec::new();
    let mut inputs_case = |name, change: &dyn Fn(&mut Vec<String>)| {
        let mut changed = inputs.clone();
        change(&mut changed);
        cases.push((name, serde_json::json!(changed), proof.clone()));
    };
    inputs_case("another root", &|inputs| {
        inputs[2] = (number(&inputs[2]) + 1u8).to_string();
    });
    inputs_case("an aliased input", &|inputs| {
        inputs[3] = (number(&inputs[3]) + &order).to_string();
    });
    inputs_case("a number too many", &|inputs| inputs.push("1".to_owned()));
    inputs_case("no context", &|inputs| drop(inputs.remove(3)));
    let mut exchanged = proof.clone();
    exchanged["pi_a"] = proof["pi_c"].clone();
    cases.push(("C for A", serde_json::json!(inputs), exchanged));
    let mut off_curve = proof.clone();
    off_curve["pi_a"][0] = serde_json::json!("1");
    cases.push(("A off the curve", serde_json::json!(inputs), off_curve));

    for (name, public, proof) in cases {
        files.write("case_public.json", public.to_string());
        files.write("case_proof.json", proof.to_string());
        assert!(
            !files.we_verify(key, "case_public.json", "case_proof.json"),
            "{name}"
        );
        assert!(
            !files.snarkjs_verifies(
                "verification_key.json",
                "case_public.json",
                "case_proof.json"
            ),
            "{name}"
        );
    }

    // A lie in each input that a policy leaves open, under the policy's key.
    for place in 0..open.len() {
        let mut lie = open.clone();
        lie[place] = (number(&lie[place]) + 1u8).to_string();
        files.write("case_public.json", serde_json::json!(lie).to_string());
        let accepted = files.snarkjs_verifies(POLICY_KEY, "case_public.json", "proof.json");
        assert!(!accepted, "open input {place}");
    }
}

/// A wire that nobody declared free, changed.
fn a_false_witness_is_noticed<E: Judged>(files: &Exported) {
    let file = std::fs::read(files.path("witness.wtns")).unwrap();
    let mut values = wtns::read::<E>(&file).unwrap();
    *values.last_mut().unwrap() += E::ScalarField::one();
    files.write("false.wtns", wtns::write(&values));
    let (_, said) = files.snarkjs("wtns check circuit.r1cs false.wtns");
    assert!(!said.contains("WITNESS IS CORRECT"), "{said}");
}

/// Our key in snarkjs' form becomes our key again, and a key for another shape does not.
fn keys_come_back(files: &Exported) {
    files.taxproof("research import --shape Q16 --zkey circuit.zkey --out back");
    for name in ["Q16-bn254.pk", "Q16-bn254.vk"] {
        let [there, back] = [name.to_owned(), format!("back/{name}")];
        let [there, back] = [there, back].map(|name| std::fs::read(files.path(&name)).unwrap());
        assert!(there == back, "{name}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_taxproof"))
        .args("research import --shape Q16S --zkey circuit.zkey --out other".split(' '))
        .current_dir(&files.folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("another circuit"),
        "{said}"
    );
}
