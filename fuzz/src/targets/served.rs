//! A bank's service on this machine, for a thread's targets.

use std::mem::ManuallyDrop;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use taxproof_verifier::limits::Limits;
use taxproof_verifier::service::{Serving, Settings, serve_as};
use tokio::runtime::Runtime;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::fixture::{Bank, bank};

/// A bank, its service, and a connection to it.
pub(super) struct Served {
    channel: ManuallyDrop<Channel>,
    pub(super) runtime: ManuallyDrop<Runtime>,
    _serving: ManuallyDrop<Serving>,
    pub(super) world: Bank,
}

thread_local! {
    pub(super) static SERVED: Served = Served::new();
}

impl Served {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime on this thread");
        let (bank, serving, channel) = runtime.block_on(serve());
        // A thread's values are dropped when tokio's are gone. The bank's folder is what must go.
        Self {
            channel: ManuallyDrop::new(channel),
            runtime: ManuallyDrop::new(runtime),
            _serving: ManuallyDrop::new(serving),
            world: bank,
        }
    }

    /// What the service answers to a message of a method, or to a stream of one where it takes one: why
    /// it refuses, if it does.
    pub(super) async fn call(&self, method: &str, message: Vec<u8>) -> Result<(), Status> {
        let mut client = Grpc::new((*self.channel).clone());
        client
            .ready()
            .await
            .expect("the service is on this machine");
        let path: PathAndQuery = method.parse().expect("a method's path");
        let request = Request::new(tokio_stream::once(message));
        match client.streaming(request, path, Bytes).await {
            Ok(answer) if method.contains("Watch") => {
                drop(answer);
                Ok(())
            }
            Ok(answer) => {
                let mut answers = answer.into_inner();
                while answers.message().await?.is_some() {}
                Ok(())
            }
            Err(status) => Err(status),
        }
    }
}

async fn serve() -> (Bank, Serving, Channel) {
    let bank = bank().await;
    let limits = Limits {
        peer_calls_per_second: u32::MAX,
        connection_age: Duration::from_secs(1 << 30),
        ..Limits::default()
    };
    let settings = Settings {
        limits,
        ..Settings::plaintext(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    };
    let serving = serve_as(bank.bank.clone(), settings)
        .await
        .expect("loopback is there");
    let address = format!("http://{}", serving.address());
    let endpoint = Endpoint::from_shared(address).expect("an address");
    let channel = endpoint.connect().await.expect("the service listens");
    (bank, serving, channel)
}

/// Messages as they are on the wire.
#[derive(Clone, Copy)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = usize;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        prost::bytes::BufMut::put_slice(to, &message);
        Ok(())
    }
}

/// An answer's length: what it says is not looked at.
impl Decoder for Bytes {
    type Item = usize;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<usize>, Status> {
        let length = prost::bytes::Buf::remaining(from);
        prost::bytes::Buf::advance(from, length);
        Ok(Some(length))
    }
}
