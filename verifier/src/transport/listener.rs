//! Taking connections: as many as there are places for, each secured in its own task and in time.
//!
//! An error of `accept` ends neither this nor the process (RUSTSEC-2024-0376): out of file
//! descriptors, it waits until some are free.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_stream::wrappers::ReceiverStream;

use super::connection::{Connection, Peer};
use super::places::{Place, Places};
use super::streams::Stock;
use super::tls::Tls;
use crate::limits::{ACCEPT_PAUSE, Limits};
use crate::metrics::Metrics;
use crate::roles::{Caller, Role, Roles};

/// How callers are told apart.
#[derive(Debug, Clone)]
pub enum Security {
    /// Not at all: whoever reaches the service may do everything.
    Plaintext,
    /// By their certificates.
    Tls {
        /// The service's certificate, and whose certificates callers have.
        tls: Arc<Tls>,
        /// What each name may do.
        roles: Arc<Roles>,
        /// What a caller without a certificate is, if it is let in.
        anonymous: Option<Role>,
    },
}

/// Connections as they come, until the stream is dropped.
pub fn incoming(
    listener: TcpListener,
    security: Security,
    limits: &Limits,
    metrics: Arc<Metrics>,
) -> ReceiverStream<Connection> {
    let (sender, receiver) = mpsc::channel(1);
    let acceptor = Acceptor {
        security,
        handshake: limits.handshake,
        first_call: limits.first_call,
        metrics: Arc::clone(&metrics),
        stock: Stock::new(limits.presentations),
        sender,
    };
    let places = Arc::new(Places::new(limits, metrics));
    tokio::spawn(async move {
        tokio::select! {
            () = acceptor.sender.closed() => {}
            () = accept(&listener, &places, &acceptor) => {}
        }
    });
    ReceiverStream::new(receiver)
}

async fn accept(listener: &TcpListener, places: &Arc<Places>, acceptor: &Acceptor) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => match places.take(address.ip()) {
                Ok(place) => drop(tokio::spawn(acceptor.clone().take(stream, address, place))),
                Err(full) => acceptor.metrics.connection_refused(full),
            },
            Err(why) => {
                acceptor.metrics.connection_refused("accept");
                tracing::warn!(%why, "cannot take a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

#[derive(Clone)]
struct Acceptor {
    security: Security,
    handshake: Duration,
    first_call: Duration,
    metrics: Arc<Metrics>,
    stock: Arc<Stock>,
    sender: mpsc::Sender<Connection>,
}

impl Acceptor {
    async fn take(self, stream: TcpStream, address: SocketAddr, place: Place) {
        // Without it, small answers wait for acknowledgements of earlier ones.
        let _ = stream.set_nodelay(true);
        let connection = match &self.security {
            Security::Plaintext => {
                self.connection(stream, Peer::new(address, Caller::Unasked), place)
            }
            Security::Tls {
                tls,
                roles,
                anonymous,
            } => {
                let handshake = TlsAcceptor::from(tls.config()).accept(stream);
                let stream = match tokio::time::timeout(self.handshake, handshake).await {
                    Ok(Ok(stream)) => stream,
                    Ok(Err(why)) => return self.refuse("handshake", address, &why),
                    Err(late) => return self.refuse("handshake_late", address, &late),
                };
                let certificates = stream.get_ref().1.peer_certificates();
                let caller = match (certificates.and_then(<[_]>::first), anonymous) {
                    (Some(certificate), _) => roles.caller(&names(certificate)),
                    (None, Some(role)) => Caller::Anonymous(*role),
                    (None, None) => return self.refuse("handshake", address, &"no certificate"),
                };
                self.connection(stream, Peer::new(address, caller), place)
            }
        };
        // The service stopped meanwhile.
        let _ = self.sender.send(connection).await;
    }

    fn connection(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        peer: Peer,
        place: Place,
    ) -> Connection {
        let metrics = Arc::clone(&self.metrics);
        let held = (place, self.stock.promise());
        Connection::new(stream, peer, self.first_call, metrics, held)
    }

    fn refuse(&self, reason: &'static str, address: SocketAddr, why: &dyn std::fmt::Display) {
        self.metrics.connection_refused(reason);
        tracing::info!(%address, %why, reason, "connection refused");
    }
}

/// The URI and DNS names of a certificate that was verified.
fn names<'a>(certificate: &'a CertificateDer<'_>) -> Vec<&'a str> {
    match webpki::EndEntityCert::try_from(certificate) {
        Ok(certificate) => certificate
            .valid_uri_names()
            .chain(certificate.valid_dns_names())
            .collect(),
        Err(_) => Vec::new(),
    }
}
