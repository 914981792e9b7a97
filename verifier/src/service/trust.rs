//! `TrustService`.

use taxproof_claims::key::{KeyHeader, Provenance};
use taxproof_log::{Hash, MAX_HASHES};
use taxproof_proto::v1::trust_service_server::TrustService;
use taxproof_proto::v1::{
    AddEpochRequest, AddEpochResponse, Authority, Epoch, GetBankRequest, GetBankResponse,
    ListAuthoritiesRequest, ListAuthoritiesResponse, ListEpochsRequest, ListEpochsResponse,
    ProofKey,
};
use tonic::{Request, Response, Status, async_trait};

use super::{Service, page};
use crate::bank::{AcceptedAuthority, Refusal};
use crate::epoch_log::LogProof;
use crate::store::KeptEpoch;

#[async_trait]
impl TrustService for Service {
    async fn get_bank(
        &self,
        _: Request<GetBankRequest>,
    ) -> Result<Response<GetBankResponse>, Status> {
        let bank = &self.0;
        let keys = bank.accepted_keys().await.map_err(Refusal::from)?;
        Ok(Response::new(GetBankResponse {
            id: bank.id().to_owned(),
            name: bank.name().to_owned(),
            verifying_key: bank.verifying_key().to_string(),
            recipient: bank.recipient(),
            proof_keys: keys.into_iter().map(proof_key).collect(),
        }))
    }

    async fn add_epoch(
        &self,
        request: Request<AddEpochRequest>,
    ) -> Result<Response<AddEpochResponse>, Status> {
        let request = request.into_inner();
        let proof = log_proof(&request)?;
        let added = self.0.add_epoch(&request.signed_header, proof).await?;
        let epoch = Some(message(added));
        Ok(Response::new(AddEpochResponse { epoch }))
    }

    async fn list_authorities(
        &self,
        _: Request<ListAuthoritiesRequest>,
    ) -> Result<Response<ListAuthoritiesResponse>, Status> {
        let authorities = self.0.authorities().await?;
        let authorities = authorities.into_iter().map(authority).collect();
        Ok(Response::new(ListAuthoritiesResponse { authorities }))
    }

    async fn list_epochs(
        &self,
        request: Request<ListEpochsRequest>,
    ) -> Result<Response<ListEpochsResponse>, Status> {
        let request = request.into_inner();
        if request.authority.is_empty() {
            let newest = self.0.accepted_epochs().await?;
            return Ok(Response::new(ListEpochsResponse {
                epochs: newest.into_iter().map(message).collect(),
                next_page_token: String::new(),
            }));
        }
        let page = page::page(request.page_size, &request.page_token)?;
        let epochs = self.0.epochs_of(&request.authority, page).await?;
        let last = epochs.last().map(|kept| kept.signed.header.epoch);
        Ok(Response::new(ListEpochsResponse {
            next_page_token: page::next(page, epochs.len(), last),
            epochs: epochs.into_iter().map(message).collect(),
        }))
    }
}

fn log_proof(request: &AddEpochRequest) -> Result<LogProof, Refusal> {
    let hash = |bytes: &Vec<u8>| bytes.as_slice().try_into().map(Hash).ok();
    let hashes = &request.consistency_proof;
    let consistency: Option<Vec<_>> = hashes.iter().map(hash).collect();
    let few = |hashes: &Vec<_>| hashes.len() <= MAX_HASHES;
    Ok(LogProof {
        inclusion: request.inclusion_proof.parse().map_err(Refusal::LogProof)?,
        consistency: consistency.filter(few).ok_or(Refusal::ConsistencyProof)?,
    })
}

fn proof_key((header, accepted_since): (&KeyHeader, u64)) -> ProofKey {
    ProofKey {
        fingerprint: header.fingerprint.to_string(),
        curve: header.curve.to_string(),
        shape: header.shape.to_string(),
        circuit_version: header.version.number(),
        provenance: match header.provenance {
            Provenance::Dev => "dev".to_owned(),
            Provenance::Ceremony(transcript) => format!("ceremony {transcript}"),
        },
        accepted_since,
    }
}

fn authority(accepted: AcceptedAuthority) -> Authority {
    Authority {
        id: accepted.authority.id.to_string(),
        name: accepted.authority.name,
        verifying_key: accepted.authority.key.to_string(),
        accepted_since: accepted.since,
        newest_epoch: accepted.newest.map(message),
        log_head: accepted
            .head
            .map_or_else(String::new, |note| note.to_string()),
    }
}

fn message(kept: KeptEpoch) -> Epoch {
    let header = kept.signed.header;
    Epoch {
        header_digest: header.digest().to_string(),
        number: header.epoch,
        time: header.time,
        newest_period: header.newest_period.to_string(),
        schema_digest: header.schema.to_string(),
        authority: header.authority.into(),
        added_at: kept.added_at,
    }
}
