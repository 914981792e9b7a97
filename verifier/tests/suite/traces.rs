//! Traces, as a collector gets them: the caller's trace, each step of the call, nothing private.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use taxproof_proto::v1::presentation_service_client::PresentationServiceClient;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{GetBankRequest, SubmitPresentationRequest};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status, async_trait};

use crate::kills::world;
use crate::running::Running;
use crate::world::ID;

/// A collector in the test's process.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Begins to collect; where.
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let service = TraceServiceServer::new(collector.clone());
        let incoming = TcpListenerStream::new(listener);
        tokio::spawn(
            Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming),
        );
        (collector, endpoint)
    }

    fn spans(&self) -> Vec<Span> {
        let all = self.0.lock().unwrap();
        let resources = all.iter().flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A request with a caller's trace in it.
fn traced<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let parent = format!("00-{TRACE}-{PARENT}-01").parse().unwrap();
    request.metadata_mut().insert("traceparent", parent);
    request
}

async fn get_bank(process: &Running, request: Request<GetBankRequest>) {
    let mut client = TrustServiceClient::new(process.channel().await);
    client.get_bank(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_traced_from_its_caller_to_the_disk_and_shows_nothing_private() {
    let (collector, endpoint) = Collector::start().await;
    let world = world(None).await;
    let config = world.folder.path().join("bank.toml");
    let variables = [
        ("TAXPROOF_TRACES__ENDPOINT", endpoint.as_str()),
        ("RUST_LOG", "trace"),
    ];
    let mut process = Running::start(&config, &variables);
    let asked = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    let presentation = asked.present();
    let submit = SubmitPresentationRequest {
        sealed_presentation: world.seal(&presentation),
        client_request_id: String::new(),
    };
    let mut client = PresentationServiceClient::new(process.channel().await);
    client.submit_presentation(traced(submit)).await.unwrap();
    get_bank(&process, Request::new(GetBankRequest {})).await;
    process.signal("-TERM");
    assert!(process.ends());

    let spans = collector.spans();
    let named = |name: &str| -> &Span {
        let mut found = spans.iter().filter(|span| span.name == name);
        let first = found.next();
        first.unwrap_or_else(|| panic!("no span {name} among {spans:?}"))
    };
    let call = named("taxproof.v1.PresentationService/SubmitPresentation");
    assert_eq!(hex::encode(&call.trace_id), TRACE);
    assert_eq!(hex::encode(&call.parent_span_id), PARENT);
    let code = |attribute: &KeyValue| attribute.key == "rpc.grpc.status_code";
    assert!(call.attributes.iter().any(code), "{call:?}");
    for step in ["queue", "open", "lookup", "verify", "keep"] {
        let step = named(step);
        assert_eq!(step.trace_id, call.trace_id, "{step:?}");
        assert_eq!(step.parent_span_id, call.span_id, "{step:?}");
        assert!(step.start_time_unix_nano >= call.start_time_unix_nano);
        assert!(step.end_time_unix_nano <= call.end_time_unix_nano);
    }
    let other = named("taxproof.v1.TrustService/GetBank");
    assert_ne!(other.trace_id, call.trace_id);
    assert!(other.parent_span_id.is_empty());

    let said = spans.iter().flat_map(|span| {
        assert!(span.events.is_empty(), "{span:?}");
        span.attributes
            .iter()
            .map(|attribute| attribute.key.as_str())
    });
    let said: BTreeSet<&str> = said.collect();
    let may_say = [
        "rpc.grpc.status_code",
        "rpc.method",
        "rpc.system",
        "trace_id",
    ];
    assert!(said.is_subset(&BTreeSet::from(may_say)), "{said:?}");
    // Neither the spans nor the log, however much it says.
    let sent = format!("{:?}{spans:?}", collector.0.lock().unwrap());
    let log = process.log();
    assert!(log.contains(TRACE), "the log names the trace: {log}");
    for private in [
        ID,
        "a loan",
        "500,000",
        &presentation.pseudonym.to_string(),
        &hex::encode(&presentation.proof),
    ] {
        assert!(!sent.contains(private), "{private} in the traces");
        assert!(!log.contains(private), "{private} in the log");
    }
}

/// A caller's trace is gone on with even where the service would begin none; a collector that is
/// away, or OpenTelemetry's own variables, change nothing of the calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_of_the_calls_is_traced_and_a_collector_that_is_away_holds_up_nothing() {
    let (collector, endpoint) = Collector::start().await;
    let world = world(None).await;
    let config = world.folder.path().join("bank.toml");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("TAXPROOF_TRACES__SAMPLE", "0"),
    ];
    let mut process = Running::start(&config, &variables);
    get_bank(&process, Request::new(GetBankRequest {})).await;
    get_bank(&process, traced(GetBankRequest {})).await;
    process.signal("-TERM");
    assert!(process.ends());
    let spans = collector.spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert_eq!(hex::encode(&spans[0].trace_id), TRACE);

    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let mut process = Running::start(&config, &[("TAXPROOF_TRACES__ENDPOINT", &away)]);
    get_bank(&process, traced(GetBankRequest {})).await;
    process.signal("-TERM");
    assert!(process.ends());
}
