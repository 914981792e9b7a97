//! Where a log is read: a folder, or a web server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use taxproof_log::{FileError, Files, Folder, LogReader};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Longest file of a log that is fetched: a full bundle of epoch headers is far shorter.
const LONGEST: u64 = 32 * 1024 * 1024;

/// How long a web server may take for one file.
const PATIENCE: Duration = Duration::from_secs(30);

/// A log's folder, or its address.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Folder(Folder),
    Web { agent: ureq::Agent, url: String },
}

impl Source {
    /// What a text names: an address, whose certificate is of `ca` if that is given, or a folder.
    pub(crate) fn named(text: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        let web = text.starts_with("http://") || text.starts_with("https://");
        Ok(match web {
            true => Self::Web {
                agent: agent(text, ca)?,
                url: text.trim_end_matches('/').to_owned(),
            },
            false if ca.is_some() => bail!("`{text}` is a folder, for which `--ca` says nothing"),
            false => Self::Folder(Folder::new(PathBuf::from(text))),
        })
    }

    /// The log that lies there.
    pub(crate) fn log(self) -> LogReader<Self> {
        LogReader::new(self)
    }
}

impl Files for Source {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let (agent, url) = match self {
            Self::Folder(folder) => return folder.read(path),
            Self::Web { agent, url } => (agent, url),
        };
        let fetched = agent.get(format!("{url}/{path}")).call();
        let body = fetched
            .and_then(|mut answer| answer.body_mut().with_config().limit(LONGEST).read_to_vec());
        body.map_err(|error| match error {
            ureq::Error::StatusCode(404 | 410) => FileError::Absent(path.to_owned()),
            other => FileError::Read {
                path: path.to_owned(),
                why: other.to_string(),
            },
        })
    }
}

/// A client of an address that gives up in time. It trusts the authorities that browsers trust, or
/// else those of a file.
pub(crate) fn agent(url: &str, ca: Option<&Path>) -> anyhow::Result<ureq::Agent> {
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE));
    let Some(ca) = ca else {
        return Ok(config.build().into());
    };
    if !url.starts_with("https://") {
        bail!("{url} is not https");
    }
    let roots = roots(ca).with_context(|| ca.display().to_string())?;
    let tls = TlsConfig::builder().root_certs(roots).build();
    Ok(config.https_only(true).tls_config(tls).build().into())
}

fn roots(file: &Path) -> anyhow::Result<RootCerts> {
    let pem = std::fs::read(file)?;
    let mut roots: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item? {
            roots.push(certificate);
        }
    }
    match roots.is_empty() {
        true => bail!("it holds no certificate in PEM"),
        false => Ok(RootCerts::new_with_certs(&roots)),
    }
}
