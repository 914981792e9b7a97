//! Many presentations at once: decrypted, read, verified and kept together.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use rayon::prelude::*;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::KeyFingerprint;
use taxproof_claims::presentation::Presentation;
use tokio::sync::SemaphorePermit;
use tracing::Instrument as _;

use super::compute::Calls;
use super::{Bank, ClientRequestId, Decision, Refusal};
use crate::epoch::TrustedEpoch;
use crate::limits::BATCH;
use crate::metrics::Step;
use crate::presentation::{Case, Question, Verdict};
use crate::store::{KeptRequest, StoreError};

/// One of many presentations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Encrypted to the bank.
    pub sealed: Vec<u8>,
    /// Chosen by the caller, for one presentation.
    pub client_request_id: ClientRequestId,
}

/// A batch that comes in. It holds memory for what has come, until it is answered or dropped.
#[derive(Debug)]
pub struct Batch<'a> {
    bank: &'a Bank,
    submissions: Vec<Submission>,
    held: Option<SemaphorePermit<'a>>,
}

impl Batch<'_> {
    /// Adds a presentation.
    ///
    /// # Errors
    /// There are more than [`BATCH`], or the batches that come in hold too much together.
    pub fn add(&mut self, submission: Submission) -> Result<(), Refusal> {
        if self.submissions.len() == BATCH {
            return Err(Refusal::BatchTooLong);
        }
        let bytes = u32::try_from(submission.size()).map_err(|_| Refusal::BatchTooLong)?;
        let held = self.bank.held.try_acquire_many(bytes).map_err(|_| {
            self.bank.metrics.shed("batches");
            Refusal::Busy
        })?;
        match &mut self.held {
            Some(all) => all.merge(held),
            none => *none = Some(held),
        }
        self.submissions.push(submission);
        Ok(())
    }
}

impl Submission {
    /// What it takes of the memory, about.
    fn size(&self) -> usize {
        size_of::<Self>() + self.sealed.len()
    }
}

/// A presentation whose proof is to be verified.
struct Asked {
    place: usize,
    question: Question,
    epoch: Arc<TrustedEpoch>,
    presentation: Presentation,
    /// When it was looked at, seconds since 1970-01-01T00:00:00Z.
    now: u64,
}

/// What becomes of a presentation.
pub(super) type Answer = Result<Decision, Refusal>;

/// What the steps are called for presentations that came one by one, or as a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    pub(super) open: Step,
    pub(super) verify: Step,
}

const OF_BATCH: Steps = Steps {
    open: Step::OpenBatch,
    verify: Step::VerifyBatch,
};

impl Bank {
    /// A batch without presentations yet.
    pub const fn batch(&self) -> Batch<'_> {
        Batch {
            bank: self,
            submissions: Vec::new(),
            held: None,
        }
    }

    /// Verifies the presentations of a batch together, when it is its turn, and decides the requests
    /// of those that verify. The answers are in the presentations' order; one that is refused holds up
    /// no other.
    pub async fn submit_all(self: &Arc<Self>, batch: Batch<'_>) -> Vec<Result<Decision, Refusal>> {
        let turn = self.batches.acquire().await;
        let _turn = turn.expect("the semaphore is never closed");
        let submissions = batch.submissions;
        let _counted = self.metrics.presentations(submissions.len());
        let calls = Calls::current();
        self.answer_all(submissions, &calls, OF_BATCH).await
    }

    /// An answer to each of some presentations, however many there are, in their order. The calls are
    /// one for all of them, or one for each.
    pub(super) async fn answer_all(
        self: &Arc<Self>,
        submissions: Vec<Submission>,
        calls: &Calls,
        steps: Steps,
    ) -> Vec<Answer> {
        let (sealed, ids): (Vec<_>, Vec<_>) = submissions
            .into_iter()
            .map(|submission| (submission.sealed, submission.client_request_id))
            .unzip();
        let bank = Arc::clone(self);
        let open = move |sealed: Vec<u8>| -> Result<Presentation, Refusal> {
            Ok(Presentation::decode(&bank.identity.open(&sealed)?)?)
        };
        let open_all = move || sealed.into_par_iter().map(open).collect::<Vec<_>>();
        let mut answers: Vec<_> = ids.iter().map(|_| Err(Refusal::Aborted)).collect();
        let Ok(opened) = self.compute_for(calls, steps.open, open_all).await else {
            return answers;
        };
        let ask = self.ask_all(opened, &ids, calls, &mut answers);
        let asked = self.store_step(calls, Step::Lookup, ask).await;
        self.judge_all(asked, &ids, calls, steps.verify, &mut answers)
            .await;
        answers
    }

    /// What is to be verified; the rest is answered.
    async fn ask_all(
        &self,
        opened: Vec<Result<Presentation, Refusal>>,
        ids: &[ClientRequestId],
        calls: &Calls,
        answers: &mut [Answer],
    ) -> Vec<Asked> {
        let named = opened.iter().flatten().map(|opened| opened.request);
        let requests = self.store.requests_named(named.collect()).await;
        let requests = requests.map_err(Arc::new);
        let mut asked = Vec::new();
        for (place, (opened, id)) in opened.into_iter().zip(ids).enumerate() {
            let requests = requests.as_ref().map_err(Arc::clone);
            let ask = self.ask(place, opened, requests, id);
            match ask.instrument(calls.of(place).clone()).await {
                Ok(Ok(open)) => asked.push(open),
                Ok(Err(decided)) => answers[place] = Ok(decided),
                Err(refusal) => answers[place] = Err(refusal),
            }
        }
        asked
    }

    /// What a presentation is to be verified with; or the decision, where none is needed.
    async fn ask(
        &self,
        place: usize,
        opened: Result<Presentation, Refusal>,
        requests: Result<&HashMap<Digest, KeptRequest>, Arc<StoreError>>,
        client_request_id: &ClientRequestId,
    ) -> Result<Result<Asked, Decision>, Refusal> {
        client_request_id.check()?;
        let presentation = opened?;
        let requests = requests.map_err(Refusal::Store)?;
        let request = requests.get(&presentation.request);
        let request = request.ok_or(Refusal::UnknownRequest)?;
        let found = self.look_up(request, &presentation).await?;
        Ok(found.map(|(question, epoch, now)| Asked {
            place,
            question,
            epoch,
            presentation,
            now,
        }))
    }

    /// Verifies what is to be verified, and keeps the receipts.
    async fn judge_all(
        self: &Arc<Self>,
        asked: Vec<Asked>,
        ids: &[ClientRequestId],
        calls: &Calls,
        step: Step,
        answers: &mut [Answer],
    ) {
        let Some(now) = asked.iter().map(|asked| asked.now).max() else {
            return;
        };
        let bank = Arc::clone(self);
        let judge = move || {
            let verdicts = bank.verdicts(&asked, now);
            asked.into_iter().zip(verdicts).collect::<Vec<_>>()
        };
        let Ok(judged) = self.compute_for(calls, step, judge).await else {
            return;
        };
        let decide = async |(asked, verdict): (Asked, Result<Verdict, Refusal>)| {
            let place = asked.place;
            let (question, epoch) = (&asked.question, &asked.epoch);
            let answer = match verdict {
                Err(refusal) => Err(refusal),
                Ok(verdict) => {
                    self.decide(
                        question,
                        epoch,
                        asked.presentation,
                        verdict,
                        &ids[place],
                        now,
                    )
                    .instrument(calls.of(place).clone())
                    .await
                }
            };
            (place, answer)
        };
        let is_kept = |(_, verdict): &(Asked, Result<Verdict, Refusal>)| {
            matches!(verdict, Ok(Verdict::Passed(_) | Verdict::Failed { .. }))
        };
        let some_kept = judged.iter().any(is_kept);
        // All at once, so that they share transactions.
        let decided = join_all(judged.into_iter().map(decide));
        let decided = match some_kept {
            true => self.store_step(calls, Step::Keep, decided).await,
            false => decided.await,
        };
        for (place, answer) in decided {
            answers[place] = answer;
        }
    }

    /// The verdicts, verified together for each key.
    fn verdicts(&self, asked: &[Asked], now: u64) -> Vec<Result<Verdict, Refusal>> {
        let mut verdicts: Vec<_> = asked.iter().map(|_| Err(Refusal::UnknownKey)).collect();
        for verifier in self.keys.iter() {
            let key: KeyFingerprint = verifier.header().fingerprint;
            let of_key = |i: &usize| asked[*i].question.request().key == key;
            let places: Vec<usize> = (0..asked.len()).filter(of_key).collect();
            let case = |i: &usize| Case {
                question: &asked[*i].question,
                epoch: &asked[*i].epoch,
                presentation: &asked[*i].presentation,
            };
            let cases: Vec<Case<'_>> = places.iter().map(case).collect();
            for (place, verdict) in places.iter().zip(verifier.judge_all(&cases, now)) {
                verdicts[*place] = verdict.map_err(Refusal::from);
            }
        }
        verdicts
    }
}
