//! Certificates made for a test.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType, date_time_ymd,
};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// An authority of certificates.
pub(crate) struct Issuer(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Certified {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let mut parameters = CertificateParams::new([]).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(parameters, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// For a server on this machine.
    pub(crate) fn server(&self) -> Certified {
        let parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        self.issue(parameters, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// For a client with this name: a URI or a DNS name.
    pub(crate) fn client(&self, name: &str) -> Certified {
        self.issue(named(name), ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// One that was good until 2020.
    pub(crate) fn expired_client(&self, name: &str) -> Certified {
        let mut parameters = named(name);
        parameters.not_before = date_time_ymd(2019, 1, 1);
        parameters.not_after = date_time_ymd(2020, 1, 1);
        self.issue(parameters, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(
        &self,
        mut parameters: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Certified {
        parameters.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.0).unwrap();
        Certified {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

fn named(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new([]).unwrap();
    parameters.subject_alt_names.push(match name.contains(':') {
        true => SanType::URI(name.try_into().unwrap()),
        false => SanType::DnsName(name.try_into().unwrap()),
    });
    parameters
}

impl Certified {
    pub(crate) fn write(&self, folder: &Path) {
        std::fs::write(folder.join("server.pem"), &self.certificate).unwrap();
        let key = folder.join("server.key");
        std::fs::write(&key, &self.key).unwrap();
        std::fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
    }
}

/// A client's side of TLS: it trusts an authority and may show a certificate.
pub(crate) fn client_tls(trusted: &Issuer, shown: Option<&Certified>) -> ClientTlsConfig {
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(trusted.pem()))
        .domain_name("localhost");
    match shown {
        Some(shown) => tls.identity(Identity::from_pem(&shown.certificate, &shown.key)),
        None => tls,
    }
}
