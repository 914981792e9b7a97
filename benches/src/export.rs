//! Our circuits, keys and proofs as files of circom and snarkjs.

use ark_relations::gr1cs::SynthesisError;
use ark_serialize::{CanonicalDeserialize, SerializationError};
use taxproof_circuits::{Matrices, StatementCircuit, StatementError, Symbols, assign, matrices};
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::key::{KeyFileError, KeyHeader, KeyKind};
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_interop::r1cs::R1cs;
use taxproof_interop::zkey::Zkey;
use taxproof_interop::{FormatError, SnarkjsCurve, proof, public, symbols, verification_key, wtns};
use taxproof_prover::curve::ProvingCurve;
use taxproof_prover::prover::{ProveError, Prover};
use taxproof_prover::proving_key::{ProvingKey, ProvingKeyError, verifying_key_bytes};
use taxproof_verifier::key::{Admission, AdmittedKey, KeyRefused};

use crate::claim::{Claim, PrepareError};

/// A file to be written.
#[derive(Clone)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub contents: Vec<u8>,
    /// Whether that must stay with its owner.
    pub secret: bool,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({}, {} bytes)", self.name, self.contents.len())
    }
}

impl File {
    fn open(name: &'static str, contents: impl Into<Vec<u8>>) -> Self {
        Self {
            name,
            contents: contents.into(),
            secret: false,
        }
    }
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The proving key was refused.
    #[error(transparent)]
    Key(#[from] ProvingKeyError),
    /// A bank would refuse its verifying key.
    #[error(transparent)]
    Verifying(#[from] KeyRefused),
    /// The format cannot hold it.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// There is no proof.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// Public inputs and witness make no statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The circuit could not be evaluated: a mistake in this software.
    #[error("the circuit could not be evaluated")]
    Synthesis(#[from] SynthesisError),
    /// The prover's own proof cannot be read: a mistake in this software.
    #[error("the proof could not be read")]
    Proof(#[from] SerializationError),
    /// The policy cannot be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
}

impl From<KeyFileError> for ExportError {
    fn from(error: KeyFileError) -> Self {
        ProvingKeyError::from(error).into()
    }
}

/// A circuit and a key, ready to be exported.
#[derive(Debug)]
pub struct Export<E: ProvingCurve> {
    matrices: Matrices<E::ScalarField>,
    key: ProvingKey<E>,
    prover: Prover<E>,
    admitted: AdmittedKey<E>,
}

impl<E: ProvingCurve + SnarkjsCurve> Export<E>
where
    E::ScalarField: Poseidon2Field,
{
    /// Reads and checks a proving key's file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(key_file: &[u8]) -> Result<Self, ExportError> {
        let (header, _) = KeyHeader::open(key_file, KeyKind::Proving, E::CURVE)?;
        let matrices = matrices(header.shape);
        let (key, admission) = ProvingKey::admit(key_file, &matrices)?;
        Ok(Self {
            admitted: admit(&key)?,
            prover: Prover::load_admitted(key_file, admission)?,
            matrices,
            key,
        })
    }

    /// The constraints, the wires' names, the proving key and the verifying key. The key takes
    /// seconds.
    ///
    /// # Errors
    /// The format cannot hold them.
    pub fn circuit(&self) -> Result<Vec<File>, ExportError> {
        let Matrices { abc, instance, .. } = &self.matrices;
        let names = Symbols::new(self.key.header().shape, &self.matrices);
        let wires = names.names.len() + 1;
        let circuit = R1cs::new(abc.clone(), *instance, names.private_inputs, wires);
        let zkey = Zkey::new(self.key.key(), [&abc[0], &abc[1]])?;
        let key = verification_key::write(&self.key.key().vk);
        Ok(vec![
            File::open("circuit.r1cs", circuit.write()),
            File::open(
                "circuit.sym",
                symbols::write(&symbols::of_wires(names.names)),
            ),
            File::open("circuit.zkey", zkey.write()),
            File::open("verification_key.json", key),
        ])
    }

    /// A claim's witness, its public inputs and a proof; and the verifying key of its policy alone
    /// with the inputs that this leaves open, under which the same proof verifies.
    ///
    /// # Errors
    /// The claim is false, or for another shape.
    pub fn claim(&self, claim: &Claim<E::ScalarField>) -> Result<Vec<File>, ExportError> {
        let circuit = StatementCircuit::new(claim.public.clone(), claim.witness.clone())?;
        let assignment = assign(&circuit)?;
        let proven = self.prover.prove(&claim.public, &claim.witness)?;
        let made = ark_groth16::Proof::<E>::deserialize_compressed(&proven.proof[..])?;
        let (policy_key, policy_inputs) = claim.prepare(&self.admitted)?;
        Ok(vec![
            File {
                secret: true,
                ..File::open("witness.wtns", wtns::write(&assignment.full()))
            },
            File::open("public.json", public::write(&assignment.instance[1..])),
            File::open("proof.json", proof::write(&made)),
            File::open(
                "policy_verification_key.json",
                verification_key::write(&policy_key),
            ),
            File::open("policy_public.json", public::write(&policy_inputs)),
        ])
    }
}

/// The bank's view of a proving key: its verifying key, admitted whatever its provenance.
fn admit<E: NamedPairing>(key: &ProvingKey<E>) -> Result<AdmittedKey<E>, KeyRefused> {
    let body = verifying_key_bytes(&key.key().vk);
    let header = KeyHeader {
        kind: KeyKind::Verifying,
        body: KeyHeader::body_digest(&body),
        body_length: body.len() as u64,
        ..key.header().clone()
    };
    let admission = Admission {
        allow_dev: true,
        ceremony_keys: vec![header.fingerprint],
    };
    AdmittedKey::open(&[header.encode(), body].concat(), &admission)
}
