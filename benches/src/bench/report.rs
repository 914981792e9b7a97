//! What a run found.

use std::collections::BTreeMap;

use serde::Serialize;
use taxproof_circuits::ClauseCount;
use taxproof_claims::curve::{Curve, NamedPairing};

use super::contestant::{Described, KernelChoice};
use super::floor::Floor;
use super::race::Times;
use super::workload::Workload;
use super::{BenchError, csv, html, plots, summary};
use crate::machine::Machine;

/// What a run found. Times are in milliseconds, memory is in bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub(super) machine: Machine,
    /// Timed runs of each contestant.
    pub(super) runs: usize,
    pub(super) circuits: Vec<Circuit>,
    pub(super) proofs: Vec<Proving>,
    /// Each part of a proof of ours, alone.
    pub(super) phases: Vec<Phase>,
    pub(super) verifications: Vec<Verification>,
    /// What the limits of phases are reckoned with.
    pub(super) floor: Option<Floor>,
    /// Each peer's median over ours, at the largest circuit and the most threads at which both ran,
    /// ours with the first of the kernels and budgets.
    pub(super) ratios: BTreeMap<String, f64>,
    /// The same everywhere.
    pub(super) comparisons: Vec<Comparison>,
}

/// A circuit.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Circuit {
    pub(super) name: String,
    pub(super) curve: Curve,
    pub(super) constraints: usize,
    pub(super) domain: usize,
    pub(super) wires: usize,
    pub(super) public_inputs: usize,
    /// The share of wires that are 0 or 1.
    pub(super) bits: f64,
    /// Of A, B and C.
    pub(super) nonzeros: [usize; 3],
    pub(super) clauses: Vec<ClauseCount>,
    pub(super) proving_key_bytes: usize,
    pub(super) verifying_key_bytes: usize,
    /// The verifying key of one policy.
    pub(super) policy_key_bytes: Option<usize>,
}

/// A prover on a circuit.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Proving {
    pub(super) circuit: String,
    pub(super) curve: Curve,
    pub(super) constraints: usize,
    pub(super) threads: usize,
    pub(super) prover: String,
    pub(super) kernels: Option<KernelChoice>,
    pub(super) table_budget_bytes: Option<usize>,
    pub(super) table_bytes: Option<usize>,
    pub(super) preparation_ms: Option<f64>,
    #[serde(flatten)]
    pub(super) times: Times,
}

impl Proving {
    pub(super) fn new<E: NamedPairing>(
        workload: &Workload<E>,
        described: &Described<E>,
        threads: usize,
        times: Times,
    ) -> Self {
        Self {
            circuit: workload.name.clone(),
            curve: E::CURVE,
            constraints: workload.matrices[0].len(),
            threads,
            prover: described.prover.clone(),
            kernels: described.kernels,
            table_budget_bytes: described.budget,
            table_bytes: described.tables,
            preparation_ms: described.preparation.map(|time| time.as_secs_f64() * 1e3),
            times,
        }
    }

    pub(super) const fn is_ours(&self) -> bool {
        self.kernels.is_some()
    }

    /// The prover with its settings.
    pub(super) fn label(&self) -> String {
        match (self.kernels, self.table_budget_bytes) {
            (Some(kernels), Some(budget)) => {
                format!("{}, {kernels}, {} MiB", self.prover, budget >> 20)
            }
            _ => self.prover.clone(),
        }
    }

    fn is_beside(&self, other: &Self) -> bool {
        (&self.circuit, self.curve, self.threads) == (&other.circuit, other.curve, other.threads)
    }
}

/// A part of a proof.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Phase {
    pub(super) circuit: String,
    pub(super) constraints: usize,
    pub(super) threads: usize,
    pub(super) kernels: KernelChoice,
    pub(super) name: &'static str,
    pub(super) median_ms: f64,
    pub(super) least_ms: f64,
    /// What its additions or butterflies take at the rates of [`Floor`].
    pub(super) floor_ms: f64,
}

/// Verifications.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Verification {
    pub(super) circuit: String,
    pub(super) curve: Curve,
    pub(super) open_inputs: usize,
    pub(super) threads: usize,
    pub(super) verifier: &'static str,
    pub(super) batch: usize,
    pub(super) median_ms: f64,
    pub(super) least_ms: f64,
    pub(super) per_proof_ms: f64,
}

/// A peer beside ours.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Comparison {
    pub(super) peer: String,
    pub(super) circuit: String,
    pub(super) curve: Curve,
    pub(super) threads: usize,
    pub(super) ours: String,
    /// The peer's median over ours.
    pub(super) ratio: f64,
}

impl Report {
    pub(super) fn new(runs: usize, floor: Option<Floor>) -> Self {
        Self {
            machine: Machine::look(),
            runs,
            circuits: Vec::new(),
            proofs: Vec::new(),
            phases: Vec::new(),
            verifications: Vec::new(),
            floor,
            ratios: BTreeMap::new(),
            comparisons: Vec::new(),
        }
    }

    /// Compares, when everything is measured.
    pub(super) fn finish(&mut self) {
        self.machine.look_again();
        let peers = self.proofs.iter().filter(|proof| !proof.is_ours());
        let beside = peers.flat_map(|peer| {
            let ours = self
                .proofs
                .iter()
                .filter(|p| p.is_ours() && p.is_beside(peer));
            ours.map(move |ours| (peer, ours))
        });
        let mut comparisons = Vec::new();
        let mut largest = BTreeMap::new();
        for (peer, ours) in beside {
            let ratio = peer.times.median_ms / ours.times.median_ms;
            comparisons.push(Comparison {
                peer: peer.prover.clone(),
                circuit: peer.circuit.clone(),
                curve: peer.curve,
                threads: peer.threads,
                ours: ours.label(),
                ratio,
            });
            let size = (peer.constraints, peer.threads);
            let best = largest.entry(peer.prover.clone()).or_insert((size, ratio));
            if size > best.0 {
                *best = (size, ratio);
            }
        }
        self.ratios = largest
            .into_iter()
            .map(|(peer, (_, ratio))| (peer, ratio))
            .collect();
        self.comparisons = comparisons;
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("numbers and texts are JSON")
    }

    /// The provers' times as CSV.
    pub fn to_csv(&self) -> String {
        csv::write(&self.proofs)
    }

    /// Plots, each with its file's name.
    ///
    /// # Errors
    /// A plot cannot be drawn.
    pub fn plots(&self) -> Result<Vec<(&'static str, String)>, BenchError> {
        plots::draw(self).map_err(|error| BenchError::Plot(error.to_string()))
    }

    /// One page with everything, which needs no other file.
    ///
    /// # Errors
    /// A plot cannot be drawn.
    pub fn to_html(&self) -> Result<String, BenchError> {
        Ok(html::write(self, &self.plots()?))
    }

    /// Tables for a terminal.
    pub fn summary(&self) -> String {
        summary::write(self)
    }
}
