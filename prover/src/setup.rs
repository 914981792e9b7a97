//! Making keys for development.
//!
//! # Caution!
//! Whoever runs this could keep the trapdoor and forge proofs, so the keys say `dev`, and a bank's
//! service refuses them unless told otherwise. The randomness comes from the operating system, no
//! seed stands anywhere, and nothing of it is written. arkworks offers no way to erase the trapdoor
//! and the scalars computed from it from the memory of this process: end it when the files are
//! written.

use ark_groth16::Groth16;
use ark_relations::gr1cs::SynthesisError;
use rand::rngs::OsRng;
use taxproof_circuits::{Matrices, StatementCircuit, matrices};
use taxproof_claims::curve::{Curve, NamedPairing};
use taxproof_claims::digest::Digest;
use taxproof_claims::key::{CircuitVersion, KeyFingerprint, KeyHeader, KeyKind, Provenance};
use taxproof_claims::shape::Shape;
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::proving_key::{ProvingKey, ProvingKeyError, verifying_key_bytes, write_body};

/// Both files of a key, as bytes.
#[derive(Clone)]
pub struct KeyFiles {
    /// The enterprises' file.
    pub proving: Vec<u8>,
    /// The banks' file.
    pub verifying: Vec<u8>,
    /// What names the key.
    pub fingerprint: KeyFingerprint,
}

impl std::fmt::Debug for KeyFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFiles({})", self.fingerprint)
    }
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The version has no such circuit, or this software's circuit is not the pinned one.
    #[error("the circuit of {shape} over {curve} is not the one that version {version} pins")]
    NotPinned {
        /// As asked.
        version: CircuitVersion,
        /// As asked.
        shape: Shape,
        /// As asked.
        curve: Curve,
    },
    /// The circuit could not be built: a mistake in this software.
    #[error("the circuit could not be built")]
    Synthesis(#[from] SynthesisError),
    /// The new key did not pass the check that every key passes: make another.
    #[error("the new key was refused")]
    Refused(#[from] ProvingKeyError),
}

impl KeyFiles {
    /// Both files of a key of arkworks, checked as every key is.
    ///
    /// # What is not checked
    /// The provenance, and that the key is for the circuit: a proof under it that verifies shows
    /// that.
    ///
    /// # Errors
    /// The version does not pin the circuit, or the key is weak.
    pub fn new<E: NamedPairing>(
        key: &ark_groth16::ProvingKey<E>,
        version: CircuitVersion,
        shape: Shape,
        provenance: Provenance,
    ) -> Result<Self, SetupError>
    where
        E::ScalarField: Poseidon2Field,
    {
        let matrices = pinned::<E>(version, shape)?;
        let verifying = verifying_key_bytes(&key.vk);
        let fingerprint = KeyFingerprint::of(&verifying);
        let file = |kind, body: Vec<u8>| {
            let header = KeyHeader {
                kind,
                version,
                curve: E::CURVE,
                shape,
                circuit: Digest(matrices.digest()),
                provenance,
                fingerprint,
                body: KeyHeader::body_digest(&body),
                body_length: body.len() as u64,
            };
            [header.encode(), body].concat()
        };
        let files = Self {
            proving: file(KeyKind::Proving, write_body(key)),
            verifying: file(KeyKind::Verifying, verifying),
            fingerprint,
        };
        ProvingKey::<E>::admit(&files.proving, &matrices)?;
        Ok(files)
    }
}

/// Makes a key for development: see this module's caution.
///
/// # Errors
/// The version does not pin this circuit, or arkworks refuses it.
pub fn dev<E: NamedPairing>(version: CircuitVersion, shape: Shape) -> Result<KeyFiles, SetupError>
where
    E::ScalarField: Poseidon2Field,
{
    pinned::<E>(version, shape)?;
    let key = Groth16::<E>::generate_random_parameters_with_reduction(
        StatementCircuit::blank(shape),
        &mut OsRng,
    )?;
    KeyFiles::new(&key, version, shape, Provenance::Dev)
}

/// The shape's matrices, if the version pins them.
fn pinned<E: NamedPairing>(
    version: CircuitVersion,
    shape: Shape,
) -> Result<Matrices<E::ScalarField>, SetupError>
where
    E::ScalarField: Poseidon2Field,
{
    let matrices = matrices::<E::ScalarField>(shape);
    if version.pinned_digest(shape, E::CURVE) == Some(Digest(matrices.digest())) {
        return Ok(matrices);
    }
    let curve = E::CURVE;
    Err(SetupError::NotPinned {
        version,
        shape,
        curve,
    })
}
