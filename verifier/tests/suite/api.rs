//! The rest of the interface over gRPC: what ends, lists, watches, batches, receipts, trust, and what
//! outside clients find.

use taxproof_claims::digest::Digest;
use taxproof_proto::v1;
use taxproof_proto::v1::decision_service_client::DecisionServiceClient;
use taxproof_proto::v1::policy_service_client::PolicyServiceClient;
use taxproof_proto::v1::presentation_result::Result as Outcome;
use taxproof_proto::v1::presentation_service_client::PresentationServiceClient;
use taxproof_proto::v1::receipt_service_client::ReceiptServiceClient;
use taxproof_proto::v1::request_service_client::RequestServiceClient;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{
    CancelRequestRequest, CreateRequestRequest, ExportEvidenceRequest, GetPolicyRequest,
    GetReceiptRequest, InvalidReason, ListAuthoritiesRequest, ListDecisionsRequest,
    ListEpochsRequest, ListPoliciesRequest, ListRequestsRequest, RequestState, RetirePolicyRequest,
    SubmitPresentationsRequest, Verdict, VerifyEvidenceRequest, WatchDecisionsRequest,
};
use taxproof_verifier::evidence::Evidence;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::service::{Served, code};
use crate::world::policy_text;

fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().unwrap().reason.clone()
}

#[tokio::test]
async fn a_retired_policy_takes_no_new_requests_and_old_ones_still_answer() {
    let served = Served::new().await;
    let asked = served.limit().await;
    let mut policies = PolicyServiceClient::new(served.channel.clone());
    let named = |policy: &str| GetPolicyRequest {
        policy: policy.to_owned(),
    };
    let got = policies.get_policy(named("ccb-limit")).await.unwrap();
    let got = got.into_inner();
    assert_eq!(got.canonical_text, asked.policy.canonical());
    let digest = got.policy.unwrap().digest;
    let retire = RetirePolicyRequest {
        policy: "ccb-limit".to_owned(),
    };
    let retired = policies.retire_policy(retire.clone()).await.unwrap();
    let retired = retired.into_inner().policy.unwrap();
    assert_eq!(retired.retired_at, crate::world::NOW);
    // By its id it is no longer found; by its digest it is, and may be retired again.
    assert_eq!(code(policies.retire_policy(retire).await), Code::NotFound);
    assert_eq!(
        code(policies.get_policy(named("ccb-limit")).await),
        Code::NotFound
    );
    served.world.advance(10);
    let again = RetirePolicyRequest {
        policy: digest.clone(),
    };
    let again = policies.retire_policy(again).await.unwrap().into_inner();
    assert_eq!(again.policy, Some(retired));

    let create = CreateRequestRequest {
        policy: digest,
        parameters: [("requested_amount".to_owned(), "500,000".to_owned())].into(),
        purpose: "a loan".to_owned(),
        ..CreateRequestRequest::default()
    };
    let mut requests = RequestServiceClient::new(served.channel.clone());
    let refused = requests.create_request(create).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refused), "POLICY_RETIRED");
    let decision = served.submit(&asked.present(), "").await.unwrap();
    assert_eq!(decision.verdict(), Verdict::Passed);
}

#[tokio::test]
async fn a_cancelled_request_cannot_be_answered() {
    let served = Served::new().await;
    let mut requests = RequestServiceClient::new(served.channel.clone());
    let cancel = |id: Digest| CancelRequestRequest { id: id.to_string() };
    let (open, decided) = (served.limit().await, served.limit().await);
    served.submit(&decided.present(), "").await.unwrap();
    for _ in 0..2 {
        let name = open.request.digest();
        let cancelled = requests.cancel_request(cancel(name)).await.unwrap();
        let cancelled = cancelled.into_inner().request.unwrap();
        assert_eq!(cancelled.state(), RequestState::Cancelled);
        assert_eq!(served.standing(name).await.state(), RequestState::Cancelled);
    }
    let decision = served.submit(&open.present(), "").await.unwrap();
    assert_eq!(decision.invalid_reason(), InvalidReason::Cancelled);
    let refused = requests.cancel_request(cancel(decided.request.digest()));
    let refused = refused.await.unwrap_err();
    assert_eq!(reason(&refused), "REQUEST_DECIDED");
    let unknown = requests.cancel_request(cancel(Digest([1; 32]))).await;
    assert_eq!(code(unknown), Code::NotFound);
}

/// The bank cancels while a presentation is being verified: the transaction that would keep the
/// receipt sees it.
#[tokio::test]
async fn a_request_cancelled_meanwhile_gets_no_receipt() {
    use taxproof_verifier::receipt::Receipt;
    use taxproof_verifier::signers::Signers;
    use taxproof_verifier::store::{NewReceipt, NotDecided};
    let served = Served::new().await;
    let bank = &served.world.bank;
    let (first, second) = (served.limit().await, served.limit().await);
    served.submit(&first.present(), "").await.unwrap();
    let id = second.request.digest().to_string();
    bank.cancel_request(&id).await.unwrap();
    let of_first = bank.receipt_of(&first.request.digest().to_string()).await;
    let late = NewReceipt {
        receipt: Receipt {
            nonce: second.request.nonce,
            presentation: second.present(),
            ..of_first.unwrap().signed.receipt
        },
        client_request_id: None,
    };
    let key = taxproof_claims::signature::SigningKey::random(bank.profile()).unwrap();
    let signers = Signers::new(key, vec![bank.verifying_key()]).into();
    let kept = bank.store().keep_receipts(vec![late], &signers, None).await;
    assert_eq!(kept.unwrap(), [Err(NotDecided::Cancelled)]);
}

#[tokio::test]
async fn lists_come_in_pages_without_gaps() {
    let served = Served::new().await;
    let mut ids = Vec::new();
    for i in 0..5 {
        let asked = served.limit().await;
        ids.push(asked.request.digest().to_string());
        if i < 3 {
            served.submit(&asked.present(), "").await.unwrap();
        }
    }
    let mut requests = RequestServiceClient::new(served.channel.clone());
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = ListRequestsRequest {
            page_size: 2,
            page_token: token,
        };
        let page = requests.list_requests(page).await.unwrap().into_inner();
        assert!(page.requests.len() <= 2);
        seen.extend(page.requests);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let names: Vec<_> = seen.iter().map(|request| request.id.clone()).collect();
    assert_eq!(names, ids);
    let states: Vec<_> = seen.iter().map(v1::Request::state).collect();
    let (decided, open) = (RequestState::Decided, RequestState::Open);
    assert_eq!(states, [decided, decided, decided, open, open]);

    let mut decisions = DecisionServiceClient::new(served.channel.clone());
    let page = ListDecisionsRequest {
        page_size: 2,
        page_token: String::new(),
    };
    let page = decisions.list_decisions(page).await.unwrap().into_inner();
    let numbers: Vec<_> = page.decisions.iter().map(|d| d.sequence).collect();
    assert_eq!(
        (numbers.as_slice(), &*page.next_page_token),
        (&[1, 2][..], "2")
    );
    let wrong = ListDecisionsRequest {
        page_size: 2,
        page_token: "no token".to_owned(),
    };
    let wrong = decisions.list_decisions(wrong).await.unwrap_err();
    assert_eq!(
        (wrong.code(), &*reason(&wrong)),
        (Code::InvalidArgument, "PAGE_TOKEN_INVALID")
    );

    for policy in ["late-filings", "tax-decline"] {
        let format = taxproof_claims::policy::Format::Toml;
        let text = policy_text(policy);
        served
            .world
            .bank
            .register_policy(&text, format)
            .await
            .unwrap();
    }
    let mut policies = PolicyServiceClient::new(served.channel.clone());
    let page = ListPoliciesRequest {
        page_size: 2,
        page_token: String::new(),
    };
    let page = policies.list_policies(page).await.unwrap().into_inner();
    let next = ListPoliciesRequest {
        page_size: 2,
        page_token: page.next_page_token,
    };
    let next = policies.list_policies(next).await.unwrap().into_inner();
    assert_eq!((page.policies.len(), next.policies.len()), (2, 1));
    assert_eq!(next.policies[0].id, "tax-decline");
}

#[tokio::test]
async fn a_watch_misses_nothing_and_goes_on_where_it_ended() {
    let served = Served::new().await;
    for _ in 0..3 {
        let asked = served.limit().await;
        served.submit(&asked.present(), "").await.unwrap();
    }
    let mut client = DecisionServiceClient::new(served.channel.clone());
    let request = WatchDecisionsRequest { after_sequence: 1 };
    let mut stream = client.watch_decisions(request).await.unwrap().into_inner();
    let mut next = async || stream.message().await.map(|m| m.unwrap().decision.unwrap());
    assert_eq!(next().await.unwrap().sequence, 2);
    assert_eq!(next().await.unwrap().sequence, 3);
    // A new one, as it is made; and one that another replica made.
    let asked = served.limit().await;
    let decision = served.submit(&asked.present(), "").await.unwrap();
    assert_eq!(next().await.unwrap(), decision);
    let (other, _) = crate::world::open(served.world.folder.path()).await;
    let asked = served.limit().await;
    let sealed = served.world.seal(&asked.present());
    other.submit(sealed, "").await.unwrap();
    assert_eq!(next().await.unwrap().sequence, 5);
    // The service does not wait for watchers when it stops, and tells them.
    let stopping = tokio::spawn(served.serving.stop());
    let ended = next().await.unwrap_err();
    assert_eq!(
        (ended.code(), &*reason(&ended)),
        (Code::Unavailable, "STOPPING")
    );
    drop(client);
    stopping.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_batch_has_an_answer_for_each() {
    let served = Served::new().await;
    let mut asked = Vec::new();
    for _ in 0..6 {
        asked.push(served.limit().await);
    }
    let mut presentations: Vec<_> = asked.iter().map(crate::world::Asked::present).collect();
    presentations[2].pseudonym.0[31] ^= 1;
    let decided = served.submit(&presentations[4], "").await.unwrap();
    // The same twice, and another one of a request that the batch decides.
    presentations.push(presentations[0].clone());
    presentations.push(asked[0].present());
    let sealed = presentations.iter().map(|p| served.world.seal(p));
    let mut messages: Vec<_> = sealed
        .enumerate()
        .map(|(i, sealed_presentation)| SubmitPresentationsRequest {
            sealed_presentation,
            client_request_id: format!("id {i}"),
        })
        .collect();
    messages.push(SubmitPresentationsRequest {
        sealed_presentation: vec![7; 100],
        client_request_id: "garbage".to_owned(),
    });
    let mut client = PresentationServiceClient::new(served.channel.clone());
    let answer = client
        .submit_presentations(tokio_stream::iter(messages))
        .await;
    let results = answer.unwrap().into_inner().results;
    let said = |i: usize| match results[i].result.as_ref().unwrap() {
        Outcome::Decision(decision) => (decision.verdict(), decision.sequence, String::new()),
        Outcome::Refusal(refusal) => (Verdict::Unspecified, 0, refusal.reason.clone()),
    };
    assert_eq!(results.len(), 9);
    assert_eq!(results[8].client_request_id, "garbage");
    for i in [0, 1, 3, 5] {
        assert_eq!(said(i).0, Verdict::Passed, "{i}");
    }
    assert_eq!(said(2).0, Verdict::Invalid);
    assert_eq!(said(4), (Verdict::Passed, decided.sequence, String::new()));
    assert_eq!(said(6), said(0));
    assert_eq!(said(7).2, "REQUEST_DECIDED_BY_ANOTHER");
    assert_eq!(said(8).2, "PRESENTATION_NOT_OURS");
    let chain = served.world.bank.audit().await.unwrap().unwrap();
    assert_eq!(chain.length(), 5);

    let many = vec![SubmitPresentationsRequest::default(); 1025];
    let refused = client.submit_presentations(tokio_stream::iter(many)).await;
    assert_eq!(reason(&refused.unwrap_err()), "BATCH_TOO_LONG");
}

#[tokio::test]
async fn receipts_are_exported_with_all_that_they_follow_from() {
    let served = Served::new().await;
    let asked = served.limit().await;
    let decision = served.submit(&asked.present(), "").await.unwrap();
    let mut client = ReceiptServiceClient::new(served.channel.clone());
    let request_id = decision.request_id.clone();
    let get = GetReceiptRequest {
        request_id: request_id.clone(),
    };
    let receipt = client.get_receipt(get).await.unwrap().into_inner();
    assert_eq!((receipt.receipt, receipt.sequence), (decision.receipt, 1));
    let export = ExportEvidenceRequest {
        request_id: request_id.clone(),
    };
    let evidence = client.export_evidence(export).await.unwrap().into_inner();
    let evidence = evidence.evidence;
    let verified = Evidence::decode(&evidence).unwrap().verify().unwrap();
    assert_eq!(
        verified.receipt.presentation.request.to_string(),
        request_id
    );
    let verify = |evidence: Vec<u8>| VerifyEvidenceRequest { evidence };
    let answer = client.verify_evidence(verify(evidence.clone())).await;
    let answer = answer.unwrap().into_inner();
    assert!(answer.valid && answer.problem.is_empty());
    let mut altered = evidence.clone();
    altered[1000] ^= 1;
    let answer = client.verify_evidence(verify(altered)).await.unwrap();
    assert!(!answer.get_ref().valid && !answer.get_ref().problem.is_empty());
    // Another bank's evidence verifies, but not under keys that this one accepts.
    let other = Served::new().await;
    let mut stranger = ReceiptServiceClient::new(other.channel.clone());
    let answer = stranger.verify_evidence(verify(evidence)).await.unwrap();
    assert!(!answer.get_ref().valid);

    let open = served.limit().await.request.digest().to_string();
    let undecided = client.get_receipt(GetReceiptRequest { request_id: open });
    assert_eq!(reason(&undecided.await.unwrap_err()), "RECEIPT_UNKNOWN");
}

/// A key that is no longer configured, and an authority that is no longer trusted, do not make old
/// receipts unverifiable.
#[tokio::test]
async fn evidence_outlives_the_configuration() {
    let served = Served::new().await;
    let asked = served.limit().await;
    served.submit(&asked.present(), "").await.unwrap();
    let folder = served.world.folder.path();
    served.serving.stop().await.unwrap();
    std::fs::write(folder.join("trust.toml"), "").unwrap();
    let other = taxproof_claims::signature::SigningKey::random(served.world.bank.profile());
    let pem = other.unwrap().to_pem().unwrap();
    std::fs::write(folder.join("signing.pem"), pem.as_bytes()).unwrap();
    let config = folder.join("bank.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let former = served.world.bank.verifying_key();
    let text = format!("former_signing_keys = [\"{former}\"]\n{text}");
    std::fs::write(config, text).unwrap();
    let (bank, _) = crate::world::open(folder).await;
    let id = asked.request.digest().to_string();
    bank.evidence(&id).await.unwrap().verify().unwrap();
    assert_eq!(bank.audit().await.unwrap().unwrap().length(), 1);
}

#[tokio::test]
async fn what_is_accepted_says_since_when() {
    let served = Served::new().await;
    let mut trust = TrustServiceClient::new(served.channel.clone());
    let authorities = trust.list_authorities(ListAuthoritiesRequest {}).await;
    let authorities = authorities.unwrap().into_inner().authorities;
    let authority = &authorities[0];
    assert_eq!(authority.accepted_since, crate::world::NOW);
    assert_eq!(authority.newest_epoch.as_ref().unwrap().number, 1);
    let bank = trust.get_bank(v1::GetBankRequest {}).await.unwrap();
    let since = bank.into_inner().proof_keys[0].accepted_since;
    assert_eq!(since, crate::world::NOW);
    let crate::world::World {
        authority,
        epoch: first,
        bank,
        ..
    } = &served.world;
    let second = authority.epoch(2, |header| header.previous = first.header.digest());
    let proof = authority.logged(&[first.clone(), second.clone()], 1, 1);
    served.world.advance(60);
    bank.add_epoch(&second.encode(), proof).await.unwrap();
    let all = ListEpochsRequest {
        authority: "zhejiang".to_owned(),
        ..ListEpochsRequest::default()
    };
    let all = trust.list_epochs(all).await.unwrap().into_inner().epochs;
    let told: Vec<_> = all
        .iter()
        .map(|epoch| (epoch.number, epoch.added_at))
        .collect();
    let now = crate::world::NOW;
    assert_eq!(told, [(1, now), (2, now + 60)]);
    let newest = trust.list_epochs(ListEpochsRequest::default()).await;
    assert_eq!(newest.unwrap().into_inner().epochs.len(), 1);
}

#[tokio::test]
async fn the_service_says_that_it_serves() {
    let served = Served::new().await;
    let mut health = HealthClient::new(served.channel.clone());
    let check = HealthCheckRequest::default();
    let answer = health.check(check).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
}
