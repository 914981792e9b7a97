//! Tables for a terminal.

use super::figures::{Latency, Open};
use super::report::{Hello, Report};

/// All figures but those that only a program reads.
pub(super) fn write(report: &Report) -> String {
    [
        machine(report),
        beside_hello(report),
        verification(report),
        loads(report),
        conclusions(report),
    ]
    .join("\n")
}

fn machine(report: &Report) -> String {
    let lines = report.machine.lines().into_iter();
    let over = if report.tls { ", over TLS" } else { "" };
    let service = format!("{} on {}{over}", report.program, report.store);
    let lines = lines.chain([("service", service)]);
    lines
        .map(|(name, value)| format!("{name:<22} {value}\n"))
        .collect()
}

fn beside_hello(report: &Report) -> String {
    let mut text = format!("{:<22} {:>10} {:>12}\n", "", "service", "hello world");
    let (memory, slow) = (&report.memory, &report.memory.slow_readers);
    let mut row = |name: &str, ours: f64, theirs: fn(&Hello) -> f64| {
        let theirs = report.hello.as_ref().map(theirs);
        let theirs = theirs.map_or("not built".to_owned(), |n| format!("{n:.3}"));
        text += &format!("{name:<22} {ours:>10.3} {theirs:>12}\n");
    };
    row("program, MB", mega(report.binary_bytes), |h| {
        mega(h.binary_bytes)
    });
    row("start-up, ms", report.startup_ms, |h| h.startup_ms);
    row("memory idle, MB", mega(memory.idle_bytes), |h| {
        mega(h.idle_bytes)
    });
    row("memory at most, MB", mega(memory.peak_bytes), |h| {
        mega(h.peak_bytes)
    });
    row("CPU ms a call", report.peak.server_cpu_ms_each, |h| {
        h.calls.server_cpu_ms_each
    });
    text += &format!(
        "{:<22} {:>10.3} before, {:.3} with {} pages unread on {} connections\n",
        "slow readers, MB",
        mega(slow.before_bytes),
        mega(slow.with_bytes),
        slow.calls,
        slow.connections
    );
    text
}

fn verification(report: &Report) -> String {
    let verification = &report.verification;
    format!(
        "verifying by itself: {:.3} ms of CPU a proof, {:.3} ms on all cores at once, {:.3} ms in \
         batches of {}\n",
        verification.single_cpu_ms,
        verification.single_busy_cpu_ms,
        verification.batch_cpu_ms,
        verification.batch
    )
}

fn loads(report: &Report) -> String {
    let mut text = format!(
        "{:<26} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "", "a second", "CPU ms", "p50 ms", "p99 ms", "cores", "client's"
    );
    let mut row = |name: String, rate: f64, cpu: f64, latency: Option<Latency>, cores: [f64; 2]| {
        let [p50, p99] = times(latency);
        let [server, client] = cores;
        text += &format!(
            "{name:<26} {rate:>10.1} {cpu:>9.3} {p50:>9} {p99:>9} {server:>9.2} {client:>9.2}\n"
        );
    };
    for single in &report.singles {
        row(
            format!("single, {} in flight", single.in_flight),
            single.per_second,
            single.server_cpu_ms_each,
            single.latency,
            [single.server_cores, single.client_cores],
        );
    }
    let batches = &report.batches;
    row(
        format!("batches of {}", batches.size),
        batches.per_second,
        batches.server_cpu_ms_each,
        None,
        [batches.server_cores, batches.client_cores],
    );
    for (name, open) in [
        ("half the peak", &report.steady),
        ("overload", &report.overload),
    ] {
        row(
            format!("{name}, {:.0} offered", open.offered_per_second),
            open.goodput_per_second,
            open.server_cpu_ms_each,
            open.latency,
            [open.server_cores, open.client_cores],
        );
    }
    text
}

fn conclusions(report: &Report) -> String {
    let (batches, overload): (_, &Open) = (&report.batches, &report.overload);
    let [p50, p99] = times(overload.shed_latency);
    format!(
        "verifying takes {:.2} of the CPU time of a single call, and {:.2} of that of a presentation \
         of a batch, which takes {:.2} times less than a single call\n\
         at {:.1} times the peak, goodput is {:.2} of it, and {:.2} for the same CPU time; {} calls \
         were shed, {p50} ms after they were sent, p99 {p99} ms, and {} were never sent, as no \
         connection had a stream free in time\n",
        report.single_of_verification,
        report.batch_of_verification,
        batches.cpu_over_singles,
        overload.offered_over_peak,
        overload.goodput_ratio,
        overload.goodput_per_cpu_ratio,
        overload.shed,
        overload.held
    )
}

fn times(latency: Option<Latency>) -> [String; 2] {
    let text = |time: f64| format!("{time:.1}");
    latency.map_or(["-".to_owned(), "-".to_owned()], |latency| {
        [text(latency.p50_ms), text(latency.p99_ms)]
    })
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
