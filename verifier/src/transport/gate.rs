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
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};

use super::connection::Peer;
use super::deadline;
use super::pages::{Pages, Refused};
use super::rate::Rates;
use crate::limits::Limits;
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
    full: Option<Full>,
}

/// What is refused at the gate while it has no room.
#[derive(Debug, Clone)]
pub struct Full {
    /// The method.
    pub method: &'static str,
    /// One for each call that there is room for.
    pub places: Arc<Semaphore>,
    /// What the caller is told.
    pub answer: fn() -> Status,
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
            full: None,
        }
    }

    /// The same that refuses a method while that has no room, before anything else is done for the
    /// call: refusing is what there is most of when there is too much.
    pub fn refusing(self, full: Full) -> Self {
        let full = Some(full);
        Self { full, ..self }
    }

    /// Why a call that may be made is refused at once.
    fn refused<B>(&self, request: &Request<B>) -> Option<Status> {
        let full = self.full.as_ref()?;
        let (path, peer) = (request.uri().path(), request.extensions().get::<Peer>());
        let refused = path == full.method
            && full.places.available_permits() == 0
            && peer.is_some_and(|peer| peer.caller.may_call(path));
        refused.then(full.answer)
    }

    /// Lets a call pass; how long it may take.
    fn admit<B>(&self, request: &Request<B>) -> Result<Duration, Refused> {
        let peer = request.extensions().get::<Peer>();
        let peer = peer.ok_or_else(|| Status::unauthenticated("who calls is not known"))?;
        self.pages.check(request, &peer.caller)?;
        authorize(&peer.caller, request.uri().path())?;
        self.rates.take(&peer.account()).map_err(|wait| {
            self.metrics.shed("rate");
            exhausted("this caller calls too often: try again later", wait)
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
        if let Some(status) = self.gate.refused(&request) {
            metrics.shed("queue");
            let response = status.into_http();
            note(&metrics, method, begin, &response);
            return Box::pin(std::future::ready(Ok(response)));
        }
        let span = telemetry::call_span(method, request.headers());
        let admitted = span.in_scope(|| self.gate.admit(&request));
        let answer = admitted.map(|limit| (limit, self.service.call(request)));
        let call = async move {
            let response = match answer {
                Ok((limit, answer)) => match tokio::time::timeout(limit, answer).await {
                    Ok(response) => response?,
                    Err(_) => late().into_http(),
                },
                Err(refused) => refused.into_http(),
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
    async fn a_method_without_room_is_refused_and_others_are_not() {
        let hanging = Hanging::default();
        let places = Arc::new(Semaphore::new(1));
        let gate = Gate::new(&Limits::default(), Pages::default(), Arc::default()).refusing(Full {
            method: "/taxproof.v1.TrustService/GetBank",
            places: Arc::clone(&places),
            answer: || exhausted("full", Duration::from_secs(1)),
        });
        let mut gated = gate.layer(hanging.clone());
        let mut call = |path: &str, peer: Option<Peer>| {
            let mut request = grpc(path).body(Body::empty()).expect("a request");
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            let answer = gated.call(request).now_or_never();
            answer.map(|Ok(response)| code(&response))
        };
        let (full, other) = (
            "/taxproof.v1.TrustService/GetBank",
            "/taxproof.v1.TrustService/ListEpochs",
        );
        assert_eq!(call(full, Some(unasked())), None);
        let taken = places.try_acquire().expect("a place");
        assert_eq!(call(full, Some(unasked())), Some(Code::ResourceExhausted));
        assert_eq!(call(other, Some(unasked())), None);
        // Who may not call is told that, and not how full it is.
        assert_eq!(call(full, None), Some(Code::Unauthenticated));
        drop(taken);
        assert_eq!(call(full, Some(unasked())), None);
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
