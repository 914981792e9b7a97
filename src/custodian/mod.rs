//! `taxproof custodian`: holds a share of an authority's key, and approves what it signs.

mod shown;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use taxproof_authority::custodians::{
    Approval, Custodian, Exchange, Group, Place, Request, Subject,
};
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::signature::VerifyingKey;
use taxproof_verifier::command::reply;

use crate::authority::Bar;
use crate::log_source::Source;

/// A custodian's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes an authority's key with the other custodians, each by this command at the same time, and keeps a share
    /// of it.
    Create(CreateArguments),
    /// Shows what the authority wants to have signed, asks, and gives a share of the signature: for an
    /// epoch, and then for the log's head. Exit code 4 without consent.
    Approve(ApproveArguments),
    /// Accepts the key under which the bureau asks, which its people read out.
    Accept(AcceptArguments),
    /// Shows the key and what was approved last.
    Show(FolderArguments),
    /// Begins again from the head of the authority's log, where `history.toml` is lost.
    Restart(RestartArguments),
}

/// Which custodian.
#[derive(Debug, Args)]
pub(crate) struct FolderArguments {
    /// The custodian's folder.
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
}

/// Who may ask.
#[derive(Debug, Args)]
pub(crate) struct AcceptArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The key that `taxproof authority show` prints as `asks under`.
    #[arg(long, value_name = "KEY")]
    bureau: VerifyingKey,
}

/// Which log to begin again from.
#[derive(Debug, Args)]
pub(crate) struct RestartArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The authority's log: a folder, or the address of a web server that has it.
    #[arg(long, value_name = "FOLDER|URL")]
    log: String,
    /// The newest epoch, as the bureau and a bank say it.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    epoch: u64,
    /// The certificate of the certificate authority (CA) that signed the web server's, in PEM, for an
    /// address with https; otherwise those that browsers trust.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Where the custodians meet.
#[derive(Debug, Args)]
pub(crate) struct MeetingArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The folder that the custodians and the authority share.
    #[arg(long, value_name = "FOLDER")]
    exchange: PathBuf,
    /// How long to wait for the others, each time.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    wait: u64,
}

/// Which key to make.
#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    #[command(flatten)]
    meeting: MeetingArguments,
    /// The authority whose epochs the key is to sign, by its name in them.
    #[arg(long, value_name = "NAME")]
    authority: AuthorityId,
    /// The number of this custodian, from 1.
    #[arg(long)]
    number: u16,
    /// How many custodians there are.
    #[arg(long)]
    of: u16,
    /// How many of them must sign, more than half.
    #[arg(long)]
    threshold: u16,
}

/// What to approve.
#[derive(Debug, Args)]
pub(crate) struct ApproveArguments {
    #[command(flatten)]
    meeting: MeetingArguments,
    /// Approves whatever goes on from what was approved, without asking.
    #[arg(long)]
    yes: bool,
    /// The digest of a header that was approved and never published: another of its epoch may take its place.
    #[arg(long, value_name = "DIGEST")]
    replaces: Option<Digest>,
}

/// The exit code where the custodian did not consent.
const NO_CONSENT: u8 = 4;

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Create(arguments) => create(&arguments)?,
        Command::Approve(arguments) => return approve(&arguments),
        Command::Accept(arguments) => accept(arguments)?,
        Command::Show(arguments) => show(&arguments)?,
        Command::Restart(arguments) => restart(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl MeetingArguments {
    fn exchange(&self) -> anyhow::Result<Exchange> {
        Ok(Exchange::open(&self.exchange)?)
    }

    const fn wait(&self) -> Duration {
        Duration::from_secs(self.wait)
    }
}

fn create(arguments: &CreateArguments) -> anyhow::Result<()> {
    let authority = arguments.authority.clone();
    let place = Place::new(
        authority,
        arguments.number,
        arguments.of,
        arguments.threshold,
    )?;
    let meeting = &arguments.meeting;
    let (folder, exchange) = (&meeting.folder.dir, meeting.exchange()?);
    let bar = Bar::new();
    let custodian = Custodian::create(folder, &exchange, &place, meeting.wait(), &bar)?;
    bar.finish();
    print_group(custodian.group());
    eprintln!(
        "custodian {} keeps a share in `{}`",
        custodian.number(),
        folder.display()
    );
    eprintln!(
        "hint: compare the lines above by voice with all other custodians and, when it begins, the bureau"
    );
    Ok(())
}

fn print_group(group: &Group) {
    println!("authority  {}", group.authority());
    println!("key        {}", group.key());
    println!("made of    {}", group.digest());
    println!("sign       {} of {}", group.threshold(), group.size());
}

fn accept(arguments: AcceptArguments) -> anyhow::Result<()> {
    Custodian::open(&arguments.folder.dir)?.accept(arguments.bureau)?;
    Ok(())
}

fn restart(arguments: &RestartArguments) -> anyhow::Result<()> {
    let log = Source::named(&arguments.log, arguments.ca.as_deref())?.log();
    let epoch = arguments.epoch;
    let custodian = Custodian::restart(&arguments.folder.dir, &log, epoch)?;
    eprintln!(
        "custodian {} goes on after epoch {epoch}",
        custodian.number()
    );
    Ok(())
}

fn show(arguments: &FolderArguments) -> anyhow::Result<()> {
    let custodian = Custodian::open(&arguments.dir)?;
    println!("number     {}", custodian.number());
    print_group(custodian.group());
    match custodian.bureau() {
        None => println!("bureau     not accepted yet"),
        Some(bureau) => println!("bureau     {bureau}"),
    }
    match custodian.newest() {
        None => println!("approved   nothing yet"),
        Some(epoch) => println!("approved   epochs up to {epoch}"),
    }
    Ok(())
}

/// Approves an epoch, where one is asked for, and the head of the log.
fn approve(arguments: &ApproveArguments) -> anyhow::Result<ExitCode> {
    let meeting = &arguments.meeting;
    let exchange = meeting.exchange()?;
    let mut custodian = Custodian::open(&meeting.folder.dir)?;
    let mut before = None;
    loop {
        if std::io::stderr().is_terminal() {
            eprintln!("waiting for a request");
        }
        let request = custodian.request(&exchange, before, meeting.wait())?;
        // Where it is asked: what goes elsewhere is not seen.
        let text = shown::request(&request.subject, &custodian);
        if arguments.yes {
            print!("{text}");
        } else {
            eprint!("{text}");
        }
        custodian
            .check(&request, arguments.replaces)
            .context("not approved")?;
        if !arguments.yes && !agrees(&request)? {
            return Ok(ExitCode::from(NO_CONSENT));
        }
        match custodian.approve(&exchange, &request, arguments.replaces, meeting.wait())? {
            Approval::Signed => eprintln!("approved"),
            Approval::NotNeeded => eprintln!("others approved, or the request was withdrawn"),
        }
        if matches!(request.subject, Subject::Head(_)) {
            return Ok(ExitCode::SUCCESS);
        }
        before = Some(request.session);
    }
}

/// Whether the custodian agrees: he types what he was told of it.
fn agrees(request: &Request) -> anyhow::Result<bool> {
    let what = match request.subject {
        Subject::Header(..) => "digest that the bureau read out for this epoch",
        Subject::Head(_) => "root that the bureau read out for this head",
    };
    let digits = Request::DIGITS;
    let prompt = format!("To approve it, type the first {digits} digits of the {what}: ");
    Ok(reply(&prompt)?.is_some_and(|reply| request.is_named_by(&reply)))
}
