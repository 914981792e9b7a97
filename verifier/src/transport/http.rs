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
    /// How often a quiet connection is asked whether it lives, and how long it may take to say so.
    keepalive: Duration,
}

impl Http {
    /// Within these limits.
    pub const fn new(limits: &Limits, http1: bool) -> Self {
        Self {
            http1,
            age: limits.connection_age,
            grace: limits.connection_grace,
            keepalive: KEEPALIVE,
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
            .keep_alive_interval(self.keepalive)
            .keep_alive_timeout(self.keepalive);
        // Without it, headers may take as long as they like.
        builder.http1().timer(TokioTimer::new());
        builder
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use h2::client::SendRequest;
    use prost::bytes::Bytes;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::transport::{Security, incoming};

    type Conversation = h2::client::Connection<TcpStream, Bytes>;

    async fn served(keepalive: Duration) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("binds");
        let address = listener.local_addr().expect("is bound");
        let limits = Limits::default();
        let connections = incoming(listener, Security::Plaintext, &limits, Arc::default());
        let http = Http {
            keepalive,
            ..Http::new(&limits, false)
        };
        let service = tower::service_fn(async |_: Request<Body>| Ok(Response::new(Body::empty())));
        tokio::spawn(http.serve(connections, service, std::future::pending()));
        address
    }

    async fn connected(address: SocketAddr) -> (SendRequest<Bytes>, Conversation) {
        let stream = TcpStream::connect(address).await.expect("connects");
        h2::client::handshake(stream).await.expect("speaks HTTP/2")
    }

    async fn call(client: &SendRequest<Bytes>) {
        let mut client = client.clone().ready().await.expect("may call");
        let request = Request::get("http://bank.example/").body(());
        let sent = client.send_request(request.expect("a request"), true);
        let (answer, _) = sent.expect("is sent");
        answer.await.expect("is answered");
    }

    #[tokio::test]
    async fn a_quiet_connection_stays_while_its_client_answers_and_ends_where_it_does_not() {
        let often = Duration::from_secs(1);
        let address = served(often).await;
        let (answering, conversation) = connected(address).await;
        tokio::spawn(conversation);
        let (client, mut gone) = connected(address).await;
        tokio::select! {
            () = call(&client) => {}
            _ = &mut gone => panic!("it ended before"),
        }
        // Nobody reads what comes for it any more.
        sleep(3 * often).await;
        call(&answering).await;
        let ended = timeout(Duration::from_secs(5), gone).await;
        assert!(ended.is_ok(), "it goes on");
    }
}
