//! The log, and traces of calls.
//!
//! A call is a span, and so is each step of it: waiting for a core, decrypting, verifying, keeping.
//! Spans hold methods, codes and counts; neither they nor the log hold anything of an applicant.

mod collector;
mod parent;

pub use collector::{CannotTrace, Collector};
pub(crate) use parent::{call_span, end_call};

use std::io;

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Metadata;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use crate::limits::LAST_SPANS;

/// Writes the log and sends traces; the last ones when it is dropped.
#[derive(Debug)]
#[must_use = "traces end when this is dropped"]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Writes the log to standard error as JSON, one line an event, as much as `RUST_LOG` says; and
    /// sends traces to a collector, if there is one. A collector that is away holds up nothing.
    ///
    /// Within a runtime of tokio, which the collector's connection uses.
    ///
    /// # Errors
    /// The collector's authority is none.
    pub fn start(collector: Option<&Collector>) -> Result<Self, CannotTrace> {
        let provider = collector.map(Collector::provider).transpose()?;
        let traces = provider.as_ref().map(|provider| {
            use opentelemetry::trace::TracerProvider as _;
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("taxproof-verifier"))
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false)
                .with_filter(filter_fn(is_our_span))
        });
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let log = fmt::layer()
            .json()
            .with_current_span(false)
            .with_writer(io::stderr)
            .with_filter(filter);
        // A second subscriber in one process is no reason to stop.
        let _ = tracing_subscriber::registry()
            .with(traces)
            .with(log)
            .try_init();
        Ok(Self(provider))
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.0
            && let Err(why) = provider.shutdown_with_timeout(LAST_SPANS)
        {
            tracing::warn!(%why, "the last traces were not sent");
        }
    }
}

/// What is traced: this crate's spans. Not its events, which are the log's, and nothing of the
/// crates below, which may say more than they should.
fn is_our_span(metadata: &Metadata<'_>) -> bool {
    let krate = metadata.target().split("::").next();
    metadata.is_span() && krate == Some(env!("CARGO_CRATE_NAME"))
}
