//! How many calls each connection is promised, and what becomes of those beyond what there is room for.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use h2::client::SendRequest;
use http::Request;
use prost::bytes::{Bytes, BytesMut};
use taxproof_proto::v1::SubmitPresentationRequest;
use taxproof_verifier::limits::{LEAST_STREAMS, STREAMS};
use taxproof_verifier::service::{Settings, serve_as};
use tokio::net::TcpSocket;
use tokio::task::{JoinHandle, JoinSet};
use tonic::Code;

use crate::limits::{Locked, served};
use crate::world::World;

/// A connection from one of this machine's own addresses that has been told how much it may call.
pub(crate) struct Told {
    pub(crate) sender: SendRequest<Bytes>,
    pub(crate) streams: usize,
    /// Ends with the connection.
    pub(crate) task: JoinHandle<Result<(), h2::Error>>,
}

impl Told {
    pub(crate) async fn connect(to: SocketAddr, from: u8, window: u32) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket
            .bind((Ipv4Addr::new(127, 0, 0, from), 0).into())
            .unwrap();
        let stream = socket.connect(to).await.unwrap();
        let (sender, connection) = h2::client::Builder::new()
            .initial_max_send_streams(0)
            .initial_window_size(window)
            .initial_connection_window_size(window)
            .handshake(stream)
            .await
            .unwrap();
        let task = tokio::spawn(connection);
        for _ in 0..2000 {
            if sender.current_max_send_streams() > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let streams = sender.current_max_send_streams();
        Self {
            sender,
            streams,
            task,
        }
    }

    pub(crate) fn begin(
        &mut self,
        method: &str,
        message: Bytes,
        end: bool,
    ) -> (h2::client::ResponseFuture, h2::SendStream<Bytes>) {
        let request = Request::post(format!("http://127.0.0.1/taxproof.v1.{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let (answer, mut stream) = self.sender.send_request(request, false).unwrap();
        stream.send_data(message, end).unwrap();
        (answer, stream)
    }
}

/// How a call ended.
async fn code(answer: h2::client::ResponseFuture) -> Result<Code, h2::Error> {
    let answer = answer.await?;
    let (head, mut body) = answer.into_parts();
    let mut status = head.headers.get("grpc-status").cloned();
    if status.is_none() {
        while let Some(part) = body.data().await {
            let length = part?.len();
            body.flow_control().release_capacity(length)?;
        }
        let trailers = body.trailers().await?.unwrap_or_default();
        status = trailers.get("grpc-status").cloned();
    }
    Ok(status.map_or(Code::Unknown, |status| Code::from_bytes(status.as_bytes())))
}

/// gRPC's frame around a message.
fn framed(message: &impl prost::Message) -> Bytes {
    let mut frame = BytesMut::new();
    frame.extend_from_slice(&[0]);
    frame.extend_from_slice(&u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
    message.encode(&mut frame).unwrap();
    frame.freeze()
}

/// What a call of [`SUBMIT`] sends: an answer that is good.
async fn submission(world: &World) -> Bytes {
    let asked = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    framed(&SubmitPresentationRequest {
        sealed_presentation: world.seal(&asked.present()),
        ..SubmitPresentationRequest::default()
    })
}

const SUBMIT: &str = "PresentationService/SubmitPresentation";
const EMPTY: Bytes = Bytes::from_static(&[0; 5]);
const WINDOW: u32 = 65_535;

#[tokio::test]
async fn later_connections_are_promised_less_until_others_end() {
    let (_world, serving) = served(|_| {}).await;
    let connect = || Told::connect(serving.address(), 1, WINDOW);
    let mut connections = Vec::new();
    for _ in 0..20 {
        connections.push(connect().await);
    }
    let streams: Vec<_> = connections.iter().map(|c| c.streams).collect();
    assert_eq!(streams[..3], [64, 48, 36]);
    assert!(streams.is_sorted_by(|a, b| a >= b), "{streams:?}");
    assert_eq!(streams[19], LEAST_STREAMS as usize);
    // As many as there are places for, and the least for each.
    assert!(streams.iter().sum::<usize>() <= 256 + 20 * LEAST_STREAMS as usize);
    drop(connections);
    let mut again = 0;
    for _ in 0..200 {
        again = connect().await.streams;
        if again == STREAMS as usize {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(again, STREAMS as usize, "what was promised comes back");
}

/// A call that is being answered when its connection is old ends as it would have, and its client is
/// told to call elsewhere meanwhile.
#[tokio::test]
async fn a_connection_ends_at_its_age_when_its_calls_have_ended() {
    let (_world, serving) = served(|settings| {
        settings.limits.connection_age = Duration::from_millis(300);
        settings.limits.connection_grace = Duration::from_secs(60);
    })
    .await;
    let mut told = Told::connect(serving.address(), 1, WINDOW).await;
    let method = "PresentationService/SubmitPresentations";
    let (answer, mut stream) = told.begin(method, Bytes::new(), false);
    let mut refused = false;
    for _ in 0..500 {
        refused = told.sender.clone().ready().await.is_err();
        if refused {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(refused, "it takes calls beyond its age");
    stream.send_data(Bytes::new(), true).unwrap();
    assert_eq!(code(answer).await.unwrap(), Code::Ok);
    drop((told.sender, stream));
    let ended = tokio::time::timeout(Duration::from_secs(10), told.task).await;
    ended.expect("it ends by itself").unwrap().unwrap();
}

/// CVE-2023-44487: streams that are opened and reset, again and again.
#[tokio::test]
async fn a_peer_that_resets_what_it_begins_is_told_to_go() {
    let (_world, serving) = served(|_| {}).await;
    let mut told = Told::connect(serving.address(), 1, WINDOW).await;
    // All in one piece, before the service looks at any.
    for _ in 0..40 {
        for _ in 0..told.streams {
            if told.sender.clone().ready().await.is_err() {
                break;
            }
            let (_answer, mut stream) = told.begin("TrustService/GetBank", EMPTY, true);
            stream.send_reset(h2::Reason::CANCEL);
        }
        if told.task.is_finished() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let ended = tokio::time::timeout(Duration::from_secs(10), told.task).await;
    let why = ended.expect("it is closed").unwrap().unwrap_err();
    // Writing on, it may notice the end before it reads why.
    let calm = why.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM);
    assert!(calm || why.is_io(), "{why}");
    let mut other = Told::connect(serving.address(), 2, WINDOW).await;
    let (answer, _stream) = other.begin("TrustService/GetBank", EMPTY, true);
    assert_eq!(code(answer).await.unwrap(), Code::Ok);
}

/// One peer's flood over many connections: another's few calls are decided, and what is refused of
/// the flood has waited before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_over_many_connections_leaves_others_served() {
    let world = World::with(None, "limits = { presentations = 2 }\n").await;
    let mut settings = Settings::plaintext(([127, 0, 0, 1], 0).into());
    settings.limits.presentations = 2;
    let serving = serve_as(Arc::clone(&world.bank), settings).await.unwrap();
    let message = submission(&world).await;
    let (served, shed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut flood = JoinSet::new();
    for _ in 0..64 {
        let mut told = Told::connect(serving.address(), 2, WINDOW).await;
        let (message, served, shed) = (message.clone(), Arc::clone(&served), Arc::clone(&shed));
        flood.spawn(async move {
            loop {
                let mut answers = Vec::new();
                for _ in 0..told.streams {
                    let (answer, stream) = told.begin(SUBMIT, message.clone(), true);
                    answers.push((answer, stream));
                }
                for (answer, _stream) in answers {
                    match code(answer).await.unwrap() {
                        Code::Ok => served.fetch_add(1, Ordering::Relaxed),
                        _ => shed.fetch_add(1, Ordering::Relaxed),
                    };
                }
            }
        });
    }
    for _ in 0..3000 {
        if shed.load(Ordering::Relaxed) >= 300 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(shed.load(Ordering::Relaxed) >= 300, "it is no flood");
    let mut honest = Told::connect(serving.address(), 3, WINDOW).await;
    for _ in 0..50 {
        let (answer, _stream) = honest.begin(SUBMIT, message.clone(), true);
        assert_eq!(code(answer).await.unwrap(), Code::Ok);
    }
    assert!(served.load(Ordering::Relaxed) > 0);
    flood.shutdown().await;
}

/// Without any place at all, each call is refused after a while, and none hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_take_their_time_and_come() {
    let (world, serving) = served(|_| {}).await;
    let message = submission(&world).await;
    let locked = Locked::new(&world).await;
    let begin = Instant::now();
    let (mut connections, mut answers) = (Vec::new(), JoinSet::new());
    for _ in 0..60 {
        let mut told = Told::connect(serving.address(), 1, WINDOW).await;
        for _ in 0..told.streams {
            let (answer, stream) = told.begin(SUBMIT, message.clone(), true);
            answers.spawn(async move {
                let _stream = stream;
                code(answer).await.unwrap()
            });
        }
        connections.push(told);
    }
    let beyond = answers.len() - 256;
    for _ in 0..beyond {
        let ended = answers.join_next().await.unwrap().unwrap();
        assert_eq!(ended, Code::ResourceExhausted);
    }
    assert!(begin.elapsed() >= Duration::from_millis(50));
    locked.unlock().await;
    while let Some(ended) = answers.join_next().await {
        assert_eq!(ended.unwrap(), Code::Ok);
    }
}
