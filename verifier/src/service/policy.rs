//! `PolicyService`.

use taxproof_claims::policy::Format;
use taxproof_proto::v1::policy_service_server::PolicyService;
use taxproof_proto::v1::{
    ExplainPolicyRequest, ExplainPolicyResponse, GetPolicyRequest, GetPolicyResponse,
    ListPoliciesRequest, ListPoliciesResponse, Policy, PolicyFormat, RegisterPolicyRequest,
    RegisterPolicyResponse, RetirePolicyRequest, RetirePolicyResponse,
};
use tonic::{Request, Response, Status, async_trait};

use super::{Service, page};
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

    async fn get_policy(
        &self,
        request: Request<GetPolicyRequest>,
    ) -> Result<Response<GetPolicyResponse>, Status> {
        let kept = self.0.find_policy(&request.get_ref().policy).await?;
        Ok(Response::new(GetPolicyResponse {
            canonical_text: kept.canonical.clone(),
            policy: Some(message(kept)),
        }))
    }

    async fn list_policies(
        &self,
        request: Request<ListPoliciesRequest>,
    ) -> Result<Response<ListPoliciesResponse>, Status> {
        let request = request.into_inner();
        let page = page::page(request.page_size, &request.page_token)?;
        let policies = self.0.policies(page).await?;
        let last = policies.last().map(|policy| policy.place);
        Ok(Response::new(ListPoliciesResponse {
            next_page_token: page::next(page, policies.len(), last),
            policies: policies.into_iter().map(message).collect(),
        }))
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

    async fn retire_policy(
        &self,
        request: Request<RetirePolicyRequest>,
    ) -> Result<Response<RetirePolicyResponse>, Status> {
        let kept = self.0.retire_policy(&request.get_ref().policy).await?;
        let policy = Some(message(kept));
        Ok(Response::new(RetirePolicyResponse { policy }))
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
        retired_at: kept.retired_at.unwrap_or_default(),
    }
}
