//! Contestants in turn, round after round, so that what disturbs one disturbs all.

use ark_groth16::Proof;
use serde::Serialize;
use taxproof_claims::curve::NamedPairing;

use super::BenchError;
use super::contestant::Described;
use super::energy::Meter;
use crate::machine;

/// Milliseconds of several runs.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Times {
    /// The run that came first, with cold tables.
    pub(super) first_ms: f64,
    pub(super) median_ms: f64,
    /// The quarter of the runs that was fastest took at most this.
    pub(super) low_ms: f64,
    /// Three quarters took at most this.
    pub(super) high_ms: f64,
    pub(super) least_ms: f64,
    pub(super) runs: usize,
    /// Joules of the processor a proof, where it tells.
    pub(super) energy_joules: Option<f64>,
    /// The most memory that the process took while proving; for a prover in this process, with
    /// everything else that this process holds.
    pub(super) peak_bytes: Option<u64>,
}

/// What one contestant's runs gave so far.
#[derive(Default)]
struct Runs {
    times: Vec<f64>,
    joules: Vec<f64>,
    peak: Option<u64>,
}

/// A failure that does not know its circuit yet.
pub(super) enum Failure {
    Bench(BenchError),
    DoesNotVerify(String),
}

impl Failure {
    pub(super) fn of(self, circuit: &str) -> BenchError {
        match self {
            Self::Bench(error) => error,
            Self::DoesNotVerify(prover) => BenchError::DoesNotVerify {
                prover,
                circuit: circuit.to_owned(),
            },
        }
    }
}

/// Runs each contestant once, then `runs` times in turn. Every proof is verified.
pub(super) fn run<E: NamedPairing>(
    contestants: &mut [Described<E>],
    threads: usize,
    runs: usize,
    verifies: &(dyn Fn(&Proof<E>) -> bool + Sync),
) -> Result<Vec<Times>, Failure> {
    let meter = Meter::find();
    let mut all: Vec<Runs> = contestants.iter().map(|_| Runs::default()).collect();
    for _ in 0..=runs {
        for (described, so_far) in contestants.iter_mut().zip(&mut all) {
            machine::forget_peak();
            let before = meter.read();
            let made = described
                .contestant
                .prove(threads)
                .map_err(Failure::Bench)?;
            let joules = before
                .zip(meter.read())
                .map(|(before, after)| after - before);
            if !verifies(&made.proof) {
                return Err(Failure::DoesNotVerify(described.prover.clone()));
            }
            so_far.times.push(made.time.as_secs_f64() * 1e3);
            // A counter that has gone round tells nothing.
            so_far.joules.extend(joules.filter(|j| *j >= 0.0));
            so_far.peak = so_far.peak.max(made.peak.or_else(machine::peak));
        }
    }
    Ok(all.into_iter().map(Times::of).collect())
}

impl Times {
    fn of(runs: Runs) -> Self {
        let (first, rest) = runs.times.split_first().expect("there is a first run");
        let joules = (!runs.joules.is_empty()).then(|| quantile(&runs.joules, 0.5));
        Self {
            first_ms: *first,
            energy_joules: joules,
            peak_bytes: runs.peak,
            ..Self::of_runs(if rest.is_empty() { &runs.times } else { rest })
        }
    }

    fn of_runs(times: &[f64]) -> Self {
        Self {
            first_ms: times[0],
            median_ms: quantile(times, 0.5),
            low_ms: quantile(times, 0.25),
            high_ms: quantile(times, 0.75),
            least_ms: quantile(times, 0.0),
            runs: times.len(),
            energy_joules: None,
            peak_bytes: None,
        }
    }

    /// Of something that runs alone: once, then `runs` times.
    pub(super) fn measure<T>(runs: usize, mut work: impl FnMut() -> T) -> Self {
        std::hint::black_box(work());
        let mut time = || {
            let start = std::time::Instant::now();
            std::hint::black_box(work());
            start.elapsed().as_secs_f64() * 1e3
        };
        let times: Vec<f64> = (0..runs.max(1)).map(|_| time()).collect();
        Self::of_runs(&times)
    }
}

/// The element below which a share of the others lie.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_elements() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(quantile(&values, 0.5), 3.0);
        assert_eq!(quantile(&values, 0.0), 1.0);
        assert_eq!(quantile(&values, 0.75), 4.0);
        assert_eq!(quantile(&[7.0], 0.25), 7.0);
    }
}
