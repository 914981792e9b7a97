//! Ingestion that stops anywhere and goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::*;
use crate::mapping::CN_TAX;
use crate::store::Key;
use crate::synthetic::{self, Plan};
use crate::testing::as_parquet;

/// So small that a few kilobytes have many checkpoints and ranges.
const SMALL: Pace = Pace {
    checkpoint: 1,
    range: 20_000,
};

struct Scene {
    folder: TempDir,
    schema: Schema,
    mapping: Mapping,
    sources: Sources,
}

/// Ends the process, as it were, at a step.
struct Killer(AtomicU32);

impl Progress for Killer {
    fn begin(&self, _what: &str, _steps: u64) {
        self.advance();
    }

    fn advance(&self) {
        assert!(self.0.fetch_sub(1, Ordering::Relaxed) > 1, "killed");
    }
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let schema = Schema::cn_tax();
        let plan = Plan {
            quarters: 4,
            ..Plan::new(12, 3, "2026Q3".parse().expect("a quarter"))
        };
        plan.write(folder.path()).expect("is written");
        let file = |name: &str| vec![folder.path().join(name)];
        // A row of an enterprise that nobody knows, and one that does not read.
        let filings = folder.path().join(synthetic::FILINGS);
        let text = fs::read_to_string(&filings).expect("is there");
        let row = text.lines().nth(1).expect("a row");
        let unknown = row.replacen(&row[..18], "91330100799655058B", 1);
        fs::write(&filings, format!("{text}{unknown}\nhalf a row\n")).expect("is written");
        Self {
            sources: Sources {
                taxpayers: file(synthetic::TAXPAYERS),
                filings: file(synthetic::FILINGS),
                invoices: file(synthetic::INVOICES),
            },
            mapping: Mapping::from_toml(CN_TAX, &schema).expect("a mapping"),
            schema,
            folder,
        }
    }

    /// The same rows in Parquet files.
    fn in_parquet(mut self) -> Self {
        let Sources {
            taxpayers,
            filings,
            invoices,
        } = &mut self.sources;
        for path in [taxpayers, filings, invoices].into_iter().flatten() {
            *path = as_parquet(path);
        }
        self
    }

    fn ingest(
        &self,
        name: &str,
        progress: &dyn Progress,
        finish: bool,
    ) -> Result<Option<IngestReport>, AuthorityError> {
        let folder = self.folder.path().join(name);
        let mut ledger = Ledger::open(&folder)?;
        let report = self.folder.path().join(format!("{name}.csv"));
        let ingestion = Ingestion {
            mapping: &self.mapping,
            schema: &self.schema,
            sources: &self.sources,
            from: "2026-11-22".parse().expect("a day"),
            report: &report,
        };
        let posted = ledger.prepare(&ingestion, SMALL, progress)?;
        match finish {
            true => ledger.finish(posted).map(Some),
            false => Ok(None),
        }
    }

    /// Every account, as it is kept.
    fn accounts(&self, name: &str) -> Vec<(Key, Vec<u8>)> {
        let ledger = Ledger::open(&self.folder.path().join(name)).expect("is opened");
        let found = ledger.scan(Key::MIN, Key::MAX).expect("is read");
        let read = |at| ledger.accounts.read(at).expect("is read");
        found.iter().map(|at| (at.key(), read(at))).collect()
    }

    /// The report's rows, in whatever order.
    fn report(&self, name: &str) -> Vec<String> {
        let path = self.folder.path().join(format!("{name}.csv"));
        let text = fs::read_to_string(path).expect("is there");
        let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
        rows.sort();
        rows
    }
}

fn counts(report: &IngestReport) -> Vec<[u64; 5]> {
    let files = report.files.iter();
    let counts = files.map(|f| [f.rows, f.taken, f.duplicates, f.refusals, f.doubts]);
    counts.collect()
}

#[test]
fn killed_at_any_step_it_goes_on_and_comes_to_the_same() {
    killed_at_any_step(&Scene::new());
}

#[test]
fn so_it_does_with_parquet_files() {
    let scene = Scene::new();
    let of_csv = scene.ingest("csv", &(), true).expect("is ingested");
    let scene = scene.in_parquet();
    let of_parquet = scene.ingest("parquet", &(), true).expect("is ingested");
    let all = [of_csv, of_parquet].map(|report| counts(&report.expect("is finished")));
    assert_eq!(all[0], all[1]);
    assert_eq!(scene.accounts("csv"), scene.accounts("parquet"));
    killed_at_any_step(&scene);
}

fn killed_at_any_step(scene: &Scene) {
    let straight = scene.ingest("straight", &(), true).expect("is ingested");
    let straight = straight.expect("is finished");
    assert_eq!(straight.refused(), 2, "{:?}", straight.files);
    assert_eq!(straight.enterprises, 12);
    let mut killed = 0;
    for step in 1.. {
        let name = format!("killed-{step}");
        let killer = Killer(AtomicU32::new(step));
        let run = AssertUnwindSafe(|| scene.ingest(&name, &killer, false));
        let stopped = catch_unwind(run).is_err();
        if stopped {
            killed += 1;
            // Until the end, nothing is on the ledger.
            assert!(scene.accounts(&name).is_empty(), "{step}");
        }
        let report = scene.ingest(&name, &(), true).expect("goes on");
        assert_eq!(counts(&report.expect("is finished")), counts(&straight));
        assert_eq!(scene.accounts(&name), scene.accounts("straight"), "{step}");
        assert_eq!(scene.report(&name), scene.report("straight"), "{step}");
        if !stopped {
            break;
        }
    }
    assert!(killed > 8, "killed {killed} times");
}

#[test]
fn killed_between_ledger_and_report_it_ends_without_reading_again() {
    let scene = Scene::new();
    scene.ingest("l", &(), false).expect("is posted");
    // The ledger is changed, and nothing more.
    let folder = scene.folder.path().join("l");
    let mut ledger = Ledger::open(&folder).expect("is opened");
    let segment = ledger.workplace().join(SEGMENT);
    ledger.accounts.adopt(&segment).expect("is put in place");
    drop(ledger);
    let before = scene.accounts("l");
    let report = scene.ingest("l", &(), true).expect("is finished");
    let report = report.expect("is finished");
    assert!(
        counts(&report)
            .iter()
            .all(|[_, taken, duplicates, ..]| *taken > 0 && *duplicates == 0)
    );
    assert_eq!(scene.accounts("l"), before);
    assert!(scene.report("l").len() > 2);
    assert!(!folder.join("ingest").exists());
}

#[test]
fn other_files_begin_anew() {
    let mut scene = Scene::new();
    let killer = Killer(AtomicU32::new(6));
    let run = AssertUnwindSafe(|| scene.ingest("l", &killer, false));
    assert!(catch_unwind(run).is_err());
    scene.sources.filings.clear();
    let report = scene.ingest("l", &(), true).expect("is ingested");
    let report = report.expect("is finished");
    assert_eq!(report.files.len(), 2);
    assert_eq!(report.refused(), 0);
    // What is on record already is so in the second run.
    let again = scene.ingest("l", &(), true).expect("is ingested");
    let again = counts(&again.expect("is finished"));
    assert!(
        again
            .iter()
            .all(|[rows, taken, duplicates, ..]| *taken == 0 && rows == duplicates)
    );
}
