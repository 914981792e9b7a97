//! `taxproof authority register` and `revoke`: who has keys on record.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use taxproof_authority::Authority;
use taxproof_authority::registration::Change;
use taxproof_claims::date::Date;

use super::day::{not_ahead, today};
use super::{FolderArguments, read_text};

/// What an enterprise handed in.
#[derive(Debug, Args)]
pub(crate) struct RegisterArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// Registrations as `taxproof enterprise` writes them, JSON.
    #[arg(required = true, value_name = "REGISTRATION")]
    registrations: Vec<PathBuf>,
    /// The day of registration; today unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
}

/// Whose registration to revoke.
#[derive(Debug, Args)]
pub(crate) struct RevokeArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The enterprise's id.
    #[arg(long, value_name = "ID")]
    enterprise: String,
}

pub(super) fn register(arguments: &RegisterArguments) -> anyhow::Result<()> {
    let mut authority = Authority::open(&arguments.folder.dir)?;
    let today = arguments.date.map_or_else(today, not_ahead)?;
    for path in &arguments.registrations {
        let registration = serde_json::from_str(&read_text(path)?)
            .with_context(|| format!("`{}` is not a registration", path.display()))?;
        let (id, change) = authority
            .register(registration, today)
            .with_context(|| format!("`{}`", path.display()))?;
        let done = match change {
            Change::New => "registered",
            Change::Rotated => "keys rotated, pseudonyms as before",
            Change::Reset => "pseudonyms reset, which banks will see",
        };
        eprintln!("{id}: {done}");
    }
    Ok(())
}

pub(super) fn revoke(arguments: &RevokeArguments) -> anyhow::Result<()> {
    let mut authority = Authority::open(&arguments.folder.dir)?;
    let scheme = authority.schema().id_scheme;
    let enterprise = scheme.parse(&arguments.enterprise)?;
    authority.revoke(&enterprise)?;
    eprintln!("{enterprise}: revoked, from the next epoch on");
    Ok(())
}
