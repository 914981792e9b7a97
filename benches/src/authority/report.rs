//! What was measured, and what follows from it for more enterprises.

use serde::Serialize;

use super::hashes::Hashes;
use super::phase::{Phase, Taken};
use super::source::Source;
use crate::machine::Machine;

/// One number of enterprises.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// What was ingested of each.
    pub source: Source,
    /// How many.
    pub enterprises: u32,
    /// Rows of their files.
    pub rows: u64,
    /// Leaves of the epoch.
    pub leaves: u64,
    /// The hashes of an epoch by themselves.
    pub hashes: Hashes,
    /// The phases, in order.
    pub phases: Vec<Phase>,
    /// Bytes of the files that were ingested.
    pub source_bytes: u64,
    /// Bytes of the authority's folder in the end.
    pub folder_bytes: u64,
}

/// What follows from a run.
#[derive(Debug, Clone, Serialize)]
struct Figures {
    /// The whole, from the source's files to bundles, header and log on disk: its seconds over those of
    /// the epoch's hashes by themselves.
    hash_bound_ratio: f64,
    /// The same in seconds of computing: what waits for the disk, or for cores that others have, is not
    /// in it.
    cpu_hash_bound_ratio: Option<f64>,
    /// Of that, committing: from accounts on disk to roots, members and trees on disk.
    commit_over_hashes: f64,
    /// Committing the next day over its hashes: one permutation a leaf, and the nodes.
    next_day_over_hashes: f64,
    leaves_per_second: f64,
    nodes_per_second: f64,
    rows_per_second: f64,
    enterprises_published_per_second: f64,
    peak_bytes: Option<u64>,
}

/// What a larger bureau would take, if every enterprise costs what it costs in the largest run.
#[derive(Debug, Clone, Serialize)]
struct Extrapolation {
    enterprises: u64,
    cores: usize,
    /// Ingest from nothing, in seconds.
    ingest_seconds: f64,
    /// The first epoch.
    publish_seconds: f64,
    /// A next day's epoch over unchanged records.
    next_day_seconds: f64,
    folder_bytes: f64,
    basis: String,
}

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    machine: Machine,
    threads: usize,
    /// Of the largest run.
    #[serde(flatten)]
    figures: Option<Figures>,
    curve: Vec<Measured>,
    extrapolation: Option<Extrapolation>,
}

#[derive(Debug, Clone, Serialize)]
struct Measured {
    #[serde(flatten)]
    run: Run,
    #[serde(flatten)]
    figures: Figures,
}

/// The phase of the hashes by themselves.
pub(super) const HASHES: &str = "hashes alone";
const NATION: u64 = 60_000_000;
const NATION_CORES: usize = 16;

impl Report {
    pub(super) fn new(machine: Machine, runs: Vec<Run>) -> Self {
        let threads = rayon::current_num_threads();
        let curve: Vec<Measured> = runs
            .into_iter()
            .map(|run| Measured {
                figures: run.figures(),
                run,
            })
            .collect();
        let largest = curve.iter().max_by_key(|measured| measured.run.enterprises);
        Self {
            machine,
            threads,
            figures: largest.map(|measured| measured.figures.clone()),
            extrapolation: largest.map(|measured| measured.run.extrapolate(threads)),
            curve,
        }
    }

    /// The report as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has text keys")
    }

    /// The report for people.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for Measured { run, figures } in &self.curve {
            text += &format!("{} enterprises, {} rows\n", run.enterprises, run.rows);
            for phase in &run.phases {
                text += &line(&phase.name, phase.taken, phase.peak_bytes);
                for step in &phase.steps {
                    text += &line(&format!("  {}", step.name), step.taken, None);
                }
            }
            text += &format!(
                "whole over its hashes {:.2} ({} of computing), committing {:.2}, committing the next \
                 day {:.2}; {:.0} leaves and {:.0} nodes a second; {} MB of files, folder {} MB\n",
                figures.hash_bound_ratio,
                known(figures.cpu_hash_bound_ratio),
                figures.commit_over_hashes,
                figures.next_day_over_hashes,
                figures.leaves_per_second,
                figures.nodes_per_second,
                run.source_bytes / MEGA,
                run.folder_bytes / MEGA,
            );
        }
        if let Some(large) = &self.extrapolation {
            text += &format!(
                "{} enterprises on {} cores, if each costs as much: ingest {:.0} s, first epoch \
                 {:.0} s, next day's {:.0} s\n",
                large.enterprises,
                large.cores,
                large.ingest_seconds,
                large.publish_seconds,
                large.next_day_seconds
            );
        }
        text
    }
}

const MEGA: u64 = 1_000_000;

fn line(name: &str, taken: Taken, peak: Option<u64>) -> String {
    let Taken {
        seconds,
        cpu_seconds,
    } = taken;
    let cpu = known(cpu_seconds);
    let peak = peak.map_or(String::new(), |bytes| format!("{:>8} MB", bytes / MEGA));
    format!("  {name:<28} {seconds:>9.2} s {cpu:>9} s of computing{peak}\n")
}

fn known(figure: Option<f64>) -> String {
    figure.map_or_else(|| "?".to_owned(), |figure| format!("{figure:.2}"))
}

impl Run {
    fn taken(&self, name: &str) -> Taken {
        let mut phases = self.phases.iter().filter(|phase| phase.name == name);
        phases.next().map(|phase| phase.taken).unwrap_or_default()
    }

    fn phase(&self, name: &str) -> f64 {
        self.taken(name).seconds
    }

    /// Seconds of computing of ingestion and publication over those of the hashes.
    fn cpu_hash_bound_ratio(&self) -> Option<f64> {
        let cpu = |name| self.taken(name).cpu_seconds;
        Some((cpu("ingest")? + cpu("publish")?) / cpu(HASHES)?)
    }

    fn step(&self, phase: &str, name: &str) -> f64 {
        let phases = self.phases.iter().filter(|p| p.name == phase);
        let steps = phases.flat_map(|phase| &phase.steps);
        let named = steps.filter(|step| step.name == name);
        named.map(|step| step.taken.seconds).sum()
    }

    fn figures(&self) -> Figures {
        let hashes = &self.hashes;
        let all = hashes.leaf_seconds + hashes.node_seconds;
        let next_day = hashes.salt_seconds + hashes.node_seconds;
        let publish = self.phase("publish");
        let ingest = self.phase("ingest");
        Figures {
            hash_bound_ratio: (ingest + publish) / all,
            cpu_hash_bound_ratio: self.cpu_hash_bound_ratio(),
            commit_over_hashes: self.step("publish", "committing to records") / all,
            next_day_over_hashes: self.step("publish the next day", "committing to records")
                / next_day,
            leaves_per_second: self.leaves as f64 / hashes.leaf_seconds,
            nodes_per_second: hashes.nodes as f64 / hashes.node_seconds,
            rows_per_second: self.rows as f64 / ingest,
            enterprises_published_per_second: self.leaves as f64 / publish,
            peak_bytes: self.phases.iter().filter_map(|p| p.peak_bytes).max(),
        }
    }

    fn extrapolate(&self, threads: usize) -> Extrapolation {
        let factor = NATION as f64 / f64::from(self.enterprises);
        let on_cores = factor * threads as f64 / NATION_CORES as f64;
        Extrapolation {
            enterprises: NATION,
            cores: NATION_CORES,
            ingest_seconds: self.phase("ingest") * on_cores,
            publish_seconds: self.phase("publish") * on_cores,
            next_day_seconds: self.phase("publish the next day") * on_cores,
            folder_bytes: self.folder_bytes as f64 * factor,
            basis: format!(
                "proportional to {} enterprises on {threads} threads",
                self.enterprises
            ),
        }
    }
}
