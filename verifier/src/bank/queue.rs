//! Presentations that are handed in one by one: those that come while others are verified are
//! verified together, as a batch. Alone, one is verified at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;
use tracing::Span;

use super::batch::{Answer, Steps};
use super::compute::{Calls, queue_span};
use super::room::Place;
use super::{Bank, ClientRequestId, Decision, Refusal, Submission};
use crate::limits::{SHARED, SHARES};
use crate::metrics::{Present, Step};

/// Presentations that wait.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Tasks that take from those that wait.
    workers: usize,
}

/// A presentation, and who waits for its decision.
#[derive(Debug)]
struct Job {
    submission: Submission,
    call: Span,
    since: Instant,
    waits: Span,
    caller: Caller,
}

/// Who waits for a decision.
#[derive(Debug)]
struct Caller {
    answer: oneshot::Sender<Answer>,
    /// Its place among those that may wait or be verified, which it keeps when the caller goes.
    _place: Place,
    _counted: Present,
}

const ONE_BY_ONE: Steps = Steps {
    open: Step::Open,
    verify: Step::Verify,
};

impl Queue {
    /// Lets a presentation wait. Says whether another worker is needed.
    fn push(&self, job: Job) -> bool {
        let mut state = self.lock();
        state.waiting.push_back(job);
        let needed = state.workers < SHARES;
        state.workers += usize::from(needed);
        needed
    }

    /// What waits, the longest first, as far as somebody still wants it. Where there is nothing, the
    /// worker that asks is to end.
    fn take(&self) -> Option<Vec<Job>> {
        let mut state = self.lock();
        let mut jobs = Vec::new();
        while jobs.len() < SHARED
            && let Some(job) = state.waiting.pop_front()
        {
            if !job.caller.answer.is_closed() {
                jobs.push(job);
            }
        }
        if jobs.is_empty() {
            state.workers -= 1;
            return None;
        }
        Some(jobs)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bank {
    /// Verifies a sealed presentation, and decides its request if it verifies. Given up before its
    /// turn, it is not begun.
    ///
    /// # Errors
    /// As of [`Self::submit_as`].
    pub async fn submit(
        self: &Arc<Self>,
        sealed: Vec<u8>,
        client_request_id: impl Into<ClientRequestId>,
    ) -> Result<Decision, Refusal> {
        self.submit_as(&"".into(), sealed, client_request_id).await
    }

    /// The same for one of several peers, with whom it takes turns where there are more presentations
    /// than places.
    ///
    /// # Errors
    /// The presentation cannot be read, its request was decided by another one, the bank has not
    /// what it takes to verify it, or there are too many at once.
    pub async fn submit_as(
        self: &Arc<Self>,
        peer: &Arc<str>,
        sealed: Vec<u8>,
        client_request_id: impl Into<ClientRequestId>,
    ) -> Result<Decision, Refusal> {
        let client_request_id = client_request_id.into();
        client_request_id.check()?;
        let Some(place) = self.room.enter(peer).await else {
            self.metrics.shed("queue");
            return Err(Refusal::Busy);
        };
        let (answer, answered) = oneshot::channel();
        let call = Span::current();
        let needed = self.queue.push(Job {
            submission: Submission {
                sealed,
                client_request_id,
            },
            since: Instant::now(),
            waits: queue_span(&call),
            call,
            caller: Caller {
                answer,
                _place: place,
                _counted: self.metrics.presentations(1),
            },
        });
        if needed {
            tokio::spawn(work(Arc::clone(self)));
        }
        answered.await.map_err(|_| Refusal::Aborted)?
    }
}

/// Answers what waits until nothing does.
async fn work(bank: Arc<Bank>) {
    while let Some(jobs) = bank.queue.take() {
        // In a task of its own, so that a mistake in one batch does not take the worker along: whoever
        // waits for an answer then gets `Refusal::Aborted`.
        let answered = tokio::spawn(answer(Arc::clone(&bank), jobs)).await;
        if answered.is_err() {
            tracing::error!("a verification ended without an answer");
        }
    }
}

async fn answer(bank: Arc<Bank>, jobs: Vec<Job>) {
    let (mut submissions, mut calls, mut callers) = (Vec::new(), Vec::new(), Vec::new());
    for job in jobs {
        bank.metrics.queued(Step::Turn, job.since.elapsed());
        drop(job.waits);
        submissions.push(job.submission);
        calls.push(job.call);
        callers.push(job.caller);
    }
    let calls = Calls::each(calls);
    let answers = bank.answer_all(submissions, &calls, ONE_BY_ONE).await;
    for (caller, answer) in callers.into_iter().zip(answers) {
        // Whoever waited may have gone; what was decided stays decided.
        let _ = caller.answer.send(answer);
    }
}
