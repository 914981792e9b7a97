//! HTTP over connections: each in a task of its own, with as many calls at once as it was promised,
//! until its age, or until the service stops.
//!
//! tonic's own server promises every connection the same, and ends one at its age without telling its
//! client before.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_stream::Stream;
use tonic::body::Body;
use tower::Service;
use tower::util::ServiceExt as _;

use super::connection::Connection;
use crate::limits::{HEADER_LIST, KEEPALIVE, Limits, PENDING_RESETS};

/// How HTTP is spoken.
#[derive(Debug, Clone)]
pub struct Http {
    /// Whether HTTP/1.1, too: gRPC-Web without TLS.
    http1: bool,
    /// How long a connection may last.
    age: Duration,
    /// How long its calls may go on after that.
    grace: Duration,
}

impl Http {
    /// Within these limits.
    pub const fn new(limits: &Limits, http1: bool) -> Self {
        Self {
            http1,
            age: limits.connection_age,
            grace: limits.connection_grace,
        }
    }

    /// Serves connections as they come until `stop`; then none further, and ends when those that there
    /// are have ended. Each call has the connection's [`Peer`](super::Peer) in its extensions.
    pub async fn serve<S>(
        self,
        connections: impl Stream<Item = Connection>,
        service: S,
        stop: impl Future<Output = ()>,
    ) where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
    {
        let stopping = watch::Sender::new(());
        {
            // The listener closes with it, before connections are waited for.
            let mut connections = pin!(connections);
            let mut stop = pin!(stop);
            loop {
                tokio::select! {
                    () = &mut stop => break,
                    connection = connections.next() => match connection {
                        None => break,
                        Some(connection) => {
                            let (http, service) = (self.clone(), service.clone());
                            tokio::spawn(http.converse(connection, service, stopping.subscribe()));
                        }
                    },
                }
            }
        }
        stopping.send_replace(());
        stopping.closed().await;
    }

    async fn converse<S>(
        self,
        connection: Connection,
        service: S,
        mut stopping: watch::Receiver<()>,
    ) where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
    {
        let builder = self.builder(connection.streams());
        let peer = connection.peer().clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer.clone());
            service.clone().oneshot(request)
        });
        let mut conversation = pin!(builder.serve_connection(TokioIo::new(connection), service));
        let mut ends = pin!(tokio::time::sleep(self.age));
        let (mut old, mut stops) = (false, false);
        loop {
            tokio::select! {
                ended = conversation.as_mut() => {
                    if let Err(why) = ended {
                        tracing::debug!(%why, "a connection broke");
                    }
                    break;
                }
                () = &mut ends => {
                    if old {
                        break;
                    }
                    old = true;
                    conversation.as_mut().graceful_shutdown();
                    ends.as_mut().reset(Instant::now() + self.grace);
                }
                _ = stopping.changed(), if !stops => {
                    stops = true;
                    conversation.as_mut().graceful_shutdown();
                }
            }
        }
    }

    fn builder(&self, streams: u32) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        if !self.http1 {
            builder = builder.http2_only();
        }
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(streams)
            .max_header_list_size(HEADER_LIST)
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE);
        // Without it, headers may take as long as they like.
        builder.http1().timer(TokioTimer::new());
        builder
    }
}
