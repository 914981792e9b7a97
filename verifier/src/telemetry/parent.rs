//! The span of a call: a child of the caller's, where the caller says so (W3C Trace Context).

use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::Code;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

/// The span of a call of a method, with the trace's id in it for the log.
pub(crate) fn call_span(method: &'static str, headers: &HeaderMap) -> Span {
    let name = method.trim_start_matches('/');
    let span = info_span!(
        "call",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.method = name,
        rpc.grpc.status_code = Empty,
        trace_id = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let parent = TraceContextPropagator::new().extract(&Headers(headers));
    let told = parent.span().span_context().clone();
    if told.is_valid() {
        // Fails where nothing is traced, and then there is nothing to be a child of.
        let _ = span.set_parent(parent);
    }
    let context = span.context().span().span_context().clone();
    if let Some(known) = [context, told].into_iter().find(|c| c.is_valid()) {
        span.record("trace_id", tracing::field::display(known.trace_id()));
    }
    span
}

/// Notes how a call went.
pub(crate) fn end_call(span: &Span, code: Code) {
    span.record("rpc.grpc.status_code", code as i32);
    // Of a server's span, these are the server's errors (OpenTelemetry's conventions for gRPC).
    let fault = matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    );
    if fault {
        span.record("otel.status_code", "ERROR");
    }
}
