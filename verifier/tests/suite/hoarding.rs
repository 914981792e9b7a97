//! Callers that take what others need and do nothing with it: places and memory.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use taxproof_proto::v1::presentation_service_client::PresentationServiceClient;
use taxproof_proto::v1::{SubmitPresentationRequest, SubmitPresentationsRequest};
use taxproof_verifier::bank::{Refusal, Submission};
use taxproof_verifier::limits::{BATCH, BATCHES};
use taxproof_verifier::service::Serving;
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::Channel;

use crate::callers::Guarded;
use crate::limits::{get_bank, is_closed, served};

/// A connection from one of this machine's own addresses.
async fn channel_from(
    serving: &Serving,
    from: [u8; 4],
) -> Result<Channel, tonic::transport::Error> {
    let uri = format!("http://{}", serving.address());
    let from = IpAddr::V4(Ipv4Addr::from(from));
    let endpoint = Channel::from_shared(uri).unwrap().local_address(Some(from));
    endpoint.connect().await
}

#[tokio::test]
async fn silent_connections_of_one_peer_keep_out_no_other_and_end() {
    let (world, serving) = served(|settings| {
        settings.limits.connections = 8;
        settings.limits.peer_connections = 4;
        settings.limits.first_call = Duration::from_millis(500);
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(TcpStream::connect(serving.address()).await.unwrap());
    }
    let other = channel_from(&serving, [127, 0, 0, 2]).await.unwrap();
    get_bank(&other, None).await.unwrap();
    for stream in &mut silent {
        assert!(is_closed(stream).await);
    }
    let refused = |reason: &str, count: usize| {
        let metrics = world.bank.metrics().to_text();
        let counted = format!("refused_total{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&counted), "{metrics}");
    };
    refused("peer_full", 4);
    refused("silent", 4);
    // Their places are free again, and whoever has called may be silent.
    let again = channel_from(&serving, [127, 0, 0, 1]).await.unwrap();
    get_bank(&again, None).await.unwrap();
    get_bank(&other, None).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    refused("silent", 4);
}

/// With TLS, and after the beginning of HTTP/2, silence is silence.
#[tokio::test]
async fn a_peer_that_has_shaken_hands_must_call_too() {
    let guarded = Guarded::with_limits("first_call = 0.3").await;
    let _silent = guarded.connected_as("admin.bank.example").await;
    let metrics = || guarded.world.bank.metrics().to_text();
    let silent = "taxproof_connections_refused_total{reason=\"silent\"} 1\n";
    for _ in 0..200 {
        if metrics().contains(silent) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(metrics().contains(silent), "{}", metrics());
    guarded.calls_as("admin.bank.example").await.unwrap();
}

/// No more of a presentation is read than one can be long.
#[tokio::test]
async fn a_message_that_is_no_presentation_is_not_held() {
    let (world, serving) = served(|_| {}).await;
    let channel = channel_from(&serving, [127, 0, 0, 1]).await.unwrap();
    let mut client = PresentationServiceClient::new(channel);
    let long = vec![0; 5000];
    let alone = SubmitPresentationRequest {
        sealed_presentation: long.clone(),
        ..SubmitPresentationRequest::default()
    };
    let refused = client.submit_presentation(alone).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange);
    let one = SubmitPresentationsRequest {
        sealed_presentation: long,
        ..SubmitPresentationsRequest::default()
    };
    let refused = client.submit_presentations(tokio_stream::once(one)).await;
    assert_eq!(refused.unwrap_err().code(), Code::OutOfRange);
    // As long as one can be, with the longest id.
    let asked = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    let mut sealed = world.seal(&asked.present());
    sealed.resize(4096, 0);
    let longest = SubmitPresentationsRequest {
        sealed_presentation: sealed,
        client_request_id: "x".repeat(64),
    };
    let answer = client
        .submit_presentations(tokio_stream::once(longest))
        .await;
    assert_eq!(answer.unwrap().into_inner().results.len(), 1);
}

/// Streams of batches that send nothing keep no other from being answered, and end.
#[tokio::test]
async fn silent_batches_keep_no_other_from_being_answered() {
    let (world, serving) = served(|_| {}).await;
    let channel = channel_from(&serving, [127, 0, 0, 1]).await.unwrap();
    let client = || PresentationServiceClient::new(channel.clone());
    let mut silent = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut client = client();
        silent.spawn(async move { client.submit_presentations(tokio_stream::pending()).await });
    }
    let one = SubmitPresentationsRequest {
        sealed_presentation: vec![7; 300],
        ..SubmitPresentationsRequest::default()
    };
    for _ in 0..5 {
        let mut client = client();
        let answer = client.submit_presentations(tokio_stream::once(one.clone()));
        let answer = tokio::time::timeout(Duration::from_secs(5), answer).await;
        let results = answer.expect("answered").unwrap().into_inner().results;
        assert_eq!(results.len(), 1);
    }
    while let Some(ended) = silent.join_next().await {
        assert_eq!(
            ended.unwrap().unwrap_err().code(),
            Code::DeadlineExceeded,
            "before its call's own deadline"
        );
    }
    drop(world);
}

/// What batches hold that come in is bounded, and free again when they go.
#[tokio::test]
async fn batches_that_come_in_hold_so_much_and_no_more() {
    let (world, serving) = served(|_| {}).await;
    let one = |size: usize| Submission {
        sealed: vec![7; size],
        client_request_id: "".into(),
    };
    let mut batches = Vec::new();
    let full = loop {
        let mut batch = world.bank.batch();
        let added = (0..BATCH).try_for_each(|_| batch.add(one(4096)));
        batches.push(batch);
        if added.is_err() {
            break added;
        }
    };
    assert!(matches!(full, Err(Refusal::Busy)), "{full:?}");
    // Of the longest presentations, as many batches as are verified at once, and as many again.
    assert_eq!(batches.len(), 2 * BATCHES + 1);
    let channel = channel_from(&serving, [127, 0, 0, 1]).await.unwrap();
    let submit = || {
        let mut client = PresentationServiceClient::new(channel.clone());
        let one = SubmitPresentationsRequest {
            sealed_presentation: vec![7; 4000],
            ..SubmitPresentationsRequest::default()
        };
        async move {
            let many = tokio_stream::iter(vec![one; 64]);
            client.submit_presentations(many).await
        }
    };
    assert_eq!(submit().await.unwrap_err().code(), Code::ResourceExhausted);
    drop(batches);
    submit().await.unwrap();
    let mut batch = world.bank.batch();
    (0..BATCH).for_each(|_| batch.add(one(1)).unwrap());
    let beyond = batch.add(one(1));
    assert!(matches!(beyond, Err(Refusal::BatchTooLong)), "{beyond:?}");
}
