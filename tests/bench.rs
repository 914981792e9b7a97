//! `taxproof research bench`, quickly.

use std::process::{Command, Output};

use serde_json::Value;

use crate::snarkjs::snarkjs;

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_taxproof"))
        .args(["research", "bench"])
        .args(arguments)
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_quick_run_has_every_figure() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let report = json(&bench(&[
        "--quick",
        "--json",
        "--budgets",
        "0,1",
        "--out",
        out,
    ]));

    let positive = |value: &Value| value.as_f64().is_some_and(|value| value > 0.0);
    assert!(positive(&report["ratios"]["ark-groth16"]), "{report}");
    assert!(report["machine"]["cpu"].is_string() && report["machine"]["rustc"].is_string());
    let circuit = &report["circuits"][0];
    assert_eq!(
        (&circuit["name"], &circuit["domain"]),
        (&"2^10".into(), &1024.into())
    );
    let bits = circuit["bits"].as_f64().unwrap();
    assert!((0.42..0.44).contains(&bits), "{bits}");

    let proofs = report["proofs"].as_array().unwrap();
    let ours = proofs.iter().filter(|proof| proof["prover"] == "taxproof");
    let portable = ours.clone().filter(|proof| proof["kernels"] == "portable");
    let budgets: Vec<_> = portable
        .map(|p| p["table_budget_bytes"].as_u64().unwrap())
        .collect();
    assert_eq!(budgets, [0, 1 << 20]);
    for proof in proofs {
        let times = ["least_ms", "low_ms", "median_ms", "high_ms"];
        let times = times.map(|name| proof[name].as_f64().unwrap());
        assert!(times[0] > 0.0 && times.is_sorted(), "{proof}");
    }
    let phases = report["phases"].as_array().unwrap();
    assert_eq!(phases.len(), 6);
    assert!(
        phases
            .iter()
            .all(|p| positive(&p["median_ms"]) && positive(&p["floor_ms"]))
    );
    let floor = &report["floor"];
    assert!(positive(&floor["clock_ghz"]), "{floor}");
    assert_eq!(floor["kernels"], phases[0]["kernels"]);

    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("results.csv").lines().count(), 1 + proofs.len());
    let written: Value = serde_json::from_str(&read("results.json")).unwrap();
    assert_eq!(written, report);
    let page = read("index.html");
    for plot in ["peers.svg", "phases.svg", "limit.svg"] {
        let svg = read(plot);
        assert!(page.contains(&svg[svg.find("<svg").unwrap()..]), "{plot}");
    }
}

/// A prover that writes no proof of this circuit, and one that fails.
#[test]
fn peers_that_prove_nothing_do_not_count() {
    let point = "[\"1\",\"2\",\"1\"]";
    let b = "[[\"10857046999023057135944570762232829481370756359578518086990519993285655852781\",\
             \"11559732032986387107991004021392285783925812861821192530917403151452391805634\"],\
             [\"8495653923123431417604973247489272438418190587263600148770280649306958101930\",\
             \"4082367875863433681332203403145435568316851327593401208105741076214120093531\"],\
             [\"1\",\"0\"]]";
    let forged = format!(
        "forger=echo '{{\"pi_a\":{point},\"pi_b\":{b},\"pi_c\":{point},\
         \"protocol\":\"groth16\",\"curve\":\"bn128\"}}' > {{proof}}"
    );
    let refused = |peer: &str, why: &str| {
        let output = bench(&["--quick", "--json", "--kernels", "portable", "--peer", peer]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{said}");
        assert!(output.stdout.is_empty());
    };
    refused(&forged, "a proof of `forger` for 2^10 does not verify");
    refused(
        "silent=test -s {wtns} && test -s {r1cs} && true {proof}",
        "it wrote no proof",
    );
    refused(
        "failing=test -s {zkey} && exit 3 # {proof}",
        "the peer `failing` failed",
    );
    refused("nameless", "a peer is NAME=");
}

#[test]
fn snarkjs_is_a_peer() {
    let Some(snarkjs) = snarkjs() else { return };
    let peer = format!(
        "snarkjs=node {} groth16 prove {{zkey}} {{wtns}} {{proof}} {{public}}",
        snarkjs.display()
    );
    let report = json(&bench(&["--quick", "--json", "--peer", &peer]));
    assert!(
        report["ratios"]["snarkjs"].as_f64().unwrap() > 1.0,
        "{report}"
    );
}
