//! `taxproof authority`: the bureau's folder, from filings to published epochs.

mod bar;
mod log;
mod registration;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use taxproof_authority::custodians::Exchange;
use taxproof_authority::mapping::{self, Mapping};
use taxproof_authority::report::IngestReport;
use taxproof_authority::synthetic::{FILINGS, INVOICES, Plan, TAXPAYERS};
use taxproof_authority::token::TokenUri;
use taxproof_authority::{Authority, AuthorityError, Publication, Published, Settings, Sources};
use taxproof_claims::curve::Curve;
use taxproof_claims::date::Date;
use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::period::Period;
use taxproof_claims::schema::{CN_TAX, Schema};
use taxproof_claims::shape::{Layout, SHAPES};
use taxproof_claims::trust::TrustList;

pub(crate) use self::bar::Bar;
use self::registration::{RegisterArguments, RevokeArguments};

/// The tax authority's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begins an authority in an empty folder, with a fresh key, one in a device or one that custodians hold.
    Init(InitArguments),
    /// Registers an enterprise, rotates its keys or resets its pseudonyms.
    Register(RegisterArguments),
    /// Revokes an enterprise's registration, from the next epoch on.
    Revoke(RevokeArguments),
    /// Puts filings, the register and invoices from CSV and Parquet files on record.
    Ingest(IngestArguments),
    /// Commits to every registered enterprise's record and publishes the next epoch.
    Publish(PublishArguments),
    /// Issues an enterprise's credential of the newest epoch, encrypted to it.
    Issue(IssueArguments),
    /// Prints what banks and wallets put into their trust lists.
    Trust(FolderArguments),
    /// Shows an authority, or one of its epochs.
    Show(ShowArguments),
    /// Shows the head of the log of epochs, after putting into it what a crash left out.
    Log(FolderArguments),
    /// Has the head of the log cosigned by a witness.
    Cosign(log::CosignArguments),
    /// Audits an authority's log from outside; ends with 3 where something is wrong.
    Audit(log::AuditArguments),
    /// Writes filings, a register and invoices of enterprises that do not exist.
    Generate(GenerateArguments),
}

/// Which authority.
#[derive(Debug, Args)]
pub(crate) struct FolderArguments {
    /// The authority's folder.
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
}

/// What an authority is begun with.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// Its name in headers: lower-case letters, digits and hyphens.
    #[arg(long)]
    id: AuthorityId,
    /// Its name for people; the one in headers unless given.
    #[arg(long)]
    name: Option<String>,
    /// How it signs.
    #[arg(long, value_enum, default_value_t = ProfileName::Sm)]
    profile: ProfileName,
    /// The schema file; China's taxes unless given.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// The Ed25519 key in a device that signs, instead of a fresh one in the folder:
    /// `pkcs11:token=…;object=…?module-path=…&pin-source=file:…`.
    #[arg(long, value_name = "URI")]
    key: Option<TokenUri>,
    /// The folder that is shared with the custodians of the key that signs, who made it there by `taxproof custodian
    /// create`, instead of a fresh one.
    #[arg(long, value_name = "FOLDER", conflicts_with = "key")]
    custodians: Option<PathBuf>,
    /// How long to wait for custodians whenever something is signed.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 600,
        requires = "custodians"
    )]
    wait: u64,
}

/// A profile's name.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileName {
    /// SM2 with SM3.
    Sm,
    /// Ed25519 with SHA-256.
    International,
}

/// Files to ingest. Each may be given several times.
#[derive(Debug, Args)]
pub(crate) struct IngestArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The mapping file: which columns mean what.
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// A file of filings.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["taxpayers", "invoices"])]
    filings: Vec<PathBuf>,
    /// A register of taxpayers.
    #[arg(long, value_name = "FILE")]
    taxpayers: Vec<PathBuf>,
    /// A file of invoices.
    #[arg(long, value_name = "FILE")]
    invoices: Vec<PathBuf>,
    /// The day from which a register without a column for it holds; every day unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
}

/// What the epoch is to be.
#[derive(Debug, Args)]
pub(crate) struct PublishArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The day of the epoch, for tests and demonstrations; now unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
    /// The newest quarter; the last one whose filings were all due unless given.
    #[arg(long, value_name = "2026Q3")]
    newest_period: Option<Period>,
    /// Curves, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [Curve::Bn254])]
    curves: Vec<Curve>,
    /// Layouts, or the shapes that have them, separated by commas: 16x8+12, Q32.
    #[arg(long, value_delimiter = ',', value_parser = layout, default_value = "16x8+12")]
    layouts: Vec<Layout>,
    /// The number that the epoch must have, so that a script publishes it once.
    #[arg(long)]
    epoch: Option<u64>,
}

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

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The epoch whose header to print as JSON.
    #[arg(long)]
    epoch: Option<u64>,
}

/// What to generate.
#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// The folder for the three files.
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
    /// How many enterprises.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    enterprises: u32,
    /// Another seed gives other figures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The last quarter with filings; the last one whose filings were all due unless given.
    #[arg(long, value_name = "2026Q3")]
    newest_period: Option<Period>,
}

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(arguments) => init(&arguments),
        Command::Register(arguments) => registration::register(&arguments),
        Command::Revoke(arguments) => registration::revoke(&arguments),
        Command::Ingest(arguments) => ingest(arguments),
        Command::Publish(arguments) => publish(arguments),
        Command::Issue(arguments) => issue(&arguments),
        Command::Trust(arguments) => trust(&arguments),
        Command::Show(arguments) => show(&arguments),
        Command::Generate(arguments) => generate(&arguments),
        Command::Log(arguments) => log::show(&arguments),
        Command::Cosign(arguments) => log::cosign(&arguments),
        Command::Audit(arguments) => return log::run_audit(arguments),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn init(arguments: &InitArguments) -> anyhow::Result<()> {
    let schema = match &arguments.schema {
        Some(path) => read_text(path)?,
        None => CN_TAX.to_owned(),
    };
    let settings = Settings {
        id: arguments.id.clone(),
        name: arguments
            .name
            .clone()
            .unwrap_or_else(|| arguments.id.to_string()),
        profile: match arguments.profile {
            ProfileName::Sm => Profile::Sm,
            ProfileName::International => Profile::International,
        },
    };
    let folder = &arguments.folder.dir;
    let authority = match (&arguments.key, &arguments.custodians) {
        (Some(uri), _) => Authority::init_with_token(folder, &settings, &schema, uri.clone()),
        (None, Some(exchange)) => {
            let exchange = Exchange::open(exchange)?;
            let wait = Duration::from_secs(arguments.wait);
            Authority::init_with_custodians(folder, &settings, &schema, &exchange, wait)
        }
        (None, None) => Authority::init(folder, &settings, &schema),
    }?;
    eprintln!(
        "`{}` begins in `{}` with schema `{}`",
        settings.id,
        folder.display(),
        authority.schema().id
    );
    if authority.custodians().is_some() {
        println!("key          {}", authority.trusted().key);
        print_custodians(&authority);
        eprintln!(
            "hint: compare the lines above with every custodian by voice: he must have the same key and `made of`"
        );
        eprintln!("hint: he accepts the last by `taxproof custodian accept --bureau KEY`");
    }
    eprintln!("hint: banks and wallets need the output of `taxproof authority trust`");
    Ok(())
}

fn ingest(arguments: IngestArguments) -> anyhow::Result<()> {
    let mut authority = Authority::open(&arguments.folder.dir)?;
    let path = &arguments.mapping;
    let mapping = Mapping::from_toml(&read_text(path)?, authority.schema())
        .with_context(|| format!("`{}`", path.display()))?;
    let sources = Sources {
        taxpayers: arguments.taxpayers,
        filings: arguments.filings,
        invoices: arguments.invoices,
    };
    let from = arguments
        .date
        .or_else(|| Date::new(1900, 1, 1).ok())
        .context("1900 is in the calendar")?;
    let bar = Bar::new();
    let (report, path) = authority.ingest(&mapping, &sources, from, &bar)?;
    bar.finish();
    summarise(&report, &path);
    Ok(())
}

fn summarise(report: &IngestReport, path: &Path) {
    for file in &report.files {
        eprintln!(
            "{}: {} rows, {} taken, {} on record already, {} no filings, {} refused",
            file.file,
            file.rows,
            file.taken,
            file.duplicates,
            file.no_filing,
            file.refused()
        );
    }
    eprintln!("{} enterprises on record", report.enterprises);
    if report.files.iter().any(|f| f.refusals + f.doubts > 0) {
        eprintln!(
            "hint: `{}` says of each row why, and who should do what",
            path.display()
        );
    }
    println!("{}", path.display());
}

fn publish(arguments: PublishArguments) -> anyhow::Result<()> {
    let mut authority = Authority::open(&arguments.folder.dir)?;
    let time = match arguments.date.map(not_ahead).transpose()? {
        Some(date) => u64::try_from(date.days() * 86_400).context("an epoch is after 1970")?,
        None => u64::try_from(jiff::Timestamp::now().as_second()).context("the clock is wrong")?,
    };
    let publication = Publication {
        time,
        newest_period: arguments.newest_period,
        curves: arguments.curves,
        layouts: arguments.layouts,
        epoch: arguments.epoch,
    };
    let bar = Bar::new();
    let published = match authority.publish(&publication, &bar) {
        Err(error @ AuthorityError::NothingToCommit { .. }) => {
            eprintln!("hint: `taxproof authority register` takes what enterprises hand in");
            return Err(error.into());
        }
        published => published?,
    };
    bar.finish();
    announce(&published);
    let number = published.epoch.header.epoch;
    println!("{}", authority.header_file(number).display());
    Ok(())
}

fn announce(published: &Published) {
    let header = &published.epoch.header;
    eprintln!(
        "epoch {} published: {} enterprises, newest quarter {}, digest {}",
        header.epoch,
        header.leaves,
        header.newest_period,
        header.digest()
    );
    if published.unregistered > 0 {
        eprintln!(
            "{} enterprises on record are not registered and have no credential",
            published.unregistered
        );
    }
    for id in &published.unknown {
        eprintln!("{id} is registered, but nothing is on record of it");
    }
    for (id, why) in &published.left_out {
        eprintln!("{id} is left out: {why}");
    }
}

fn issue(arguments: &IssueArguments) -> anyhow::Result<()> {
    let authority = Authority::open(&arguments.folder.dir)?;
    let scheme = authority.schema().id_scheme;
    let enterprise = scheme.parse(&arguments.enterprise)?;
    let sealed = authority.issue(&enterprise)?;
    let out = &arguments.out;
    fs::write(out, sealed).with_context(|| format!("`{}`", out.display()))
}

fn trust(arguments: &FolderArguments) -> anyhow::Result<()> {
    let authority = Authority::open(&arguments.dir)?;
    let list = TrustList {
        authorities: vec![authority.trusted()],
        banks: vec![],
    };
    print!("{}", list.to_toml());
    Ok(())
}

fn print_custodians(authority: &Authority) {
    if let Some((group, requests)) = authority.custodians() {
        println!("made of      {}", group.digest());
        println!("sign         {} of {}", group.threshold(), group.size());
        println!("asks under   {requests}");
    }
}

fn show(arguments: &ShowArguments) -> anyhow::Result<()> {
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

fn generate(arguments: &GenerateArguments) -> anyhow::Result<()> {
    let newest = match arguments.newest_period {
        Some(period) => period,
        None => last_due(today()?)?,
    };
    let folder = &arguments.dir;
    fs::create_dir_all(folder).with_context(|| format!("`{}`", folder.display()))?;
    let plan = Plan::new(arguments.enterprises, arguments.seed, newest);
    let enterprises = plan
        .write(folder)
        .with_context(|| format!("`{}`", folder.display()))?;
    for enterprise in &enterprises {
        println!(
            "{}\t{:?}\t{}",
            enterprise.id, enterprise.character, enterprise.name
        );
    }
    let folder = folder.display();
    eprintln!("`{folder}` holds {FILINGS}, {TAXPAYERS} and {INVOICES} up to {newest}");
    Ok(())
}

/// The last quarter whose filings were all due, by the default mapping.
fn last_due(day: Date) -> anyhow::Result<Period> {
    let mapping = Mapping::from_toml(mapping::CN_TAX, &Schema::cn_tax())?;
    let derive = mapping.derive.context("the default mapping has rules")?;
    derive.newest_period(day).context("the clock is wrong")
}

fn layout(text: &str) -> Result<Layout, String> {
    let found = SHAPES
        .iter()
        .find(|shape| shape.name == text || shape.layout().to_string() == text);
    found.map(|shape| shape.layout()).ok_or_else(|| {
        format!("`{text}` is not a layout; the layouts are 16x8+12 (Q16) and 32x8+12 (Q32)")
    })
}

/// A day that has come; elsewhere on Earth it may be tomorrow's. What is dated ahead cannot be taken
/// back: no epoch is before the last.
fn not_ahead(day: Date) -> anyhow::Result<Date> {
    let today = today()?;
    if day.days() > today.days() + 1 {
        bail!("{day} is ahead: today is {today}, if this machine's clock is right");
    }
    Ok(day)
}

fn today() -> anyhow::Result<Date> {
    let seconds = u64::try_from(jiff::Timestamp::now().as_second());
    seconds
        .ok()
        .and_then(Date::of_unix_seconds)
        .context("the clock is wrong")
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))
}
