//! Renewing certificates while the service runs.

use std::sync::Weak;

use crate::limits::CERTIFICATE_CHECK;
use crate::transport::Tls;

/// Reads the certificates again when the process is told to by SIGHUP, and when they changed. Without
/// certificates SIGHUP does nothing, rather than end the process.
pub(super) fn reload(tls: Option<Weak<Tls>>) -> impl Future<Output = ()> {
    // From now on, not only once the task runs.
    let hangups = Hangups::new();
    async move {
        match tls {
            Some(tls) => renew(tls, hangups).await,
            None => ignore(hangups).await,
        }
    }
}

async fn renew(tls: Weak<Tls>, mut told: Hangups) {
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

async fn ignore(mut told: Hangups) {
    loop {
        told.next().await;
        tracing::info!("there are no certificates to read again");
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
