//! Whether the service is ready, told to whoever sends it calls.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::bank::{Bank, NotReady};
use crate::limits::READINESS_CHECK;
use crate::transport::{Security, Tls};

/// The name under which gRPC health says whether the process lives; under the empty name it says
/// whether it is ready.
pub const LIVENESS: &str = "liveness";

/// What was found last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Ready,
    NotReady(NotReady),
    Stopping,
}

/// Looks now and then.
#[derive(Debug)]
pub(super) struct Monitor {
    bank: Arc<Bank>,
    health: HealthReporter,
    tls: Option<Arc<Tls>>,
    standing: watch::Sender<Standing>,
    /// The reason that was logged last, unless it was ready since: each is logged once.
    told: Mutex<Option<NotReady>>,
}

impl Monitor {
    /// Looks for the first time, before any call is taken.
    pub(super) async fn start(
        bank: Arc<Bank>,
        health: HealthReporter,
        security: &Security,
    ) -> Arc<Self> {
        let tls = match security {
            Security::Plaintext => None,
            Security::Tls { tls, .. } => Some(Arc::clone(tls)),
        };
        let monitor = Self {
            bank,
            health,
            tls,
            standing: watch::Sender::new(Standing::NotReady(NotReady::NoEpoch)),
            told: Mutex::default(),
        };
        let serving = ServingStatus::Serving;
        monitor.health.set_service_status(LIVENESS, serving).await;
        monitor.look().await;
        Arc::new(monitor)
    }

    /// Looks as long as the service runs.
    pub(super) async fn watch(self: Arc<Self>) {
        loop {
            let changed = self.bank.readiness_changed();
            let _ = tokio::time::timeout(READINESS_CHECK, changed).await;
            self.look().await;
        }
    }

    async fn look(&self) {
        if let Some(tls) = &self.tls {
            let (ends, metrics) = (tls.ends(), self.bank.metrics());
            metrics.certificate("service", ends.certificate);
            metrics.certificate("client_authorities", ends.client_authorities);
        }
        let standing = match self.bank.readiness().await {
            Ok(()) => Standing::Ready,
            Err(why) => Standing::NotReady(why),
        };
        let metrics = self.bank.metrics();
        let goes_on = self.standing.send_if_modified(|now| {
            let goes_on = *now != Standing::Stopping;
            if goes_on {
                *now = standing;
                metrics.ready(standing == Standing::Ready);
            }
            goes_on
        });
        if goes_on {
            self.tell().await;
        }
    }

    /// Tells what was found last. One at a time, so that what is told last is what is so.
    async fn tell(&self) {
        let mut told = self.told.lock().await;
        let standing = self.standing();
        let status = match standing {
            Standing::Ready => ServingStatus::Serving,
            Standing::NotReady(_) | Standing::Stopping => ServingStatus::NotServing,
        };
        self.health.set_service_status("", status).await;
        match standing {
            Standing::Ready if told.take().is_some() => tracing::info!("ready"),
            Standing::NotReady(why) if told.replace(why) != Some(why) => {
                tracing::warn!(%why, "not ready");
            }
            _ => {}
        }
    }

    /// The service stops: it is not ready any more, and watches end.
    pub(super) async fn stop(&self) {
        self.standing.send_modify(|now| {
            *now = Standing::Stopping;
            self.bank.metrics().ready(false);
        });
        self.tell().await;
        self.bank.stop_watches();
    }

    /// What was found last.
    pub(super) fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Everything that is counted, as text.
    pub(super) fn metrics(&self) -> String {
        self.bank.metrics().to_text()
    }
}
