//! The bank over gRPC: a thin layer from messages to [`Bank`] and back.

mod decision;
mod page;
mod policy;
mod presentation;
mod receipt;
mod request;
mod status;
mod trust;
mod web;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use taxproof_proto::v1::decision_service_server::DecisionServiceServer;
use taxproof_proto::v1::policy_service_server::PolicyServiceServer;
use taxproof_proto::v1::presentation_service_server::PresentationServiceServer;
use taxproof_proto::v1::receipt_service_server::ReceiptServiceServer;
use taxproof_proto::v1::request_service_server::RequestServiceServer;
use taxproof_proto::v1::trust_service_server::TrustServiceServer;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Server;
use tonic::transport::server::Router;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};
use tonic_web::GrpcWebLayer;
use tower::layer::util::{Identity, Stack};
use tower_http::cors::CorsLayer;

use crate::bank::Bank;
use crate::config::Folder;
use crate::limits::{
    CERTIFICATE_CHECK, EVIDENCE, HEADER_LIST, KEEPALIVE, LIST, Limits, MESSAGE, PENDING_RESETS,
    STREAMS,
};
use crate::transport::{Gate, Security, Tls, incoming};

/// Where and how to serve.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; with port 0 the system chooses one.
    pub listen: SocketAddr,
    /// How callers are told apart.
    pub security: Security,
    /// Whether a service without TLS may listen elsewhere than on loopback.
    pub allow_plaintext_from_other_machines: bool,
    /// What it takes at most.
    pub limits: Limits,
}

impl Settings {
    /// Without TLS, with the default limits.
    pub fn plaintext(listen: SocketAddr) -> Self {
        Self {
            listen,
            security: Security::Plaintext,
            allow_plaintext_from_other_machines: false,
            limits: Limits::default(),
        }
    }

    /// As a bank's configuration says.
    pub fn of(folder: &Folder) -> Self {
        let config = &folder.config;
        Self {
            listen: config.listen,
            security: folder.security.clone(),
            allow_plaintext_from_other_machines: config.allow_plaintext_from_other_machines,
            limits: config.limits.clone(),
        }
    }

    /// Checks that nobody on another machine is let in unasked.
    ///
    /// # Errors
    /// Without TLS the service is to listen on more than loopback, and nothing says that it may.
    pub fn check(&self) -> Result<(), ServeError> {
        let unasked = matches!(self.security, Security::Plaintext);
        let allowed = self.listen.ip().is_loopback() || self.allow_plaintext_from_other_machines;
        match unasked && !allowed {
            true => Err(ServeError::Plaintext(self.listen)),
            false => Ok(()),
        }
    }
}

/// A service that is running.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    bank: Arc<Bank>,
    health: HealthReporter,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), tonic::transport::Error>>,
    drain: Duration,
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
    /// Whoever reaches that address could do everything. The configuration must be mended.
    #[error(
        "without `tls` the service listens on loopback only, not on {0}: set `tls`, or \
         `allow_plaintext_from_other_machines` where something else keeps strangers out"
    )]
    Plaintext(SocketAddr),
    /// The transport broke.
    #[error("the service ended: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The service's task broke.
    #[error("the service ended: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Begins to serve a bank on loopback without TLS, within the default limits.
///
/// # Errors
/// As of [`serve_as`].
pub async fn serve(bank: Arc<Bank>, listen: SocketAddr) -> Result<Serving, ServeError> {
    serve_as(bank, Settings::plaintext(listen)).await
}

/// Begins to serve a bank. With port 0 the system chooses one: see [`Serving::address`].
///
/// # Errors
/// The address cannot be listened on, or must not be without TLS.
pub async fn serve_as(bank: Arc<Bank>, settings: Settings) -> Result<Serving, ServeError> {
    settings.check()?;
    let Settings {
        listen,
        security,
        limits,
        ..
    } = settings;
    let error = |why| ServeError::Listen {
        address: listen,
        why,
    };
    let listener = TcpListener::bind(listen).await.map_err(error)?;
    let address = listener.local_addr().map_err(error)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let metrics = Arc::clone(bank.metrics());
    if let Security::Tls { tls, .. } = &security {
        tokio::spawn(reload(Arc::downgrade(tls), Hangups::new()));
    }
    let tls = matches!(security, Security::Tls { .. });
    let (health, health_service) = health_reporter();
    let serving = router(&bank, &limits)
        .add_service(health_service)
        .serve_with_incoming_shutdown(
            incoming(listener, security, &limits, metrics),
            // A dropped `Serving` stops its service, too.
            async { stopped.await.unwrap_or_default() },
        );
    let task = tokio::spawn(serving);
    tracing::info!(%address, tls, bank = bank.id(), "serving");
    Ok(Serving {
        address,
        bank,
        health,
        stop,
        task,
        drain: limits.drain,
    })
}

/// Reads the certificates again when the process is told to by SIGHUP, and when they changed.
async fn reload(tls: Weak<Tls>, mut told: Hangups) {
    loop {
        let _ = tokio::time::timeout(CERTIFICATE_CHECK, told.next()).await;
        let Some(tls) = tls.upgrade() else { return };
        match tls.reload() {
            Ok(true) => tracing::info!("new certificates"),
            Ok(false) => {}
            Err(why) => tracing::error!(%why, "the certificates stay as they were"),
        }
    }
}

/// The SIGHUPs that the process gets, which no longer end it.
#[derive(Debug)]
struct Hangups(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Hangups {
    fn new() -> Self {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Self(
            #[cfg(unix)]
            signal(SignalKind::hangup()).ok(),
        )
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signals) = &mut self.0 {
            signals.recv().await;
            return;
        }
        std::future::pending().await
    }
}

impl Serving {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no further calls, lets those in progress end within the drain limit, and stops.
    ///
    /// # Errors
    /// The service had ended by itself.
    pub async fn stop(self) -> Result<(), ServeError> {
        let stopped = ServingStatus::NotServing;
        self.health.set_service_status("", stopped).await;
        self.bank.stop_watches();
        drop(self.stop);
        let mut task = self.task;
        match tokio::time::timeout(self.drain, &mut task).await {
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

/// The services, with gRPC-Web and CORS around them.
type Routes = Router<Stack<Gate, Stack<GrpcWebLayer, Stack<CorsLayer, Identity>>>>;

/// The bank behind every service.
#[derive(Debug, Clone)]
struct Service(Arc<Bank>);

fn router(bank: &Arc<Bank>, limits: &Limits) -> Routes {
    let service = || Service(Arc::clone(bank));
    macro_rules! limited {
        ($server:ident) => {
            $server::new(service())
                .max_decoding_message_size(MESSAGE)
                .max_encoding_message_size(LIST)
        };
    }
    let receipts = limited!(ReceiptServiceServer).max_decoding_message_size(EVIDENCE);
    let described = |descriptors| {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(taxproof_proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(descriptors)
    };
    let health = tonic_health::pb::FILE_DESCRIPTOR_SET;
    let compiled = "the build wrote the descriptors";
    Server::builder()
        .accept_http1(true)
        .layer(web::cors(bank.web_origins()))
        .layer(GrpcWebLayer::new())
        .layer(Gate::new(limits, Arc::clone(bank.metrics())))
        .max_concurrent_streams(STREAMS)
        .http2_max_header_list_size(HEADER_LIST)
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .max_connection_age(limits.connection_age)
        .max_connection_age_grace(limits.connection_grace)
        .add_service(limited!(PolicyServiceServer))
        .add_service(limited!(RequestServiceServer))
        .add_service(limited!(PresentationServiceServer))
        .add_service(limited!(DecisionServiceServer))
        .add_service(receipts)
        .add_service(limited!(TrustServiceServer))
        .add_service(described(health).build_v1().expect(compiled))
        .add_service(described(health).build_v1alpha().expect(compiled))
}
