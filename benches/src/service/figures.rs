//! From calls to figures.

use std::time::Duration;

use serde::Serialize;

use super::load::{Fate, Load, Sample};

/// How long some calls took, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Latency {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

impl Latency {
    /// `None` where there were no calls.
    fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        // The least time that so many in a hundred do not exceed.
        let place = |percent: usize| (times.len() * percent).div_ceil(100).checked_sub(1);
        let at = |percent| Some(milliseconds(times[place(percent)?]));
        Some(Self {
            p50_ms: at(50)?,
            p99_ms: at(99)?,
            max_ms: at(100)?,
        })
    }
}

/// Calls of one kind, one after another or at once.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Closed {
    /// Callers, each with one call at a time.
    pub(super) in_flight: usize,
    pub(super) seconds: f64,
    pub(super) served: usize,
    pub(super) shed: usize,
    /// Calls that were served a second, without the first fifth of each load's time and what came after
    /// its last call began.
    pub(super) per_second: f64,
    /// The server's CPU time for each call that was served.
    pub(super) server_cpu_ms_each: f64,
    /// Cores that the server kept busy.
    pub(super) server_cores: f64,
    /// Cores that the load itself kept busy, on the same machine.
    pub(super) client_cores: f64,
    pub(super) latency: Option<Latency>,
}

impl Closed {
    /// Of loads with the same callers.
    pub(super) fn new(in_flight: usize, loads: &[Load]) -> Self {
        let served = times(loads, Fate::Served);
        let [time, server, client] = totals(loads);
        let seconds = time.as_secs_f64();
        Self {
            in_flight,
            seconds,
            served: served.len(),
            shed: times(loads, Fate::Shed).len(),
            per_second: steady_rate(loads, last_call).unwrap_or(served.len() as f64 / seconds),
            server_cpu_ms_each: milliseconds(server) / served.len().max(1) as f64,
            server_cores: server.as_secs_f64() / seconds,
            client_cores: client.as_secs_f64() / seconds,
            latency: Latency::of(served),
        }
    }
}

/// Calls at a fixed rate.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Open {
    pub(super) seconds: f64,
    /// Calls a second that were made.
    pub(super) offered_per_second: f64,
    /// That rate over the peak's.
    pub(super) offered_over_peak: f64,
    /// What the peak's loads that this is compared with served a second.
    pub(super) peak_per_second: f64,
    /// Calls at once that the service promised over all connections.
    pub(super) streams: usize,
    /// Presentations decided a second, the first fifth of each load's time left out.
    pub(super) goodput_per_second: f64,
    /// That over the peak's.
    pub(super) goodput_ratio: f64,
    /// Presentations decided for each second of the server's CPU time, over the same at the peak:
    /// what is left of the ratio where the load itself does not take from the server's cores.
    pub(super) goodput_per_cpu_ratio: f64,
    pub(super) server_cpu_ms_each: f64,
    pub(super) served: usize,
    pub(super) shed: usize,
    /// Calls that took longer than the service lets them.
    pub(super) late: usize,
    /// Calls that were never sent, as no connection had a stream free within a second.
    pub(super) held: usize,
    pub(super) server_cores: f64,
    pub(super) client_cores: f64,
    /// Of what was decided, from when it was due.
    pub(super) latency: Option<Latency>,
    /// The same from when it was sent.
    pub(super) sent_latency: Option<Latency>,
    /// Of what was shed, from when it was sent.
    pub(super) shed_latency: Option<Latency>,
    /// The same from when it was due.
    pub(super) shed_latency_from_due: Option<Latency>,
}

impl Open {
    /// Of loads at the same rate.
    pub(super) fn new(loads: &[Load], peak: &Closed, streams: usize) -> Self {
        let served = times(loads, Fate::Served);
        let shed = times(loads, Fate::Shed);
        let [time, server, client] = totals(loads);
        let seconds = time.as_secs_f64();
        let goodput = steady_rate(loads, |load| load.time).unwrap_or_default();
        let all = |load: &Load| decided(load, Duration::ZERO, load.time);
        let in_time = loads.iter().map(all).sum::<usize>().max(1);
        let cpu_each = milliseconds(server) / in_time as f64;
        let offered = loads.iter().map(|load| load.offered).sum::<u64>() as f64 / seconds;
        Self {
            seconds,
            offered_per_second: offered,
            offered_over_peak: offered / peak.per_second,
            peak_per_second: peak.per_second,
            streams,
            goodput_per_second: goodput,
            goodput_ratio: goodput / peak.per_second,
            goodput_per_cpu_ratio: peak.server_cpu_ms_each / cpu_each,
            server_cpu_ms_each: cpu_each,
            served: served.len(),
            shed: shed.len(),
            late: times(loads, Fate::Late).len(),
            held: times(loads, Fate::Held).len(),
            server_cores: server.as_secs_f64() / seconds,
            client_cores: client.as_secs_f64() / seconds,
            latency: Latency::of(served),
            sent_latency: Latency::of(sent(loads, Fate::Served)),
            shed_latency: Latency::of(sent(loads, Fate::Shed)),
            shed_latency_from_due: Latency::of(shed),
        }
    }
}

/// Batches by the call that takes a stream of presentations.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Batches {
    /// Presentations of each batch.
    pub(super) size: usize,
    /// Batches at once.
    pub(super) in_flight: usize,
    pub(super) served: usize,
    pub(super) per_second: f64,
    pub(super) server_cpu_ms_each: f64,
    pub(super) server_cores: f64,
    pub(super) client_cores: f64,
    /// Presentations a second over those of the peak of single calls.
    pub(super) over_singles: f64,
    /// The server's CPU time for each single call over that for each presentation of a batch.
    pub(super) cpu_over_singles: f64,
}

impl Batches {
    pub(super) fn new(size: usize, in_flight: usize, load: &Load, peak: &Closed) -> Self {
        let loads = std::slice::from_ref(load);
        let batches = times(loads, Fate::Served).len();
        let (served, seconds) = (batches * size, load.time.as_secs_f64());
        let cpu_each = milliseconds(load.server) / served.max(1) as f64;
        Self {
            size,
            in_flight,
            served,
            per_second: served as f64 / seconds,
            server_cpu_ms_each: cpu_each,
            server_cores: load.server.as_secs_f64() / seconds,
            client_cores: load.client.as_secs_f64() / seconds,
            over_singles: served as f64 / seconds / peak.per_second,
            cpu_over_singles: peak.server_cpu_ms_each / cpu_each,
        }
    }
}

fn times(loads: &[Load], fate: Fate) -> Vec<Duration> {
    of_fate(loads, fate).map(|sample| sample.took).collect()
}

fn sent(loads: &[Load], fate: Fate) -> Vec<Duration> {
    of_fate(loads, fate).map(|sample| sample.sent).collect()
}

fn of_fate(loads: &[Load], fate: Fate) -> impl Iterator<Item = &Sample> {
    let samples = loads.iter().flat_map(|load| &load.samples);
    samples.filter(move |sample| sample.fate == fate)
}

/// How many of a load's calls were decided in a part of its time.
fn decided(load: &Load, after: Duration, until: Duration) -> usize {
    let ended = |s: &&Sample| s.fate == Fate::Served && s.end > after && s.end <= until;
    load.samples.iter().filter(ended).count()
}

/// Calls that were decided a second until some time of each load, the first fifth of that left out;
/// `None` where there was no such time.
fn steady_rate(loads: &[Load], until: impl Fn(&Load) -> Duration) -> Option<f64> {
    let counted = |load: &Load| decided(load, until(load) / 5, until(load)) as f64;
    let time: Duration = loads.iter().map(|load| until(load) * 4 / 5).sum();
    let count: f64 = loads.iter().map(counted).sum();
    (count > 0.0).then(|| count / time.as_secs_f64())
}

/// When the last call of a load began.
fn last_call(load: &Load) -> Duration {
    let began = |sample: &Sample| sample.end.saturating_sub(sample.took);
    load.samples.iter().map(began).max().unwrap_or_default()
}

/// The time of all loads, the server's CPU time, the client's.
fn totals(loads: &[Load]) -> [Duration; 3] {
    [
        loads.iter().map(|load| load.time).sum(),
        loads.iter().map(|load| load.server).sum(),
        loads.iter().map(|load| load.client).sum(),
    ]
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(end: u64, took: u64, fate: Fate) -> Sample {
        let (end, took) = (Duration::from_millis(end), Duration::from_millis(took));
        let sent = took / 2;
        Sample {
            end,
            took,
            sent,
            fate,
        }
    }

    fn load(samples: Vec<Sample>) -> Load {
        Load {
            offered: samples.len() as u64,
            samples,
            time: Duration::from_secs(1),
            server: Duration::from_millis(500),
            client: Duration::from_millis(100),
        }
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = (1..=200).rev().map(Duration::from_millis).collect();
        let latency = Latency::of(times).expect("some calls");
        assert_eq!(
            (latency.p50_ms, latency.p99_ms, latency.max_ms),
            (100.0, 198.0, 200.0)
        );
        let one = Latency::of(vec![Duration::from_millis(7)]).expect("one call");
        assert_eq!((one.p50_ms, one.p99_ms), (7.0, 7.0));
        assert!(Latency::of(Vec::new()).is_none());
    }

    #[test]
    fn goodput_counts_what_was_decided_in_time_and_after_the_beginning() {
        let peak = Closed::new(
            1,
            &[load(
                (1..=100).map(|i| sample(i * 10, 0, Fate::Served)).collect(),
            )],
        );
        assert!((peak.per_second - 100.0).abs() < 1e-9);
        assert_eq!(peak.server_cpu_ms_each, 5.0);
        let overload = load(vec![
            sample(100, 1, Fate::Served),
            sample(300, 2, Fate::Served),
            sample(900, 3, Fate::Served),
            sample(400, 1, Fate::Shed),
            sample(1500, 900, Fate::Served),
            sample(999, 5, Fate::Late),
            sample(999, 1000, Fate::Held),
        ]);
        let open = Open::new(&[overload], &peak, 7);
        assert_eq!((open.served, open.shed), (4, 1));
        assert_eq!((open.late, open.held), (1, 1));
        assert!((open.goodput_per_second - 2.5).abs() < 1e-9);
        assert!((open.goodput_ratio - 0.025).abs() < 1e-9);
        assert!((open.goodput_per_cpu_ratio - 0.03).abs() < 1e-9);
        assert_eq!(open.shed_latency.map(|l| l.max_ms), Some(0.5));
        assert_eq!(open.shed_latency_from_due.map(|l| l.max_ms), Some(1.0));
        assert_eq!(open.sent_latency.map(|l| l.max_ms), Some(450.0));
    }

    #[test]
    fn loads_in_turn_count_together() {
        let some = |count| {
            load(
                (1..=count)
                    .map(|i| sample(i * 4, 0, Fate::Served))
                    .collect(),
            )
        };
        let peak = Closed::new(1, &[some(200), some(100)]);
        assert_eq!(peak.seconds, 2.0);
        // Until the last began, 800 and 400 ms, without the first fifth.
        assert!((peak.per_second - 250.0).abs() < 1e-9);
        assert!((peak.server_cpu_ms_each - 1e3 / 300.0).abs() < 1e-9);
        // Each one's first fifth is left out: 50 calls.
        let open = Open::new(&[some(200), some(150)], &peak, 7);
        assert!((open.goodput_per_second - 250.0 / 1.6).abs() < 1e-9);
        assert!((open.goodput_ratio - 1.0 / 1.6).abs() < 1e-9);
        assert!((open.server_cpu_ms_each - 1e3 / 350.0).abs() < 1e-9);
        assert_eq!((open.served, open.offered_per_second), (350, 175.0));
    }
}
