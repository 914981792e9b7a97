//! `taxproof bank epoch`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{self, ListEpochsRequest};

use super::follow;
use super::remote::{self, Listing};

/// What to do with epochs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Adds what is new in an authority's log, if the log continues what the bank has seen.
    Follow(follow::Arguments),
    /// Lists the newest epoch of each authority, or all of one authority.
    List(ListArguments),
}

/// Whose epochs.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    listing: Listing,
    /// All epochs of this authority that the bank was told of.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    authority: String,
}

/// An epoch as it is printed.
#[derive(Serialize)]
pub(super) struct Epoch {
    authority: String,
    number: u64,
    time: u64,
    newest_period: String,
    header_digest: String,
    schema_digest: String,
    added_at: u64,
}

impl From<v1::Epoch> for Epoch {
    fn from(epoch: v1::Epoch) -> Self {
        Self {
            authority: epoch.authority,
            number: epoch.number,
            time: epoch.time,
            newest_period: epoch.newest_period,
            header_digest: epoch.header_digest,
            schema_digest: epoch.schema_digest,
            added_at: epoch.added_at,
        }
    }
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Follow(arguments) => return follow::run(arguments),
        Command::List(arguments) => list(arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &ListArguments) -> anyhow::Result<()> {
    let Listing { server, json } = &arguments.listing;
    let epochs = super::runtime()?.block_on(async {
        let mut client = TrustServiceClient::new(server.connect().await?);
        remote::pages(async |page_token| {
            let request = ListEpochsRequest {
                authority: arguments.authority.clone(),
                page_size: 0,
                page_token,
            };
            let page = client.list_epochs(request).await?.into_inner();
            Ok((page.epochs, page.next_page_token))
        })
        .await
    })?;
    let epochs: Vec<Epoch> = epochs.into_iter().map(Epoch::from).collect();
    remote::print(*json, &epochs, line)
}

pub(super) fn line(epoch: &Epoch) -> String {
    let Epoch {
        authority,
        number,
        newest_period,
        header_digest,
        ..
    } = epoch;
    format!("{authority} epoch {number} to {newest_period} {header_digest}")
}
