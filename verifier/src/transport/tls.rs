//! TLS 1.3: the service's certificate, and the authorities of its callers' certificates.
//!
//! A session cannot be resumed: every connection verifies its certificate anew, so that one that
//! has expired, or an authority that was taken away, ends with the connection's age.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use taxproof_claims::digest::{Digest, Profile};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{
    NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier,
};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
use zeroize::Zeroizing;

/// The files that TLS is made from, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The service's certificate, then those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of the callers' certificates.
    pub client_authorities: PathBuf,
    /// Whether callers without a certificate are let in, with whatever role they have.
    pub anonymous: bool,
}

/// TLS cannot be offered. Whoever runs the service must mend the files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: {why}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: std::io::Error,
    },
    /// A file does not hold what it should, in PEM.
    #[error("{path} holds no {what} in PEM", path = .path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// Certificate and key do not go together, or cannot be used.
    #[error("certificate and key: {0}")]
    Certificate(rustls::Error),
    /// The callers' authorities cannot be used.
    #[error("the clients' authorities: {0}")]
    Authorities(#[from] VerifierBuilderError),
}

/// What new connections are given, until the files change.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    current: RwLock<Current>,
}

#[derive(Debug, Clone)]
struct Current {
    config: Arc<ServerConfig>,
    contents: Digest,
    ends: Ends,
}

/// When certificates end, seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The first of the service's certificate and those between it and its authority.
    pub certificate: u64,
    /// The first of the callers' authorities.
    pub client_authorities: u64,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with which.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let current = RwLock::new(load(&files)?);
        Ok(Self { files, current })
    }

    /// Reads the files again; whether they had changed. Connections that are open go on as they
    /// are.
    ///
    /// # Errors
    /// What is wrong with which; then new connections go on as before, too.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let new = load(&self.files)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let changed = new.contents != current.contents;
        if changed {
            *current = new;
        }
        Ok(changed)
    }

    /// When the certificates end.
    pub fn ends(&self) -> Ends {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.ends
    }

    /// What a new connection is given.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.config)
    }
}

fn load(files: &TlsFiles) -> Result<Current, TlsError> {
    let certificate = read(&files.certificate)?;
    let key = read(&files.key)?;
    let authorities = read(&files.client_authorities)?;
    let chain = certificates(&files.certificate, &certificate)?;
    let clients = certificates(&files.client_authorities, &authorities)?;
    let ends = Ends {
        certificate: end(&files.certificate, &chain)?,
        client_authorities: end(&files.client_authorities, &clients)?,
    };
    let mut roots = RootCertStore::empty();
    for root in clients {
        roots.add(root).map_err(TlsError::Certificate)?;
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
    let verifier = match files.anonymous {
        true => verifier.allow_unauthenticated(),
        false => verifier,
    };
    let private = PrivateKeyDer::from_pem_slice(&key).map_err(|_| TlsError::Pem {
        path: files.key.clone(),
        what: "private key",
    })?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(TlsError::Certificate)?
        .with_client_cert_verifier(verifier.build()?)
        .with_single_cert(chain, private)
        .map_err(TlsError::Certificate)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    let contents: [&[u8]; 3] = [&certificate, &key, &authorities];
    let contents = contents.map(|file| Profile::International.digest("file", &[file]).0);
    let contents = Profile::International.digest("files", &contents.each_ref().map(|d| &d[..]));
    Ok(Current {
        config: Arc::new(config),
        contents,
        ends,
    })
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let error = |why| TlsError::File {
        path: path.to_owned(),
        why,
    };
    std::fs::read(path).map(Zeroizing::new).map_err(error)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(TlsError::Pem {
            path: path.to_owned(),
            what: "certificate",
        }),
    }
}

/// When the first of some certificates ends.
fn end(path: &Path, certificates: &[CertificateDer<'_>]) -> Result<u64, TlsError> {
    let mut first = u64::MAX;
    for certificate in certificates {
        let (_, parsed) =
            x509_parser::parse_x509_certificate(certificate).map_err(|_| TlsError::Pem {
                path: path.to_owned(),
                what: "certificate",
            })?;
        let end = parsed.validity().not_after.timestamp();
        first = first.min(u64::try_from(end).unwrap_or(0));
    }
    Ok(first)
}
