//! Metrics and probes over HTTP, on a listener of their own, for what cannot show a certificate:
//! Prometheus, and the probes of an orchestrator. Nothing here is about an applicant.

use std::convert::Infallible;
use std::sync::Arc;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::monitor::{Monitor, Standing};
use crate::limits::{ACCEPT_PAUSE, OPERATIONS_CALL, OPERATIONS_CONNECTIONS};
use crate::metrics::CONTENT_TYPE;

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, monitor: Arc<Monitor>) {
    let places = Arc::new(Semaphore::new(OPERATIONS_CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // One too many is closed.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let monitor = Arc::clone(&monitor);
        tokio::spawn(async move {
            let _place = place;
            let _ = tokio::time::timeout(OPERATIONS_CALL, converse(stream, monitor)).await;
        });
    }
}

/// One question and its answer.
async fn converse(stream: TcpStream, monitor: Arc<Monitor>) {
    let service = service_fn(move |request| {
        let answer = answer(&request, &monitor);
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever asked has gone, or never asked well.
    let _ = connection.await;
}

fn answer(request: &Request<Incoming>, monitor: &Monitor) -> Response<Full<Bytes>> {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "read only\n".to_owned());
    }
    match request.uri().path() {
        "/metrics" => {
            let mut response = text(StatusCode::OK, monitor.metrics());
            let kind = header::HeaderValue::from_static(CONTENT_TYPE);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        "/livez" => text(StatusCode::OK, "alive\n".to_owned()),
        "/readyz" => match monitor.standing() {
            Standing::Ready => text(StatusCode::OK, "ready\n".to_owned()),
            Standing::NotReady(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
            Standing::Stopping => text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()),
        },
        _ => text(
            StatusCode::NOT_FOUND,
            "/metrics, /livez, /readyz\n".to_owned(),
        ),
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
