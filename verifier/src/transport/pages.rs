//! Calls that a web page makes in the name of whoever looks at it.
//!
//! CORS keeps answers from foreign pages, not calls from the service: a browser sends a POST that
//! looks like a form's without asking first, and shows the certificate of whoever sits before it.
//! And a page whose name was pointed at this machine after it was loaded (DNS rebinding) is of the
//! service's own origin. With TLS its name is not the certificate's; without, the name is looked at.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderValue, Request, Response, StatusCode};
use tonic::Status;
use tonic::body::Body;

use crate::roles::Caller;

/// Which pages may call, and how the service is called.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    /// Origins of the pages that may call.
    pub origins: Arc<[String]>,
    /// The service's names where it has no certificate. It has those that nobody can point
    /// elsewhere without being asked: addresses and `localhost`.
    pub names: Arc<[String]>,
}

/// What is answered to a call that is not let in.
#[derive(Debug)]
pub(super) struct Refused {
    /// What tells a browser that this is no success, whatever it makes of the rest.
    http: StatusCode,
    status: Status,
    /// How long it is held back: whoever is refused at once calls again at once.
    pub(super) held: Duration,
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        Self::with(StatusCode::OK, status)
    }
}

impl Refused {
    const fn with(http: StatusCode, status: Status) -> Self {
        let held = Duration::ZERO;
        Self { http, status, held }
    }

    /// What is answered after a while.
    pub(super) fn held(status: Status, held: Duration) -> Self {
        let refused = Self::from(status);
        Self { held, ..refused }
    }

    pub(super) fn into_http(self) -> Response<Body> {
        let mut response = self.status.into_http();
        *response.status_mut() = self.http;
        response
    }
}

impl Pages {
    /// Checks that a call is not made by a page that may not call.
    pub(super) fn check<B>(&self, request: &Request<B>, caller: &Caller) -> Result<(), Refused> {
        let headers = request.headers();
        let unknown = |origin: &&HeaderValue| {
            let mut known = self.origins.iter();
            !known.any(|known| known.as_bytes() == origin.as_bytes())
        };
        if let Some(origin) = headers.get_all(ORIGIN).iter().find(unknown) {
            tracing::warn!(?origin, "a web page called");
            return Err(forbidden("pages of this origin may not call the service"));
        }
        let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if !kind.is_some_and(|kind| kind.starts_with(b"application/grpc")) {
            let message = "the content-type is not application/grpc";
            return Err(Refused::with(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Status::invalid_argument(message),
            ));
        }
        if *caller == Caller::Unasked && !self.is_called_by_its_name(request) {
            let host = (request.uri().authority(), headers.get(HOST));
            tracing::warn!(?host, "called by a foreign name");
            return Err(forbidden(
                "without `tls` the service is called by its address, as `localhost`, or by one of \
                 its `server_names`",
            ));
        }
        Ok(())
    }

    fn is_called_by_its_name<B>(&self, request: &Request<B>) -> bool {
        let authority = request.uri().authority().map(Authority::as_str);
        let hosts = request.headers().get_all(HOST).iter();
        let hosts = hosts.map(|host| host.to_str().unwrap_or_default());
        let mut names = authority.into_iter().chain(hosts).peekable();
        names.peek().is_some() && names.all(|name| self.is_own(name))
    }

    fn is_own(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        let host = authority.host();
        let port = authority.port();
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        // Nothing that a browser would not write: no user, nothing after an address in brackets.
        if authority.as_str() != format!("{host}{port}") {
            return false;
        }
        let address = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        address.unwrap_or(host).parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || self
                .names
                .iter()
                .any(|name| host.eq_ignore_ascii_case(name))
    }
}

fn forbidden(message: &str) -> Refused {
    Refused::with(StatusCode::FORBIDDEN, Status::permission_denied(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_called_by_addresses_localhost_and_its_names() {
        let pages = Pages {
            names: ["verifier.bank.example".to_owned()].into(),
            ..Pages::default()
        };
        for own in [
            "127.0.0.1:7480",
            "10.1.2.3",
            "[::1]:7480",
            "localhost",
            "LocalHost:7480",
            "verifier.bank.example:7480",
        ] {
            assert!(pages.is_own(own), "{own}");
        }
        for foreign in [
            "",
            "evil.example:7480",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil.verifier.bank.example",
            "[::1].evil.example",
            "127.0.0.1@evil.example",
        ] {
            assert!(!pages.is_own(foreign), "{foreign}");
        }
    }
}
