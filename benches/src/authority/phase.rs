//! How long each phase takes, how much of that is computing, and how much memory.

use std::sync::Mutex;
use std::time::Instant;

use serde::Serialize;
use taxproof_authority::progress::Progress;

use crate::machine::{cpu_seconds, forget_peak, peak};

/// A phase of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Phase {
    /// What was done.
    pub name: String,
    /// What it took.
    #[serde(flatten)]
    pub taken: Taken,
    /// The most memory that the process took meanwhile, where the system tells.
    pub peak_bytes: Option<u64>,
    /// The steps that the authority told of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// A step of a phase.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// What was done.
    pub name: String,
    /// What it took.
    #[serde(flatten)]
    pub taken: Taken,
}

/// Time by the clock, and time of computing. Where the second is less than the first times the number of
/// threads, some of them waited: for the disk, for each other, or because others had the cores.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Taken {
    /// From the beginning to the end.
    pub seconds: f64,
    /// On all cores, for the process and in the kernel for it, where the system tells.
    pub cpu_seconds: Option<f64>,
}

/// A point in time.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Instant,
    cpu_seconds: Option<f64>,
}

impl Moment {
    fn now() -> Self {
        Self {
            at: Instant::now(),
            cpu_seconds: cpu_seconds(),
        }
    }

    fn until(self, end: Self) -> Taken {
        let computed = end.cpu_seconds.zip(self.cpu_seconds);
        Taken {
            seconds: (end.at - self.at).as_secs_f64(),
            cpu_seconds: computed.map(|(end, begin)| end - begin),
        }
    }
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
        let start = Moment::now();
        let done = work(&steps)?;
        let end = Moment::now();
        self.phases.push(Phase {
            name: name.to_owned(),
            taken: start.until(end),
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
    steps: Mutex<Vec<(String, Moment)>>,
}

impl Steps<'_> {
    fn until(self, end: Moment) -> Vec<Step> {
        let steps = self.steps.into_inner().unwrap_or_default();
        let ends = steps.iter().skip(1).map(|(_, begin)| *begin);
        let ends: Vec<Moment> = ends.chain([end]).collect();
        let timed = steps.into_iter().zip(ends);
        timed
            .map(|((name, begin), end)| Step {
                name,
                taken: begin.until(end),
            })
            .collect()
    }
}

impl Progress for Steps<'_> {
    fn begin(&self, what: &str, _steps: u64) {
        (self.began)(what);
        if let Ok(mut steps) = self.steps.lock() {
            steps.push((what.to_owned(), Moment::now()));
        }
    }

    fn advance(&self) {}
}
