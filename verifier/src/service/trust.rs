//! `TrustService`.

use taxproof_claims::key::{KeyHeader, Provenance};
use taxproof_proto::v1::trust_service_server::TrustService;
use taxproof_proto::v1::{
    AddEpochRequest, AddEpochResponse, Epoch, GetBankRequest, GetBankResponse, ListEpochsRequest,
    ListEpochsResponse, ProofKey,
};
use tonic::{Request, Response, Status, async_trait};

use super::Service;
use crate::epoch::TrustedEpoch;

#[async_trait]
impl TrustService for Service {
    async fn get_bank(
        &self,
        _: Request<GetBankRequest>,
    ) -> Result<Response<GetBankResponse>, Status> {
        let bank = &self.0;
        Ok(Response::new(GetBankResponse {
            id: bank.id().to_owned(),
            name: bank.name().to_owned(),
            verifying_key: bank.verifying_key().to_string(),
            recipient: bank.recipient(),
            proof_keys: bank.keys().iter().map(|v| proof_key(v.header())).collect(),
        }))
    }

    async fn add_epoch(
        &self,
        request: Request<AddEpochRequest>,
    ) -> Result<Response<AddEpochResponse>, Status> {
        let added = self.0.add_epoch(&request.get_ref().signed_header).await?;
        let epoch = Some(message(&added));
        Ok(Response::new(AddEpochResponse { epoch }))
    }

    async fn list_epochs(
        &self,
        _: Request<ListEpochsRequest>,
    ) -> Result<Response<ListEpochsResponse>, Status> {
        let newest = self.0.newest_epochs().await?;
        let epochs = newest.iter().map(|epoch| message(epoch)).collect();
        Ok(Response::new(ListEpochsResponse { epochs }))
    }
}

fn proof_key(header: &KeyHeader) -> ProofKey {
    ProofKey {
        fingerprint: header.fingerprint.to_string(),
        curve: header.curve.to_string(),
        shape: header.shape.to_string(),
        circuit_version: header.version.number(),
        provenance: match header.provenance {
            Provenance::Dev => "dev".to_owned(),
            Provenance::Ceremony(transcript) => format!("ceremony {transcript}"),
        },
    }
}

fn message(epoch: &TrustedEpoch) -> Epoch {
    let header = epoch.header();
    Epoch {
        authority: header.authority.to_string(),
        number: header.epoch,
        time: header.time,
        newest_period: header.newest_period.to_string(),
        header_digest: epoch.digest().to_string(),
        schema_digest: header.schema.to_string(),
    }
}
