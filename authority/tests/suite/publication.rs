//! Publishing: credentials open, epochs follow each other, a crash leaves nothing half-published.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use taxproof_authority::mapping::{self, Mapping};
use taxproof_authority::registration::Change;
use taxproof_authority::synthetic::{self, Enterprise, Plan};
use taxproof_authority::{Authority, AuthorityError, Publication, Settings, Sources};
use taxproof_claims::bundle::{Bundle, Issued, Refresh, file_name};
use taxproof_claims::credential::{Credential, RegisteredHolder, Registration};
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{Root, SignedEpochHeader};
use taxproof_claims::hash::node;
use taxproof_claims::holder::HolderSecrets;
use taxproof_claims::schema::{CN_TAX, Schema};
use taxproof_claims::shape::{Q16, Q32, TREE_DEPTH};
use taxproof_claims::trust::TrustList;
use tempfile::TempDir;

use crate::fixture::{day, period};

/// 2026-11-22T00:00:00Z.
const NOVEMBER: u64 = 1_795_305_600;

struct Holder {
    enterprise: Enterprise,
    secrets: HolderSecrets,
    identity: age::x25519::Identity,
}

struct Bench {
    folder: TempDir,
    authority: Authority,
    holders: Vec<Holder>,
}

impl Holder {
    fn new(enterprise: Enterprise) -> Self {
        Self {
            enterprise,
            secrets: HolderSecrets::random().expect("randomness"),
            identity: age::x25519::Identity::generate(),
        }
    }

    fn registration(&self) -> Registration {
        Registration {
            enterprise: self.enterprise.id.to_string(),
            recipient: self.identity.to_public().to_string(),
            holder: RegisteredHolder::of_each_curve(&self.secrets),
        }
    }
}

fn settings(profile: Profile) -> Settings {
    Settings {
        id: "zhejiang".parse().expect("a name"),
        name: "浙江省税务局".to_owned(),
        profile,
    }
}

impl Bench {
    /// An authority with synthetic enterprises, the first `registered` of them registered.
    fn new(profile: Profile, enterprises: u32, registered: usize) -> Self {
        let folder = TempDir::new().expect("a folder");
        let state = folder.path().join("state");
        let mut authority = Authority::init(&state, &settings(profile), CN_TAX).expect("is begun");
        let plan = Plan::new(enterprises, 7, period("2026Q3"));
        let enterprises = plan.write(folder.path()).expect("is written");
        let file = |name: &str| vec![folder.path().join(name)];
        let sources = Sources {
            taxpayers: file(synthetic::TAXPAYERS),
            filings: file(synthetic::FILINGS),
            invoices: file(synthetic::INVOICES),
        };
        let mapping = Mapping::from_toml(mapping::CN_TAX, &Schema::cn_tax()).expect("a mapping");
        let ingested = authority.ingest(&mapping, &sources, day("2026-11-22"), &());
        let (report, _) = ingested.expect("is ingested");
        assert_eq!(report.refused(), 0, "{:?}", report.files);
        assert_eq!(report.enterprises, enterprises.len() as u64);
        let holders: Vec<Holder> = enterprises.into_iter().map(Holder::new).collect();
        for holder in &holders[..registered] {
            let registered = authority.register(holder.registration(), day("2026-01-05"));
            assert_eq!(registered.expect("is registered").1, Change::New);
        }
        Self {
            folder,
            authority,
            holders,
        }
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    fn reopen(self) -> Self {
        let state = self.state();
        let Self {
            folder,
            authority,
            holders,
        } = self;
        drop(authority);
        Self {
            authority: Authority::open(&state).expect("is opened"),
            folder,
            holders,
        }
    }

    /// What is issued to a holder, of the newest epoch.
    fn issued(&self, holder: &Holder) -> Issued {
        let sealed = self
            .authority
            .issue(&holder.enterprise.id)
            .expect("has a leaf");
        let bytes = age::decrypt(&holder.identity, &sealed).expect("is for the holder");
        Issued::decode(&bytes, self.authority.schema()).expect("is a credential")
    }

    /// A holder's credential from an epoch's only bundle.
    fn credential(&self, epoch: u64, holder: &Holder) -> Credential {
        let path = self.authority.bundles(epoch).join(file_name(0));
        let bundle = Bundle::decode(&fs::read(path).expect("is there")).expect("is a bundle");
        let refresh = self.issued(holder).refresh;
        let opened = bundle.open(&refresh, self.authority.schema());
        opened.expect("reads").expect("is in the bundle")
    }
}

fn publication() -> Publication {
    Publication::at(NOVEMBER)
}

fn all_roots() -> Publication {
    Publication {
        curves: Curve::ALL.to_vec(),
        layouts: vec![Q16.layout(), Q32.layout()],
        ..publication()
    }
}

/// The root over leaves by climbing level after level, every empty place filled by its definition.
fn root_of<F: taxproof_engine::poseidon2::Poseidon2Field>(mut level: Vec<F>) -> F {
    let mut empty = F::zero();
    for _ in 0..TREE_DEPTH {
        level = level
            .chunks(8)
            .map(|nodes| {
                node(&std::array::from_fn(|i| {
                    nodes.get(i).copied().unwrap_or(empty)
                }))
            })
            .collect();
        empty = node(&[empty; 8]);
    }
    level[0]
}

#[test]
fn every_credential_opens_under_every_root() {
    for profile in Profile::ALL {
        let mut bench = Bench::new(profile, 10, 9);
        let published = bench
            .authority
            .publish(&all_roots(), &())
            .expect("is published");
        assert_eq!(published.unregistered, 1);
        assert_eq!(published.left_out, []);
        assert_eq!(published.epoch.header.leaves, 9);
        assert_eq!(published.epoch.header.newest_period, period("2026Q3"));
        assert_eq!(published.epoch.header.roots.len(), 4);
        let key = bench.authority.trusted().key;
        assert!(published.epoch.verify(&key).is_ok());

        let mut leaves = vec![ark_bn254::Fr::from(0u64); 9];
        for holder in &bench.holders[..9] {
            let credential = bench.credential(1, holder);
            assert_eq!(bench.issued(holder).credential, credential);
            assert_eq!(credential.epoch, published.epoch);
            assert!(credential.check_schema(&Schema::cn_tax()).is_ok());
            for layout in [Q16.layout(), Q32.layout()] {
                let secrets = &holder.secrets;
                let opened = credential.open::<ark_bn254::Fr>(Curve::Bn254, layout, secrets);
                let (record, path) = opened.expect("opens");
                let opened =
                    credential.open::<ark_bls12_381::Fr>(Curve::Bls12_381, layout, secrets);
                assert!(opened.is_ok());
                assert_eq!(record.values.layout(), layout);
                if layout == Q16.layout() {
                    let salt = credential.salt.to_field();
                    let leaf = record.leaf(&secrets.commitment(), salt);
                    let within = path[0].iter().position(|c| *c == leaf).expect("is there");
                    let first = path[1].iter().position(|c| *c == node(&path[0]));
                    leaves[first.expect("is there") * 8 + within] = leaf;
                }
            }
        }
        // The leaves that the credentials show are all there are.
        let root = Root::new(Curve::Bn254, Q16.layout(), root_of(leaves));
        assert!(published.epoch.header.roots.contains(&root));
        // The one that is not registered has no credential.
        assert!(matches!(
            bench.authority.issue(&bench.holders[9].enterprise.id),
            Err(AuthorityError::NoLeaf(_))
        ));
    }
}

#[test]
fn credentials_are_for_their_holder_only() {
    let mut bench = Bench::new(Profile::Sm, 2, 2);
    bench
        .authority
        .publish(&publication(), &())
        .expect("is published");
    let [first, second] = [0, 1].map(|i| &bench.holders[i]);
    let sealed = bench
        .authority
        .issue(&first.enterprise.id)
        .expect("is issued");
    assert!(age::decrypt(&second.identity, &sealed).is_err());
    let bundle = bench.authority.bundles(1).join(file_name(0));
    let read = Bundle::decode(&fs::read(&bundle).expect("is there")).expect("is a bundle");
    let stranger = Refresh::from_bytes([7; 32]);
    assert_eq!(read.open(&stranger, bench.authority.schema()), Ok(None));
    let ids = [first, second].map(|holder| {
        let opened = read.open(&bench.issued(holder).refresh, bench.authority.schema());
        opened.expect("reads").expect("is there").id
    });
    assert_eq!(
        ids,
        [first, second].map(|holder| holder.enterprise.id.clone())
    );
    assert_eq!(mode(&bundle), 0o600);
    assert_eq!(mode(&bench.state().join("epochs/1/members/members")), 0o600);
    assert_eq!(mode(&bench.state().join("key.pem")), 0o600);
    assert_eq!(mode(&bench.state()), 0o700);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

#[test]
fn epochs_follow_each_other_with_fresh_salts_and_positions() {
    let mut bench = Bench::new(Profile::Sm, 24, 24);
    bench
        .authority
        .publish(&publication(), &())
        .expect("is published");
    let mut bench = bench.reopen();
    let later = Publication {
        time: NOVEMBER + 86_400,
        ..publication()
    };
    bench.authority.publish(&later, &()).expect("is published");
    let headers = bench.authority.headers();
    assert_eq!(headers[0].header.previous, Digest([0; 32]));
    assert_eq!(headers[1].header.previous, headers[0].header.digest());
    assert_ne!(headers[0].header.roots, headers[1].header.roots);
    let mut moved = 0;
    for holder in &bench.holders {
        let [first, second] = [1, 2].map(|epoch| bench.credential(epoch, holder));
        assert_eq!(first.values, second.values);
        assert_ne!(first.salt, second.salt);
        let position = |credential: &Credential| {
            let opened =
                credential.open::<ark_bn254::Fr>(Curve::Bn254, Q16.layout(), &holder.secrets);
            let (record, path) = opened.expect("opens");
            let leaf = record.leaf(&holder.secrets.commitment(), credential.salt.to_field());
            path[0].iter().position(|c| *c == leaf)
        };
        moved += u32::from(position(&first) != position(&second));
    }
    // Each stays in its place among eight with probability 1/8.
    assert!(moved > 8, "{moved} of 24 moved");
}

#[test]
fn an_epoch_is_published_once_and_never_goes_back() {
    let mut bench = Bench::new(Profile::Sm, 2, 1);
    let asked = |epoch| Publication {
        epoch: Some(epoch),
        ..publication()
    };
    let mut publish = |publication: &Publication| bench.authority.publish(publication, &());
    assert!(matches!(
        publish(&asked(2)),
        Err(AuthorityError::NotTheNextEpoch { next: 1, asked: 2 })
    ));
    publish(&asked(1)).expect("is published");
    assert!(matches!(
        publish(&asked(1)),
        Err(AuthorityError::NotTheNextEpoch { next: 2, asked: 1 })
    ));
    let earlier = Publication {
        time: NOVEMBER - 1,
        ..publication()
    };
    assert!(matches!(
        publish(&earlier),
        Err(AuthorityError::TimeGoesBack)
    ));
    let older = Publication {
        newest_period: Some(period("2026Q2")),
        ..publication()
    };
    assert!(matches!(
        publish(&older),
        Err(AuthorityError::PeriodGoesBack(..))
    ));
    let running = Publication {
        newest_period: Some(period("2026Q4")),
        ..publication()
    };
    assert!(matches!(
        publish(&running),
        Err(AuthorityError::PeriodNotOver(_))
    ));
    for empty in [
        Publication {
            curves: vec![],
            ..publication()
        },
        Publication {
            layouts: vec![],
            ..publication()
        },
    ] {
        assert!(matches!(publish(&empty), Err(AuthorityError::Roots)));
    }
    assert_eq!(bench.authority.headers().len(), 1);
}

#[test]
fn nobody_registered_is_no_epoch() {
    let mut bench = Bench::new(Profile::Sm, 2, 0);
    assert!(matches!(
        bench.authority.publish(&publication(), &()),
        Err(AuthorityError::NothingToCommit {
            unregistered: 2,
            left_out: 0
        })
    ));
    assert!(bench.authority.headers().is_empty());
}

#[test]
fn what_a_crash_left_is_cleared_away() {
    let mut bench = Bench::new(Profile::Sm, 3, 3);
    // As if the first epoch's preparation had stopped: some credentials, even a header.
    let partial = bench.state().join("epochs/.partial-1");
    fs::create_dir_all(partial.join("bundles")).expect("is made");
    fs::write(partial.join("bundles/stale"), b"half").expect("is written");
    fs::write(partial.join("header"), b"half").expect("is written");
    bench = bench.reopen();
    assert!(bench.authority.headers().is_empty());
    bench
        .authority
        .publish(&publication(), &())
        .expect("is published");
    assert!(!partial.exists());
    assert!(!bench.state().join("epochs/1/bundles/stale").exists());

    // A preparation that fails half-way publishes nothing, and the next attempt is number 2 again.
    let log = bench.state().join("log/checkpoint");
    let moved = bench.state().join("moved");
    fs::rename(&log, &moved).expect("is moved");
    fs::create_dir(&log).expect("is made");
    assert!(bench.authority.publish(&publication(), &()).is_err());
    fs::remove_dir(&log).expect("is removed");
    fs::rename(&moved, &log).expect("is moved back");
    bench = bench.reopen();
    let second = bench
        .authority
        .publish(&publication(), &())
        .expect("is published");
    assert_eq!(second.epoch.header.epoch, 2);
}

#[test]
fn a_damaged_header_stops_the_authority() {
    let mut bench = Bench::new(Profile::Sm, 2, 2);
    for _ in 0..2 {
        bench
            .authority
            .publish(&publication(), &())
            .expect("is published");
    }
    let state = bench.state();
    let header = bench.authority.header_file(1);
    drop(bench.authority);
    let whole = fs::read(&header).expect("is there");
    assert!(SignedEpochHeader::decode(&whole).is_ok());
    let opens = || match Authority::open(&state) {
        Ok(_) => true,
        Err(AuthorityError::Damaged { .. } | AuthorityError::Io { .. }) => false,
        Err(other) => panic!("{other}"),
    };
    for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&header, &whole[..cut]).expect("is written");
        assert!(!opens(), "cut at {cut}");
    }
    // Another epoch's header in its place, a header that is not there, an epoch that is not there.
    let other = fs::read(state.join("epochs/2/header")).expect("is there");
    fs::write(&header, &other).expect("is written");
    assert!(!opens());
    fs::remove_file(&header).expect("is removed");
    assert!(!opens());
    fs::remove_dir_all(state.join("epochs/1")).expect("is removed");
    assert!(!opens());
    fs::create_dir(state.join("epochs/1")).expect("is made");
    fs::write(&header, &whole).expect("is written");
    assert!(opens());
}

#[test]
fn files_that_do_not_belong_together_stop_the_authority() {
    let bench = Bench::new(Profile::Sm, 2, 2);
    let state = bench.state();
    let key = fs::read(state.join("key.pem")).expect("is there");
    let mut authority = bench.authority;
    authority
        .publish(&publication(), &())
        .expect("is published");
    drop(authority);
    let damaged = |path: &str, bytes: &[u8]| {
        let path = state.join(path);
        let whole = fs::read(&path).expect("is there");
        fs::write(&path, bytes).expect("is written");
        let opened = Authority::open(&state);
        assert!(
            matches!(opened, Err(AuthorityError::Damaged { .. })),
            "{path:?}"
        );
        drop(opened);
        fs::write(&path, whole).expect("is written");
    };
    // A key of another profile, another key, another's name.
    for profile in Profile::ALL {
        let other = Bench::new(profile, 1, 1);
        let pem = fs::read(other.state().join("key.pem")).expect("is there");
        damaged("key.pem", &pem);
    }
    damaged("key.pem", &key[..40]);
    let settings = fs::read_to_string(state.join("authority.toml")).expect("is there");
    damaged(
        "authority.toml",
        settings.replace("zhejiang", "jiangsu").as_bytes(),
    );
    damaged("order.seed", b"short");
    damaged("schema.toml", b"");
    assert!(Authority::open(&state).is_ok());
}

#[test]
fn one_process_at_a_time() {
    let bench = Bench::new(Profile::Sm, 1, 1);
    assert!(matches!(
        Authority::open(&bench.state()),
        Err(AuthorityError::InUse(_))
    ));
    assert!(matches!(
        Authority::open(bench.folder.path()),
        Err(AuthorityError::NotAnAuthority(_))
    ));
    assert!(matches!(
        Authority::init(&bench.state(), &settings(Profile::Sm), CN_TAX),
        Err(AuthorityError::NotEmpty(_))
    ));
}

#[test]
fn a_reset_shows_and_another_holder_gets_another_seed() {
    let mut bench = Bench::new(Profile::Sm, 1, 1);
    bench
        .authority
        .publish(&publication(), &())
        .expect("is published");
    let since = |credential: &Credential| credential.values.attributes()[1];
    let before = bench.credential(1, &bench.holders[0]);
    assert_eq!(since(&before), day("2026-01-05").days());
    bench.holders[0].secrets = HolderSecrets::random().expect("randomness");
    let registration = bench.holders[0].registration();
    let registered = bench.authority.register(registration, day("2026-10-01"));
    assert_eq!(registered.expect("is registered").1, Change::Reset);
    bench = bench.reopen();
    bench
        .authority
        .publish(&publication(), &())
        .expect("is published");
    let after = bench.credential(2, &bench.holders[0]);
    assert_eq!(since(&after), day("2026-10-01").days());
}

#[test]
fn other_derivations_are_refused() {
    let mut bench = Bench::new(Profile::Sm, 1, 1);
    let schema = Schema::cn_tax();
    let ingest = |authority: &mut Authority, text: &str| {
        let mapping = Mapping::from_toml(text, &schema).expect("a mapping");
        authority
            .ingest(&mapping, &Sources::default(), day("2026-11-22"), &())
            .map(drop)
    };
    let other = mapping::CN_TAX.replace("months = 24 }", "months = 23 }");
    assert!(matches!(
        ingest(&mut bench.authority, &other),
        Err(AuthorityError::OtherDerivations)
    ));
    // A second source needs no rules of its own, but what it gives must feed them.
    let (columns, _) = mapping::CN_TAX
        .split_once("# Deadlines are")
        .expect("is there");
    ingest(&mut bench.authority, columns).expect("is ingested");
    let misspelt = columns.replace("base = { column", "bases = { column");
    assert!(matches!(
        ingest(&mut bench.authority, &misspelt),
        Err(AuthorityError::Mapping(_))
    ));
    let folder = bench.folder.path().join("new");
    let mut authority = Authority::init(&folder, &settings(Profile::Sm), CN_TAX).expect("is begun");
    assert!(matches!(
        ingest(&mut authority, columns),
        Err(AuthorityError::NoDerivations)
    ));
}

#[test]
fn trust_lists_hold_the_authority() {
    let bench = Bench::new(Profile::International, 1, 1);
    let list = TrustList {
        authorities: vec![bench.authority.trusted()],
        banks: vec![],
    };
    let read = TrustList::from_toml(&list.to_toml()).expect("reads");
    assert_eq!(read.authorities[0], bench.authority.trusted());
}

#[test]
fn reports_are_kept() {
    let bench = Bench::new(Profile::Sm, 1, 1);
    let report = fs::read_to_string(bench.state().join("reports/ingest-1.csv"));
    let header = "file,line,column,outcome,reason,remedy\n";
    assert_eq!(report.expect("is there"), header);
}
