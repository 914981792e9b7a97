//! `ReceiptService`.

use taxproof_proto::v1::receipt_service_server::ReceiptService;
use taxproof_proto::v1::{
    ExportEvidenceRequest, ExportEvidenceResponse, GetReceiptRequest, GetReceiptResponse,
    VerifyEvidenceRequest, VerifyEvidenceResponse,
};
use tonic::{Request, Response, Status, async_trait};

use super::Service;

#[async_trait]
impl ReceiptService for Service {
    async fn get_receipt(
        &self,
        request: Request<GetReceiptRequest>,
    ) -> Result<Response<GetReceiptResponse>, Status> {
        let signed = self
            .0
            .receipt_of(&request.get_ref().request_id)
            .await?
            .signed;
        Ok(Response::new(GetReceiptResponse {
            sequence: signed.receipt.sequence,
            digest: signed.receipt.digest().to_string(),
            receipt: signed.encode(),
        }))
    }

    async fn export_evidence(
        &self,
        request: Request<ExportEvidenceRequest>,
    ) -> Result<Response<ExportEvidenceResponse>, Status> {
        let evidence = self.0.evidence(&request.get_ref().request_id).await?;
        let evidence = evidence.encode();
        Ok(Response::new(ExportEvidenceResponse { evidence }))
    }

    async fn verify_evidence(
        &self,
        request: Request<VerifyEvidenceRequest>,
    ) -> Result<Response<VerifyEvidenceResponse>, Status> {
        let evidence = request.into_inner().evidence;
        let response = match self.0.verify_evidence(evidence).await? {
            Ok(verified) => VerifyEvidenceResponse {
                valid: true,
                problem: String::new(),
                request_id: verified.receipt.presentation.request.to_string(),
                sequence: verified.receipt.sequence,
            },
            Err(bad) => VerifyEvidenceResponse {
                problem: bad.to_string(),
                ..VerifyEvidenceResponse::default()
            },
        };
        Ok(Response::new(response))
    }
}
