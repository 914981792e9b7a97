//! What the service counts, in OpenMetrics' text format, which Prometheus reads.
//!
//! Times of day are Unix times, as Prometheus recommends: an age is `time()` less one of them.

mod labels;
#[cfg(test)]
mod tests;

pub use labels::Step;

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};
use taxproof_claims::key::KeyHeader;
use tonic::Code;

use labels::{Authority, Call, Certificate, InStep, Key, Method, Reason, Told, Verdict, code_name};

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The service's counters.
pub struct Metrics {
    registry: Registry,
    calls: Family<Call, Counter>,
    call_seconds: Histograms<Method>,
    queue_seconds: Histograms<InStep>,
    step_seconds: Histograms<InStep>,
    verdicts: Family<Verdict, Counter>,
    refusals: Family<Told, Counter>,
    store_errors: Family<Told, Counter>,
    sheds: Family<Reason, Counter>,
    presentations: Gauge,
    connections: Gauge,
    connections_refused: Family<Reason, Counter>,
    ready: Gauge,
    clock_behind: Gauge,
    receipts: Gauge,
    epochs: Family<Authority, Gauge>,
    epoch_times: Family<Authority, Gauge>,
    keys: Family<Key, Gauge>,
    certificates: Family<Certificate, Gauge>,
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
            queue_seconds: Family::new_with_constructor(latencies),
            step_seconds: Family::new_with_constructor(latencies),
            verdicts: Family::default(),
            refusals: Family::default(),
            store_errors: Family::default(),
            sheds: Family::default(),
            presentations: Gauge::default(),
            connections: Gauge::default(),
            connections_refused: Family::default(),
            ready: Gauge::default(),
            clock_behind: Gauge::default(),
            receipts: Gauge::default(),
            epochs: Family::default(),
            epoch_times: Family::default(),
            keys: Family::default(),
            certificates: Family::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        self.registry
            .register("build", "Which version runs", version);
        let r = &mut self.registry;
        add(r, "calls", "Calls by method and code", &self.calls);
        add(
            r,
            "call_seconds",
            "How long calls took, until their answer began",
            &self.call_seconds,
        );
        add(
            r,
            "queue_seconds",
            "How long steps of calls waited for a core",
            &self.queue_seconds,
        );
        add(
            r,
            "step_seconds",
            "How long steps of calls took",
            &self.step_seconds,
        );
        add(
            r,
            "verdicts",
            "Verdicts on presentations, with the reason of those that are invalid",
            &self.verdicts,
        );
        add(
            r,
            "refusals",
            "Calls and presentations that were refused, by reason",
            &self.refusals,
        );
        add(
            r,
            "store_errors",
            "Failures of the database, by what callers were told",
            &self.store_errors,
        );
        add(
            r,
            "sheds",
            "Calls refused at once, by what was exhausted",
            &self.sheds,
        );
        add(
            r,
            "presentations",
            "Presentations that wait or are verified",
            &self.presentations,
        );
        add(
            r,
            "connections",
            "Connections that are open",
            &self.connections,
        );
        add(
            r,
            "connections_refused",
            "Connections refused, by why",
            &self.connections_refused,
        );
        add(
            r,
            "ready",
            "Whether the service is ready, 1 or 0",
            &self.ready,
        );
        add(
            r,
            "clock_behind_seconds",
            "How far the machine's clock is behind what it was",
            &self.clock_behind,
        );
        add(r, "receipts", "Receipts in the chain", &self.receipts);
        add(
            r,
            "epoch",
            "The number of each authority's newest epoch",
            &self.epochs,
        );
        add(
            r,
            "epoch_timestamp_seconds",
            "When each authority's newest epoch was made",
            &self.epoch_times,
        );
        add(
            r,
            "key_accepted_timestamp_seconds",
            "Since when a verifying key is accepted",
            &self.keys,
        );
        add(
            r,
            "certificate_expiry_timestamp_seconds",
            "When a certificate ends",
            &self.certificates,
        );
    }

    /// Counts a call.
    pub(crate) fn call(&self, method: &'static str, code: Code, time: Duration) {
        let code = code_name(code);
        self.calls.get_or_create(&Call { method, code }).inc();
        let call_seconds = self.call_seconds.get_or_create(&Method { method });
        call_seconds.observe(time.as_secs_f64());
    }

    /// Notes how long a step waited for a core.
    pub(crate) fn queued(&self, step: Step, time: Duration) {
        let queue_seconds = self.queue_seconds.get_or_create(&step.into());
        queue_seconds.observe(time.as_secs_f64());
    }

    /// Notes how long a step took.
    pub(crate) fn step(&self, step: Step, time: Duration) {
        let step_seconds = self.step_seconds.get_or_create(&step.into());
        step_seconds.observe(time.as_secs_f64());
    }

    /// Counts a verdict.
    pub(crate) fn verdict(&self, verdict: &'static str, reason: &'static str) {
        let verdict = Verdict { verdict, reason };
        self.verdicts.get_or_create(&verdict).inc();
    }

    /// Counts a refusal by what the caller was told.
    pub(crate) fn refusal(&self, reason: &str) {
        let told = Told {
            reason: reason.to_owned(),
        };
        self.refusals.get_or_create(&told).inc();
        if reason.starts_with("DATABASE_") {
            self.store_errors.get_or_create(&told).inc();
        }
    }

    /// Counts a failure of the database that no caller was told of.
    pub(crate) fn store_error(&self, reason: &'static str) {
        let reason = reason.to_owned();
        self.store_errors.get_or_create(&Told { reason }).inc();
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

    /// Counts presentations as waiting, until what this gives is dropped.
    pub(crate) fn presentations(&self, count: usize) -> Present {
        Present::new(&self.presentations, count)
    }

    /// Counts a connection as open, until what this gives is dropped.
    pub(crate) fn connection(&self) -> Present {
        Present::new(&self.connections, 1)
    }

    /// Notes whether the service is ready.
    pub(crate) fn ready(&self, ready: bool) {
        self.ready.set(ready.into());
    }

    /// Notes how far the clock is behind.
    pub(crate) fn clock_behind(&self, seconds: u64) {
        self.clock_behind.set(whole(seconds));
    }

    /// Notes how long the chain of receipts is.
    pub(crate) fn receipts(&self, receipts: u64) {
        self.receipts.set(whole(receipts));
    }

    /// Notes an authority's newest epoch.
    pub(crate) fn epoch(&self, authority: &str, number: u64, time: u64) {
        let authority = Authority {
            authority: authority.to_owned(),
        };
        self.epochs.get_or_create(&authority).set(whole(number));
        self.epoch_times.get_or_create(&authority).set(whole(time));
    }

    /// Notes since when a verifying key is accepted.
    pub(crate) fn key(&self, header: &KeyHeader, since: u64) {
        self.keys.get_or_create(&Key::of(header)).set(whole(since));
    }

    /// Notes when a certificate ends.
    pub(crate) fn certificate(&self, certificate: &'static str, end: u64) {
        let certificate = Certificate { certificate };
        self.certificates
            .get_or_create(&certificate)
            .set(whole(end));
    }

    /// Everything, as Prometheus reads it.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

/// What the text is, for HTTP.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Something that is counted while it is there.
#[derive(Debug)]
pub(crate) struct Present {
    gauge: Gauge,
    count: i64,
}

impl Present {
    fn new(gauge: &Gauge, count: usize) -> Self {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        gauge.inc_by(count);
        Self {
            gauge: gauge.clone(),
            count,
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.gauge.dec_by(self.count);
    }
}

fn add(registry: &mut Registry, name: &str, help: &str, metric: &(impl Metric + Clone)) {
    registry.register(name, help, metric.clone());
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
