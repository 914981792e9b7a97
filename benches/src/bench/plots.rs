//! Plots as SVG.

use std::collections::BTreeMap;
use std::error::Error;

use plotters::coord::ranged1d::Ranged;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::report::{Proving, Report};

type Drawn = Result<String, Box<dyn Error>>;
type Series = BTreeMap<String, Vec<(f64, f64)>>;

const SIZE: (u32, u32) = (860, 460);
const FONT: &str = "sans-serif";
/// Colours that stay apart for most eyes.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
];

/// The plots that the report has figures for.
pub(super) fn draw(report: &Report) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let mut plots = Vec::new();
    let most = report.proofs.iter().map(|proof| proof.threads).max();
    let scaling = series(
        report
            .proofs
            .iter()
            .filter(|p| Some(p.threads) == most && is_synthetic(p)),
        |p| (p.constraints as f64, p.times.median_ms),
    );
    if scaling.values().any(|points| points.len() > 1) {
        plots.push(("scaling.svg", scaling_plot(&scaling)?));
    }
    let largest = report
        .proofs
        .iter()
        .max_by_key(|proof| (proof.constraints, proof.threads));
    if let Some(largest) = largest {
        let here = |p: &&Proving| p.circuit == largest.circuit && p.curve == largest.curve;
        let threads = speedups(&report.proofs.iter().filter(here).collect::<Vec<_>>());
        if threads.values().any(|points| points.len() > 1) {
            plots.push(("threads.svg", threads_plot(&threads, &largest.circuit)?));
        }
        let peers = report.proofs.iter().filter(here);
        let bars: Vec<_> = peers
            .filter(|p| p.threads == largest.threads)
            .map(|p| (p.label(), p.times.median_ms))
            .collect();
        let title = format!(
            "Proving {} on {} threads, ms",
            largest.circuit, largest.threads
        );
        plots.push(("peers.svg", bars_plot(&title, &bars)?));
    }
    let phase = report
        .phases
        .iter()
        .max_by_key(|phase| (phase.constraints, phase.threads));
    if let Some(largest) = phase {
        let of = report.phases.iter();
        let of: Vec<_> = of
            .filter(|p| p.circuit == largest.circuit && p.threads == largest.threads)
            .collect();
        let bars: Vec<_> = of
            .iter()
            .map(|p| (p.name.to_owned(), p.median_ms))
            .collect();
        let place = format!("{} on {} threads", largest.circuit, largest.threads);
        plots.push((
            "phases.svg",
            bars_plot(&format!("Parts of a proof, each alone: {place}, ms"), &bars)?,
        ));
        let bars: Vec<_> = of
            .iter()
            .map(|p| (p.name.to_owned(), p.median_ms / p.floor_ms))
            .collect();
        let title = format!("Times the arithmetic limit: {place}");
        plots.push(("limit.svg", bars_plot(&title, &bars)?));
    }
    Ok(plots)
}

fn is_synthetic(proof: &Proving) -> bool {
    proof.circuit.starts_with("2^")
}

fn series<'a>(
    proofs: impl Iterator<Item = &'a Proving>,
    point: impl Fn(&Proving) -> (f64, f64),
) -> Series {
    let mut series = Series::new();
    for proof in proofs {
        let name = format!("{} ({})", proof.label(), proof.curve);
        series.entry(name).or_default().push(point(proof));
    }
    for points in series.values_mut() {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    series
}

/// Each prover's time on the fewest threads over its time on more.
fn speedups(proofs: &[&Proving]) -> Series {
    let mut series = series(proofs.iter().copied(), |p| {
        (p.threads as f64, p.times.median_ms)
    });
    for points in series.values_mut() {
        let first = points[0].1;
        points
            .iter_mut()
            .for_each(|point| point.1 = first / point.1);
    }
    series
}

fn bounds(series: &Series, of: impl Fn(&(f64, f64)) -> f64) -> (f64, f64) {
    let values = series.values().flatten().map(of);
    values.fold((f64::INFINITY, 0.0), |(least, most), value| {
        (least.min(value), most.max(value))
    })
}

fn scaling_plot(series: &Series) -> Drawn {
    let (x, y) = (bounds(series, |p| p.0), bounds(series, |p| p.1));
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption("Time of a proof by constraints", (FONT, 20))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(
                (x.0 * 0.9..x.1 * 1.1).log_scale(),
                (y.0 * 0.7..y.1 * 1.4).log_scale(),
            )?;
        chart
            .configure_mesh()
            .x_desc("constraints")
            .y_desc("median, ms")
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y}"))
            .draw()?;
        lines(&mut chart, series, SeriesLabelPosition::UpperLeft)?;
        area.present()?;
    }
    Ok(svg)
}

fn threads_plot(series: &Series, circuit: &str) -> Drawn {
    let (_, most) = bounds(series, |p| p.0);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(format!("Speed-up by threads: {circuit}"), (FONT, 20))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(0.8..most + 0.2, 0.0..most * 1.15)?;
        chart
            .configure_mesh()
            .x_desc("threads")
            .y_desc("times as fast as one")
            .x_labels(most as usize)
            .draw()?;
        let ideal = [(1.0, 1.0), (most, most)];
        chart
            .draw_series(LineSeries::new(ideal, BLACK.mix(0.3)))?
            .label("ideal")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], BLACK.mix(0.3)));
        lines(&mut chart, series, SeriesLabelPosition::LowerRight)?;
        area.present()?;
    }
    Ok(svg)
}

type Chart<'a, 's, X, Y> = ChartContext<'a, SVGBackend<'s>, Cartesian2d<X, Y>>;

/// A line with dots for each series, and the legend.
fn lines<'a, 's: 'a, X, Y>(
    chart: &mut Chart<'a, 's, X, Y>,
    series: &Series,
    legend: SeriesLabelPosition,
) -> Result<(), Box<dyn Error>>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    for ((name, points), colour) in series.iter().zip(COLOURS.iter().cycle()) {
        let colour = *colour;
        chart
            .draw_series(LineSeries::new(
                points.iter().copied(),
                colour.stroke_width(2),
            ))?
            .label(name.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour));
        let dots = points
            .iter()
            .map(|&point| Circle::new(point, 3, colour.filled()));
        chart.draw_series(dots)?;
    }
    chart
        .configure_series_labels()
        .position(legend)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

/// Horizontal bars, the first on top, each with its value.
fn bars_plot(title: &str, bars: &[(String, f64)]) -> Drawn {
    let most = bars
        .iter()
        .map(|bar| bar.1)
        .fold(f64::MIN_POSITIVE, f64::max);
    let count = bars.len() as f64;
    let mut svg = String::new();
    {
        let height = 90 + 44 * bars.len() as u32;
        let area = SVGBackend::with_string(&mut svg, (SIZE.0, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(title, (FONT, 20))
            .margin(12)
            .margin_left(230)
            .build_cartesian_2d(0.0..most * 1.15, 0.0..count)?;
        let name = TextStyle::from((FONT, 15).into_font()).pos(Pos::new(HPos::Right, VPos::Center));
        let value = TextStyle::from((FONT, 15).into_font()).pos(Pos::new(HPos::Left, VPos::Center));
        for (i, (label, length)) in bars.iter().enumerate() {
            let middle = count - i as f64 - 0.5;
            let colour = COLOURS[i % COLOURS.len()].filled();
            let corners = [(0.0, middle - 0.32), (*length, middle + 0.32)];
            chart.draw_series([Rectangle::new(corners, colour)])?;
            let at = |x: f64, dx: i32, text: String, style: &TextStyle<'static>| {
                EmptyElement::at((x, middle)) + Text::new(text, (dx, 0), style.clone())
            };
            chart.draw_series([at(0.0, -10, label.clone(), &name)])?;
            chart.draw_series([at(*length, 8, figure(*length), &value)])?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// Three digits.
fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
