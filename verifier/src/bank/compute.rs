//! Computing off the threads that answer calls, and how long each step of a call takes.
//!
//! Steps are spans for traces; the log, which would write each of them down, has only the call's.

use std::sync::Arc;
use std::time::Instant;

use tracing::{Instrument as _, debug_span};

use super::{Bank, Refusal};
use crate::metrics::Step;

impl Bank {
    /// Computes on a thread for that, on as many at once as there are cores. Dropped before its
    /// turn, it is not begun; dropped later, its core stays taken until it ends.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        step: Step,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let begin = Instant::now();
        let core = Arc::clone(&self.cores).acquire_owned();
        let core = core.instrument(debug_span!("queue")).await;
        let core = core.map_err(|_| Refusal::Aborted)?;
        self.metrics.queued(step, begin.elapsed());
        let metrics = Arc::clone(&self.metrics);
        let span = debug_span!("compute", otel.name = step.name());
        let task = tokio::task::spawn_blocking(move || {
            let _core = core;
            let begin = Instant::now();
            let done = span.in_scope(work);
            metrics.step(step, begin.elapsed());
            done
        });
        task.await.map_err(|_| Refusal::Aborted)
    }

    /// Waits for the database as a step of a call.
    pub(super) async fn store_step<T>(&self, step: Step, work: impl Future<Output = T>) -> T {
        let begin = Instant::now();
        let span = debug_span!("store", otel.name = step.name());
        let done = work.instrument(span).await;
        self.metrics.step(step, begin.elapsed());
        done
    }
}
