//! What a running service is asked: epochs, requests, decisions.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_proto::v1::decision_service_client::DecisionServiceClient;
use taxproof_proto::v1::request_service_client::RequestServiceClient;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{
    AddEpochRequest, CreateRequestRequest, Decision, Epoch, GetDecisionRequest, ListEpochsRequest,
    RequestState, Verdict,
};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

use super::Server;

/// What to do with epochs.
#[derive(Debug, Subcommand)]
pub(crate) enum EpochCommand {
    /// Adds an authority's next epoch.
    Add(AddEpochArguments),
    /// Lists the newest epoch of each authority.
    List(Server),
}

/// Which epoch, and where to.
#[derive(Debug, Args)]
pub(crate) struct AddEpochArguments {
    #[command(flatten)]
    server: Server,
    /// The signed header, as the authority published it.
    header: PathBuf,
}

/// What to do with requests.
#[derive(Debug, Subcommand)]
pub(crate) enum RequestCommand {
    /// Makes a request for one applicant, and prints its id.
    Create(CreateRequestArguments),
}

/// What to ask for.
#[derive(Debug, Args)]
pub(crate) struct CreateRequestArguments {
    #[command(flatten)]
    server: Server,
    /// The policy's digest, or its id where one policy has it.
    #[arg(long)]
    policy: String,
    /// What the bank wants to know it for, as shown to the applicant.
    #[arg(long)]
    purpose: String,
    /// A value for one of the policy's parameters.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// Seconds for which the request can be answered.
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

/// What to do with decisions.
#[derive(Debug, Subcommand)]
pub(crate) enum DecisionCommand {
    /// Prints what became of a request.
    Get(GetDecisionArguments),
}

/// Which decision, and how to print it.
#[derive(Debug, Args)]
pub(crate) struct GetDecisionArguments {
    #[command(flatten)]
    server: Server,
    /// The request's id.
    id: String,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=');
    let (name, value) = split.ok_or("a parameter is written NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(super) fn epoch(command: &EpochCommand) -> anyhow::Result<()> {
    match command {
        EpochCommand::Add(arguments) => {
            let signed_header = super::read(&arguments.header)?;
            let response = super::runtime()?.block_on(async {
                let mut client = TrustServiceClient::new(connect(&arguments.server).await?);
                let request = AddEpochRequest { signed_header };
                client.add_epoch(request).await.map_err(message)
            })?;
            print_epoch(&response.into_inner().epoch.unwrap_or_default());
        }
        EpochCommand::List(server) => {
            let response = super::runtime()?.block_on(async {
                let mut client = TrustServiceClient::new(connect(server).await?);
                client
                    .list_epochs(ListEpochsRequest {})
                    .await
                    .map_err(message)
            })?;
            response.into_inner().epochs.iter().for_each(print_epoch);
        }
    }
    Ok(())
}

fn print_epoch(epoch: &Epoch) {
    let Epoch {
        authority,
        number,
        newest_period,
        header_digest,
        ..
    } = epoch;
    println!("{authority} epoch {number} to {newest_period} {header_digest}");
}

pub(super) fn request(command: &RequestCommand) -> anyhow::Result<()> {
    let RequestCommand::Create(arguments) = command;
    let request = CreateRequestRequest {
        policy: arguments.policy.clone(),
        parameters: arguments.parameters.iter().cloned().collect(),
        purpose: arguments.purpose.clone(),
        validity_seconds: arguments.validity,
        client_request_id: arguments.client_request_id.clone(),
    };
    let response = super::runtime()?.block_on(async {
        let mut client = RequestServiceClient::new(connect(&arguments.server).await?);
        client.create_request(request).await.map_err(message)
    })?;
    let request = response.into_inner().request.unwrap_or_default();
    let out = &arguments.out;
    std::fs::write(out, &request.signed_request).with_context(|| out.display().to_string())?;
    eprintln!("wrote {}", out.display());
    println!("{}", request.id);
    Ok(())
}

/// A decision as `--json` prints it.
#[derive(Serialize)]
struct Printed {
    request_id: String,
    state: &'static str,
    #[serde(flatten)]
    decided: Option<Decided>,
}

#[derive(Serialize)]
struct Decided {
    verdict: &'static str,
    failed_rules: Vec<String>,
    band: Option<u32>,
    pseudonym: String,
    scope_tag: String,
    disclosed_id: String,
    authority: String,
    epoch: u64,
    decided_at: u64,
}

pub(super) fn decision(command: &DecisionCommand) -> anyhow::Result<()> {
    let DecisionCommand::Get(arguments) = command;
    let request_id = arguments.id.clone();
    let response = super::runtime()?.block_on(async {
        let mut client = DecisionServiceClient::new(connect(&arguments.server).await?);
        let request = GetDecisionRequest { request_id };
        client.get_decision(request).await.map_err(message)
    })?;
    let response = response.into_inner();
    let printed = Printed {
        request_id: arguments.id.clone(),
        state: match response.state() {
            RequestState::Open => "open",
            RequestState::Decided => "decided",
            RequestState::Expired => "expired",
            RequestState::Unspecified => "unknown",
        },
        decided: response.decision.map(decided),
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&printed)?);
    } else {
        print(&printed);
    }
    Ok(())
}

fn decided(decision: Decision) -> Decided {
    Decided {
        verdict: match decision.verdict() {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Invalid => "invalid",
            Verdict::Unspecified => "unknown",
        },
        failed_rules: decision.failed_rules,
        band: decision.band,
        pseudonym: decision.pseudonym,
        scope_tag: decision.scope_tag,
        disclosed_id: decision.disclosed_id,
        authority: decision.authority,
        epoch: decision.epoch,
        decided_at: decision.decided_at,
    }
}

fn print(printed: &Printed) {
    let Some(decided) = &printed.decided else {
        println!("{}", printed.state);
        return;
    };
    println!("{}", decided.verdict);
    decided
        .failed_rules
        .iter()
        .for_each(|rule| println!("failed rule: {rule}"));
    decided
        .band
        .iter()
        .for_each(|band| println!("band: {band}"));
    let lines = [
        ("enterprise", &decided.disclosed_id),
        ("pseudonym", &decided.pseudonym),
        ("scope tag", &decided.scope_tag),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        println!("{name}: {value}");
    }
    println!("epoch: {} {}", decided.authority, decided.epoch);
}

/// A connection to a service.
pub(super) async fn connect(server: &Server) -> anyhow::Result<Channel> {
    let endpoint = Channel::from_shared(server.server.clone());
    let endpoint = endpoint.with_context(|| format!("`{}` is no address", server.server))?;
    let https = endpoint.uri().scheme_str() == Some("https");
    let endpoint = match (https, &server.ca) {
        (false, None) => endpoint,
        (false, Some(_)) => bail!("{} is not https", server.server),
        (true, None) => bail!("{} needs `--ca`", server.server),
        (true, Some(ca)) => endpoint.tls_config(tls(server, ca)?)?,
    };
    let channel = endpoint.connect().await;
    channel.with_context(|| format!("cannot reach {}", server.server))
}

fn tls(server: &Server, ca: &Path) -> anyhow::Result<ClientTlsConfig> {
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(super::read(ca)?));
    Ok(match (&server.cert, &server.key) {
        (Some(cert), Some(key)) => {
            tls.identity(Identity::from_pem(super::read(cert)?, super::read(key)?))
        }
        _ => tls,
    })
}

/// What a service answered instead.
#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
pub(super) fn message(status: tonic::Status) -> anyhow::Error {
    anyhow!("{}", status.message())
}
