//! A service that is running, until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::ServeError;
use super::monitor::Monitor;

/// A service that is running.
#[derive(Debug)]
pub struct Serving {
    pub(super) address: SocketAddr,
    pub(super) operations_address: Option<SocketAddr>,
    pub(super) monitor: Arc<Monitor>,
    pub(super) stop: oneshot::Sender<()>,
    pub(super) task: JoinHandle<()>,
    pub(super) drain: Duration,
    pub(super) background: Background,
}

/// What goes on beside the service, and ends with it.
#[derive(Debug, Default)]
pub(super) struct Background(JoinSet<()>);

impl Background {
    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }

    async fn end(mut self) {
        self.0.shutdown().await;
    }
}

impl Serving {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics and probes are, if anywhere.
    pub const fn operations_address(&self) -> Option<SocketAddr> {
        self.operations_address
    }

    /// Takes no further calls, lets those in progress end within the drain limit, and stops.
    ///
    /// # Errors
    /// The service had ended by itself.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.monitor.stop().await;
        drop(self.stop);
        let mut task = self.task;
        let ended = tokio::time::timeout(self.drain, &mut task).await;
        // Last, so that whoever asks is told that it stops.
        self.background.end().await;
        match ended {
            Ok(ended) => Ok(ended?),
            Err(_) => {
                tracing::warn!("calls in progress end with the process");
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
            ended = &mut self.task => Ok(ended?),
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
