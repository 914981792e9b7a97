//! The service over gRPC: the main job, replay, and what is refused how.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use ark_bn254::Bn254;
use ark_groth16::Groth16;
use rand::rngs::OsRng;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::SignedEpochHeader;
use taxproof_claims::presentation::Presentation;
use taxproof_claims::request::SignedRequest;
use taxproof_proto::v1::decision_service_client::DecisionServiceClient;
use taxproof_proto::v1::policy_service_client::PolicyServiceClient;
use taxproof_proto::v1::presentation_service_client::PresentationServiceClient;
use taxproof_proto::v1::request_service_client::RequestServiceClient;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{
    AddEpochRequest, CreateRequestRequest, Decision, ExplainPolicyRequest, GetBankRequest,
    GetDecisionRequest, GetDecisionResponse, GetRequestRequest, InvalidReason, ListEpochsRequest,
    ListPoliciesRequest, PolicyFormat, RegisterPolicyRequest, RequestState,
    SubmitPresentationRequest, Verdict,
};
use taxproof_verifier::receipt::SignedReceipt;
use taxproof_verifier::service::{Serving, serve};
use taxproof_verifier::store::Page;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::world::{Asked, ID, World, add_epoch, open, policy_text, seal};

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
async fn requests_are_refused_by_the_table() {
    let served = Served::new().await;
    let mut client = RequestServiceClient::new(served.channel.clone());
    served.limit().await;
    let good = CreateRequestRequest {
        policy: "ccb-limit".to_owned(),
        parameters: [("requested_amount".to_owned(), "500,000".to_owned())].into(),
        purpose: "a loan".to_owned(),
        validity_seconds: 60,
        client_request_id: "id-1".to_owned(),
        authorities: Vec::new(),
    };
    let first = client
        .create_request(good.clone())
        .await
        .unwrap()
        .into_inner();
    let again = client
        .create_request(good.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);

    type Break = fn(&mut CreateRequestRequest);
    let breaks: [(Code, Break); 15] = [
        (Code::AlreadyExists, |r| {
            r.purpose = "another loan".to_owned()
        }),
        (Code::AlreadyExists, |r| r.validity_seconds = 61),
        (Code::NotFound, |r| r.policy = "no-such-policy".to_owned()),
        (Code::NotFound, |r| r.policy = Digest([0; 32]).to_string()),
        (Code::InvalidArgument, |r| r.parameters.clear()),
        (Code::InvalidArgument, |r| {
            drop(r.parameters.insert("x".to_owned(), "1".to_owned()))
        }),
        (Code::InvalidArgument, |r| {
            drop(
                r.parameters
                    .insert("requested_amount".to_owned(), "1".to_owned()),
            );
        }),
        (Code::InvalidArgument, |r| r.purpose.clear()),
        (Code::InvalidArgument, |r| {
            r.purpose = "a\u{1b}[2Jloan".to_owned()
        }),
        (Code::InvalidArgument, |r| r.purpose = "x".repeat(513)),
        (Code::InvalidArgument, |r| {
            r.validity_seconds = 7 * 24 * 3600 + 1
        }),
        (Code::InvalidArgument, |r| {
            r.client_request_id = "x".repeat(65)
        }),
        (Code::AlreadyExists, |r| {
            r.authorities = vec!["zhejiang".to_owned()]
        }),
        (Code::InvalidArgument, |r| {
            r.authorities = vec!["elsewhere".to_owned()]
        }),
        (Code::InvalidArgument, |r| {
            r.authorities = vec!["zhejiang".to_owned(), String::new()]
        }),
    ];
    for (i, (expected, broken)) in breaks.into_iter().enumerate() {
        let mut request = good.clone();
        broken(&mut request);
        assert_eq!(
            code(client.create_request(request).await),
            expected,
            "break {i}"
        );
    }
    let get = |id: &str| GetRequestRequest { id: id.to_owned() };
    assert_eq!(
        code(client.get_request(get("x")).await),
        Code::InvalidArgument
    );
    let nobodys = Digest([0; 32]).to_string();
    assert_eq!(
        code(client.get_request(get(&nobodys)).await),
        Code::NotFound
    );
}

#[tokio::test]
async fn presentations_are_refused_by_the_table() {
    let served = Served::new().await;
    let asked = served.limit().await;
    let good = asked.present();
    let channel = &served.channel;
    let garbage = submit(channel, vec![7; 100], "").await;
    assert_eq!(code(garbage), Code::InvalidArgument);
    let to_another = age::x25519::Identity::generate().to_public().to_string();
    let stranger = submit(channel, seal(&to_another, &good), "").await;
    assert_eq!(code(stranger), Code::InvalidArgument);
    let too_long = submit(channel, vec![0; 4097], "").await;
    assert_eq!(code(too_long), Code::InvalidArgument);
    let beyond_the_message = submit(channel, vec![0; 1 << 20], "").await;
    assert_eq!(code(beyond_the_message), Code::OutOfRange);
    let recipient: age::x25519::Recipient = served.world.bank.recipient().parse().unwrap();
    let no_presentation = age::encrypt(&recipient, b"no presentation").unwrap();
    let no_presentation = submit(channel, no_presentation, "").await;
    assert_eq!(code(no_presentation), Code::InvalidArgument);
    let unknown = Presentation {
        request: Digest([9; 32]),
        ..good.clone()
    };
    assert_eq!(code(served.submit(&unknown, "").await), Code::NotFound);
    assert_eq!(
        code(served.submit(&good, "\n").await),
        Code::InvalidArgument
    );

    served.submit(&good, "taken").await.unwrap();
    let other = served.limit().await.present();
    assert_eq!(
        code(served.submit(&other, "taken").await),
        Code::AlreadyExists
    );
    assert!(served.submit(&other, "free").await.is_ok());
}

#[tokio::test]
async fn policies_are_refused_with_their_place() {
    let served = Served::new().await;
    let mut client = PolicyServiceClient::new(served.channel.clone());
    let text = policy_text("ccb-limit").replace("at_least = \"requested", "at_leest = \"requested");
    let register = |text: &str, format: PolicyFormat| RegisterPolicyRequest {
        text: text.to_owned(),
        format: format.into(),
    };
    let status = client
        .register_policy(register(&text, PolicyFormat::Toml))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("at_leest"),
        "{}",
        status.message()
    );
    assert!(status.message().contains("line "), "{}", status.message());
    let unsaid = register(&text, PolicyFormat::Unspecified);
    assert_eq!(
        code(client.register_policy(unsaid).await),
        Code::InvalidArgument
    );
    let explain = ExplainPolicyRequest {
        policy: "none".to_owned(),
    };
    assert_eq!(code(client.explain_policy(explain).await), Code::NotFound);
}

#[tokio::test]
async fn epochs_only_go_forward_and_never_fork() {
    let served = Served::new().await;
    let mut client = TrustServiceClient::new(served.channel.clone());
    let authority = &served.world.authority;
    let first = served.world.epoch.clone();
    let add = |log: &[SignedEpochHeader], index: usize, seen| {
        add_epoch(&log[index], &authority.logged(log, index, seen))
    };

    let fork = authority.epoch(1, |header| header.leaves += 1);
    let refused = client
        .add_epoch(add(std::slice::from_ref(&fork), 0, 0))
        .await;
    assert_eq!(code(refused), Code::FailedPrecondition);
    assert_eq!(
        served.world.bank.store().equivocations().await.unwrap(),
        [fork]
    );

    let detached = authority.epoch(2, |_| {});
    let refused = client
        .add_epoch(add(&[first.clone(), detached], 1, 1))
        .await;
    assert_eq!(code(refused), Code::FailedPrecondition);
    let second = authority.epoch(2, |header| header.previous = first.header.digest());
    let third = authority.epoch(3, |header| header.previous = second.header.digest());
    let fourth = authority.epoch(4, |_| {});
    let log = [first, second, third, fourth];
    client.add_epoch(add(&log[..2], 1, 1)).await.unwrap();
    client.add_epoch(add(&log[..2], 1, 1)).await.unwrap();
    client.add_epoch(add(&log, 3, 2)).await.unwrap();
    let refused = client.add_epoch(add(&log, 2, 4)).await;
    assert_eq!(code(refused), Code::FailedPrecondition);
    let stranger = crate::world::Authority::new();
    let foreign = stranger.epoch(5, |_| {});
    let longer = [&log[..], std::slice::from_ref(&foreign)].concat();
    let proof = stranger.logged(&longer, 4, 4);
    let refused = client.add_epoch(add_epoch(&foreign, &proof)).await;
    assert_eq!(code(refused), Code::FailedPrecondition);
    let bytes = |signed_header: Vec<u8>| AddEpochRequest {
        signed_header,
        ..add(&log, 3, 2)
    };
    assert_eq!(
        code(client.add_epoch(bytes(vec![0; 10])).await),
        Code::InvalidArgument
    );
    assert_eq!(
        code(client.add_epoch(bytes(vec![0; 5000])).await),
        Code::InvalidArgument
    );

    let epochs = client
        .list_epochs(ListEpochsRequest::default())
        .await
        .unwrap()
        .into_inner()
        .epochs;
    let numbers: Vec<_> = epochs.iter().map(|epoch| epoch.number).collect();
    assert_eq!(numbers, [4]);
    // New requests accept the newest only; a request made before keeps its own.
    let text = policy_text("ccb-limit");
    let format = taxproof_claims::policy::Format::Toml;
    served
        .world
        .bank
        .register_policy(&text, format)
        .await
        .unwrap();
    let create = CreateRequestRequest {
        policy: "ccb-limit".to_owned(),
        parameters: [("requested_amount".to_owned(), "500,000".to_owned())].into(),
        purpose: "a loan".to_owned(),
        ..CreateRequestRequest::default()
    };
    let mut requests = RequestServiceClient::new(served.channel.clone());
    let made = requests
        .create_request(create)
        .await
        .unwrap()
        .into_inner()
        .request
        .unwrap();
    let request = SignedRequest::decode(&made.signed_request).unwrap().request;
    let accepted: Vec<_> = request.accepted.iter().map(|a| a.header).collect();
    assert_eq!(accepted, [log[3].header.digest()]);
}

#[tokio::test]
async fn a_bank_without_an_epoch_asks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let authority = crate::world::Authority::new();
    let key = crate::world::key_file(|_, _| {});
    crate::world::create(folder.path(), &authority, &key, true).unwrap();
    let (bank, _) = open(folder.path()).await;
    let format = taxproof_claims::policy::Format::Toml;
    let ask = async |policy: &str| {
        let kept = bank
            .register_policy(&policy_text(policy), format)
            .await
            .unwrap();
        let new = taxproof_verifier::bank::NewRequest {
            policy: kept.digest.to_string(),
            purpose: "a loan".to_owned(),
            ..Default::default()
        };
        Status::from(bank.create_request(new).await.unwrap_err())
    };
    let status = ask("paid-each-quarter").await;
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("epoch"), "{}", status.message());
    // Nor for a shape that it has no key for.
    let status = ask("scorecard").await;
    assert!(status.message().contains("Q16S"), "{}", status.message());
}

#[tokio::test]
async fn a_folder_is_made_once() {
    let world = World::new().await;
    let key = crate::world::key_file(|_, _| {});
    let again = crate::world::create(world.folder.path(), &world.authority, &key, true);
    assert!(again.is_err());
}
