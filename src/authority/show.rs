//! `taxproof authority show` and `trust`.

use anyhow::bail;
use clap::Args;
use taxproof_authority::Authority;
use taxproof_claims::trust::TrustList;

use super::FolderArguments;

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The epoch whose header to print as JSON.
    #[arg(long)]
    epoch: Option<u64>,
}

pub(super) fn trust(arguments: &FolderArguments) -> anyhow::Result<()> {
    let authority = Authority::open(&arguments.dir)?;
    let list = TrustList {
        authorities: vec![authority.trusted()],
        banks: vec![],
    };
    print!("{}", list.to_toml());
    Ok(())
}

pub(super) fn show(arguments: &ShowArguments) -> anyhow::Result<()> {
    let authority = Authority::open(&arguments.folder.dir)?;
    if let Some(number) = arguments.epoch {
        let header = authority
            .headers()
            .iter()
            .find(|h| h.header.epoch == number);
        let Some(signed) = header else {
            bail!("there is no epoch {number}");
        };
        println!("{}", serde_json::to_string_pretty(&signed.header)?);
        return Ok(());
    }
    let settings = authority.settings();
    println!("authority    {} ({})", settings.id, settings.name);
    println!("profile      {}", settings.profile);
    println!("schema       {}", authority.schema().id);
    println!("key          {}", authority.trusted().key);
    print_custodians(&authority);
    println!("on record    {} enterprises", authority.ledger().len());
    println!("registered   {} enterprises", authority.registered()?);
    for signed in authority.headers() {
        let header = &signed.header;
        let date = header.date().map(|d| d.to_string()).unwrap_or_default();
        println!(
            "epoch {:<6} {date}  newest {}  {} enterprises  {}",
            header.epoch,
            header.newest_period,
            header.leaves,
            header.digest()
        );
    }
    Ok(())
}

pub(super) fn print_custodians(authority: &Authority) {
    if let Some((group, requests)) = authority.custodians() {
        println!("made of      {}", group.digest());
        println!("sign         {} of {}", group.threshold(), group.size());
        println!("asks under   {requests}");
    }
}
