//! Commands that ask a service or a web server over TLS, whose certificate is of a private
//! authority.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::serving::Serving;
use crate::support::workplace::Workplace;

/// A folder in which commands run, with a private authority of certificates.
struct Scene {
    place: Workplace,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl std::ops::Deref for Scene {
    type Target = Workplace;

    fn deref(&self) -> &Workplace {
        &self.place
    }
}

impl Scene {
    fn new() -> Self {
        let mut parameters = CertificateParams::new([]).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let scene = Self {
            place: Workplace::new(),
            issuer: CertifiedIssuer::self_signed(parameters, key).expect("an authority"),
        };
        std::fs::write(scene.path("ca.pem"), scene.issuer.pem()).expect("written");
        scene.issue("127.0.0.1", "server", ExtendedKeyUsagePurpose::ServerAuth);
        scene
    }

    /// Writes a certificate and its key to files of a name.
    fn issue(&self, subject: &str, file: &str, usage: ExtendedKeyUsagePurpose) {
        let mut parameters = CertificateParams::new([subject.to_owned()]).expect("parameters");
        parameters.extended_key_usages = vec![usage];
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("signed");
        let write = |ending: &str, text: String| {
            use std::os::unix::fs::PermissionsExt as _;
            let path = self.path(&format!("{file}.{ending}"));
            std::fs::write(&path, text).expect("written");
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(path, private).expect("set");
        };
        write("pem", certificate.pem());
        write("key", key.serialize_pem());
    }

    /// Runs what must fail, and checks what it says.
    fn fails(&self, line: &str, why: &str) {
        let errors = self.place.fails(line);
        assert!(errors.contains(why), "{line}: {errors}");
    }
}

#[test]
fn receipts_are_exported_and_audited_by_who_may() {
    let scene = Scene::new();
    scene.runs("setup dev --shape Q16 --out keys");
    scene.runs("authority init --dir bureau --id zhejiang");
    let trust = scene.runs("authority trust --dir bureau");
    std::fs::write(scene.path("bureau.toml"), trust).expect("written");
    scene.runs(
        "bank init --dir bank --id bank --name Bank --verifying-key keys/Q16-bn254.vk \
         --allow-dev-keys --trust bureau.toml",
    );
    let trust = scene.runs("bank trust --dir bank");
    std::fs::write(scene.path("bank.toml"), trust).expect("written");
    let config = scene.path("bank/bank.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let more = "\n[tls]\ncertificate = \"../server.pem\"\nkey = \"../server.key\"\n\
                client_authorities = \"../ca.pem\"\n\
                [roles]\n\"audit.example\" = \"auditor\"\n\"admin.example\" = \"admin\"\n";
    std::fs::write(&config, text + more).expect("written");
    scene.issue(
        "audit.example",
        "auditor",
        ExtendedKeyUsagePurpose::ClientAuth,
    );
    scene.issue(
        "admin.example",
        "admin",
        ExtendedKeyUsagePurpose::ClientAuth,
    );
    scene.runs("bank config check --dir bank");

    let service = Serving::start(scene.command("bank serve --dir bank --listen 127.0.0.1:0"));
    let server = format!("--server https://{}", service.address);
    let auditor = "--ca ca.pem --cert auditor.pem --key auditor.key";
    let audit = format!("bank receipt audit --trust bank.toml {server}");
    let audited = scene.runs(&format!("{audit} {auditor}"));
    assert!(audited.starts_with("0 receipts"), "{audited}");
    scene.fails(&audit, "needs `--ca`");
    let nobody = "https://127.0.0.1:1";
    let fetch = format!("enterprise fetch --from {nobody} --id 00 --out request");
    scene.fails(&format!("{fetch} --ca ca.pem"), "does not answer");
    scene.fails(&format!("{audit} --ca ca.pem"), "");
    let admin = "--ca ca.pem --cert admin.pem --key admin.key";
    scene.fails(
        &format!("{audit} {admin}"),
        "may not call this method as admin",
    );
    let id = "00".repeat(32);
    let export = format!("bank receipt export {server} {id} --out decision.evidence");
    scene.fails(&format!("{export} {auditor}"), "no such request was made");
    scene.fails(
        "bank receipt audit --dir bank --ca ca.pem",
        "cannot be used with",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_audited_from_a_web_server_of_a_private_authority() {
    let scene = Scene::new();
    scene.runs("enterprise init --wallet w --enterprise 91330100MA00000740");
    scene.runs("enterprise registration --wallet w --out registration.json");
    scene.runs("authority generate --dir filings --enterprises 2 --seed 7 --newest-period 2026Q2");
    scene.runs("authority init --dir bureau --id zhejiang");
    scene.runs("authority register --dir bureau registration.json --date 2026-01-05");
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/cn-tax.toml");
    scene.runs(&format!(
        "authority ingest --dir bureau --mapping {mapping} --filings filings/filings.csv \
         --taxpayers filings/taxpayers.csv --invoices filings/invoices.csv"
    ));
    scene.runs("authority publish --dir bureau --date 2026-11-11");
    let trust = scene.runs("authority trust --dir bureau");
    std::fs::write(scene.path("trust.toml"), trust).expect("written");
    let address = web_server(scene.folder(), "bureau/log").await;
    let audit = format!("authority audit --trust trust.toml --log https://{address}");
    scene.fails(&audit, "");
    let audited = scene.runs(&format!("{audit} --ca ca.pem"));
    assert!(audited.contains("has 1 epochs"), "{audited}");
    scene.fails(&format!("{audit} --ca trust.toml"), "no certificate");
    let plain = "authority audit --trust trust.toml --ca ca.pem --log";
    scene.fails(&format!("{plain} http://{address}"), "is not https");
    scene.fails(&format!("{plain} bureau/log"), "is a folder");
}

/// Serves a folder's files over HTTP and TLS; where.
async fn web_server(scene: &Path, folder: &str) -> String {
    let read = |name: &str| std::fs::read(scene.join(name)).expect("a file");
    let certificate = CertificateDer::from_pem_slice(&read("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(&read("server.key")).expect("a key");
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they go together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("an address").to_string();
    let root = scene.join(folder);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or("/");
            let (status, body) = match std::fs::read(root.join(&path[1..])) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", vec![]),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}
