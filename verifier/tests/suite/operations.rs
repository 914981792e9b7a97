//! Metrics, as Prometheus gets them: the values after calls that are known.

use std::time::Duration;

use taxproof_proto::v1::policy_service_client::PolicyServiceClient;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{ExplainPolicyRequest, GetBankRequest, Verdict};
use tonic::transport::Channel;

use crate::readiness::serve;
use crate::running::get;
use crate::service::submit;
use crate::world::{EPOCH_TIME, NOW, World};

/// The value of a sample, by its name and labels as they are written.
fn value(metrics: &str, sample: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(sample));
    line?.trim().parse().ok()
}

async fn scrape(address: String) -> String {
    let answer = tokio::task::spawn_blocking(move || get(&address, "/metrics"));
    let (status, body) = answer.await.unwrap();
    assert_eq!(status, "HTTP/1.1 200 OK");
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metrics_say_what_happened() {
    let world = World::new().await;
    let serving = serve(&world.bank).await;
    let uri = format!("http://{}", serving.address());
    let channel = Channel::from_shared(uri).unwrap().connect().await.unwrap();
    let mut trust = TrustServiceClient::new(channel.clone());
    for _ in 0..3 {
        trust.get_bank(GetBankRequest {}).await.unwrap();
    }
    let policy = "none".to_owned();
    let mut policies = PolicyServiceClient::new(channel.clone());
    let unknown = policies.explain_policy(ExplainPolicyRequest { policy });
    unknown.await.unwrap_err();
    let parameters = [("requested_amount", "500,000")];
    let (first, second) = (
        world.request("ccb-limit", &parameters).await,
        world.request("ccb-limit", &parameters).await,
    );
    let passed = submit(&channel, world.seal(&first.present()), "").await;
    assert_eq!(passed.unwrap().verdict(), Verdict::Passed);
    let wrong = second.present_with(&first.prove());
    let wrong = submit(&channel, world.seal(&wrong), "").await.unwrap();
    assert_eq!(wrong.verdict(), Verdict::Invalid);
    world.advance(3600);
    let late = submit(&channel, world.seal(&second.present()), "").await;
    assert_eq!(late.unwrap().verdict(), Verdict::Invalid);

    let address = serving.operations_address().unwrap().to_string();
    let mut metrics = scrape(address.clone()).await;
    // The chain is looked at now and then.
    for _ in 0..100 {
        if value(&metrics, "taxproof_receipts ") == Some(1.0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        metrics = scrape(address.clone()).await;
    }
    let key = world
        .bank
        .keys()
        .iter()
        .next()
        .unwrap()
        .header()
        .fingerprint;
    let key = format!(
        "taxproof_key_accepted_timestamp_seconds{{fingerprint=\"{key}\",shape=\"Q16\",curve=\"bn254\"}}"
    );
    let submitted = "/taxproof.v1.PresentationService/SubmitPresentation";
    let bank = "/taxproof.v1.TrustService/GetBank";
    for (sample, expected) in [
        (
            format!("taxproof_calls_total{{method=\"{bank}\",code=\"OK\"}}"),
            3.0,
        ),
        (
            format!("taxproof_calls_total{{method=\"{submitted}\",code=\"OK\"}}"),
            3.0,
        ),
        (
            format!("taxproof_call_seconds_count{{method=\"{bank}\"}}"),
            3.0,
        ),
        (
            format!("taxproof_call_seconds_bucket{{le=\"+Inf\",method=\"{bank}\"}}"),
            3.0,
        ),
        (
            "taxproof_refusals_total{reason=\"POLICY_UNKNOWN\"}".to_owned(),
            1.0,
        ),
        (
            "taxproof_verdicts_total{verdict=\"passed\",reason=\"\"}".to_owned(),
            1.0,
        ),
        (
            "taxproof_verdicts_total{verdict=\"invalid\",reason=\"PROOF_WRONG\"}".to_owned(),
            1.0,
        ),
        (
            "taxproof_verdicts_total{verdict=\"invalid\",reason=\"EXPIRED\"}".to_owned(),
            1.0,
        ),
        (
            "taxproof_queue_seconds_count{step=\"verify\"}".to_owned(),
            3.0,
        ),
        ("taxproof_step_seconds_count{step=\"open\"}".to_owned(), 3.0),
        (
            "taxproof_step_seconds_count{step=\"lookup\"}".to_owned(),
            3.0,
        ),
        (
            "taxproof_step_seconds_count{step=\"verify\"}".to_owned(),
            3.0,
        ),
        ("taxproof_step_seconds_count{step=\"keep\"}".to_owned(), 1.0),
        ("taxproof_presentations".to_owned(), 0.0),
        ("taxproof_connections".to_owned(), 1.0),
        ("taxproof_ready".to_owned(), 1.0),
        ("taxproof_receipts".to_owned(), 1.0),
        ("taxproof_clock_behind_seconds".to_owned(), 0.0),
        ("taxproof_epoch{authority=\"zhejiang\"}".to_owned(), 1.0),
        (
            "taxproof_epoch_timestamp_seconds{authority=\"zhejiang\"}".to_owned(),
            (EPOCH_TIME + 1) as f64,
        ),
        (key, NOW as f64),
    ] {
        assert_eq!(
            value(&metrics, &format!("{sample} ")),
            Some(expected),
            "{sample}: {metrics}"
        );
    }
    // Nothing of whoever asked or was asked about.
    for private in [crate::world::ID, "a loan", "500,000", "ccb-limit"] {
        assert!(!metrics.contains(private), "{private}");
    }
}
