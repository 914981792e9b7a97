//! What a web page could call in the name of whoever looks at it.

use std::future::poll_fn;

use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use taxproof_proto::v1::ListPoliciesRequest;
use taxproof_proto::v1::policy_service_client::PolicyServiceClient;
use taxproof_verifier::service::{Serving, Settings, serve_as};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::Service as _;

use crate::callers::Guarded;
use crate::world::World;

const GRPC: &str = "application/grpc";
const WEB: &str = "application/grpc-web+proto";
const EVIL: &str = "https://evil.example";

/// Retires a policy as a page would: with the headers that it likes.
async fn retire(
    channel: &Channel,
    policy: &str,
    kind: Option<&str>,
    origin: Option<&str>,
) -> Response<Body> {
    let length = u8::try_from(policy.len()).unwrap();
    let mut message = vec![0, 0, 0, 0, length + 2, 0x0a, length];
    message.extend(policy.as_bytes());
    let mut request = http::Request::post("/taxproof.v1.PolicyService/RetirePolicy");
    for (name, value) in [("content-type", kind), ("origin", origin)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let request = request.body(Body::new(Full::new(Bytes::from(message))));
    let mut channel = channel.clone();
    poll_fn(|context| channel.poll_ready(context))
        .await
        .unwrap();
    channel.call(request.unwrap()).await.unwrap()
}

async fn policies(channel: &Channel) -> usize {
    let list = ListPoliciesRequest::default();
    let mut client = PolicyServiceClient::new(channel.clone());
    let policies = client.list_policies(list).await.unwrap().into_inner();
    let open = |policy: &&taxproof_proto::v1::Policy| policy.retired_at == 0;
    policies.policies.iter().filter(open).count()
}

/// A browser shows the certificate of whoever sits before it to every service that asks for one, and
/// asks nobody before it sends what a form could send.
#[tokio::test]
async fn a_page_does_not_call_with_the_certificate_of_whoever_looks_at_it() {
    let guarded = Guarded::new("").await;
    let (policy, parameters) = ("ccb-limit", [("requested_amount", "500,000")]);
    guarded.world.request(policy, &parameters).await;
    let admin = guarded.channel_as("admin.bank.example");
    for (kind, origin, expected) in [
        (Some("text/plain"), Some(EVIL), StatusCode::FORBIDDEN),
        (Some(GRPC), Some(EVIL), StatusCode::FORBIDDEN),
        (Some(WEB), Some(EVIL), StatusCode::FORBIDDEN),
        (Some(GRPC), Some("null"), StatusCode::FORBIDDEN),
        // Where a browser says nothing of the page.
        (Some("text/plain"), None, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (None, None, StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let answer = retire(&admin, policy, kind, origin).await;
        assert_eq!(answer.status(), expected, "{kind:?} {origin:?}");
        assert_eq!(policies(&admin).await, 1, "{kind:?} {origin:?}");
    }
    let answer = retire(&admin, policy, Some(GRPC), None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(policies(&admin).await, 0);
}

/// A service without TLS, and the page that it names.
struct Plain {
    _world: World,
    serving: Serving,
}

const ORIGIN: &str = "https://loans.example";

impl Plain {
    async fn new(settings: &str) -> Self {
        let world = World::with(None, settings).await;
        let settings = Settings {
            server_names: vec!["verifier.bank.example".to_owned()],
            ..Settings::plaintext(([127, 0, 0, 1], 0).into())
        };
        let serving = serve_as(world.bank.clone(), settings).await.unwrap();
        Self {
            _world: world,
            serving,
        }
    }

    /// The answer to a call by gRPC-Web over HTTP/1.1.
    async fn answer(&self, host: &str, origin: Option<&str>) -> String {
        let mut stream = TcpStream::connect(self.serving.address()).await.unwrap();
        let origin = origin.map(|origin| format!("Origin: {origin}\r\n"));
        let head = format!(
            "POST /taxproof.v1.TrustService/GetBank HTTP/1.1\r\nHost: {host}\r\n{}\
             Content-Type: {WEB}\r\nContent-Length: 5\r\nConnection: close\r\n\r\n\0\0\0\0\0",
            origin.unwrap_or_default()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // What is not HTTP/1.1 may end in a reset.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// A page whose name was pointed at this machine is of the service's own origin.
#[tokio::test]
async fn without_tls_a_page_of_a_foreign_name_does_not_call() {
    let plain = Plain::new(&format!("web_origins = [\"{ORIGIN}\"]\n")).await;
    let port = plain.serving.address().port();
    let (own, evil) = (format!("127.0.0.1:{port}"), format!("evil.example:{port}"));
    for (host, origin) in [
        (&evil, Some(format!("http://{evil}"))),
        (&evil, None),
        (&evil, Some(ORIGIN.to_owned())),
        (&own, Some(format!("http://{evil}"))),
    ] {
        let answer = plain.answer(host, origin.as_deref()).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{host}: {answer}");
        assert!(!answer.contains("bank-of-examples"), "{answer}");
    }
    for host in [
        own,
        format!("localhost:{port}"),
        "verifier.bank.example".to_owned(),
    ] {
        for origin in [None, Some(ORIGIN)] {
            let answer = plain.answer(&host, origin).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{host}: {answer}");
            assert!(answer.contains("bank-of-examples"), "{answer}");
        }
    }
    // The same over HTTP/2.
    let address = format!("http://{}", plain.serving.address());
    for (name, served) in [("evil.example", false), ("localhost", true)] {
        let endpoint = Channel::from_shared(address.clone()).unwrap();
        let origin = format!("http://{name}:{port}").parse().unwrap();
        let channel = endpoint.origin(origin).connect().await.unwrap();
        let answer = crate::limits::get_bank(&channel, None).await;
        assert_eq!(answer.is_ok(), served, "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn where_no_page_may_call_http_1_is_not_spoken() {
    let plain = Plain::new("").await;
    let own = plain.serving.address().to_string();
    let answer = plain.answer(&own, None).await;
    assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    assert!(!answer.contains("bank-of-examples"), "{answer}");
}
