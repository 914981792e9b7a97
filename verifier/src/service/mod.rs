//! The bank over gRPC: a thin layer from messages to [`Bank`] and back.

mod decision;
mod monitor;
mod operations;
mod page;
mod policy;
mod presentation;
mod receipt;
mod reload;
mod request;
mod serving;
mod status;
mod trust;
mod web;

pub use monitor::LIVENESS;
pub use serving::{Serving, stop_signal};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use taxproof_proto::v1::decision_service_server::DecisionServiceServer;
use taxproof_proto::v1::policy_service_server::PolicyServiceServer;
use taxproof_proto::v1::presentation_service_server::PresentationServiceServer;
use taxproof_proto::v1::receipt_service_server::ReceiptServiceServer;
use taxproof_proto::v1::request_service_server::RequestServiceServer;
use taxproof_proto::v1::trust_service_server::TrustServiceServer;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::service::Routes;
use tonic_health::server::health_reporter;
use tonic_web::GrpcWebLayer;
use tower::Layer as _;

use crate::bank::{Bank, Clock};
use crate::config::{Config, Folder};
use crate::limits::{EVIDENCE, LIST, Limits, MESSAGE, SEALED};
use crate::roles::Caller;
use crate::telemetry::Telemetry;
use crate::transport::{Gate, Http, Pages, Peer, Security, incoming};
use monitor::Monitor;
use serving::Background;

/// Where and how to serve.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; with port 0 the system chooses one.
    pub listen: SocketAddr,
    /// How callers are told apart.
    pub security: Security,
    /// Whether a service without TLS may listen elsewhere than on loopback.
    pub allow_plaintext_from_other_machines: bool,
    /// Names under which callers reach a service without TLS, besides its addresses and `localhost`.
    pub server_names: Vec<String>,
    /// What it takes at most.
    pub limits: Limits,
    /// Where metrics and probes are served over HTTP, if anywhere.
    pub metrics: Option<SocketAddr>,
}

impl Settings {
    /// Without TLS, with the default limits.
    pub fn plaintext(listen: SocketAddr) -> Self {
        Self {
            listen,
            security: Security::Plaintext,
            allow_plaintext_from_other_machines: false,
            server_names: Vec::new(),
            limits: Limits::default(),
            metrics: None,
        }
    }

    /// As a bank's configuration says.
    pub fn of(folder: &Folder) -> Self {
        Self::new(&folder.config, folder.security.clone())
    }

    /// As a configuration says whose certificates were read.
    pub(crate) fn new(config: &Config, security: Security) -> Self {
        Self {
            listen: config.listen,
            security,
            allow_plaintext_from_other_machines: config.allow_plaintext_from_other_machines,
            server_names: config.server_names.clone(),
            limits: config.limits.clone(),
            metrics: config.metrics.as_ref().map(|metrics| metrics.listen),
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
/// An address cannot be listened on, or must not be without TLS.
pub async fn serve_as(bank: Arc<Bank>, settings: Settings) -> Result<Serving, ServeError> {
    settings.check()?;
    let (listener, address) = bind(settings.listen).await?;
    let metrics = Arc::clone(bank.metrics());
    let mut background = Background::default();
    background.spawn(reload::reload(match &settings.security {
        Security::Tls { tls, .. } => Some(Arc::downgrade(tls)),
        Security::Plaintext => None,
    }));
    let (health, health_service) = health_reporter();
    let monitor = Monitor::start(Arc::clone(&bank), health, &settings.security).await;
    background.spawn(Arc::clone(&monitor).watch());
    let mut operations_address = None;
    if let Some(listen) = settings.metrics {
        let (listener, address) = bind(listen).await?;
        operations_address = Some(address);
        background.spawn(operations::serve(listener, Arc::clone(&monitor)));
        tracing::info!(%address, "metrics");
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let tls = matches!(settings.security, Security::Tls { .. });
    let limits = settings.limits;
    let pages = Pages {
        origins: bank.web_origins().into(),
        names: settings.server_names.into(),
    };
    // Browsers speak HTTP/2 only with TLS; whoever else calls by gRPC-Web does so as they do.
    let http = Http::new(&limits, !pages.origins.is_empty());
    let cors = web::cors(&pages.origins);
    let gate = Gate::new(&limits, pages, Arc::clone(&metrics));
    let routes = gate.layer(routes(&bank).add_service(health_service).prepare());
    let service = cors.layer(GrpcWebLayer::new().layer(routes));
    let connections = incoming(listener, settings.security, &limits, metrics);
    // A dropped `Serving` stops its service, too.
    let told = async { stopped.await.unwrap_or_default() };
    let task = tokio::spawn(http.serve(connections, service, told));
    tracing::info!(%address, tls, bank = bank.id(), "serving");
    Ok(Serving {
        address,
        operations_address,
        monitor,
        stop,
        task,
        drain: limits.drain,
        background,
    })
}

/// Opens a bank and serves it as its configuration says until `stop`, telling where it listens.
///
/// # Errors
/// The configuration, the bank's files, its database or its addresses are wrong.
pub async fn run(
    folder: Folder,
    settings: Settings,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    settings.check()?;
    let _telemetry = Telemetry::start(folder.collector.as_ref())?;
    for name in &folder.strangers {
        tracing::warn!(%name, "this variable looks like a setting and is none");
    }
    let bank = Bank::open(folder, Clock::system()).await?;
    let serving = serve_as(Arc::new(bank), settings).await?;
    eprintln!("listening on {}", serving.address());
    if let Some(address) = serving.operations_address() {
        eprintln!("metrics on http://{address}/metrics");
    }
    Ok(serving.until(stop).await?)
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let error = |why| ServeError::Listen { address, why };
    let listener = TcpListener::bind(address).await.map_err(error)?;
    let bound = listener.local_addr().map_err(error)?;
    Ok((listener, bound))
}

/// The bank behind every service.
#[derive(Debug, Clone)]
struct Service(Arc<Bank>);

/// What its calls are counted under.
fn account<T>(request: &tonic::Request<T>) -> Arc<str> {
    let peer = request.extensions().get::<Peer>();
    peer.map_or_else(|| "".into(), Peer::account)
}

/// Who calls. The gate lets no call pass without.
fn caller<T>(request: &tonic::Request<T>) -> Result<Caller, tonic::Status> {
    let peer = request.extensions().get::<Peer>();
    let peer = peer.ok_or_else(|| tonic::Status::unauthenticated("who calls is not known"))?;
    Ok(peer.caller.clone())
}

fn routes(bank: &Arc<Bank>) -> Routes {
    let service = || Service(Arc::clone(bank));
    macro_rules! limited {
        ($server:ident) => {
            $server::new(service())
                .max_decoding_message_size(MESSAGE)
                .max_encoding_message_size(LIST)
        };
    }
    let presentations = limited!(PresentationServiceServer).max_decoding_message_size(SEALED);
    let receipts = limited!(ReceiptServiceServer).max_decoding_message_size(EVIDENCE);
    let described = |descriptors| {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(taxproof_proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(descriptors)
    };
    let health = tonic_health::pb::FILE_DESCRIPTOR_SET;
    let compiled = "the build wrote the descriptors";
    Routes::new(limited!(PolicyServiceServer))
        .add_service(limited!(RequestServiceServer))
        .add_service(presentations)
        .add_service(limited!(DecisionServiceServer))
        .add_service(receipts)
        .add_service(limited!(TrustServiceServer))
        .add_service(described(health).build_v1().expect(compiled))
        .add_service(described(health).build_v1alpha().expect(compiled))
}
