//! `taxproof bank request`.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_proto::v1::request_service_client::RequestServiceClient;
use taxproof_proto::v1::{
    self, CancelRequestRequest, CreateRequestRequest, GetRequestRequest, ListRequestsRequest,
    RequestState,
};

use super::remote::{self, Listing, Server};

/// What to do with requests.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a request for one applicant, and prints its id.
    Create(CreateArguments),
    /// Prints a request that was made.
    Get(OneArguments),
    /// Lists the requests that were made, oldest first.
    List(Listing),
    /// Cancels a request that nobody has answered.
    Cancel(OneArguments),
}

/// What to ask for.
#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    #[command(flatten)]
    server: Server,
    /// The policy's digest, or its id where one policy has it.
    #[arg(long)]
    policy: String,
    /// What the bank wants to know it for, as shown to the applicant.
    #[arg(long)]
    purpose: String,
    /// A value for one of the policy's parameters; may be given more than once.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// An authority about whose records it is, by its name in the bank's trust list; may be given more than
    /// once. Any that the bank trusts unless given.
    #[arg(long = "authority", value_name = "ID")]
    authorities: Vec<String>,
    /// Seconds for which the request can be answered: half an hour unless given, a week at most.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        hide_default_value = true
    )]
    validity: u64,
    /// An id of the caller's: the same again gives the same request.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    client_request_id: String,
    /// Where to write the request, for the applicant's wallet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Which request, and how to print it.
#[derive(Debug, Args)]
pub(crate) struct OneArguments {
    #[command(flatten)]
    listing: Listing,
    /// The request's id.
    id: String,
}

/// A request as it is printed.
#[derive(Serialize)]
struct Printed {
    id: String,
    state: &'static str,
    policy: String,
    expires_at: u64,
}

impl From<v1::Request> for Printed {
    fn from(request: v1::Request) -> Self {
        Self {
            state: state(request.state()),
            id: request.id,
            policy: request.policy,
            expires_at: request.expires_at,
        }
    }
}

/// Where a request stands, as it is printed.
pub(super) const fn state(state: RequestState) -> &'static str {
    match state {
        RequestState::Open => "open",
        RequestState::Decided => "decided",
        RequestState::Expired => "expired",
        RequestState::Cancelled => "cancelled",
        RequestState::Unspecified => "unknown",
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=');
    let (name, value) = split.ok_or("a parameter is written NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Create(arguments) => create(arguments),
        Command::Get(arguments) => {
            let id = arguments.id.clone();
            let answer = arguments.listing.server.call(async |channel| {
                let mut client = RequestServiceClient::new(channel);
                client.get_request(GetRequestRequest { id }).await
            })?;
            one(arguments.listing.json, answer.request)
        }
        Command::List(listing) => list(listing),
        Command::Cancel(arguments) => {
            let id = arguments.id.clone();
            let answer = arguments.listing.server.call(async |channel| {
                let mut client = RequestServiceClient::new(channel);
                client.cancel_request(CancelRequestRequest { id }).await
            })?;
            one(arguments.listing.json, answer.request)
        }
    }
}

fn create(arguments: &CreateArguments) -> anyhow::Result<()> {
    let mut parameters = HashMap::new();
    for (name, value) in &arguments.parameters {
        let before = parameters.insert(name.clone(), value.clone());
        ensure!(before.is_none(), "`{name}` has two values");
    }
    // What is asked cannot be taken back, so that the file must be there before.
    let out = &arguments.out;
    let made = !out.exists();
    let opened = File::options().create(true).append(true).open(out);
    drop(opened.with_context(|| out.display().to_string())?);
    let request = CreateRequestRequest {
        policy: arguments.policy.clone(),
        parameters,
        purpose: arguments.purpose.clone(),
        validity_seconds: arguments.validity,
        authorities: arguments.authorities.clone(),
        client_request_id: arguments.client_request_id.clone(),
    };
    let answer = arguments.server.call(async |channel| {
        let mut client = RequestServiceClient::new(channel);
        client.create_request(request).await
    });
    if made && answer.is_err() {
        // It is empty, and says less than the error.
        let _ = std::fs::remove_file(out);
    }
    let answer = answer?;
    let request = answer.request.unwrap_or_default();
    println!("{}", request.id);
    std::fs::write(out, &request.signed_request).with_context(|| out.display().to_string())?;
    eprintln!("wrote {}", out.display());
    Ok(())
}

fn list(listing: &Listing) -> anyhow::Result<()> {
    let requests = super::runtime()?.block_on(async {
        let mut client = RequestServiceClient::new(listing.server.connect().await?);
        remote::pages(async |page_token| {
            let request = ListRequestsRequest {
                page_size: 0,
                page_token,
            };
            let page = client.list_requests(request).await?.into_inner();
            Ok((page.requests, page.next_page_token))
        })
        .await
    })?;
    let requests: Vec<Printed> = requests.into_iter().map(Printed::from).collect();
    remote::print(listing.json, &requests, line)
}

fn one(json: bool, request: Option<v1::Request>) -> anyhow::Result<()> {
    let printed = Printed::from(request.unwrap_or_default());
    if json {
        println!("{}", serde_json::to_string_pretty(&printed)?);
    } else {
        println!("{}", line(&printed));
    }
    Ok(())
}

fn line(printed: &Printed) -> String {
    let Printed {
        id, state, policy, ..
    } = printed;
    format!("{id} {state} {policy}")
}
