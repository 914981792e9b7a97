//! What whoever runs a service does besides running it: the commands of `taxproof-verifier`, which
//! `taxproof bank` has, too. Results go to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::Subcommand;

use crate::bank::{Bank, Clock};
use crate::config::{self, Environment, Folder};

/// An error and its causes, each once: many an error says its cause itself.
pub fn with_causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for part in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = part;
        } else if !text.trim_end().ends_with(part.trim_end()) {
            text = format!("{text}: {part}");
        }
    }
    text
}

/// What to do with a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Checks the configuration and every file that it names, and prints what is in force, without
    /// starting the service; ends with 1 where something is wrong.
    Check,
}

/// Runs a [`ConfigCommand`].
///
/// # Errors
/// A variable of the environment is not text.
pub fn config(command: ConfigCommand, path: &Path) -> anyhow::Result<ExitCode> {
    let ConfigCommand::Check = command;
    let environment = Environment::of_process()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    let report = config::check(path, &environment, now);
    for finding in &report.findings {
        eprintln!("{finding}");
    }
    if let Some(effective) = &report.effective {
        print!("{effective}");
    }
    Ok(match report.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Copies the database of a bank, while its service runs, and prints how many receipts the copy has
/// and the digest of the last.
///
/// # Errors
/// The bank cannot be opened, its database is no file, or the copy cannot be made or is not whole.
pub async fn back_up(config: &Path, out: &Path) -> anyhow::Result<()> {
    let bank = Bank::open(Folder::open(config)?, Clock::system()).await?;
    let backup = bank.back_up(out).await;
    bank.store().close().await;
    let backup = backup.with_context(|| out.display().to_string())?;
    println!("{} receipts, the last {}", backup.receipts, backup.head);
    eprintln!("wrote {}, and verified every receipt in it", out.display());
    Ok(())
}

/// Goes on from an older database, if whoever runs this agrees, and prints how many requests were
/// cancelled. Without their consent nothing is changed, and it ends with 1.
///
/// # Errors
/// The bank cannot be opened, or its files cannot be written.
pub async fn restored(config: &Path, yes: bool) -> anyhow::Result<ExitCode> {
    let folder = Folder::open(config)?;
    eprintln!(
        "every request that is open in the database of `{}` will be cancelled, for good",
        folder.config.id
    );
    let prompt = "Type `yes` if no newer backup is left and every replica was stopped: ";
    if !yes && reply(prompt)?.is_none_or(|reply| reply.trim() != "yes") {
        eprintln!("nothing was changed");
        return Ok(ExitCode::FAILURE);
    }
    let restored = Bank::restored(folder, Clock::system()).await?;
    println!(
        "{} receipts, {} open requests cancelled",
        restored.receipts, restored.cancelled
    );
    if let lost @ 1.. = restored.kept.saturating_sub(restored.receipts) {
        eprintln!(
            "hint: at least {lost} receipts are lost; whoever was told of them still has them"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What whoever runs a command without `--yes` types when asked; nothing where there is no terminal
/// to ask on, and they are told so.
///
/// # Errors
/// Standard input cannot be read, or is no text.
pub fn reply(prompt: &str) -> io::Result<Option<String>> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        eprintln!("there is no terminal to ask on, and no `--yes`");
        return Ok(None);
    }
    eprint!("{prompt}");
    let mut reply = String::new();
    io::stdin().read_line(&mut reply)?;
    Ok(Some(reply))
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn causes_are_told_once() {
        let error = anyhow!("refused\n").context("no answer: refused\n");
        assert_eq!(with_causes(&error), "no answer: refused\n");
        let error = anyhow!("refused").context("no answer").context("a file");
        assert_eq!(with_causes(&error), "a file: no answer: refused");
    }
}
