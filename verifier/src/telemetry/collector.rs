//! Where traces go: an OpenTelemetry collector that takes OTLP over gRPC.

use std::fmt;

use http::Uri;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

use crate::limits::COLLECTOR;

/// A collector of traces.
#[derive(Clone, PartialEq)]
pub struct Collector {
    endpoint: Uri,
    ca: Option<String>,
    sample: f64,
}

/// Traces cannot be sent. Whoever runs the service must mend the configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CannotTrace {
    /// The authority of the collector's certificate is none.
    #[error("`traces.ca`: {0}")]
    Tls(#[from] tonic::transport::Error),
    /// OpenTelemetry's variables are wrong.
    #[error("OpenTelemetry: {0}")]
    Exporter(#[from] ExporterBuildError),
}

impl Collector {
    /// The collector of a configuration, or else of OpenTelemetry's variables; none where neither
    /// names one.
    pub(crate) fn choose<'v>(
        endpoint: Option<String>,
        ca: Option<String>,
        sample: f64,
        variable: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<Option<Self>, &'static str> {
        if variable("OTEL_SDK_DISABLED").is_some_and(|said| said.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let endpoint = match endpoint {
            Some(endpoint) => endpoint,
            None => {
                let said = [
                    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                    "OTEL_EXPORTER_OTLP_ENDPOINT",
                ];
                let Some(endpoint) = said.into_iter().find_map(&variable) else {
                    return Ok(None);
                };
                let protocol = [
                    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
                    "OTEL_EXPORTER_OTLP_PROTOCOL",
                ];
                let protocol = protocol.into_iter().find_map(&variable);
                if protocol.is_some_and(|protocol| protocol != "grpc") {
                    return Err(
                        "is OpenTelemetry's, whose variables name another protocol than `grpc`, \
                                the only one that this service speaks",
                    );
                }
                endpoint.to_owned()
            }
        };
        let endpoint: Uri = endpoint.parse().map_err(|_| NO_ADDRESS)?;
        let authority = endpoint.authority().ok_or(NO_ADDRESS)?;
        if authority.as_str().contains('@') {
            return Err("holds a password: put it into OTEL_EXPORTER_OTLP_HEADERS");
        }
        match (endpoint.scheme_str(), &ca) {
            (Some("http"), None) | (Some("https"), Some(_)) => Ok(Some(Self {
                endpoint,
                ca,
                sample,
            })),
            (Some("http"), Some(_)) => Err("is not https, though there is `traces.ca`"),
            (Some("https"), None) => {
                Err("is https: say with `traces.ca` whose certificate to trust")
            }
            _ => Err(NO_ADDRESS),
        }
    }

    /// What makes traces, sent in the background.
    pub(super) fn provider(&self) -> Result<SdkTracerProvider, CannotTrace> {
        let mut endpoint = Channel::builder(self.endpoint.clone()).timeout(COLLECTOR);
        if let Some(ca) = &self.ca {
            let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
            endpoint = endpoint.tls_config(tls)?;
        }
        // Its headers, which may be secret, are those of OTEL_EXPORTER_OTLP_HEADERS.
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_channel(endpoint.connect_lazy())
            .build()?;
        let sampler = Sampler::TraceIdRatioBased(self.sample);
        Ok(SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .with_resource(resource())
            .build())
    }
}

/// Not the authority, which is long.
impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collector({}, {})", self.endpoint, self.sample)
    }
}

/// Who sends the traces; OpenTelemetry's variables can say more.
fn resource() -> Resource {
    let builder = Resource::builder();
    let builder = match std::env::var_os("OTEL_SERVICE_NAME") {
        Some(_) => builder,
        None => builder.with_service_name("taxproof-verifier"),
    };
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    builder.with_attribute(version).build()
}

const NO_ADDRESS: &str = "is no address: write `http://host:4317`";

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(
        endpoint: &str,
        ca: Option<&str>,
        variables: &[(&str, &'static str)],
    ) -> Result<Option<String>, &'static str> {
        let endpoint = Some(endpoint.to_owned()).filter(|endpoint| !endpoint.is_empty());
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        let chosen = Collector::choose(endpoint, ca.map(str::to_owned), 1.0, variable)?;
        Ok(chosen.map(|chosen| chosen.endpoint.to_string()))
    }

    #[test]
    fn the_configuration_comes_before_opentelemetrys_variables() {
        let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:4317");
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4317");
        let is = |endpoint: &str| Ok(Some(format!("{endpoint}/")));
        assert_eq!(choose("", None, &[]), Ok(None));
        assert_eq!(choose("", None, &[general]), is("http://general:4317"));
        assert_eq!(
            choose("", None, &[general, traces]),
            is("http://traces:4317")
        );
        assert_eq!(
            choose("http://configured:1", None, &[general, traces]),
            is("http://configured:1")
        );
        let disabled = ("OTEL_SDK_DISABLED", "true");
        assert_eq!(choose("http://configured:1", None, &[disabled]), Ok(None));
        let json = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json");
        assert!(choose("", None, &[general, json]).is_err());
        assert!(choose("http://configured:1", None, &[general, json]).is_ok());
    }

    #[test]
    fn an_endpoint_holds_no_password_and_says_whom_to_trust() {
        for (bad, ca) in [
            ("collector", None),
            ("grpc://collector:4317", None),
            ("http://user:hush@collector:4317", None),
            ("https://collector:4317", None),
            ("http://collector:4317", Some("pem")),
        ] {
            let why = choose(bad, ca, &[]).expect_err(bad);
            assert!(!why.contains("hush"));
        }
        assert!(choose("https://collector:4317", Some("pem"), &[]).is_ok());
    }
}
