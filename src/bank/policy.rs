//! `taxproof bank policy`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_claims::policy::{Format, Policy};
use taxproof_claims::schema::Schema;
use taxproof_proto::v1;
use taxproof_proto::v1::policy_service_client::PolicyServiceClient;
use taxproof_proto::v1::{
    GetPolicyRequest, ListPoliciesRequest, PolicyFormat, RegisterPolicyRequest, RetirePolicyRequest,
};
use taxproof_verifier::bank::parse_policy;

use super::remote::{self, Listing, Server};

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks a policy file.
    Check(FileArguments),
    /// Says in plain words what a policy file asks, and what the bank learns.
    Explain(ExplainArguments),
    /// Registers a policy file at a service, and prints its digest.
    Register(RegisterArguments),
    /// Lists the policies of a service, oldest first.
    List(Listing),
    /// Prints the canonical text of a policy of a service, which its digest is of.
    Get(OneArguments),
    /// Retires a policy of a service: it takes no new requests, and old ones are still answered.
    Retire(OneArguments),
}

/// Which policy of a service, and how to print it.
#[derive(Debug, Args)]
pub(crate) struct OneArguments {
    #[command(flatten)]
    listing: Listing,
    /// The policy's digest, or its id where one policy that is not retired has it.
    policy: String,
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
        Command::List(listing) => list(listing),
        Command::Get(arguments) => get(arguments),
        Command::Retire(arguments) => retire(arguments),
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
    let registered = arguments.server.call(async |channel| {
        let mut client = PolicyServiceClient::new(channel);
        client.register_policy(request).await
    })?;
    println!("{}", registered.policy.unwrap_or_default().digest);
    Ok(())
}

/// A policy of a service as it is printed.
#[derive(Serialize)]
struct Printed {
    digest: String,
    id: String,
    title: String,
    schema: String,
    shape: String,
    registered_at: u64,
    #[serde(skip_serializing_if = "is_zero")]
    retired_at: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    canonical_text: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl From<v1::Policy> for Printed {
    fn from(policy: v1::Policy) -> Self {
        Self {
            digest: policy.digest,
            id: policy.id,
            title: policy.title,
            schema: policy.schema,
            shape: policy.shape,
            registered_at: policy.registered_at,
            retired_at: policy.retired_at,
            canonical_text: String::new(),
        }
    }
}

fn line(policy: &Printed) -> String {
    let Printed {
        digest,
        id,
        shape,
        title,
        retired_at,
        ..
    } = policy;
    let retired = if *retired_at == 0 { "" } else { " retired" };
    format!("{digest} {shape} {id} ({title}){retired}")
}

fn list(listing: &Listing) -> anyhow::Result<()> {
    let policies = super::runtime()?.block_on(async {
        let mut client = PolicyServiceClient::new(listing.server.connect().await?);
        remote::pages(async |page_token| {
            let request = ListPoliciesRequest {
                page_size: 0,
                page_token,
            };
            let page = client.list_policies(request).await?.into_inner();
            Ok((page.policies, page.next_page_token))
        })
        .await
    })?;
    let policies: Vec<Printed> = policies.into_iter().map(Printed::from).collect();
    remote::print(listing.json, &policies, line)
}

fn get(arguments: &OneArguments) -> anyhow::Result<()> {
    let policy = arguments.policy.clone();
    let found = arguments.listing.server.call(async |channel| {
        let mut client = PolicyServiceClient::new(channel);
        client.get_policy(GetPolicyRequest { policy }).await
    })?;
    if !arguments.listing.json {
        println!("{}", found.canonical_text);
        return Ok(());
    }
    let printed = Printed {
        canonical_text: found.canonical_text,
        ..found.policy.unwrap_or_default().into()
    };
    println!("{}", serde_json::to_string_pretty(&printed)?);
    Ok(())
}

fn retire(arguments: &OneArguments) -> anyhow::Result<()> {
    let policy = arguments.policy.clone();
    let retired = arguments.listing.server.call(async |channel| {
        let mut client = PolicyServiceClient::new(channel);
        client.retire_policy(RetirePolicyRequest { policy }).await
    })?;
    let printed = Printed::from(retired.policy.unwrap_or_default());
    if arguments.listing.json {
        println!("{}", serde_json::to_string_pretty(&printed)?);
    } else {
        println!("{}", line(&printed));
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
