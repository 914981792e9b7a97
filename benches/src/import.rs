//! Key files made of a `.zkey` for one of our circuits.

use ark_ff::PrimeField;
use ark_relations::utils::matrix::Matrix;
use rand::rngs::OsRng;
use taxproof_circuits::matrices;
use taxproof_claims::key::{CircuitVersion, Provenance};
use taxproof_claims::shape::Shape;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_interop::r1cs::R1cs;
use taxproof_interop::zkey::{Contents, Zkey};
use taxproof_interop::{FormatError, SnarkjsCurve};
use taxproof_prover::curve::ProvingCurve;
use taxproof_prover::prover::{ProveError, Prover};
use taxproof_prover::proving_key::ProvingKeyError;
use taxproof_prover::setup::{KeyFiles, SetupError};

use crate::claim::{Claim, ClaimError};

/// Why a `.zkey` was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file is none, or damaged.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Its matrices are not those of the shape.
    #[error("the key is for another circuit than that of {0}")]
    Circuit(Shape),
    /// Its points make no key that may be used.
    #[error(transparent)]
    Key(#[from] SetupError),
    /// The new key file was refused.
    #[error(transparent)]
    Refused(#[from] ProvingKeyError),
    /// No statement could be made to try the key with.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// A proof under it does not verify.
    #[error("the key does not prove the circuit: {0}")]
    Useless(#[from] ProveError),
}

/// Makes the key files of a `.zkey`, and tries them with a proof.
///
/// Their provenance is `dev`: who contributed to a `.zkey` cannot be told without the files of its
/// ceremony, and what nobody has checked is not said.
///
/// # Errors
/// The file is no key of this circuit and curve, or a weak one.
pub fn key_files<E: ProvingCurve + SnarkjsCurve>(
    zkey: &[u8],
    version: CircuitVersion,
    shape: Shape,
) -> Result<KeyFiles, ImportError>
where
    E::ScalarField: Poseidon2Field,
{
    let Contents { key, ab } = Zkey::<E>::read(zkey)?.contents()?;
    let circuit = matrices::<E::ScalarField>(shape);
    let (instance, wires) = (circuit.instance, circuit.instance + circuit.witness);
    let [a, b, _] = R1cs::new(circuit.abc, instance, 0, wires).abc;
    if ab.map(sorted) != [a, b].map(sorted) {
        return Err(ImportError::Circuit(shape));
    }
    let files = KeyFiles::new(&key, version, shape, Provenance::Dev)?;
    let (prover, _) = Prover::<E>::admit(&files.proving)?;
    let claim = Claim::generate::<E>(shape, &mut OsRng)?;
    prover.prove(&claim.public, &claim.witness)?;
    Ok(files)
}

fn sorted<F: PrimeField>(mut matrix: Matrix<F>) -> Matrix<F> {
    for row in &mut matrix {
        row.sort_by_key(|&(_, wire)| wire);
    }
    matrix
}
