//! Computing off the threads that answer calls, and how long each step of a call takes.
//!
//! Steps are spans for traces; the log, which would write each of them down, has only the call's.

use std::sync::Arc;
use std::time::Instant;

use tracing::{Span, debug_span};

use super::{Bank, Refusal};
use crate::metrics::Step;

/// The calls that a step is taken for: each of those that are answered together has it in its trace.
#[derive(Debug)]
pub(super) struct Calls(Vec<Span>);

impl Calls {
    /// The call that is answered here.
    pub(super) fn current() -> Self {
        Self(vec![Span::current()])
    }

    /// Several, each for what is at its place.
    pub(super) const fn each(calls: Vec<Span>) -> Self {
        Self(calls)
    }

    /// The call for what is at a place.
    pub(super) fn of(&self, place: usize) -> &Span {
        &self.0[place.min(self.0.len() - 1)]
    }

    /// A step, begun in every trace.
    fn begin(&self, step: impl Fn(&Span) -> Span) -> Vec<Span> {
        self.0.iter().map(step).collect()
    }
}

/// Waiting for one's turn, in a call's trace.
pub(super) fn queue_span(call: &Span) -> Span {
    debug_span!(parent: call, "queue")
}

impl Bank {
    /// Computes on a thread for that, on as many at once as there are cores. Dropped before its
    /// turn, it is not begun; dropped later, its core stays taken until it ends.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        step: Step,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        self.compute_for(&Calls::current(), step, work).await
    }

    /// The same for several calls.
    pub(super) async fn compute_for<T: Send + 'static>(
        &self,
        calls: &Calls,
        step: Step,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let begin = Instant::now();
        let queued = calls.begin(queue_span);
        let core = Arc::clone(&self.cores).acquire_owned().await;
        let core = core.map_err(|_| Refusal::Aborted)?;
        drop(queued);
        self.metrics.queued(step, begin.elapsed());
        let metrics = Arc::clone(&self.metrics);
        let name = step.name();
        let spans = calls.begin(|call| debug_span!(parent: call, "compute", otel.name = name));
        let task = tokio::task::spawn_blocking(move || {
            let (_core, _spans) = (core, spans);
            let begin = Instant::now();
            let done = work();
            metrics.step(step, begin.elapsed());
            done
        });
        task.await.map_err(|_| Refusal::Aborted)
    }

    /// Waits for the database as a step of some calls.
    pub(super) async fn store_step<T>(
        &self,
        calls: &Calls,
        step: Step,
        work: impl Future<Output = T>,
    ) -> T {
        let begin = Instant::now();
        let name = step.name();
        let _spans = calls.begin(|call| debug_span!(parent: call, "store", otel.name = name));
        let done = work.await;
        self.metrics.step(step, begin.elapsed());
        done
    }
}
