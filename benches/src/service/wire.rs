//! A gRPC client on HTTP/2's own frames: it costs little beside the service that it measures, and
//! can be as rude as it likes.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Request, Uri};
use prost::bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;
use tonic::Code;

use super::tls::Server;

/// A connection to a service.
#[derive(Clone)]
pub(super) struct Connection {
    sender: SendRequest<Bytes>,
    authority: Authority,
    /// Calls at once that the service promised.
    pub(super) streams: usize,
}

/// How a call ended.
pub(super) struct Answer {
    pub(super) code: Code,
    /// The last message, in its frame.
    pub(super) message: Bytes,
}

/// What gRPC puts before a message: whether it is compressed, and its length.
const FRAME: usize = 5;

impl Answer {
    /// The message.
    pub(super) fn body(&self) -> &[u8] {
        self.message.get(FRAME..).unwrap_or_default()
    }
}

impl Connection {
    /// Connects from one of this machine's own addresses, 127.0.0.`from`, where the system has
    /// these: the service takes each for another peer. A window is how much of an answer may come
    /// unread. Nothing is called before the service has said how much may be called at once.
    pub(super) async fn open(to: &Server, from: u8, window: u32) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Elsewhere than on Linux there is one address, and so one peer.
        let _ = socket.bind((Ipv4Addr::new(127, 0, 0, from), 0).into());
        let stream = socket.connect(to.address).await?;
        stream.set_nodelay(true)?;
        match &to.tls {
            None => Self::over(stream, to, window).await,
            Some(clients) => Self::over(clients.connect(stream, from).await?, to, window).await,
        }
    }

    async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        to: &Server,
        window: u32,
    ) -> io::Result<Self> {
        let (sender, connection) = h2::client::Builder::new()
            .initial_window_size(window)
            .initial_connection_window_size(window)
            .initial_max_send_streams(0)
            .handshake(stream)
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(connection);
        let authority = to.address.to_string().parse();
        let authority = authority.map_err(io::Error::other)?;
        let mut looks = 0;
        while sender.current_max_send_streams() == 0 {
            if looks == MOST_LOOKS {
                return Err(io::ErrorKind::TimedOut.into());
            }
            looks += 1;
            tokio::time::sleep(LOOK).await;
        }
        Ok(Self {
            streams: sender.current_max_send_streams(),
            sender,
            authority,
        })
    }

    /// Makes a call with some messages, and waits for its end.
    pub(super) async fn call(
        &self,
        method: &'static str,
        messages: impl IntoIterator<Item = Bytes>,
    ) -> Result<Answer, h2::Error> {
        let (answer, mut stream) = self.begin(method).await?;
        let mut messages = messages.into_iter().peekable();
        while let Some(message) = messages.next() {
            stream.send_data(message, messages.peek().is_none())?;
        }
        let answer = answer.await?;
        if let Some(code) = code(answer.headers()) {
            let message = Bytes::new();
            return Ok(Answer { code, message });
        }
        let mut body = answer.into_body();
        let message = read(&mut body).await?;
        let trailers = body.trailers().await?.unwrap_or_default();
        let code = code(&trailers).unwrap_or(Code::Unknown);
        Ok(Answer { code, message })
    }

    /// Makes a call with one message, and reads nothing of its answer while it is kept.
    pub(super) async fn call_unread(
        &self,
        method: &'static str,
        message: Bytes,
    ) -> Result<Unread, h2::Error> {
        let (answer, mut stream) = self.begin(method).await?;
        stream.send_data(message, true)?;
        Ok(Unread(answer, stream))
    }

    async fn begin(
        &self,
        method: &'static str,
    ) -> Result<(h2::client::ResponseFuture, SendStream<Bytes>), h2::Error> {
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(PathAndQuery::from_static(method))
            .build()
            .expect("a method is a path");
        let request = Request::post(uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .expect("the headers are well formed");
        let mut sender = self.sender.clone().ready().await?;
        sender.send_request(request, false)
    }
}

/// A call whose answer nobody reads.
pub(super) struct Unread(
    #[expect(dead_code, reason = "dropped, the call is given up")] h2::client::ResponseFuture,
    #[expect(dead_code, reason = "dropped, the call is given up")] SendStream<Bytes>,
);

async fn read(body: &mut RecvStream) -> Result<Bytes, h2::Error> {
    let mut message = BytesMut::new();
    while let Some(part) = body.data().await {
        let part = part?;
        body.flow_control().release_capacity(part.len())?;
        message.extend_from_slice(&part);
    }
    Ok(message.freeze())
}

fn code(headers: &HeaderMap) -> Option<Code> {
    let status = headers.get("grpc-status")?;
    Some(Code::from_bytes(status.as_bytes()))
}

/// How often a new connection is asked for the service's settings.
const LOOK: Duration = Duration::from_millis(1);
/// Longer than a service under load takes to send them.
const MOST_LOOKS: usize = 10_000;
