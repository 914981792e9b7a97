//! `taxproof bank presentation`.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_proto::v1::presentation_result::Result as Outcome;
use taxproof_proto::v1::presentation_service_client::PresentationServiceClient;
use taxproof_proto::v1::{PresentationResult, SubmitPresentationsRequest};

use super::decision::{Decided, decided};
use super::remote::{self, Listing};

/// What to do with presentations.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Hands in presentations that came as files; they are verified together.
    Submit(SubmitArguments),
}

/// Which presentations.
#[derive(Debug, Args)]
pub(crate) struct SubmitArguments {
    #[command(flatten)]
    listing: Listing,
    /// Sealed presentations, as `taxproof enterprise prove --out` writes them; at most 1024.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What became of a presentation, as it is printed.
#[derive(Serialize)]
struct Printed {
    file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    request_id: String,
    #[serde(flatten)]
    decided: Option<Decided>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refused>,
}

#[derive(Serialize)]
struct Refused {
    reason: String,
    message: String,
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Submit(arguments) = command;
    let Listing { server, json } = &arguments.listing;
    let read = |file: &PathBuf| {
        Ok(SubmitPresentationsRequest {
            sealed_presentation: super::read(file)?,
            client_request_id: String::new(),
        })
    };
    let files: Vec<_> = arguments
        .files
        .iter()
        .map(read)
        .collect::<anyhow::Result<_>>()?;
    let answer = server.call(async |channel| {
        let mut client = PresentationServiceClient::new(channel);
        client.submit_presentations(tokio_stream::iter(files)).await
    })?;
    let results = arguments.files.iter().zip(answer.results);
    let printed: Vec<Printed> = results.map(printed).collect();
    remote::print(*json, &printed, line)?;
    let undecided = printed.iter().filter(|printed| printed.decided.is_none());
    match undecided.count() {
        0 => Ok(()),
        count => bail!("{count} of {} presentations were refused", printed.len()),
    }
}

fn printed((file, result): (&PathBuf, PresentationResult)) -> Printed {
    let mut printed = Printed {
        file: file.display().to_string(),
        request_id: String::new(),
        decided: None,
        refusal: None,
    };
    match result.result {
        Some(Outcome::Decision(decision)) => {
            printed.request_id.clone_from(&decision.request_id);
            printed.decided = Some(decided(decision));
        }
        Some(Outcome::Refusal(refusal)) => {
            printed.refusal = Some(Refused {
                reason: refusal.reason,
                message: refusal.message,
            });
        }
        None => {}
    }
    printed
}

fn line(printed: &Printed) -> String {
    let outcome = match (&printed.decided, &printed.refusal) {
        (Some(decided), _) => decided.verdict.to_owned(),
        (None, Some(refused)) => format!("refused: {}", refused.message),
        (None, None) => "no answer".to_owned(),
    };
    format!("{} {outcome}", printed.file)
}
