//! The bank over gRPC: a thin layer from messages to [`Bank`] and back.

mod decision;
mod policy;
mod presentation;
mod request;
mod status;
mod trust;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use taxproof_proto::v1::decision_service_server::DecisionServiceServer;
use taxproof_proto::v1::policy_service_server::PolicyServiceServer;
use taxproof_proto::v1::presentation_service_server::PresentationServiceServer;
use taxproof_proto::v1::request_service_server::RequestServiceServer;
use taxproof_proto::v1::trust_service_server::TrustServiceServer;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Server;
use tonic::transport::server::{Router, TcpIncoming};

use crate::bank::Bank;
use crate::limits::{CALL, DRAIN, HEADER_LIST, MESSAGE, STREAMS};

/// A service that is running.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), tonic::transport::Error>>,
}

/// A service could not begin, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why not.
        why: io::Error,
    },
    /// The transport broke.
    #[error("the service ended: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The service's task broke.
    #[error("the service ended: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Begins to serve a bank. With port 0 the system chooses one: see [`Serving::address`].
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(bank: Arc<Bank>, listen: SocketAddr) -> Result<Serving, ServeError> {
    let error = |why| ServeError::Listen {
        address: listen,
        why,
    };
    let listener = TcpListener::bind(listen).await.map_err(error)?;
    let address = listener.local_addr().map_err(error)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = router(&bank).serve_with_incoming_shutdown(
        TcpIncoming::from(listener).with_nodelay(Some(true)),
        // A dropped `Serving` stops its service, too.
        async { stopped.await.unwrap_or_default() },
    );
    let task = tokio::spawn(serving);
    tracing::info!(%address, bank = bank.id(), "serving");
    Ok(Serving {
        address,
        stop,
        task,
    })
}

impl Serving {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no further calls, lets those in progress end within [`DRAIN`], and stops.
    ///
    /// # Errors
    /// The service had ended by itself.
    pub async fn stop(self) -> Result<(), ServeError> {
        drop(self.stop);
        let mut task = self.task;
        match tokio::time::timeout(DRAIN, &mut task).await {
            Ok(ended) => Ok(ended??),
            Err(_) => {
                task.abort();
                Ok(())
            }
        }
    }

    /// Serves until `signal`, then stops.
    ///
    /// # Errors
    /// The service ended by itself.
    pub async fn until(mut self, signal: impl Future<Output = ()>) -> Result<(), ServeError> {
        tokio::select! {
            ended = &mut self.task => Ok(ended??),
            () = signal => self.stop().await,
        }
    }
}

/// Ends when the process is told to end: by SIGTERM, or by an interrupt from a terminal.
///
/// # Errors
/// The system does not let the process listen for signals.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())?
    };
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Writes the log to standard error as JSON, one line an event; `RUST_LOG` says how much.
pub fn log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second subscriber in one process is no reason to stop.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .try_init();
}

/// The bank behind every service.
#[derive(Debug, Clone)]
struct Service(Arc<Bank>);

fn router(bank: &Arc<Bank>) -> Router {
    let service = || Service(Arc::clone(bank));
    macro_rules! limited {
        ($server:ident) => {
            $server::new(service())
                .max_decoding_message_size(MESSAGE)
                .max_encoding_message_size(MESSAGE)
        };
    }
    Server::builder()
        .timeout(CALL)
        .max_concurrent_streams(STREAMS)
        .http2_max_header_list_size(HEADER_LIST)
        .add_service(limited!(PolicyServiceServer))
        .add_service(limited!(RequestServiceServer))
        .add_service(limited!(PresentationServiceServer))
        .add_service(limited!(DecisionServiceServer))
        .add_service(limited!(TrustServiceServer))
}
