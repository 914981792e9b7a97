//! Who gets in, and what each role may call: every method, every role, every kind of certificate.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use taxproof_proto::v1::request_service_client::RequestServiceClient;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{CreateRequestRequest, GetBankRequest};
use taxproof_verifier::config::{ConfigError, Folder};
use taxproof_verifier::roles::{METHODS, Role};
use taxproof_verifier::service::{ServeError, Serving, Settings, serve_as};
use taxproof_verifier::transport::Security;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::certificates::{Certified, Issuer, client_tls};
use crate::service::submit;
use crate::world::{Asked, Authority, World, create, key_file};

/// A world whose service knows its callers by their certificates.
pub(crate) struct Guarded {
    pub(crate) world: World,
    pub(crate) serving: Serving,
    security: Security,
    servers: Issuer,
    clients: Issuer,
}

const NAMES: [(&str, Role); 5] = [
    ("spiffe://bank.example/gateway", Role::ApplicantGateway),
    ("loans.bank.example", Role::LoanOfficer),
    ("branch.bank.example", Role::LoanOfficer),
    ("spiffe://bank.example/audit", Role::Auditor),
    ("admin.bank.example", Role::Admin),
];

const TLS: &str = "\n[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n\
                   client_authorities = \"clients.pem\"\n";

impl Guarded {
    pub(crate) async fn new(more: &str) -> Self {
        Self::with(more, "").await
    }

    /// With limits of its own, in TOML.
    pub(crate) async fn with_limits(limits: &str) -> Self {
        Self::with("", &format!("\n[limits]\n{limits}\n")).await
    }

    /// Calls a method that every role may call.
    pub(crate) async fn calls_as(&self, name: &str) -> Result<(), Status> {
        call(&self.channel_as(name), "/taxproof.v1.TrustService/GetBank").await
    }

    /// A connection of whoever has this name.
    pub(crate) fn channel_as(&self, name: &str) -> Channel {
        self.channel(Some(&self.clients.client(name)))
    }

    /// A connection of whoever has this name, which is made at once and says nothing.
    pub(crate) async fn connected_as(&self, name: &str) -> Channel {
        let shown = self.clients.client(name);
        let endpoint = endpoint(&self.serving, &self.servers, Some(&shown));
        endpoint.connect().await.unwrap()
    }

    async fn with(more: &str, limits: &str) -> Self {
        let world = World::new().await;
        let (servers, clients) = (Issuer::new(), Issuer::new());
        let folder = world.folder.path();
        servers.server().write(folder);
        std::fs::write(folder.join("clients.pem"), clients.pem()).unwrap();
        let mut roles = String::from("[roles]\n");
        for (name, role) in NAMES {
            roles.push_str(&format!("\"{name}\" = \"{role}\"\n"));
        }
        configure(folder, &format!("{TLS}{more}\n{roles}{limits}"));
        let settings = Settings::of(&Folder::open(&folder.join("bank.toml")).unwrap());
        let security = settings.security.clone();
        let serving = serve_as(Arc::clone(&world.bank), settings).await.unwrap();
        Self {
            world,
            serving,
            security,
            servers,
            clients,
        }
    }

    /// A connection that is made when it is first used.
    fn channel(&self, shown: Option<&Certified>) -> Channel {
        endpoint(&self.serving, &self.servers, shown).connect_lazy()
    }

    /// Whether the service has seen any call at all.
    fn saw_a_call(&self) -> bool {
        let metrics = self.world.bank.metrics().to_text();
        metrics.contains("taxproof_calls_total{")
    }
}

fn configure(folder: &std::path::Path, more: &str) {
    let path = folder.join("bank.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, config + more).unwrap();
}

fn endpoint(serving: &Serving, servers: &Issuer, shown: Option<&Certified>) -> Endpoint {
    let uri = format!("https://127.0.0.1:{}", serving.address().port());
    Channel::from_shared(uri)
        .unwrap()
        .timeout(Duration::from_secs(10))
        .tls_config(client_tls(servers, shown))
        .unwrap()
}

/// Calls a method with an empty message.
async fn call(channel: &Channel, method: &'static str) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    let ready = client.ready().await;
    ready.map_err(|why| Status::unavailable(why.to_string()))?;
    let path = PathAndQuery::from_static(method);
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let request = Request::new(());
    client
        .server_streaming(request, path, codec)
        .await
        .map(|_| ())
}

/// Each method's code, or `None` where the call was let in.
async fn denials(channel: &Channel) -> Vec<(&'static str, Option<Code>)> {
    let mut denials = Vec::new();
    for (method, _) in METHODS {
        let code = call(channel, method).await.err().map(|s| s.code());
        let denied = matches!(code, Some(Code::PermissionDenied | Code::Unauthenticated));
        denials.push((*method, code.filter(|_| denied)));
    }
    denials
}

#[tokio::test]
async fn every_role_may_call_what_the_table_says_and_nothing_else() {
    let guarded = Guarded::new("").await;
    for (name, role) in NAMES {
        let channel = guarded.channel(Some(&guarded.clients.client(name)));
        for ((method, denied), (_, roles)) in denials(&channel).await.iter().zip(METHODS) {
            let expected = (!roles.contains(&role)).then_some(Code::PermissionDenied);
            assert_eq!(*denied, expected, "{role} {method}");
        }
    }
    // A certificate of the right authority whose name has no role.
    let stranger = guarded
        .clients
        .client("spiffe://bank.example/gateway/other");
    for (method, denied) in denials(&guarded.channel(Some(&stranger))).await {
        assert_eq!(denied, Some(Code::PermissionDenied), "{method}");
    }
    let admin = guarded.clients.client("admin.bank.example");
    let nowhere = call(&guarded.channel(Some(&admin)), "/taxproof.v1.Nothing/Call").await;
    assert_eq!(nowhere.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn no_call_of_a_foreign_expired_or_missing_certificate_reaches_the_service() {
    let guarded = Guarded::new("").await;
    let others = Issuer::new();
    for (name, role) in NAMES {
        let expired = guarded.clients.expired_client(name);
        let foreign = others.client(name);
        // A server's certificate is no client's, whatever its name.
        let server = guarded.servers.server();
        for shown in [None, Some(&expired), Some(&foreign), Some(&server)] {
            let channel = guarded.channel(shown);
            for (method, _) in METHODS {
                assert!(call(&channel, method).await.is_err(), "{role} {method}");
            }
        }
    }
    assert!(!guarded.saw_a_call());
    let admin = guarded.clients.client("admin.bank.example");
    let bank = "/taxproof.v1.TrustService/GetBank";
    assert!(call(&guarded.channel(Some(&admin)), bank).await.is_ok());
    assert!(guarded.saw_a_call());
}

#[tokio::test]
async fn callers_without_a_certificate_have_the_role_that_they_are_given() {
    let guarded = Guarded::new("anonymous_role = \"applicant-gateway\"").await;
    for ((method, denied), (_, roles)) in denials(&guarded.channel(None)).await.iter().zip(METHODS)
    {
        let may = roles.contains(&Role::ApplicantGateway);
        let expected = (!may).then_some(Code::Unauthenticated);
        assert_eq!(*denied, expected, "{method}");
    }
    // One that is shown must be good all the same.
    let foreign = Issuer::new().client("admin.bank.example");
    let bank = "/taxproof.v1.TrustService/GetBank";
    assert!(call(&guarded.channel(Some(&foreign)), bank).await.is_err());
    let plaintext = format!("http://{}", guarded.serving.address());
    let plaintext = Channel::from_shared(plaintext).unwrap().connect_lazy();
    assert!(call(&plaintext, bank).await.is_err());
}

/// Every method of the interface is in the table: what a later version adds is denied until
/// somebody says who may call it.
#[test]
fn the_table_has_every_method_of_the_interface() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/taxproof/v1");
    let mut interface = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut service = String::new();
        for line in text.lines().map(str::trim_start) {
            let word = |line: &str| line.split([' ', '(']).nth(1).unwrap().to_owned();
            if line.starts_with("service ") {
                service = word(line);
            } else if line.starts_with("rpc ") {
                interface.insert(format!("/taxproof.v1.{service}/{}", word(line)));
            }
        }
    }
    assert!(interface.len() >= 10);
    let table: BTreeSet<_> = METHODS
        .iter()
        .map(|(method, _)| (*method).to_owned())
        .collect();
    let missing: Vec<_> = interface.difference(&table).collect();
    assert!(missing.is_empty(), "nobody may call {missing:?}");
}

#[tokio::test]
async fn without_tls_the_service_stays_on_loopback_unless_told_otherwise() {
    let world = World::new().await;
    let everywhere = Settings::plaintext(([0, 0, 0, 0], 0).into());
    let refused = serve_as(Arc::clone(&world.bank), everywhere.clone()).await;
    assert!(matches!(refused, Err(ServeError::Plaintext(_))));
    let allowed = Settings {
        allow_plaintext_from_other_machines: true,
        ..everywhere
    };
    serve_as(Arc::clone(&world.bank), allowed).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &Authority::new(), &key_file(|_, _| {}), true).unwrap();
    configure(folder.path(), "\n[roles]\n\"a\" = \"admin\"\n");
    let refused = Folder::open(&folder.path().join("bank.toml"));
    assert!(matches!(refused, Err(ConfigError::RolesWithoutTls)));
}

#[tokio::test]
async fn certificates_are_renewed_without_dropping_a_connection() {
    let guarded = Guarded::new("").await;
    let admin = guarded.clients.client("admin.bank.example");
    let mut before = TrustServiceClient::new(guarded.channel(Some(&admin)));
    before.get_bank(GetBankRequest {}).await.unwrap();

    // A half-written file changes nothing.
    let folder = guarded.world.folder.path();
    std::fs::write(folder.join("server.pem"), "-----BEGIN").unwrap();
    let Security::Tls { tls, .. } = &guarded.security else {
        panic!("there is TLS");
    };
    assert!(tls.reload().is_err());
    let still = guarded.channel(Some(&admin));
    let bank = "/taxproof.v1.TrustService/GetBank";
    call(&still, bank).await.unwrap();

    let (servers, clients) = (Issuer::new(), Issuer::new());
    servers.server().write(folder);
    std::fs::write(folder.join("clients.pem"), clients.pem()).unwrap();
    hang_up();
    let renewed = clients.client("admin.bank.example");
    let mut taken = false;
    for _ in 0..200 {
        let channel = endpoint(&guarded.serving, &servers, Some(&renewed))
            .connect()
            .await;
        if let Ok(channel) = channel {
            taken = call(&channel, bank).await.is_ok();
        }
        if taken {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(taken, "the new certificates are not used");
    before.get_bank(GetBankRequest {}).await.unwrap();
    // The old authority's callers do not come in again.
    let old = endpoint(&guarded.serving, &servers, Some(&admin)).connect_lazy();
    assert!(call(&old, bank).await.is_err());
}

/// Tells this process, whose services have taken SIGHUP, to read certificates again.
fn hang_up() {
    let id = std::process::id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-HUP", &id])
        .status();
    assert!(told.unwrap().success());
}

/// Front ends that count from 1 do not mean the same by it.
#[tokio::test]
async fn an_id_that_one_caller_chose_is_no_others() {
    let guarded = Guarded::new("").await;
    let world = &guarded.world;
    let asked = async || {
        world
            .request("ccb-limit", &[("requested_amount", "500,000")])
            .await
    };
    let (first, second, third) = (asked().await, asked().await, asked().await);
    let [officer, other, gateway] = [
        "loans.bank.example",
        "branch.bank.example",
        "spiffe://bank.example/gateway",
    ]
    .map(|name| guarded.channel_as(name));
    let create = async |channel: &Channel| {
        let create = CreateRequestRequest {
            policy: "ccb-limit".to_owned(),
            parameters: [("requested_amount".to_owned(), "500,000".to_owned())].into(),
            purpose: "a loan".to_owned(),
            client_request_id: "1".to_owned(),
            ..CreateRequestRequest::default()
        };
        let mut client = RequestServiceClient::new(channel.clone());
        let made = client.create_request(create).await.unwrap().into_inner();
        made.request.unwrap().id
    };
    let made = create(&officer).await;
    assert_eq!(create(&officer).await, made, "asked again");
    assert_ne!(create(&other).await, made, "asked for another applicant");

    let seal = |asked: &Asked| world.seal(&asked.present());
    submit(&gateway, seal(&first), "1").await.unwrap();
    submit(&officer, seal(&second), "1").await.unwrap();
    let used = submit(&gateway, seal(&third), "1").await.unwrap_err();
    assert_eq!(used.code(), Code::AlreadyExists);
    submit(&other, seal(&third), "1").await.unwrap();
}
