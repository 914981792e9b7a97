//! `taxproof bank decision`.

use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_proto::v1::decision_service_client::DecisionServiceClient;
use taxproof_proto::v1::{
    Decision, GetDecisionRequest, InvalidReason, ListDecisionsRequest, Verdict,
    WatchDecisionsRequest,
};

use super::remote::{self, Listing, message};
use super::request::state;

/// What to do with decisions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints what became of a request.
    Get(GetArguments),
    /// Lists the decisions, oldest first.
    List(Listing),
    /// Prints decisions, one a line, and each new one as it is made, until it is interrupted.
    Watch(WatchArguments),
}

/// Which decision, and how to print it.
#[derive(Debug, Args)]
pub(crate) struct GetArguments {
    #[command(flatten)]
    listing: Listing,
    /// The request's id.
    id: String,
}

/// Which decisions.
#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    #[command(flatten)]
    listing: Listing,
    /// Begins after this decision's sequence number; 0 for all.
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
    after: u64,
    /// Ends after so many.
    #[arg(long, value_name = "N")]
    count: Option<usize>,
}

/// A decision as `--json` prints it.
#[derive(Serialize)]
struct Printed {
    request_id: String,
    state: &'static str,
    #[serde(flatten)]
    decided: Option<Decided>,
}

/// A decision as it is printed.
#[derive(Serialize)]
pub(super) struct Decided {
    pub(super) verdict: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    invalid_reason: &'static str,
    failed_rules: Vec<String>,
    band: Option<u32>,
    pseudonym: String,
    scope_tag: String,
    disclosed_id: String,
    authority: String,
    epoch: u64,
    decided_at: u64,
    sequence: u64,
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Get(arguments) => get(arguments),
        Command::List(listing) => list(listing),
        Command::Watch(arguments) => watch(arguments),
    }
}

fn get(arguments: &GetArguments) -> anyhow::Result<()> {
    let Listing { server, json } = &arguments.listing;
    let request_id = arguments.id.clone();
    let response = server.call(async |channel| {
        let mut client = DecisionServiceClient::new(channel);
        client.get_decision(GetDecisionRequest { request_id }).await
    })?;
    let printed = Printed {
        request_id: arguments.id.clone(),
        state: state(response.state()),
        decided: response.decision.map(decided),
    };
    if *json {
        println!("{}", serde_json::to_string_pretty(&printed)?);
    } else {
        print(&printed);
    }
    Ok(())
}

fn list(listing: &Listing) -> anyhow::Result<()> {
    let decisions = super::runtime()?.block_on(async {
        let mut client = DecisionServiceClient::new(listing.server.connect().await?);
        remote::pages(async |page_token| {
            let request = ListDecisionsRequest {
                page_size: 0,
                page_token,
            };
            let page = client.list_decisions(request).await?.into_inner();
            Ok((page.decisions, page.next_page_token))
        })
        .await
    })?;
    let entries: Vec<Entry> = decisions.into_iter().map(Entry::from).collect();
    remote::print(listing.json, &entries, line)
}

fn watch(arguments: &WatchArguments) -> anyhow::Result<()> {
    let Listing { server, json } = &arguments.listing;
    let mut left = arguments.count.unwrap_or(usize::MAX);
    super::runtime()?.block_on(async {
        let mut client = DecisionServiceClient::new(server.connect().await?);
        let request = WatchDecisionsRequest {
            after_sequence: arguments.after,
        };
        let stream = client.watch_decisions(request).await.map_err(message)?;
        let mut stream = stream.into_inner();
        while left > 0 {
            let Some(next) = stream.message().await.map_err(message)? else {
                break;
            };
            let entry = Entry::from(next.decision.unwrap_or_default());
            match json {
                true => println!("{}", serde_json::to_string(&entry)?),
                false => println!("{}", line(&entry)),
            }
            left -= 1;
        }
        Ok(())
    })
}

/// A decision with its request, as lists print it.
#[derive(Serialize)]
struct Entry {
    request_id: String,
    #[serde(flatten)]
    decided: Decided,
}

impl From<Decision> for Entry {
    fn from(decision: Decision) -> Self {
        Self {
            request_id: decision.request_id.clone(),
            decided: decided(decision),
        }
    }
}

fn line(entry: &Entry) -> String {
    let Decided {
        sequence,
        verdict,
        failed_rules,
        ..
    } = &entry.decided;
    let mut line = format!("{sequence} {} {verdict}", entry.request_id);
    if !failed_rules.is_empty() {
        line.push_str(&format!(": {}", failed_rules.join(", ")));
    }
    line
}

pub(super) fn decided(decision: Decision) -> Decided {
    Decided {
        verdict: match decision.verdict() {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Invalid => "invalid",
            Verdict::Unspecified => "unknown",
        },
        invalid_reason: match decision.invalid_reason() {
            InvalidReason::Unspecified => "",
            reason => reason.as_str_name().trim_start_matches("INVALID_REASON_"),
        },
        failed_rules: decision.failed_rules,
        band: decision.band,
        pseudonym: decision.pseudonym,
        scope_tag: decision.scope_tag,
        disclosed_id: decision.disclosed_id,
        authority: decision.authority,
        epoch: decision.epoch,
        decided_at: decision.decided_at,
        sequence: decision.sequence,
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
