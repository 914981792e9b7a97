//! What is kept in a wallet: secrets, trust, schemas, credentials, history.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use taxproof_claims::bundle::{MAX_BUNDLE, bundle_of, file_name};
use taxproof_claims::schema::Quantity;
use taxproof_claims::subject::IdScheme;
use taxproof_claims::trust::TrustList;
use taxproof_prover::consent::utc;
use taxproof_prover::quotation::Quotation;
use taxproof_prover::wallet::{Held, MAX_CREDENTIAL_FILE, Wallet, read_limited};

use super::WalletArguments;

/// Longest trust list or schema that is read, in bytes.
const MAX_TEXT: usize = 256 * 1024;

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    #[command(flatten)]
    wallet: WalletArguments,
    /// The enterprise's id.
    #[arg(long)]
    enterprise: String,
    /// How such ids are formed.
    #[arg(long, value_enum, default_value_t = Scheme::Uscc)]
    id_scheme: Scheme,
}

/// Schemes of enterprise ids.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scheme {
    /// China's unified social credit code.
    Uscc,
    /// Up to 30 characters of ASCII letters, digits, `-`, `.` and `/`.
    Plain,
}

impl From<Scheme> for IdScheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Uscc => Self::Uscc,
            Scheme::Plain => Self::Plain,
        }
    }
}

pub(super) fn init(arguments: &InitArguments) -> anyhow::Result<()> {
    let scheme = IdScheme::from(arguments.id_scheme);
    let enterprise = scheme.parse(&arguments.enterprise)?;
    let passphrase = arguments.wallet.passphrase()?;
    let folder = &arguments.wallet.wallet;
    Wallet::create(folder, enterprise, scheme, passphrase.as_ref())?;
    eprintln!("made the wallet {}", folder.display());
    eprintln!("hint: keep a copy of it: who loses it loses its pseudonyms");
    eprintln!("hint: give your tax bureau what `taxproof enterprise registration` writes");
    Ok(())
}

#[derive(Debug, Args)]
pub(crate) struct RegistrationArguments {
    #[command(flatten)]
    wallet: WalletArguments,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn registration(arguments: &RegistrationArguments) -> anyhow::Result<()> {
    let (wallet, _) = arguments.wallet.open()?;
    let json = serde_json::to_string_pretty(&wallet.registration())?;
    fs::write(&arguments.out, json + "\n").with_context(|| arguments.out.display().to_string())
}

#[derive(Debug, Args)]
pub(crate) struct TrustArguments {
    #[command(flatten)]
    wallet: WalletArguments,
    /// A trust list whose entries to add.
    #[arg(long, value_name = "FILE")]
    add: Option<PathBuf>,
}

pub(super) fn trust(arguments: &TrustArguments) -> anyhow::Result<()> {
    let (mut wallet, _) = arguments.wallet.open()?;
    if let Some(path) = &arguments.add {
        let text = read_text(path)?;
        let list = TrustList::from_toml(&text).with_context(|| path.display().to_string())?;
        wallet.add_trust(&list)?;
    }
    let mut stdout = std::io::stdout().lock();
    for bank in &wallet.trust().banks {
        writeln!(
            stdout,
            "bank {}  {}  {}",
            bank.id,
            Quotation::new(&bank.name),
            bank.key
        )?;
    }
    for authority in &wallet.trust().authorities {
        let name = Quotation::new(&authority.name);
        writeln!(
            stdout,
            "authority {}  {name}  {}",
            authority.id, authority.key
        )?;
    }
    Ok(())
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    #[command(flatten)]
    wallet: WalletArguments,
    /// A schema file to add.
    #[arg(long, value_name = "FILE")]
    add: PathBuf,
}

pub(super) fn schema(arguments: &SchemaArguments) -> anyhow::Result<()> {
    let (mut wallet, _) = arguments.wallet.open()?;
    wallet
        .add_schema(&read_text(&arguments.add)?)
        .with_context(|| arguments.add.display().to_string())
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(read_limited(path, MAX_TEXT)?)
        .with_context(|| format!("{} is not UTF-8", path.display()))
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    #[command(flatten)]
    wallet: WalletArguments,
    /// Credentials, as they were issued to this wallet.
    #[arg(required_unless_present = "bundle")]
    credentials: Vec<PathBuf>,
    /// Bundles of all enterprises' credentials, or folders of an epoch's bundles, in which the wallet
    /// finds its own.
    #[arg(long, value_name = "FILE|FOLDER")]
    bundle: Vec<PathBuf>,
}

pub(super) fn import(arguments: &ImportArguments) -> anyhow::Result<()> {
    let (mut wallet, passphrase) = arguments.wallet.open()?;
    for path in &arguments.credentials {
        let file = read_limited(path, MAX_CREDENTIAL_FILE)?;
        let held = wallet
            .import(&file, passphrase.as_ref())
            .with_context(|| path.display().to_string())?;
        took(&held);
    }
    for path in &arguments.bundle {
        let path = bundle_in(path, &wallet)?;
        let file = read_limited(&path, MAX_BUNDLE)?;
        let held = wallet
            .import_bundle(&file, passphrase.as_ref())
            .with_context(|| path.display().to_string())?;
        took(&held);
    }
    Ok(())
}

fn took(held: &Held) {
    let header = &held.credential.epoch.header;
    eprintln!(
        "took epoch {} of `{}`, up to {}",
        header.epoch, header.authority, header.newest_period
    );
}

/// The bundle that the wallet's enterprise is in, of a folder that holds all of an epoch's.
fn bundle_in(path: &Path, wallet: &Wallet) -> anyhow::Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let files = fs::read_dir(path).with_context(|| path.display().to_string())?;
    let bundles = files.count();
    anyhow::ensure!(
        bundles.is_power_of_two(),
        "{} holds {bundles} files: an epoch has 1, 2, 4, 8 … bundles; copy the whole folder",
        path.display()
    );
    let index = bundle_of(wallet.enterprise(), bundles.ilog2());
    Ok(path.join(file_name(index)))
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    wallet: WalletArguments,
}

pub(super) fn show(arguments: &ShowArguments) -> anyhow::Result<()> {
    let (wallet, _) = arguments.wallet.open()?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "enterprise {}", wallet.enterprise())?;
    let credentials = wallet.credentials()?;
    for held in &credentials {
        write!(stdout, "\n{}", describe(held))?;
    }
    if credentials.is_empty() {
        eprintln!("hint: no credential yet; take one with `taxproof enterprise import`");
    }
    Ok(())
}

fn describe(held: &Held) -> String {
    let (credential, schema) = (&held.credential, &held.schema);
    let header = &credential.epoch.header;
    let mut lines = vec![format!(
        "{} as of epoch {} of {}: {}",
        header.authority,
        header.epoch,
        header
            .date()
            .map_or_else(String::new, |date| date.to_string()),
        Quotation::new(&schema.title)
    )];
    let line = |quantity: &Quantity, value: i64| {
        format!(
            "  {}: {}",
            quantity.label,
            schema.format_value(quantity, value.into())
        )
    };
    let attributes = schema.attributes.iter().zip(credential.values.attributes());
    lines.extend(attributes.map(|(quantity, &value)| line(quantity, value)));
    let rows = credential
        .values
        .rows()
        .iter()
        .take(credential.values.periods_available());
    for (back, row) in (0..).zip(rows) {
        let period = header.newest_period.back(back);
        lines.push(period.map_or_else(String::new, |period| format!("{period}")));
        let fields = schema.fields.iter().zip(row);
        lines.extend(fields.map(|(quantity, &value)| line(quantity, value)));
    }
    lines.join("\n") + "\n"
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    #[command(flatten)]
    wallet: WalletArguments,
}

pub(super) fn history(arguments: &HistoryArguments) -> anyhow::Result<()> {
    let (wallet, _) = arguments.wallet.open()?;
    let mut stdout = std::io::stdout().lock();
    for answered in wallet.history()? {
        let verdict = if answered.passed { "passed" } else { "failed" };
        let mut told = vec![];
        told.extend(answered.id_disclosed.then(|| "enterprise id".to_owned()));
        told.extend(answered.band.map(|band| format!("band {band}")));
        told.extend(
            answered
                .failed_rules
                .iter()
                .map(|rule| format!("`{rule}` failed")),
        );
        writeln!(
            stdout,
            "{}  {}  {verdict}  epoch {} of {}  request {}{}{}",
            utc(answered.time),
            answered.bank,
            answered.epoch,
            answered.authority,
            answered.request,
            if told.is_empty() { "" } else { "  told: " },
            told.join(", ")
        )?;
    }
    Ok(())
}

#[derive(Debug, Args)]
pub(crate) struct RotateArguments {
    #[command(flatten)]
    wallet: WalletArguments,
}

pub(super) fn rotate(arguments: &RotateArguments) -> anyhow::Result<()> {
    let (mut wallet, passphrase) = arguments.wallet.open()?;
    wallet.rotate(passphrase.as_ref())?;
    eprintln!("the authorising secret is replaced; the old one still opens the credentials held");
    eprintln!("hint: give your tax bureau a new `taxproof enterprise registration`");
    Ok(())
}
