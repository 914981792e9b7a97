//! What is counted, as text: its form, and whatever the dashboard and the documentation say of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;

/// Everything, each of it with at least one value.
fn full() -> String {
    let metrics = Metrics::default();
    metrics.call(
        "/taxproof.v1.TrustService/GetBank",
        Code::Ok,
        Duration::from_millis(3),
    );
    metrics.call("unknown", Code::Unimplemented, Duration::from_secs(100));
    metrics.queued(Step::Verify, Duration::from_micros(20));
    metrics.step(Step::Verify, Duration::from_micros(300));
    metrics.step(Step::Keep, Duration::from_millis(2));
    metrics.verdict("invalid", "EXPIRED");
    metrics.verdict("passed", "");
    metrics.refusal("DATABASE_FULL");
    metrics.shed("rate");
    metrics.connection_refused("full");
    metrics.ready(true);
    metrics.clock_behind(0);
    metrics.receipts(7);
    metrics.epoch("zhejiang", 3, 1_790_000_000);
    metrics.keys.get_or_create(&Key::example()).set(1);
    metrics.certificate("service", 1_800_000_000);
    metrics.to_text()
}

/// The names that samples of a family may have.
fn sample_names(family: &str, kind: &str) -> Vec<String> {
    let endings: &[&str] = match kind {
        "counter" => &["_total"],
        "histogram" => &["_bucket", "_sum", "_count"],
        "info" => &["_info"],
        "gauge" => &[""],
        other => panic!("{family} is a {other}"),
    };
    endings.iter().map(|end| format!("{family}{end}")).collect()
}

#[derive(Debug, Default)]
struct Exposition {
    /// By the sample's name: the labels that it has somewhere.
    labels: BTreeMap<String, BTreeSet<String>>,
}

/// Reads a text as strictly as `promtool check metrics` does, and the words of its names, too.
fn read(text: &str) -> Result<Exposition, String> {
    let mut read = Exposition::default();
    let (mut helped, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut allowed: Vec<String> = Vec::new();
    let (mut buckets, mut counts) = (BTreeMap::new(), BTreeMap::new());
    let body = text.strip_suffix("# EOF\n").ok_or("no end")?;
    for line in body.lines() {
        let wrong = |why: &str| format!("{why}: {line}");
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').ok_or_else(|| wrong("no help"))?;
            if words.len() < 10 || !words.ends_with('.') {
                return Err(wrong("no sentence"));
            }
            if !helped.insert(name.to_owned()) {
                return Err(wrong("twice"));
            }
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').ok_or_else(|| wrong("no type"))?;
            let lower = |c: char| c.is_ascii_lowercase() || c == '_';
            if !helped.contains(name) || !name.starts_with("taxproof_") || !name.chars().all(lower)
            {
                return Err(wrong("no help, or a wrong name"));
            }
            allowed = sample_names(name, kind);
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').ok_or_else(|| wrong("no value"))?;
        let value: f64 = value.parse().map_err(|_| wrong("no number"))?;
        if !seen.insert(sample.to_owned()) {
            return Err(wrong("twice"));
        }
        let (name, labels) = match sample.split_once('{') {
            Some((name, rest)) => (name, rest.strip_suffix('}').ok_or_else(|| wrong("open"))?),
            None => (sample, ""),
        };
        if !allowed.iter().any(|allowed| allowed == name) {
            return Err(wrong("another family's, or a wrong ending"));
        }
        let mut of_bucket = name.to_owned();
        for label in labels.split("\",").filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once("=\"").ok_or_else(|| wrong("no label"))?;
            if key != "le" {
                of_bucket.push_str(&format!("{key}={}", value.trim_end_matches('"')));
            }
            read.labels
                .entry(name.to_owned())
                .or_default()
                .insert(key.to_owned());
        }
        read.labels.entry(name.to_owned()).or_default();
        if name.ends_with("_bucket") {
            let before = buckets.insert(of_bucket, value);
            if before.is_some_and(|before: f64| before > value) {
                return Err(wrong("buckets are cumulative"));
            }
        } else if name.ends_with("_count") {
            counts.insert(of_bucket.replacen("_count", "_bucket", 1), value);
        }
    }
    match buckets == counts {
        true => Ok(read),
        false => Err(format!("{buckets:?} are not {counts:?}")),
    }
}

#[test]
fn the_text_is_as_prometheus_reads_it() {
    let text = full();
    read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    // And what reads it so is as strict as it says.
    for (from, to) in [
        ("# EOF\n", ""),
        ("taxproof_calls_total", "taxproof_calls"),
        ("# HELP taxproof_ready", "# HELP taxproof_steady"),
        ("taxproof_ready 1", "taxproof_ready one"),
        ("taxproof_ready 1", "taxproof_ready 1\ntaxproof_ready 1"),
        (
            "taxproof_queue_seconds_count{step=\"verify\"} 1",
            "taxproof_queue_seconds_count{step=\"verify\"} 2",
        ),
        (
            "le=\"+Inf\",step=\"verify\"} 1",
            "le=\"+Inf\",step=\"verify\"} 0",
        ),
        ("reason=\"rate\"}", "reason=\"rate\""),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        let broken = text.replacen(from, to, 1);
        assert!(read(&broken).is_err(), "{from} became {to}");
    }
}

/// The samples that an expression of Prometheus names, and the labels.
fn named(expression: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = expression.split(|c| !word(c));
    let samples = words.filter(|word| word.starts_with("taxproof_"));
    let samples = samples.map(str::to_owned).collect();
    let mut labels = BTreeSet::new();
    for part in expression.split("by (").skip(1) {
        let list = part.split(')').next().unwrap_or_default();
        labels.extend(list.split(',').map(|label| label.trim().to_owned()));
    }
    for part in expression.split('{').skip(1) {
        let list = part.split('}').next().unwrap_or_default();
        let keys = list
            .split(',')
            .filter_map(|matcher| matcher.split(['=', '!']).next());
        labels.extend(keys.map(|key| key.trim().to_owned()));
    }
    labels.remove("");
    (samples, labels)
}

/// Checks that an expression speaks of what there is.
fn check_expression(exposition: &Exposition, expression: &str) {
    let (samples, labels) = named(expression);
    assert!(!samples.is_empty(), "{expression}");
    // Those that Prometheus adds.
    let mut there: BTreeSet<String> = ["instance", "job"].map(str::to_owned).into();
    for sample in &samples {
        let has = exposition.labels.get(sample);
        there.extend(
            has.unwrap_or_else(|| panic!("{sample} is not: {expression}"))
                .clone(),
        );
    }
    let missing: Vec<_> = labels.difference(&there).collect();
    assert!(missing.is_empty(), "{missing:?} are not: {expression}");
}

fn expressions(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str() {
                    Some(text) if key == "expr" => found.push(text.to_owned()),
                    _ => expressions(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

fn file(name: &str) -> String {
    let path = format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect(name)
}

#[test]
fn every_panel_of_the_dashboard_asks_for_what_there_is() {
    let exposition = read(&full()).expect("reads");
    let dashboard = file("deploy/grafana-dashboard.json");
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")));
        let mut found = Vec::new();
        expressions(panel, &mut found);
        let row = panel["type"] == "row";
        assert!(
            row || !found.is_empty(),
            "{} asks for nothing",
            panel["title"]
        );
        for expression in found {
            check_expression(&exposition, &expression);
            asked.extend(named(&expression).0);
        }
    }
    // And nothing that is counted is shown nowhere.
    for family in exposition.labels.keys() {
        let base = family.trim_end_matches("_sum").trim_end_matches("_count");
        let shown = asked.iter().any(|asked| asked.starts_with(base));
        assert!(
            shown || family.ends_with("_info"),
            "{family} is on no panel"
        );
    }
}

#[test]
fn the_documentation_names_every_metric_and_no_other() {
    let exposition = read(&full()).expect("reads");
    let page = file("docs/operations.md");
    let metrics = page.split("## Metrics").nth(1).expect("a part on metrics");
    let metrics = metrics.split("### Alerts").next().expect("its text");
    for line in metrics
        .lines()
        .filter(|line| line.starts_with("| `taxproof_"))
    {
        let name = line.split('`').nth(1).expect("a name");
        let labels: BTreeSet<String> = line
            .split('|')
            .nth(2)
            .expect("labels")
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        let sample = [name.to_owned(), format!("{name}_count")]
            .into_iter()
            .find_map(|sample| exposition.labels.get(&sample));
        let there = sample.unwrap_or_else(|| panic!("{name} is not"));
        assert_eq!(labels, *there, "{name}");
    }
    for sample in exposition.labels.keys() {
        let name = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| sample.strip_suffix(end))
            .unwrap_or(sample);
        assert!(
            metrics.contains(&format!("| `{name}` |")),
            "{name} is not documented"
        );
    }
    let alerts = page.split("### Alerts").nth(1).expect("a part on alerts");
    let alerts = alerts.split("\n## ").next().expect("its text");
    let rows = alerts.lines().filter(|line| line.contains("taxproof_"));
    let mut count = 0;
    for row in rows {
        check_expression(&exposition, row.split('`').nth(1).expect("an expression"));
        count += 1;
    }
    assert!(count >= 8, "{count} alerts");
}

#[test]
fn what_is_there_is_counted_until_it_is_gone() {
    let metrics = Metrics::default();
    let waiting = || {
        let text = metrics.to_text();
        let line = text
            .lines()
            .find(|l| l.starts_with("taxproof_presentations "));
        line.map(str::to_owned)
    };
    let (one, many) = (metrics.presentations(1), metrics.presentations(5));
    assert_eq!(waiting().as_deref(), Some("taxproof_presentations 6"));
    drop(many);
    drop(one);
    assert_eq!(waiting().as_deref(), Some("taxproof_presentations 0"));
}

#[test]
fn failures_of_the_database_are_counted_apart() {
    let metrics = Metrics::default();
    for reason in ["BUSY", "DATABASE_FULL"] {
        metrics.refusal(reason);
    }
    metrics.store_error("DATABASE_FULL");
    let text = metrics.to_text();
    for line in [
        "taxproof_refusals_total{reason=\"BUSY\"} 1",
        "taxproof_refusals_total{reason=\"DATABASE_FULL\"} 1",
        "taxproof_store_errors_total{reason=\"DATABASE_FULL\"} 2",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("store_errors_total{reason=\"BUSY\"}"));
}
