//! The service over gRPC: the main job, replay, and what stays.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use ark_bn254::Bn254;
use ark_groth16::Groth16;
use rand::rngs::OsRng;
use taxproof_claims::digest::Digest;
use taxproof_claims::presentation::Presentation;
use taxproof_claims::request::SignedRequest;
use taxproof_proto::v1::decision_service_client::DecisionServiceClient;
use taxproof_proto::v1::policy_service_client::PolicyServiceClient;
use taxproof_proto::v1::presentation_service_client::PresentationServiceClient;
use taxproof_proto::v1::request_service_client::RequestServiceClient;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{
    CreateRequestRequest, Decision, ExplainPolicyRequest, GetBankRequest, GetDecisionRequest,
    GetDecisionResponse, GetRequestRequest, InvalidReason, ListEpochsRequest, ListPoliciesRequest,
    PolicyFormat, RegisterPolicyRequest, RequestState, SubmitPresentationRequest, Verdict,
};
use taxproof_verifier::receipt::SignedReceipt;
use taxproof_verifier::service::{Serving, serve};
use taxproof_verifier::store::Page;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::world::{Asked, ID, World, open, policy_text};

/// More receipts than any test makes.
const ALL: Page = Page {
    after: 0,
    size: 1000,
};

/// A world with its service and a connection to it.
pub(crate) struct Served {
    pub(crate) world: World,
    pub(crate) serving: Serving,
    pub(crate) channel: Channel,
}

impl Served {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let serving = serve(Arc::clone(&world.bank), ([127, 0, 0, 1], 0).into())
            .await
            .unwrap();
        let channel = channel(&serving).await;
        Self {
            world,
            serving,
            channel,
        }
    }

    pub(crate) async fn submit(
        &self,
        presentation: &Presentation,
        id: &str,
    ) -> Result<Decision, Status> {
        submit(&self.channel, self.world.seal(presentation), id).await
    }

    pub(crate) async fn standing(&self, request: Digest) -> GetDecisionResponse {
        let request_id = request.to_string();
        let mut client = DecisionServiceClient::new(self.channel.clone());
        client
            .get_decision(GetDecisionRequest { request_id })
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn limit(&self) -> Asked {
        self.world
            .request("ccb-limit", &[("requested_amount", "500,000")])
            .await
    }
}

async fn channel(serving: &Serving) -> Channel {
    let uri = format!("http://{}", serving.address());
    Channel::from_shared(uri).unwrap().connect().await.unwrap()
}

pub(crate) async fn submit(
    channel: &Channel,
    sealed: Vec<u8>,
    id: &str,
) -> Result<Decision, Status> {
    let mut client = PresentationServiceClient::new(channel.clone());
    let request = SubmitPresentationRequest {
        sealed_presentation: sealed,
        client_request_id: id.to_owned(),
    };
    let response = client.submit_presentation(request).await?;
    Ok(response.into_inner().decision.unwrap())
}

pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Status>) -> Code {
    result.unwrap_err().code()
}

#[tokio::test]
async fn the_main_job() {
    let served = Served::new().await;
    let channel = || served.channel.clone();
    let mut policies = PolicyServiceClient::new(channel());
    let register = RegisterPolicyRequest {
        text: policy_text("ccb-limit"),
        format: PolicyFormat::Toml.into(),
    };
    let policy = policies
        .register_policy(register.clone())
        .await
        .unwrap()
        .into_inner();
    let again = policies
        .register_policy(register)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(policy, again);
    let policy = policy.policy.unwrap();
    let listed = policies
        .list_policies(ListPoliciesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.policies, std::slice::from_ref(&policy));
    let explain = ExplainPolicyRequest {
        policy: "ccb-limit".to_owned(),
    };
    let explained = policies.explain_policy(explain).await.unwrap().into_inner();
    assert!(explained.explanation.contains("grade"));

    let mut requests = RequestServiceClient::new(channel());
    let create = CreateRequestRequest {
        policy: policy.digest,
        parameters: [("requested_amount".to_owned(), "500,000".to_owned())].into(),
        purpose: "a loan".to_owned(),
        ..CreateRequestRequest::default()
    };
    let made = requests
        .create_request(create)
        .await
        .unwrap()
        .into_inner()
        .request
        .unwrap();
    let fetch = GetRequestRequest {
        id: made.id.clone(),
    };
    let fetched = requests
        .get_request(fetch)
        .await
        .unwrap()
        .into_inner()
        .request
        .unwrap();
    assert_eq!(made, fetched);

    let mut trust = TrustServiceClient::new(channel());
    let bank = trust
        .get_bank(GetBankRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(bank.proof_keys[0].provenance, "dev");
    let bank_key = bank.verifying_key.parse().unwrap();
    let signed = SignedRequest::decode(&made.signed_request).unwrap();
    assert_eq!(
        signed.verify(&bank_key).unwrap().digest().to_string(),
        made.id
    );
    let epochs = trust
        .list_epochs(ListEpochsRequest::default())
        .await
        .unwrap()
        .into_inner()
        .epochs;
    assert_eq!(
        epochs[0].header_digest,
        served.world.epoch.header.digest().to_string()
    );

    let asked = Asked::new(&made.signed_request, &served.world.epoch.header);
    let name = asked.request.digest();
    assert_eq!(served.standing(name).await.state(), RequestState::Open);
    let decision = served.submit(&asked.present(), "first").await.unwrap();
    assert_eq!(decision.verdict(), Verdict::Passed);
    assert_eq!(decision.disclosed_id, ID);
    assert_eq!(decision.pseudonym, asked.presentation.pseudonym.to_string());
    assert_eq!(
        (decision.authority.as_str(), decision.epoch),
        ("zhejiang", 1)
    );
    let standing = served.standing(name).await;
    assert_eq!(standing.state(), RequestState::Decided);
    assert_eq!(standing.decision, Some(decision.clone()));

    let receipt = SignedReceipt::decode(&decision.receipt).unwrap();
    let receipt = receipt.verify(&bank_key).unwrap();
    assert_eq!((receipt.sequence, receipt.previous), (1, Digest([0; 32])));
    assert_eq!(receipt.presentation.request, name);
    served.serving.stop().await.unwrap();
}

#[tokio::test]
async fn a_decision_stands_and_a_replay_is_refused() {
    let served = Served::new().await;
    let asked = served.limit().await;
    let proof = asked.prove();
    let first = asked.present_with(&proof);
    let decision = served.submit(&first, "a").await.unwrap();
    // The same again, under any id, encrypted anew, and after the request's end.
    assert_eq!(served.submit(&first, "a").await.unwrap(), decision);
    assert_eq!(served.submit(&first, "").await.unwrap(), decision);
    served.world.advance(100_000);
    assert_eq!(served.submit(&first, "b").await.unwrap(), decision);

    // snarkjs #383: other bytes that prove the same.
    let key = &crate::world::q16().proving.vk;
    let other = Groth16::<Bn254>::rerandomize_proof(key, &proof, &mut OsRng);
    let negated = ark_groth16::Proof {
        a: -proof.a,
        b: -proof.b,
        c: proof.c,
    };
    for other in [other, negated] {
        let replay = asked.present_with(&other);
        assert_eq!(code(served.submit(&replay, "c").await), Code::AlreadyExists);
    }
    // Another verdict on the same request.
    let failed = asked.outcome(0, 0).present();
    assert_eq!(code(served.submit(&failed, "d").await), Code::AlreadyExists);
    assert_eq!(
        served.world.bank.store().receipts(ALL).await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn what_shows_nothing_is_an_answer_and_uses_nothing_up() {
    let served = Served::new().await;
    let asked = served.limit().await;
    let good = asked.present();
    let mut wrong = good.clone();
    wrong.pseudonym.0[31] ^= 1;
    let mut malformed = good.clone();
    malformed.proof[..32].fill(0xff);
    let mut unknown_epoch = good.clone();
    unknown_epoch.epoch.header.0[0] ^= 1;
    for (presentation, reason) in [
        (&wrong, InvalidReason::ProofWrong),
        (&malformed, InvalidReason::ProofMalformed),
        (&unknown_epoch, InvalidReason::EpochNotAccepted),
    ] {
        let decision = served.submit(presentation, "x").await.unwrap();
        assert_eq!(decision.verdict(), Verdict::Invalid);
        assert_eq!(decision.invalid_reason(), reason);
        assert!(decision.receipt.is_empty() && decision.pseudonym.is_empty());
    }
    let standing = served.standing(asked.request.digest()).await;
    assert_eq!(standing.state(), RequestState::Open);
    let decision = served.submit(&good, "x").await.unwrap();
    assert_eq!(decision.verdict(), Verdict::Passed);
}

#[tokio::test]
async fn a_request_that_nobody_answers_ends() {
    let served = Served::new().await;
    let asked = served.limit().await;
    served.world.advance(30 * 60);
    let name = asked.request.digest();
    assert_eq!(served.standing(name).await.state(), RequestState::Expired);
    let decision = served.submit(&asked.present(), "").await.unwrap();
    assert_eq!(decision.invalid_reason(), InvalidReason::Expired);
}

/// Sixteen at once, two presentations that both verify: one decides, the others are refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_has_one_winner() {
    let served = Served::new().await;
    let asked = served.limit().await;
    let presentations = [asked.present(), asked.present()];
    let tasks = (0..16).map(|i| {
        let sealed = served.world.seal(&presentations[i % 2]);
        let channel = served.channel.clone();
        tokio::spawn(async move { (i % 2, submit(&channel, sealed, "").await) })
    });
    let mut winners = std::collections::BTreeSet::new();
    let mut answers = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        let (which, result) = task.await.unwrap();
        match result {
            Ok(decision) => {
                winners.insert(which);
                answers.push(decision);
            }
            Err(status) => assert_eq!(status.code(), Code::AlreadyExists),
        }
    }
    assert_eq!((winners.len(), answers.len()), (1, 8));
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(
        served.world.bank.store().receipts(ALL).await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn receipts_form_a_chain_and_outlive_the_process() {
    let served = Served::new().await;
    for _ in 0..3 {
        let asked = served.limit().await;
        served.submit(&asked.present(), "").await.unwrap();
    }
    let bank = Arc::clone(&served.world.bank);
    served.serving.stop().await.unwrap();
    let key = bank.verifying_key();
    bank.store().close().await;

    let (bank, _) = open(served.world.folder.path()).await;
    let receipts = bank.store().receipts(ALL).await.unwrap();
    let mut previous = Digest([0; 32]);
    for (i, kept) in receipts.iter().enumerate() {
        let receipt = kept.signed.verify(&key).unwrap();
        assert_eq!(
            (receipt.sequence, receipt.previous),
            (i as u64 + 1, previous)
        );
        previous = receipt.digest();
    }
    assert_eq!(receipts.len(), 3);
    // Nothing but its owner reads what the bank keeps.
    for file in [
        "signing.pem",
        "identity.txt",
        "bank.toml",
        "state/bank.sqlite",
    ] {
        let path = served.world.folder.path().join(file);
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_folder_is_made_once() {
    let world = World::new().await;
    let key = crate::world::key_file(|_, _| {});
    let again = crate::world::create(world.folder.path(), &world.authority, &key, true);
    assert!(again.is_err());
}
