//! `PolicyService`.

use taxproof_claims::policy::Format;
use taxproof_proto::v1::policy_service_server::PolicyService;
use taxproof_proto::v1::{
    ExplainPolicyRequest, ExplainPolicyResponse, ListPoliciesRequest, ListPoliciesResponse, Policy,
    PolicyFormat, RegisterPolicyRequest, RegisterPolicyResponse,
};
use tonic::{Request, Response, Status, async_trait};

use super::Service;
use crate::bank::Refusal;
use crate::store::KeptPolicy;

#[async_trait]
impl PolicyService for Service {
    async fn register_policy(
        &self,
        request: Request<RegisterPolicyRequest>,
    ) -> Result<Response<RegisterPolicyResponse>, Status> {
        let request = request.into_inner();
        let format = match request.format() {
            PolicyFormat::Toml => Format::Toml,
            PolicyFormat::Json => Format::Json,
            PolicyFormat::Unspecified => return Err(Refusal::PolicyFormat.into()),
        };
        let kept = self.0.register_policy(&request.text, format).await?;
        let policy = Some(message(kept));
        Ok(Response::new(RegisterPolicyResponse { policy }))
    }

    async fn list_policies(
        &self,
        _: Request<ListPoliciesRequest>,
    ) -> Result<Response<ListPoliciesResponse>, Status> {
        let policies = self.0.policies().await?;
        let policies = policies.into_iter().map(message).collect();
        Ok(Response::new(ListPoliciesResponse { policies }))
    }

    async fn explain_policy(
        &self,
        request: Request<ExplainPolicyRequest>,
    ) -> Result<Response<ExplainPolicyResponse>, Status> {
        let (kept, explanation) = self.0.explain_policy(&request.get_ref().policy).await?;
        Ok(Response::new(ExplainPolicyResponse {
            policy: Some(message(kept)),
            explanation: explanation.to_string(),
        }))
    }
}

fn message(kept: KeptPolicy) -> Policy {
    Policy {
        digest: kept.digest.to_string(),
        id: kept.id,
        title: kept.title,
        schema: kept.schema,
        shape: kept.shape,
        registered_at: kept.registered_at,
    }
}
