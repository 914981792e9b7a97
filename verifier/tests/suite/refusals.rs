//! What callers ask for wrongly is refused with the code that the table says.

use taxproof_claims::digest::Digest;
use taxproof_claims::presentation::Presentation;
use taxproof_proto::v1::policy_service_client::PolicyServiceClient;
use taxproof_proto::v1::request_service_client::RequestServiceClient;
use taxproof_proto::v1::{
    CreateRequestRequest, ExplainPolicyRequest, GetRequestRequest, PolicyFormat,
    RegisterPolicyRequest,
};
use tonic::Code;

use crate::service::{Served, code, submit};
use crate::world::{policy_text, seal};

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
