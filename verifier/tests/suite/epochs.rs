//! Epochs go forward, and without one a bank asks nothing.

use taxproof_claims::epoch::SignedEpochHeader;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{AddEpochRequest, ListEpochsRequest};
use tonic::{Code, Status};

use crate::service::{Served, code};
use crate::world::{add_epoch, open, policy_text};

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
    // New requests accept the newest only.
    let request = served.limit().await.request;
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
