//! A bank's folder, and its service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use taxproof_claims::digest::Profile;
use taxproof_claims::key::KeyFingerprint;
use taxproof_verifier::command::{self, ConfigCommand};
use taxproof_verifier::config::{DEFAULT_PORT, Folder, NewFolder};
use taxproof_verifier::service::{self, Settings};

/// What a bank's folder is made from.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The folder to make.
    #[arg(long)]
    dir: PathBuf,
    /// The bank's name in requests: lower-case letters, digits and hyphens.
    #[arg(long)]
    id: String,
    /// The bank's name for people.
    #[arg(long)]
    name: String,
    /// Signatures and hashes: sm (SM2, SM3) or international (Ed25519, SHA-256).
    #[arg(long, default_value = "sm", value_parser = profile)]
    profile: Profile,
    /// A verifying key file, copied; the preferred one first.
    #[arg(long, value_name = "FILE", required = true)]
    verifying_key: Vec<PathBuf>,
    /// Takes keys whose maker can forge proofs: for development only.
    #[arg(long)]
    allow_dev_keys: bool,
    /// The fingerprint of a key that you have verified to come out of a ceremony; may be given more
    /// than once.
    #[arg(long, value_name = "FINGERPRINT")]
    ceremony_key: Vec<KeyFingerprint>,
    /// The trust list with the authorities, copied.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// A schema file besides the built-in one, copied.
    #[arg(long, value_name = "FILE")]
    schema: Vec<PathBuf>,
    /// Where the service is to listen.
    #[arg(long, value_name = "ADDRESS", default_value_t = loopback())]
    listen: SocketAddr,
}

/// Which bank to serve, and where.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The bank's folder.
    #[arg(long)]
    dir: PathBuf,
    /// Listens here instead of where the configuration says; port 0 for any.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Which bank.
#[derive(Debug, Args)]
pub(crate) struct FolderArguments {
    /// The bank's folder.
    #[arg(long)]
    dir: PathBuf,
}

/// Which bank's configuration, and what to do with it.
#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    command: ConfigCommand,
    /// The bank's folder.
    #[arg(long, global = true, default_value = ".")]
    dir: PathBuf,
}

/// Which bank to back up, and where to.
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Which bank goes on from an older database.
#[derive(Debug, Args)]
pub(crate) struct RestoredArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// Cancels without asking.
    #[arg(long)]
    yes: bool,
}

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], DEFAULT_PORT).into()
}

fn profile(name: &str) -> Result<Profile, String> {
    let found = Profile::ALL.into_iter().find(|p| p.name() == name);
    found.ok_or_else(|| "the profiles are sm and international".to_owned())
}

pub(super) fn init(arguments: &InitArguments) -> anyhow::Result<()> {
    let new = NewFolder {
        id: &arguments.id,
        name: &arguments.name,
        profile: arguments.profile,
        listen: arguments.listen,
        keys: &arguments.verifying_key,
        allow_dev_keys: arguments.allow_dev_keys,
        ceremony_keys: &arguments.ceremony_key,
        trust: &arguments.trust,
        schemas: &arguments.schema,
    };
    let folder = new.create(&arguments.dir)?;
    eprintln!("made {}", arguments.dir.display());
    for key in folder.keys.iter() {
        let header = key.header();
        eprintln!(
            "key {} {}: {}",
            header.shape, header.curve, header.provenance
        );
    }
    eprintln!("hint: keep signing.pem and identity.txt secret, and back them up");
    eprintln!(
        "hint: `taxproof bank trust --dir {}` prints what wallets need",
        arguments.dir.display()
    );
    Ok(())
}

pub(super) fn serve(arguments: &ServeArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&super::config(&arguments.dir)?)?;
    let mut settings = Settings::of(&folder);
    settings.listen = arguments.listen.unwrap_or(settings.listen);
    super::runtime()?
        .block_on(async { service::run(folder, settings, service::stop_signal()?).await })
}

pub(super) fn config(arguments: &ConfigArguments) -> anyhow::Result<ExitCode> {
    command::config(arguments.command, &super::config(&arguments.dir)?)
}

pub(super) fn back_up(arguments: &BackupArguments) -> anyhow::Result<()> {
    let config = super::config(&arguments.folder.dir)?;
    super::runtime()?.block_on(command::back_up(&config, &arguments.out))
}

pub(super) fn restored(arguments: &RestoredArguments) -> anyhow::Result<ExitCode> {
    let config = super::config(&arguments.folder.dir)?;
    super::runtime()?.block_on(command::restored(&config, arguments.yes))
}
