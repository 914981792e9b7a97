//! Calls to a running service, and how their answers are printed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use serde::Serialize;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};
use tonic::{Response, Status};

/// A running service.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// The service's address: http://127.0.0.1:7480.
    #[arg(long = "server", value_name = "URL")]
    url: String,
    #[command(flatten)]
    tls: Tls,
}

/// How a service and the caller know one another.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Tls {
    /// The certificate of the certificate authority (CA) that signed the service's, in PEM: needed
    /// for an address with https.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The certificate to show to the service, in PEM.
    #[arg(long, value_name = "FILE", requires = "key", requires = "ca")]
    cert: Option<PathBuf>,
    /// The certificate's private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

impl Tls {
    fn settings(&self, ca: &Path) -> anyhow::Result<ClientTlsConfig> {
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(super::read(ca)?));
        Ok(match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => {
                tls.identity(Identity::from_pem(super::read(cert)?, super::read(key)?))
            }
            _ => tls,
        })
    }
}

/// A running service, and how to print its answer.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(super) server: Server,
    /// Prints JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Server {
    /// The service of an address.
    pub(super) const fn at(url: String, tls: Tls) -> Self {
        Self { url, tls }
    }

    /// Connects, makes one call, and returns its answer.
    pub(super) fn call<T>(
        &self,
        call: impl AsyncFnOnce(Channel) -> Result<Response<T>, Status>,
    ) -> anyhow::Result<T> {
        super::runtime()?.block_on(async {
            let answer = call(self.connect().await?).await;
            Ok(answer.map_err(message)?.into_inner())
        })
    }

    /// A connection.
    pub(super) async fn connect(&self) -> anyhow::Result<Channel> {
        let endpoint = Channel::from_shared(self.url.clone());
        let endpoint = endpoint.with_context(|| format!("`{}` is no address", self.url))?;
        let https = endpoint.uri().scheme_str() == Some("https");
        let endpoint = match (https, &self.tls.ca) {
            (false, None) => endpoint,
            (false, Some(_)) => bail!("{} is not https: `--ca` would protect nothing", self.url),
            (true, None) => bail!(
                "{} needs `--ca`: the certificate of the authority that signed the service's",
                self.url
            ),
            (true, Some(ca)) => endpoint.tls_config(self.tls.settings(ca)?)?,
        };
        let channel = endpoint.connect().await;
        channel.with_context(|| format!("cannot reach {}", self.url))
    }
}

/// Asks for pages until there is none left; `ask` takes a page token and gives a page and the next
/// token.
pub(super) async fn pages<T>(
    mut ask: impl AsyncFnMut(String) -> Result<(Vec<T>, String), Status>,
) -> anyhow::Result<Vec<T>> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let (page, next) = ask(token).await.map_err(message)?;
        all.extend(page);
        if next.is_empty() {
            return Ok(all);
        }
        token = next;
    }
}

/// Prints as JSON, or as lines.
pub(super) fn print<T: Serialize>(
    json: bool,
    all: &[T],
    line: impl Fn(&T) -> String,
) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(all)?);
    } else {
        all.iter().for_each(|one| println!("{}", line(one)));
    }
    Ok(())
}

/// What a service answered instead.
#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
pub(super) fn message(status: Status) -> anyhow::Error {
    anyhow!("{}", status.message())
}
