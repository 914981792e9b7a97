//! How long each phase takes, and how much memory.

use std::sync::Mutex;
use std::time::Instant;

use serde::Serialize;
use taxproof_authority::progress::Progress;

use crate::machine::{forget_peak, peak};

/// A phase of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Phase {
    /// What was done.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
    /// The most memory that the process took meanwhile, where the system tells.
    pub peak_bytes: Option<u64>,
    /// The steps that the authority told of, each with its seconds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(String, f64)>,
}

/// Times phases one after the other.
pub(super) struct Clock<'a> {
    began: &'a (dyn Fn(&str) + Sync),
    phases: Vec<Phase>,
}

impl<'a> Clock<'a> {
    pub(super) fn new(began: &'a (dyn Fn(&str) + Sync)) -> Self {
        Self {
            began,
            phases: Vec::new(),
        }
    }

    /// Does something and times it.
    pub(super) fn phase<T, E>(
        &mut self,
        name: &str,
        work: impl FnOnce(&Steps<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        (self.began)(name);
        forget_peak();
        let steps = Steps {
            began: self.began,
            steps: Mutex::default(),
        };
        let start = Instant::now();
        let done = work(&steps)?;
        let end = Instant::now();
        self.phases.push(Phase {
            name: name.to_owned(),
            seconds: (end - start).as_secs_f64(),
            peak_bytes: peak(),
            steps: steps.until(end),
        });
        Ok(done)
    }

    pub(super) fn phases(self) -> Vec<Phase> {
        self.phases
    }
}

/// Notes when the authority says that it begins something.
pub(super) struct Steps<'a> {
    began: &'a (dyn Fn(&str) + Sync),
    steps: Mutex<Vec<(String, Instant)>>,
}

impl Steps<'_> {
    fn until(self, end: Instant) -> Vec<(String, f64)> {
        let steps = self.steps.into_inner().unwrap_or_default();
        let ends = steps.iter().skip(1).map(|(_, begin)| *begin);
        let ends: Vec<Instant> = ends.chain([end]).collect();
        let timed = steps.into_iter().zip(ends);
        timed
            .map(|((name, begin), end)| (name, (end - begin).as_secs_f64()))
            .collect()
    }
}

impl Progress for Steps<'_> {
    fn begin(&self, what: &str, _steps: u64) {
        (self.began)(what);
        if let Ok(mut steps) = self.steps.lock() {
            steps.push((what.to_owned(), Instant::now()));
        }
    }

    fn advance(&self) {}
}
