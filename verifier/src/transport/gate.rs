//! What a call passes before the service sees it: whether a web page makes it, the caller's role, its
//! rate, and its deadline.
//!
//! Nothing of the call's body is read before. A call whose deadline passes is dropped where it
//! waits, so that what it asks for is not begun.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};

use super::connection::Peer;
use super::deadline;
use super::pages::{Pages, Refused};
use super::rate::Rates;
use crate::limits::{LEAST_WAIT, Limits};
use crate::metrics::Metrics;
use crate::roles::{Caller, METHODS};
use crate::telemetry;

/// The layer around every service.
#[derive(Debug, Clone)]
pub struct Gate {
    rates: Arc<Rates>,
    call: Duration,
    pages: Pages,
    metrics: Arc<Metrics>,
}

impl Gate {
    /// A gate with these limits.
    pub fn new(limits: &Limits, pages: Pages, metrics: Arc<Metrics>) -> Self {
        Self {
            rates: Arc::new(Rates::new(
                limits.peer_calls_per_second,
                limits.peer_calls_at_once,
            )),
            call: limits.call,
            pages,
            metrics,
        }
    }

    /// Lets a call pass; how long it may take.
    fn admit<B>(&self, request: &Request<B>) -> Result<Duration, Refused> {
        let peer = request.extensions().get::<Peer>();
        let peer = peer.ok_or_else(|| Status::unauthenticated("who calls is not known"))?;
        self.pages.check(request, &peer.caller)?;
        authorize(&peer.caller, request.uri().path())?;
        self.rates.take(&peer.account()).map_err(|wait| {
            self.metrics.shed("rate");
            let status = exhausted("this caller calls too often: try again later", wait);
            Refused::held(status, LEAST_WAIT)
        })?;
        let asked = deadline::timeout(request.headers())
            .map_err(|_| Status::invalid_argument("grpc-timeout is no timeout"))?;
        match asked {
            Some(Duration::ZERO) => Err(late().into()),
            Some(asked) => Ok(asked.min(self.call)),
            None => Ok(self.call),
        }
    }
}

/// RESOURCE_EXHAUSTED, and when to try again.
pub(crate) fn exhausted(message: &str, wait: Duration) -> Status {
    let details = ErrorDetails::with_retry_info(Some(wait));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

fn late() -> Status {
    Status::deadline_exceeded("the call took longer than it may")
}

fn authorize(caller: &Caller, path: &str) -> Result<(), Status> {
    if caller.may_call(path) {
        return Ok(());
    }
    let message = match caller {
        Caller::Unasked => "there is no such method".to_owned(),
        Caller::Anonymous(_) => "this method needs a certificate".to_owned(),
        Caller::Named { name, role: None } => format!("`{name}` has no role at this bank"),
        Caller::Named {
            name,
            role: Some(role),
        } => format!("`{name}` may not call this method as {role}"),
    };
    tracing::warn!(%path, ?caller, "denied");
    Err(match caller {
        Caller::Unasked => Status::unimplemented(message),
        Caller::Anonymous(_) => Status::unauthenticated(message),
        Caller::Named { .. } => Status::permission_denied(message),
    })
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, service: S) -> Gated<S> {
        Gated {
            gate: self.clone(),
            service,
        }
    }
}

/// A service behind a [`Gate`].
#[derive(Debug, Clone)]
pub struct Gated<S> {
    gate: Gate,
    service: S,
}

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let begin = Instant::now();
        if let Some(peer) = request.extensions().get::<Peer>() {
            peer.calls();
        }
        let method = known(request.uri().path());
        let metrics = Arc::clone(&self.gate.metrics);
        let span = telemetry::call_span(method, request.headers());
        let admitted = span.in_scope(|| self.gate.admit(&request));
        let answer = admitted.map(|limit| (limit, self.service.call(request)));
        let call = async move {
            let response = match answer {
                Ok((limit, answer)) => match tokio::time::timeout(limit, answer).await {
                    Ok(response) => response?,
                    Err(_) => late().into_http(),
                },
                Err(refused) => {
                    if !refused.held.is_zero() {
                        tokio::time::sleep(refused.held).await;
                    }
                    refused.into_http()
                }
            };
            let code = note(&metrics, method, begin, &response);
            telemetry::end_call(&Span::current(), code);
            Ok(response)
        };
        Box::pin(call.instrument(span))
    }
}

/// Counts a call; how it went.
fn note(
    metrics: &Metrics,
    method: &'static str,
    begin: Instant,
    response: &Response<Body>,
) -> Code {
    let code = code(response);
    metrics.call(method, code, begin.elapsed());
    if let Some(reason) = reason(response) {
        metrics.refusal(&reason);
    }
    code
}

/// A method's name as a label: foreign paths have none of their own.
fn known(path: &str) -> &'static str {
    let entry = METHODS.iter().find(|(method, _)| *method == path);
    entry.map_or("unknown", |(method, _)| method)
}

/// The status of a response that has no body; else the call goes well so far.
fn code(response: &Response<Body>) -> Code {
    let status = response.headers().get("grpc-status");
    status.map_or(Code::Ok, |status| Code::from_bytes(status.as_bytes()))
}

/// Why the service refused, as its google.rpc.ErrorInfo says: its own words, never a caller's.
fn reason(response: &Response<Body>) -> Option<String> {
    let status = response.extensions().get::<Status>()?;
    Some(status.get_details_error_info()?.reason)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt as _;

    use super::*;

    /// Counts calls that are begun, and those that are dropped before their end.
    #[derive(Clone, Default)]
    struct Hanging {
        begun: Arc<AtomicUsize>,
        dropped: Arc<AtomicUsize>,
    }

    struct OnDrop(Arc<AtomicUsize>);

    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Service<Request<Body>> for Hanging {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Body>) -> Self::Future {
            self.begun.fetch_add(1, Ordering::Relaxed);
            let dropped = OnDrop(Arc::clone(&self.dropped));
            Box::pin(async move {
                let _dropped = dropped;
                std::future::pending().await
            })
        }
    }

    fn grpc(path: &str) -> http::request::Builder {
        Request::post(path)
            .header("content-type", "application/grpc")
            .header("host", "127.0.0.1:1")
    }

    fn unasked() -> Peer {
        Peer::new(([127, 0, 0, 1], 1).into(), Caller::Unasked)
    }

    async fn call(service: &Hanging, limit: Duration, timeout: Option<&str>) -> Code {
        let limits = Limits {
            call: limit,
            ..Limits::default()
        };
        let mut gated = Gate::new(&limits, Pages::default(), Arc::default()).layer(service.clone());
        let request = grpc("/taxproof.v1.TrustService/GetBank");
        let request = match timeout {
            Some(timeout) => request.header("grpc-timeout", timeout),
            None => request,
        };
        let mut request = request.body(Body::empty()).expect("a request");
        request.extensions_mut().insert(unasked());
        let Ok(response) = gated.call(request).await;
        code(&response)
    }

    #[tokio::test]
    async fn a_deadline_drops_the_call_and_one_that_has_passed_begins_none() {
        let hanging = Hanging::default();
        let hour = Duration::from_secs(3600);
        let begun = || hanging.begun.load(Ordering::Relaxed);
        assert_eq!(
            call(&hanging, hour, Some("0m")).await,
            Code::DeadlineExceeded
        );
        assert_eq!(begun(), 0);
        assert_eq!(
            call(&hanging, hour, Some("5m")).await,
            Code::DeadlineExceeded
        );
        let short = Duration::from_millis(5);
        assert_eq!(call(&hanging, short, None).await, Code::DeadlineExceeded);
        // A caller cannot ask for more than the limit.
        assert_eq!(
            call(&hanging, short, Some("1H")).await,
            Code::DeadlineExceeded
        );
        assert_eq!((begun(), hanging.dropped.load(Ordering::Relaxed)), (3, 3));
    }

    #[tokio::test]
    async fn who_calls_too_often_is_told_so_after_a_while() {
        let limits = Limits {
            peer_calls_at_once: 1,
            peer_calls_per_second: 1,
            ..Limits::default()
        };
        let mut gated =
            Gate::new(&limits, Pages::default(), Arc::default()).layer(Hanging::default());
        let mut call = || {
            let request = grpc("/taxproof.v1.TrustService/GetBank");
            let mut request = request.body(Body::empty()).expect("a request");
            request.extensions_mut().insert(unasked());
            gated.call(request)
        };
        assert!(call().now_or_never().is_none(), "it is begun");
        let begin = Instant::now();
        let Ok(response) = call().await;
        assert_eq!(code(&response), Code::ResourceExhausted);
        assert!(begin.elapsed() >= LEAST_WAIT);
    }

    #[tokio::test]
    async fn a_call_of_nobody_is_refused() {
        let mut gated = Gate::new(&Limits::default(), Pages::default(), Arc::default())
            .layer(Hanging::default());
        let request = grpc("/taxproof.v1.TrustService/GetBank");
        let request = request.body(Body::empty()).expect("a request");
        let Ok(response) = gated.call(request).await;
        assert_eq!(code(&response), Code::Unauthenticated);
    }
}
