//! `taxproof authority issue`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use taxproof_authority::Authority;

use super::FolderArguments;

/// To whom a credential is issued.
#[derive(Debug, Args)]
pub(crate) struct IssueArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The enterprise's id.
    #[arg(long, value_name = "ID")]
    enterprise: String,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn issue(arguments: &IssueArguments) -> anyhow::Result<()> {
    let authority = Authority::open(&arguments.folder.dir)?;
    let scheme = authority.schema().id_scheme;
    let enterprise = scheme.parse(&arguments.enterprise)?;
    let sealed = authority.issue(&enterprise)?;
    let out = &arguments.out;
    fs::write(out, sealed).with_context(|| format!("`{}`", out.display()))
}
