//! Many presentations at once: decrypted, read, verified and kept together.

use std::sync::Arc;

use futures_util::future::join_all;
use rayon::prelude::*;
use taxproof_claims::key::KeyFingerprint;
use taxproof_claims::presentation::Presentation;

use super::requests::check_client_request_id;
use super::{Bank, Decision, Refusal};
use crate::epoch::TrustedEpoch;
use crate::limits::BATCH;
use crate::metrics::Step;
use crate::presentation::{Case, Question, Verdict};

/// One of many presentations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Encrypted to the bank.
    pub sealed: Vec<u8>,
    /// Chosen by the caller; empty for none.
    pub client_request_id: String,
}

/// A presentation whose proof is to be verified.
struct Asked {
    place: usize,
    question: Question,
    epoch: Arc<TrustedEpoch>,
    presentation: Presentation,
}

type Answer = Result<Decision, Refusal>;

impl Bank {
    /// Verifies sealed presentations together, and decides the requests of those that verify. The
    /// answers are in the presentations' order; one that is refused holds up no other.
    ///
    /// # Errors
    /// There are more than [`BATCH`], or too many batches at once.
    pub async fn submit_all(
        self: &Arc<Self>,
        submissions: Vec<Submission>,
    ) -> Result<Vec<Answer>, Refusal> {
        if submissions.len() > BATCH {
            return Err(Refusal::BatchTooLong);
        }
        let _one = self.batches.try_acquire().map_err(|_| {
            self.metrics.shed("batches");
            Refusal::Busy
        })?;
        let _counted = self.metrics.presentations(submissions.len());
        let (sealed, ids): (Vec<_>, Vec<_>) = submissions
            .into_iter()
            .map(|submission| (submission.sealed, submission.client_request_id))
            .unzip();
        let bank = Arc::clone(self);
        let open = move |sealed: Vec<u8>| -> Result<Presentation, Refusal> {
            Ok(Presentation::decode(&bank.identity.open(&sealed)?)?)
        };
        let open_all = move || sealed.into_par_iter().map(open).collect::<Vec<_>>();
        let opened = self.compute(Step::OpenBatch, open_all).await?;
        let ask = self.ask_all(opened, &ids);
        let (asked, mut answers) = self.store_step(Step::Lookup, ask).await;
        self.judge_all(asked, &ids, &mut answers).await?;
        let answered = |answer: Option<Answer>| answer.unwrap_or(Err(Refusal::Aborted));
        Ok(answers.into_iter().map(answered).collect())
    }

    /// What is to be verified, and the answers to the rest.
    async fn ask_all(
        &self,
        opened: Vec<Result<Presentation, Refusal>>,
        ids: &[String],
    ) -> (Vec<Asked>, Vec<Option<Answer>>) {
        let (mut asked, mut answers) = (Vec::new(), Vec::new());
        for (place, (opened, id)) in opened.into_iter().zip(ids).enumerate() {
            match self.ask(place, opened, id).await {
                Ok(Ok(open)) => {
                    asked.push(open);
                    answers.push(None);
                }
                Ok(Err(decided)) => answers.push(Some(Ok(decided))),
                Err(refusal) => answers.push(Some(Err(refusal))),
            }
        }
        (asked, answers)
    }

    /// What a presentation is to be verified with; or the decision, where none is needed.
    async fn ask(
        &self,
        place: usize,
        opened: Result<Presentation, Refusal>,
        client_request_id: &str,
    ) -> Result<Result<Asked, Decision>, Refusal> {
        check_client_request_id(client_request_id)?;
        let presentation = opened?;
        let found = self.look_up(&presentation).await?;
        Ok(found.map(|(question, epoch)| Asked {
            place,
            question,
            epoch,
            presentation,
        }))
    }

    async fn judge_all(
        self: &Arc<Self>,
        asked: Vec<Asked>,
        ids: &[String],
        answers: &mut [Option<Answer>],
    ) -> Result<(), Refusal> {
        let (bank, now) = (Arc::clone(self), self.time.certain()?);
        let judge = move || {
            let verdicts = bank.verdicts(&asked, now);
            asked.into_iter().zip(verdicts).collect::<Vec<_>>()
        };
        let judged = self.compute(Step::VerifyBatch, judge).await?;
        let decide = async |(asked, verdict): (Asked, Result<Verdict, Refusal>)| {
            let Asked {
                place,
                question,
                epoch,
                presentation,
            } = asked;
            let answer = match verdict {
                Err(refusal) => Err(refusal),
                Ok(verdict) => {
                    self.decide(&question, &epoch, presentation, verdict, &ids[place], now)
                        .await
                }
            };
            (place, answer)
        };
        // All at once, so that they share transactions.
        for (place, answer) in join_all(judged.into_iter().map(decide)).await {
            answers[place] = Some(answer);
        }
        Ok(())
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
