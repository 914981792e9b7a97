//! Mutual TLS for a measurement: certificates that are made for it, and clients that show them.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType,
};
use taxproof_verifier::config::{Config, TlsConfig};
use taxproof_verifier::roles::{Role, Roles};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::ServiceError;
use super::load::PEERS;

/// Where a server is, and how it is reached.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) tls: Option<Clients>,
}

/// What clients show and trust: each of this machine's addresses that connections come from has a
/// name of its own, as it has a rate of its own.
#[derive(Clone)]
pub(super) struct Clients(Vec<TlsConnector>);

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clients({}, hidden)", self.0.len())
    }
}

impl Clients {
    /// Makes certificates for a service in a folder, says so in its configuration, and keeps what
    /// clients show.
    pub(super) fn new(folder: &Path, config: &mut Config) -> Result<Self, ServiceError> {
        let (servers, callers) = (issuer()?, issuer()?);
        let server = CertificateParams::new([SERVER.to_owned()])?;
        let (certificate, key) = issue(&servers, server, ExtendedKeyUsagePurpose::ServerAuth)?;
        fs::write(folder.join(CERTIFICATE), certificate)?;
        fs::write(folder.join(CLIENT_AUTHORITIES), callers.pem())?;
        private(&folder.join(KEY), &key)?;
        config.tls = Some(TlsConfig {
            certificate: CERTIFICATE.into(),
            key: KEY.into(),
            client_authorities: CLIENT_AUTHORITIES.into(),
            anonymous_role: None,
        });
        let names = (0..=PEERS + 1).map(|peer| format!("{peer}.load.example"));
        let roles = names.clone().map(|name| (name, Role::LoanOfficer));
        config.roles = Roles::new(roles);
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(servers.pem().as_bytes())?)?;
        let roots = Arc::new(roots);
        let connector = |name: String| -> Result<TlsConnector, ServiceError> {
            let mut client = CertificateParams::new([])?;
            let name = name.try_into()?;
            client.subject_alt_names.push(SanType::DnsName(name));
            let (certificate, key) = issue(&callers, client, ExtendedKeyUsagePurpose::ClientAuth)?;
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())?;
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes())?;
            let provider = Arc::new(ring::default_provider());
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_protocol_versions(&[&TLS13])?
                .with_root_certificates(Arc::clone(&roots))
                .with_client_auth_cert(vec![certificate], key)?;
            config.alpn_protocols = vec![b"h2".to_vec()];
            Ok(Arc::new(config).into())
        };
        Ok(Self(names.map(connector).collect::<Result<_, _>>()?))
    }

    /// Shakes hands as one of them.
    pub(super) async fn connect(
        &self,
        stream: TcpStream,
        client: u8,
    ) -> io::Result<TlsStream<TcpStream>> {
        let server = ServerName::try_from(SERVER).expect("it is a name");
        let connector = &self.0[usize::from(client) % self.0.len()];
        connector.connect(server, stream).await
    }
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer() -> Result<Issuer, rcgen::Error> {
    let mut parameters = CertificateParams::new([])?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)
}

/// A certificate and its key, in PEM.
fn issue(
    issuer: &Issuer,
    mut parameters: CertificateParams,
    usage: ExtendedKeyUsagePurpose,
) -> Result<(String, String), rcgen::Error> {
    parameters.extended_key_usages = vec![usage];
    let key = KeyPair::generate()?;
    let certificate = parameters.signed_by(&key, issuer)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Writes a file that nobody else reads.
fn private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

const SERVER: &str = "localhost";
const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server.key";
const CLIENT_AUTHORITIES: &str = "clients.pem";
