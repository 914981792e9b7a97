//! `taxproof authority init`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use taxproof_authority::custodians::Exchange;
use taxproof_authority::token::TokenUri;
use taxproof_authority::{Authority, Settings};
use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::schema::CN_TAX;

use super::show::print_custodians;
use super::{FolderArguments, read_text};

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

pub(super) fn init(arguments: &InitArguments) -> anyhow::Result<()> {
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
