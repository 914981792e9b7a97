//! One page to read, which needs no other file.

use std::fmt::Write as _;

use super::report::Report;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:920px;margin:2rem auto;\
padding:0 1rem;color:#1a1a1a}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}\
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}\
th,td{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:right}\
th:first-child,td:first-child,td.text,th.text{text-align:left}figure{margin:1.2rem 0}\
svg{max-width:100%;height:auto}.note{color:#555}";

/// The page.
pub(super) fn write(report: &Report, plots: &[(&'static str, String)]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>taxproof bench</title><style>{STYLE}</style></head><body>\n\
         <h1>taxproof bench</h1>\n"
    );
    let lines = report.machine.lines();
    let machine = lines
        .iter()
        .map(|(name, value)| vec![(*name).to_owned(), value.clone()]);
    page.push_str(&table(&["machine", ""], machine));
    push(
        &mut page,
        format_args!(
            "<p class=\"note\">Medians of {} runs each, all contestants in turn, after a first run that is \
         reported apart. Every proof was verified. A peer's time is that of its whole process.</p>\n",
            report.runs
        ),
    );
    if !report.ratios.is_empty() {
        page.push_str("<h2>Times ours</h2>\n");
        let rows = report
            .ratios
            .iter()
            .map(|(peer, ratio)| vec![peer.clone(), format!("{ratio:.2}")]);
        page.push_str(&table(
            &[
                "prover",
                "its time over ours, largest circuit, most threads",
            ],
            rows,
        ));
    }
    for (_, svg) in plots {
        push(
            &mut page,
            format_args!("<figure>{}</figure>\n", inline(svg)),
        );
    }
    page.push_str("<h2>Proofs</h2>\n");
    page.push_str(&proofs(report));
    if !report.verifications.is_empty() {
        page.push_str("<h2>Verification</h2>\n");
        page.push_str(&verifications(report));
    }
    if !report.phases.is_empty() {
        page.push_str("<h2>Parts of a proof</h2>\n");
        page.push_str(&phases(report));
    }
    page.push_str("<h2>Circuits</h2>\n");
    page.push_str(&circuits(report));
    page.push_str("</body></html>\n");
    page
}

fn proofs(report: &Report) -> String {
    let head = [
        "circuit",
        "curve",
        "threads",
        "prover",
        "first ms",
        "median ms",
        "quartiles ms",
        "tables MiB",
        "peak MiB",
        "J",
    ];
    let mebibytes = |bytes: Option<u64>| bytes.map_or(String::new(), |b| (b >> 20).to_string());
    let rows = report.proofs.iter().map(|proof| {
        let times = &proof.times;
        vec![
            proof.circuit.clone(),
            proof.curve.to_string(),
            proof.threads.to_string(),
            proof.label(),
            format!("{:.1}", times.first_ms),
            format!("{:.1}", times.median_ms),
            format!("{:.1}–{:.1}", times.low_ms, times.high_ms),
            mebibytes(proof.table_bytes.map(|bytes| bytes as u64)),
            mebibytes(times.peak_bytes),
            times
                .energy_joules
                .map_or(String::new(), |j| format!("{j:.2}")),
        ]
    });
    table(&head, rows)
}

fn verifications(report: &Report) -> String {
    let head = [
        "circuit",
        "curve",
        "threads",
        "verifier",
        "proofs",
        "ms",
        "ms a proof",
    ];
    let rows = report.verifications.iter().map(|verified| {
        vec![
            verified.circuit.clone(),
            verified.curve.to_string(),
            verified.threads.to_string(),
            verified.verifier.to_owned(),
            verified.batch.to_string(),
            format!("{:.3}", verified.median_ms),
            format!("{:.4}", verified.per_proof_ms),
        ]
    });
    table(&head, rows)
}

fn phases(report: &Report) -> String {
    let head = [
        "circuit",
        "threads",
        "part",
        "median ms",
        "limit ms",
        "times the limit",
    ];
    let rows = report.phases.iter().map(|phase| {
        vec![
            phase.circuit.clone(),
            phase.threads.to_string(),
            phase.name.to_owned(),
            format!("{:.2}", phase.median_ms),
            format!("{:.2}", phase.floor_ms),
            format!("{:.1}", phase.median_ms / phase.floor_ms),
        ]
    });
    table(&head, rows)
}

fn circuits(report: &Report) -> String {
    let head = [
        "circuit",
        "curve",
        "constraints",
        "wires",
        "public",
        "0 or 1",
        "nonzeros A, B, C",
        "proving key MiB",
        "verifying key KiB",
    ];
    let rows = report.circuits.iter().map(|circuit| {
        let [a, b, c] = circuit.nonzeros;
        vec![
            circuit.name.clone(),
            circuit.curve.to_string(),
            circuit.constraints.to_string(),
            circuit.wires.to_string(),
            circuit.public_inputs.to_string(),
            format!("{:.0} %", 100.0 * circuit.bits),
            format!("{a}, {b}, {c}"),
            format!("{:.1}", circuit.proving_key_bytes as f64 / 1_048_576.0),
            format!("{:.1}", circuit.verifying_key_bytes as f64 / 1024.0),
        ]
    });
    let mut text = table(&head, rows);
    for circuit in report
        .circuits
        .iter()
        .filter(|circuit| !circuit.clauses.is_empty())
    {
        push(
            &mut text,
            format_args!("<h3>{} over {}</h3>\n", circuit.name, circuit.curve),
        );
        let rows = circuit.clauses.iter().map(|clause| {
            vec![
                clause.name.to_owned(),
                clause.constraints.to_string(),
                clause.nonzeros.to_string(),
            ]
        });
        text.push_str(&table(&["clause", "constraints", "nonzeros"], rows));
    }
    text
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = "<table><tr>".to_owned();
    for name in head {
        push(&mut text, format_args!("<th>{}</th>", escape(name)));
    }
    text.push_str("</tr>\n");
    for row in rows {
        text.push_str("<tr>");
        for cell in row {
            push(&mut text, format_args!("<td>{}</td>", escape(&cell)));
        }
        text.push_str("</tr>\n");
    }
    text + "</table>\n"
}

/// An SVG without the declaration that a file of its own has.
fn inline(svg: &str) -> &str {
    svg.find("<svg").map_or(svg, |start| &svg[start..])
}

/// A peer's name may hold anything.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string takes every text");
}
