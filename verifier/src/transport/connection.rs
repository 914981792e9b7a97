//! A connection, and who is at its other end.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::network::network;
use super::places::Place;
use super::streams::Promise;
use crate::metrics::Metrics;
use crate::roles::Caller;

/// Who is at the other end of a connection; in the extensions of each of its calls.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// Who it is.
    pub caller: Caller,
    /// Whether it has called.
    called: Arc<AtomicBool>,
}

impl Peer {
    /// Whoever has connected and not called yet.
    pub fn new(address: SocketAddr, caller: Caller) -> Self {
        Self {
            address,
            caller,
            called: Arc::default(),
        }
    }

    /// What its calls are counted under: its certificate's name, else its network.
    pub fn account(&self) -> Arc<str> {
        match &self.caller {
            Caller::Named { name, .. } => Arc::clone(name),
            Caller::Unasked | Caller::Anonymous(_) => network(self.address.ip()).to_string().into(),
        }
    }

    /// Notes that it has called.
    pub(super) fn calls(&self) {
        self.called.store(true, Ordering::Relaxed);
    }
}

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

/// A connection whose caller is known. It takes one of the service's places until it is dropped.
pub struct Connection {
    stream: Pin<Box<dyn Stream>>,
    peer: Peer,
    /// Until when it must have called, while it has not.
    silence: Option<Pin<Box<Sleep>>>,
    metrics: Arc<Metrics>,
    promise: Promise,
    _place: Place,
}

impl Connection {
    /// One that breaks where its peer does not call in time.
    pub(super) fn new(
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        peer: Peer,
        first_call: Duration,
        metrics: Arc<Metrics>,
        (place, promise): (Place, Promise),
    ) -> Self {
        Self {
            stream: Box::pin(stream),
            peer,
            silence: Some(Box::pin(tokio::time::sleep(first_call))),
            metrics,
            promise,
            _place: place,
        }
    }

    /// Who is at its other end.
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// How many calls at once its peer is promised.
    pub const fn streams(&self) -> u32 {
        self.promise.streams()
    }

    /// Fails where the peer was silent for too long. Asked before everything, as a peer can hold up
    /// reading by not reading itself.
    fn check_silence(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let Some(silence) = &mut self.silence else {
            return Ok(());
        };
        if self.peer.called.load(Ordering::Relaxed) {
            self.silence = None;
            return Ok(());
        }
        if silence.as_mut().poll(context).is_pending() {
            return Ok(());
        }
        self.silence = None;
        self.metrics.connection_refused("silent");
        tracing::info!(address = %self.peer.address, "it called nothing in time");
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({:?})", self.peer)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_silence(context)?;
        self.stream.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_silence(context)?;
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check_silence(context)?;
        self.stream.as_mut().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_silence(context)?;
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }
}
