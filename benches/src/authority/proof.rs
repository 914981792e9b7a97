//! A proof from the newest epoch's credential of one enterprise.

use ark_bn254::Bn254;
use taxproof_authority::Authority;
use taxproof_claims::bundle::Issued;
use taxproof_claims::key::CircuitVersion;
use taxproof_claims::shape::Q16;
use taxproof_claims::trust::TrustList;
use taxproof_prover::prover::Prover;
use taxproof_prover::setup;

use super::MeasureError;
use super::holders::Holder;
use crate::claim::Claim;

/// Opens the credential, proves a claim about it with a fresh development key, and verifies the proof.
pub(super) fn prove(authority: &Authority, holder: &Holder) -> Result<(), MeasureError> {
    let sealed = authority.issue(&holder.id)?;
    let plain = age::decrypt(&holder.identity, &sealed)
        .map_err(|error| MeasureError::Credential(error.to_string()))?;
    let credential = Issued::decode(&plain, authority.schema())?.credential;
    let trust = TrustList {
        authorities: vec![authority.trusted()],
        banks: Vec::new(),
    };
    let claim = Claim::of_credential::<Bn254>(Q16, &credential, &holder.secrets, &trust)?;
    let key = setup::dev::<Bn254>(CircuitVersion::V1, Q16)?;
    let (prover, _) = Prover::<Bn254>::admit(&key.proving)?;
    // A proof is given only if it verifies.
    prover.prove(&claim.public, &claim.witness)?;
    Ok(())
}
