//! `taxproof authority publish`.

use anyhow::Context as _;
use clap::Args;
use taxproof_authority::{Authority, AuthorityError, Publication, Published};
use taxproof_claims::curve::Curve;
use taxproof_claims::date::Date;
use taxproof_claims::period::Period;
use taxproof_claims::shape::{Layout, SHAPES};

use super::day::not_ahead;
use super::{Bar, FolderArguments};

/// What the epoch is to be.
#[derive(Debug, Args)]
pub(crate) struct PublishArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The day of the epoch, for tests and demonstrations; now unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
    /// The newest quarter; the last one whose filings were all due unless given.
    #[arg(long, value_name = "2026Q3")]
    newest_period: Option<Period>,
    /// Curves, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [Curve::Bn254])]
    curves: Vec<Curve>,
    /// Layouts, or the shapes that have them, separated by commas: 16x8+12, Q32.
    #[arg(long, value_delimiter = ',', value_parser = layout, default_value = "16x8+12")]
    layouts: Vec<Layout>,
    /// The number that the epoch must have, so that a script publishes it once.
    #[arg(long)]
    epoch: Option<u64>,
}

pub(super) fn publish(arguments: PublishArguments) -> anyhow::Result<()> {
    let mut authority = Authority::open(&arguments.folder.dir)?;
    let time = match arguments.date.map(not_ahead).transpose()? {
        Some(date) => u64::try_from(date.days() * 86_400).context("an epoch is after 1970")?,
        None => u64::try_from(jiff::Timestamp::now().as_second()).context("the clock is wrong")?,
    };
    let publication = Publication {
        time,
        newest_period: arguments.newest_period,
        curves: arguments.curves,
        layouts: arguments.layouts,
        epoch: arguments.epoch,
    };
    let bar = Bar::new();
    let published = match authority.publish(&publication, &bar) {
        Err(error @ AuthorityError::NothingToCommit { .. }) => {
            eprintln!("hint: `taxproof authority register` takes what enterprises hand in");
            return Err(error.into());
        }
        published => published?,
    };
    bar.finish();
    announce(&published);
    let number = published.epoch.header.epoch;
    println!("{}", authority.header_file(number).display());
    Ok(())
}

fn announce(published: &Published) {
    let header = &published.epoch.header;
    eprintln!(
        "epoch {} published: {} enterprises, newest quarter {}, digest {}",
        header.epoch,
        header.leaves,
        header.newest_period,
        header.digest()
    );
    if published.unregistered > 0 {
        eprintln!(
            "{} enterprises on record are not registered and have no credential",
            published.unregistered
        );
    }
    for id in &published.unknown {
        eprintln!("{id} is registered, but nothing is on record of it");
    }
    for (id, why) in &published.left_out {
        eprintln!("{id} is left out: {why}");
    }
}

fn layout(text: &str) -> Result<Layout, String> {
    let found = SHAPES
        .iter()
        .find(|shape| shape.name == text || shape.layout().to_string() == text);
    found.map(|shape| shape.layout()).ok_or_else(|| {
        format!("`{text}` is not a layout; the layouts are 16x8+12 (Q16) and 32x8+12 (Q32)")
    })
}
