//! Which web pages may call the service from a browser, by gRPC-Web.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember the answer.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// Answers browsers that ask whether a page of some origin may call: those named, and no other. What
/// is not asked, the transport's `Pages` refuse.
pub(super) fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins.iter().filter_map(|o| HeaderValue::from_str(o).ok());
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::POST])
        .allow_headers(["content-type", "x-grpc-web", "x-user-agent", "grpc-timeout"].map(name))
        .expose_headers(["grpc-status", "grpc-message", "grpc-status-details-bin"].map(name))
        .max_age(MAX_AGE)
}
