//! Proving: public inputs and a witness to a proof that has been verified.

use std::time::{Duration, Instant};

use ark_ff::UniformRand as _;
use ark_groth16::{Groth16, PreparedVerifyingKey, Proof, prepare_verifying_key};
use ark_serialize::{CanonicalSerialize as _, Valid as _};
use rand::rngs::OsRng;
use taxproof_circuits::{Assignment, Matrices, StatementCircuit, StatementError, assign, matrices};
use taxproof_claims::digest::Digest;
use taxproof_claims::key::{KeyFileError, KeyFingerprint, KeyHeader, KeyKind};
use taxproof_claims::statement::{PublicInputs, Witness};
use zeroize::Zeroizing;

use crate::curve::ProvingCurve;
use crate::proving_key::{Admission, ProvingKey, ProvingKeyError, verifying_key_bytes};

/// A proving key and the circuit that it is for.
#[derive(Debug)]
pub struct Prover<E: ProvingCurve> {
    header: KeyHeader,
    engine: E::Engine,
    verifying: PreparedVerifyingKey<E>,
    kept: bool,
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The policy is for another shape than the key.
    #[error("the policy is for {found}, the key is for {expected}")]
    Shape {
        /// The key's.
        expected: &'static str,
        /// The policy's.
        found: &'static str,
    },
    /// Public inputs and witness make no statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The statement is false: record, secrets and path do not give these public inputs.
    #[error("the statement does not hold: its clause `{0}` is violated")]
    Unsatisfied(&'static str),
    /// A proof of a true statement does not verify: the key is not for this circuit.
    #[error("the proof does not verify: the proving key is unfit; get it again")]
    Key,
    /// arkworks refused the circuit: a mistake in this software.
    #[error("the circuit could not be evaluated")]
    Synthesis,
}

/// A step of proving, for whoever shows progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The circuit's wires are computed.
    Witness,
    /// The proof is computed.
    Proof,
    /// The proof is verified.
    Verification,
}

/// How long each step took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// [`Step::Witness`].
    pub witness: Duration,
    /// [`Step::Proof`].
    pub proof: Duration,
    /// [`Step::Verification`].
    pub verification: Duration,
}

/// A proof that has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// A, B, C compressed: 128 bytes on BN254, 192 on BLS12-381.
    pub proof: Vec<u8>,
    /// How long it took.
    pub timings: Timings,
}

impl<E: ProvingCurve> Prover<E> {
    /// Reads and checks a proving key's file: see [`ProvingKey::admit`].
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn admit(file: &[u8]) -> Result<(Self, Admission), ProvingKeyError> {
        let (header, _) = KeyHeader::open(file, KeyKind::Proving, E::CURVE)?;
        let matrices = matrices(header.shape);
        if Digest(matrices.digest()) != header.circuit {
            let KeyHeader {
                version,
                shape,
                curve,
                ..
            } = header;
            return Err(KeyFileError::Circuit {
                version,
                shape,
                curve,
            }
            .into());
        }
        let (key, admission) = ProvingKey::admit(file, &matrices)?;
        Ok((Self::of_key(key, matrices)?, admission))
    }

    /// Reads a file that was admitted before: see [`ProvingKey::load_admitted`].
    ///
    /// # Errors
    /// The file is another than the admitted one.
    pub fn load_admitted(file: &[u8], admission: Admission) -> Result<Self, ProvingKeyError> {
        let (header, _) = KeyHeader::peek(file)?;
        let matrices = matrices(header.shape);
        let key = ProvingKey::load_admitted(file, &matrices, admission)?;
        Self::of_key(key, matrices)
    }

    /// Makes a prover of a kept engine and the header of the key that it was made of.
    pub(crate) fn of_kept(header: KeyHeader, engine: E::Engine) -> Option<Self> {
        let key = verifying_key_bytes(E::verifying_key(&engine));
        (KeyFingerprint::of(&key) == header.fingerprint).then(|| Self {
            kept: true,
            ..Self::new(header, engine)
        })
    }

    /// Whether it is from a file of the wallet.
    pub(crate) const fn is_kept(&self) -> bool {
        self.kept
    }

    pub(crate) const fn engine(&self) -> &E::Engine {
        &self.engine
    }

    fn of_key(
        key: ProvingKey<E>,
        matrices: Matrices<E::ScalarField>,
    ) -> Result<Self, ProvingKeyError> {
        let (header, key) = key.into_parts();
        let engine = E::engine(key, matrices).ok_or(ProvingKeyError::Weak("it is too large"))?;
        Ok(Self::new(header, engine))
    }

    fn new(header: KeyHeader, engine: E::Engine) -> Self {
        let verifying = prepare_verifying_key(E::verifying_key(&engine));
        Self {
            header,
            engine,
            verifying,
            kept: false,
        }
    }

    /// What the key's file says.
    pub const fn header(&self) -> &KeyHeader {
        &self.header
    }

    /// Proves, and verifies the proof.
    ///
    /// # Errors
    /// The statement is false, or key and circuit do not fit.
    pub fn prove(
        &self,
        public: &PublicInputs<E::ScalarField>,
        witness: &Witness<E::ScalarField>,
    ) -> Result<Proven, ProveError> {
        self.prove_in_steps(public, witness, |_| ())
    }

    /// As [`Self::prove`], telling when each step begins.
    ///
    /// # Errors
    /// As [`Self::prove`].
    pub fn prove_in_steps(
        &self,
        public: &PublicInputs<E::ScalarField>,
        witness: &Witness<E::ScalarField>,
        mut begins: impl FnMut(Step),
    ) -> Result<Proven, ProveError> {
        let (expected, found) = (self.header().shape.name, public.numbers.shape.name);
        if expected != found {
            return Err(ProveError::Shape { expected, found });
        }
        begins(Step::Witness);
        let start = Instant::now();
        let circuit = StatementCircuit::new(public.clone(), witness.clone())?;
        let assignment = assign(&circuit).map_err(|_| ProveError::Synthesis)?;
        let witness_time = start.elapsed();

        begins(Step::Proof);
        let start = Instant::now();
        let proof = self.compute(&assignment)?;
        let proof_time = start.elapsed();

        begins(Step::Verification);
        let start = Instant::now();
        self.verify(&proof, &assignment)?;
        let timings = Timings {
            witness: witness_time,
            proof: proof_time,
            verification: start.elapsed(),
        };
        let mut bytes = Vec::new();
        proof
            .serialize_compressed(&mut bytes)
            .map_err(|_| ProveError::Synthesis)?;
        Ok(Proven {
            proof: bytes,
            timings,
        })
    }

    fn compute(&self, assignment: &Assignment<E::ScalarField>) -> Result<Proof<E>, ProveError> {
        let blinding = Zeroizing::new([(); 2].map(|()| E::ScalarField::rand(&mut OsRng)));
        E::prove(&self.engine, &assignment.full(), *blinding).ok_or(ProveError::Synthesis)
    }

    /// The rows are made and looked at only where the proof does not verify: to say whose fault it
    /// is.
    fn verify(
        &self,
        proof: &Proof<E>,
        assignment: &Assignment<E::ScalarField>,
    ) -> Result<(), ProveError> {
        let inputs = &assignment.instance[1..];
        let verifies = proof.check().is_ok()
            && Groth16::<E>::verify_proof(&self.verifying, proof, inputs) == Ok(true);
        if verifies {
            return Ok(());
        }
        match matrices(self.header.shape).violated(assignment) {
            Some(clause) => Err(ProveError::Unsatisfied(clause)),
            None => Err(ProveError::Key),
        }
    }
}
