//! The bank of the demonstration: its service, and what an officer does with it over gRPC.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use taxproof_claims::digest::Profile;
use taxproof_claims::trust::{TrustList, TrustedBank};
use taxproof_proto::v1::policy_service_client::PolicyServiceClient;
use taxproof_proto::v1::request_service_client::RequestServiceClient;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{
    AddEpochRequest, CreateRequestRequest, PolicyFormat, RegisterPolicyRequest,
};
use taxproof_verifier::bank::{self, Clock};
use taxproof_verifier::config::NewFolder;
use taxproof_verifier::service::{self, Serving};
use tonic::transport::Channel;

const POLICY: &str = include_str!("../../policies/ccb-cloud-tax-loan.toml");
/// The policy's id.
pub(super) const POLICY_ID: &str = "ccb-cloud-tax-loan";
const ID: &str = "bank-of-examples";

/// A bank whose service runs in this process.
pub(super) struct Bank {
    service: Arc<bank::Bank>,
    serving: Serving,
    channel: Channel,
}

impl Bank {
    /// Makes a bank's folder and serves it on loopback.
    pub(super) async fn serve(
        folder: &Path,
        verifying_key: &[u8],
        trust: &TrustList,
    ) -> anyhow::Result<Self> {
        let beside = folder.with_extension("inputs");
        std::fs::create_dir_all(&beside)?;
        let (key_file, trust_file) = (beside.join("Q16-bn254.vk"), beside.join("trust.toml"));
        std::fs::write(&key_file, verifying_key)?;
        std::fs::write(&trust_file, trust.to_toml())?;
        let new = NewFolder {
            id: ID,
            name: "Bank of Examples",
            profile: Profile::Sm,
            listen: ([127, 0, 0, 1], 0).into(),
            keys: &[key_file],
            allow_dev_keys: true,
            ceremony_keys: &[],
            trust: &trust_file,
            schemas: &[],
        };
        let opened = new.create(folder)?;
        let listen = opened.config.listen;
        let service = Arc::new(bank::Bank::open(opened, Clock::system()).await?);
        let serving = service::serve(Arc::clone(&service), listen).await?;
        let url = format!("http://{}", serving.address());
        let channel = Channel::from_shared(url)?.connect().await?;
        Ok(Self {
            service,
            serving,
            channel,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.serving.address())
    }

    /// The entry of a wallet's trust list.
    pub(super) fn trust(&self) -> TrustList {
        let bank = TrustedBank {
            id: self.service.id().to_owned(),
            name: self.service.name().to_owned(),
            key: self.service.verifying_key(),
        };
        TrustList {
            authorities: vec![],
            banks: vec![bank],
        }
    }

    /// Tells the service of an epoch.
    pub(super) async fn add_epoch(&self, request: AddEpochRequest) -> anyhow::Result<()> {
        TrustServiceClient::new(self.channel.clone())
            .add_epoch(request)
            .await?;
        Ok(())
    }

    /// Registers the demonstration's policy.
    pub(super) async fn register_policy(&self) -> anyhow::Result<()> {
        let request = RegisterPolicyRequest {
            text: POLICY.to_owned(),
            format: PolicyFormat::Toml.into(),
        };
        PolicyServiceClient::new(self.channel.clone())
            .register_policy(request)
            .await?;
        Ok(())
    }

    /// The policy in plain words.
    pub(super) async fn explained(&self) -> anyhow::Result<String> {
        let (_, explanation) = self.service.explain_policy(POLICY_ID).await?;
        Ok(explanation.to_string())
    }

    /// A fresh signed request for one applicant.
    pub(super) async fn request(&self) -> anyhow::Result<Vec<u8>> {
        let request = CreateRequestRequest {
            policy: POLICY_ID.to_owned(),
            purpose: "Working-capital loan".to_owned(),
            ..CreateRequestRequest::default()
        };
        let response = RequestServiceClient::new(self.channel.clone())
            .create_request(request)
            .await?;
        let request = response
            .into_inner()
            .request
            .context("the bank answers with a request")?;
        Ok(request.signed_request)
    }

    /// Ends the service.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        Ok(self.serving.stop().await?)
    }
}
