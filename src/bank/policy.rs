//! `taxproof bank policy`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_claims::policy::{Format, Policy};
use taxproof_claims::schema::Schema;
use taxproof_proto::v1;
use taxproof_proto::v1::policy_service_client::PolicyServiceClient;
use taxproof_proto::v1::{ListPoliciesRequest, PolicyFormat, RegisterPolicyRequest};
use taxproof_verifier::bank::parse_policy;

use super::Server;
use super::remote::{connect, message};

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks a policy file.
    Check(FileArguments),
    /// Says in plain words what a policy file asks, and what the bank learns.
    Explain(ExplainArguments),
    /// Registers a policy file at a service, and prints its digest.
    Register(RegisterArguments),
    /// Lists the policies of a service.
    List(Server),
}

/// Which policy file.
#[derive(Debug, Args)]
pub(crate) struct FileArguments {
    /// The policy: TOML, or JSON where the name ends in .json.
    file: PathBuf,
    /// A schema file besides the built-in one.
    #[arg(long, value_name = "FILE")]
    schema: Vec<PathBuf>,
}

/// Which policy file, and how to print it.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    file: FileArguments,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Which policy file, and where to.
#[derive(Debug, Args)]
pub(crate) struct RegisterArguments {
    #[command(flatten)]
    server: Server,
    /// The policy: TOML, or JSON where the name ends in .json.
    file: PathBuf,
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Check(arguments) => check(arguments),
        Command::Explain(arguments) => explain(arguments),
        Command::Register(arguments) => register(arguments),
        Command::List(server) => list(server),
    }
}

fn check(arguments: &FileArguments) -> anyhow::Result<()> {
    let policy = parse(arguments)?;
    let (id, version, shape) = (policy.id(), policy.version(), policy.shape());
    eprintln!("`{id}` version {version} compiles for {shape}");
    Ok(())
}

#[derive(Serialize)]
struct Explained<'a> {
    id: &'a str,
    version: u32,
    title: &'a str,
    schema: &'a str,
    shape: &'a str,
    sections: Vec<ExplainedSection>,
}

#[derive(Serialize)]
struct ExplainedSection {
    heading: String,
    lines: Vec<String>,
}

fn explain(arguments: &ExplainArguments) -> anyhow::Result<()> {
    let policy = parse(&arguments.file)?;
    let explanation = policy.explain(None);
    if !arguments.json {
        print!("{explanation}");
        return Ok(());
    }
    let sections = explanation
        .sections
        .into_iter()
        .map(|section| ExplainedSection {
            heading: section.heading,
            lines: section.lines,
        });
    let explained = Explained {
        id: policy.id(),
        version: policy.version(),
        title: policy.title(),
        schema: &policy.schema().id,
        shape: policy.shape().name,
        sections: sections.collect(),
    };
    println!("{}", serde_json::to_string_pretty(&explained)?);
    Ok(())
}

fn register(arguments: &RegisterArguments) -> anyhow::Result<()> {
    let format = match format(&arguments.file) {
        Format::Toml => PolicyFormat::Toml,
        Format::Json => PolicyFormat::Json,
    };
    let request = RegisterPolicyRequest {
        text: super::read_text(&arguments.file)?,
        format: format.into(),
    };
    let response = super::runtime()?.block_on(async {
        let mut client = PolicyServiceClient::new(connect(&arguments.server).await?);
        client.register_policy(request).await.map_err(message)
    })?;
    println!(
        "{}",
        response.into_inner().policy.unwrap_or_default().digest
    );
    Ok(())
}

fn list(server: &Server) -> anyhow::Result<()> {
    let response = super::runtime()?.block_on(async {
        let mut client = PolicyServiceClient::new(connect(server).await?);
        client
            .list_policies(ListPoliciesRequest {})
            .await
            .map_err(message)
    })?;
    for policy in response.into_inner().policies {
        let v1::Policy {
            digest,
            id,
            shape,
            title,
            ..
        } = policy;
        println!("{digest} {shape} {id} ({title})");
    }
    Ok(())
}

fn parse(arguments: &FileArguments) -> anyhow::Result<Policy> {
    let mut schemas = vec![Schema::cn_tax()];
    for file in &arguments.schema {
        schemas.push(Schema::from_toml(&super::read_text(file)?)?);
    }
    let text = super::read_text(&arguments.file)?;
    match parse_policy(&text, format(&arguments.file), &schemas) {
        Ok(policy) => Ok(policy),
        Err(errors) => {
            eprint!("{}", errors.render(&arguments.file.display().to_string()));
            bail!("{} is no policy", arguments.file.display());
        }
    }
}

fn format(file: &Path) -> Format {
    match file.extension() {
        Some(extension) if extension == "json" => Format::Json,
        _ => Format::Toml,
    }
}
