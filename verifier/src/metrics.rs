//! What the service counts, in Prometheus' text format.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tonic::Code;

/// The service's counters.
pub struct Metrics {
    registry: Registry,
    calls: Family<Call, Counter>,
    call_seconds: Family<Method, Histogram, fn() -> Histogram>,
    sheds: Family<Reason, Counter>,
    connections_refused: Family<Reason, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// From 100 microseconds to 13 seconds: a shed, a verification, a call that hangs.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(1e-4, 2.0, 18))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("taxproof"),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(latencies),
            sheds: Family::default(),
            connections_refused: Family::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        let calls = self.calls.clone();
        registry.register("calls", "Calls by method and code", calls);
        registry.register(
            "call_seconds",
            "How long calls took",
            self.call_seconds.clone(),
        );
        registry.register(
            "sheds",
            "Calls refused at once, by what was exhausted",
            self.sheds.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections refused, by why",
            self.connections_refused.clone(),
        );
    }

    /// Counts a call.
    pub(crate) fn call(&self, method: &'static str, code: Code, time: Duration) {
        let code = code_name(code);
        self.calls.get_or_create(&Call { method, code }).inc();
        let call_seconds = self.call_seconds.get_or_create(&Method { method });
        call_seconds.observe(time.as_secs_f64());
    }

    /// Counts a call that was refused at once.
    pub(crate) fn shed(&self, reason: &'static str) {
        self.sheds.get_or_create(&Reason { reason }).inc();
    }

    /// Counts a connection that was refused.
    pub(crate) fn connection_refused(&self, reason: &'static str) {
        let refused = &self.connections_refused;
        refused.get_or_create(&Reason { reason }).inc();
    }

    /// Everything, as Prometheus reads it.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// The code's name as gRPC writes it.
const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
