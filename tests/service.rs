//! `taxproof research service`, quickly.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn a_quick_run_has_every_figure() {
    has_every_figure(&[]);
}

#[test]
fn so_has_one_over_tls() {
    has_every_figure(&["--tls"]);
}

fn has_every_figure(more: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_taxproof"))
        .args(["research", "service", "--quick", "--json"])
        .args(more)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();

    let positive = |pointer: &str| {
        let value = report.pointer(pointer).and_then(Value::as_f64);
        assert!(value.is_some_and(|n| n > 0.0), "{pointer}: {report}");
    };
    for pointer in [
        "/binary_bytes",
        "/startup_ms",
        "/memory/idle_bytes",
        "/memory/peak_bytes",
        "/memory/slow_readers/with_bytes",
        "/verification/single_cpu_ms",
        "/verification/single_busy_cpu_ms",
        "/verification/batch_cpu_ms",
        "/singles/0/latency/p99_ms",
        "/peak/per_second",
        "/peak/server_cpu_ms_each",
        "/single_of_verification",
        "/batch_of_verification",
        "/batches/per_second",
        "/batches/over_singles",
        "/batches/cpu_over_singles",
        "/steady/goodput_ratio",
        "/overload/goodput_ratio",
        "/overload/peak_per_second",
        "/overload/goodput_per_cpu_ratio",
        "/overload/streams",
        "/overload/latency/p50_ms",
        "/overload/sent_latency/p50_ms",
    ] {
        positive(pointer);
    }
    let overload = &report["overload"];
    assert_eq!(overload["shed_latency"].is_null(), overload["shed"] == 0);
    assert_eq!(report["tls"], more.contains(&"--tls"));
    // Two connections have at least as many calls as any is promised.
    let slow = report["memory"]["slow_readers"]["calls"].as_u64();
    assert!(slow >= Some(8), "{slow:?}");

    let binaries = Path::new(env!("CARGO_BIN_EXE_taxproof"));
    let hello = binaries.with_file_name("examples/hello");
    if hello.exists() {
        positive("/hello/binary_bytes");
        positive("/hello/startup_ms");
        positive("/hello/calls/per_second");
    } else {
        // The gate builds every example.
        assert!(std::env::var_os("TAXPROOF_ALL_TOOLS").is_none(), "no hello");
        eprintln!(
            "NOT RUN: `cargo build --release -p taxproof-benches --examples` makes the server"
        );
    }
}

#[test]
fn a_program_that_does_not_serve_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_taxproof"))
        .args(["research", "service", "--quick", "--program", "/bin/false"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("`/bin/false` does not serve"),
        "{said}"
    );
}
