//! Epochs over records that have not changed, or only some: what is kept from the epoch before gives
//! the roots that hashing everything gives.

use std::fs;
use std::path::Path;

use taxproof_authority::mapping::{self, Mapping};
use taxproof_authority::registration::Change;
use taxproof_authority::synthetic::{self, Plan};
use taxproof_authority::{Authority, AuthorityError, Publication, Settings, Sources};
use taxproof_claims::bundle::{Bundle, Issued, file_name};
use taxproof_claims::credential::{RegisteredHolder, Registration};
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::EpochHeader;
use taxproof_claims::holder::{HolderSecrets, Secret};
use taxproof_claims::schema::{CN_TAX, Schema};
use taxproof_claims::shape::{Q16, Q32};
use taxproof_claims::subject::EnterpriseId;
use tempfile::TempDir;

use crate::fixture::{FILINGS, day};

/// 2026-11-22T00:00:00Z.
const NOVEMBER: u64 = 1_795_305_600;
const DAY: u64 = 86_400;

struct Holder {
    id: EnterpriseId,
    secrets: HolderSecrets,
    identity: age::x25519::Identity,
}

impl Holder {
    fn registration(&self) -> Registration {
        Registration {
            enterprise: self.id.to_string(),
            recipient: self.identity.to_public().to_string(),
            holder: RegisteredHolder::of_each_curve(&self.secrets),
        }
    }
}

struct Scene {
    folder: TempDir,
    holders: Vec<Holder>,
}

impl Scene {
    fn new(enterprises: u32) -> Self {
        let folder = TempDir::new().expect("a folder");
        let settings = Settings {
            id: "zhejiang".parse().expect("a name"),
            name: "Zhejiang".to_owned(),
            profile: Profile::International,
        };
        let state = folder.path().join("bureau");
        let mut authority = Authority::init(&state, &settings, CN_TAX).expect("is begun");
        let plan = Plan {
            quarters: 8,
            ..Plan::new(enterprises, 5, "2026Q3".parse().expect("a quarter"))
        };
        let made = plan.write(folder.path()).expect("is written");
        let holders: Vec<Holder> = made
            .into_iter()
            .map(|enterprise| Holder {
                id: enterprise.id,
                secrets: HolderSecrets::random().expect("randomness"),
                identity: age::x25519::Identity::generate(),
            })
            .collect();
        let registrations = holders.iter().map(Holder::registration);
        authority
            .register_all(registrations, day("2026-01-05"))
            .expect("are registered");
        let file = |name: &str| vec![folder.path().join(name)];
        let sources = Sources {
            taxpayers: file(synthetic::TAXPAYERS),
            filings: file(synthetic::FILINGS),
            invoices: file(synthetic::INVOICES),
        };
        ingest(&mut authority, &sources);
        Self { folder, holders }
    }

    fn bureau(&self) -> std::path::PathBuf {
        self.folder.path().join("bureau")
    }

    /// Publishes the epoch of a day twice: in a copy that has forgotten the epoch before, and as it is.
    /// Both have the same roots.
    fn publish(&self, days: u64) -> EpochHeader {
        let copy = TempDir::new().expect("a folder");
        copy_folder(&self.bureau(), &copy.path().join("bureau"));
        for epoch in 1..9 {
            let members = copy.path().join(format!("bureau/epochs/{epoch}/members"));
            if members.exists() {
                fs::remove_dir_all(members).expect("is removed");
            }
        }
        let anew = publish(&copy.path().join("bureau"), days);
        let header = publish(&self.bureau(), days);
        assert_eq!(header.roots, anew.roots);
        assert_eq!(header.leaves, anew.leaves);
        header
    }

    fn open(&self) -> Authority {
        Authority::open(&self.bureau()).expect("is opened")
    }

    /// Puts a declaration of another tax on record, for the third quarter of 2026.
    fn declare(&self, holder: &Holder, sequence: u32, filed: &str, due: &str, paid: &str) {
        let path = self.folder.path().join("more.csv");
        let row = format!(
            "{},10999,2026-07-01,2026-09-30,2026-10-15,{filed},{sequence},1.00,{due},{paid},N,\n",
            holder.id
        );
        fs::write(&path, format!("{FILINGS}{row}")).expect("is written");
        let sources = Sources {
            filings: vec![path],
            ..Sources::default()
        };
        ingest(&mut self.open(), &sources);
    }

    fn issued(&self, holder: &Holder) -> Issued {
        let authority = self.open();
        let sealed = authority.issue(&holder.id).expect("has a leaf");
        let plain = age::decrypt(&holder.identity, &sealed).expect("is for the holder");
        let issued = Issued::decode(&plain, authority.schema()).expect("reads");
        let (curve, layout) = (Curve::Bn254, Q16.layout());
        let opened = issued
            .credential
            .open::<ark_bn254::Fr>(curve, layout, &holder.secrets);
        assert!(opened.is_ok());
        issued
    }
}

fn ingest(authority: &mut Authority, sources: &Sources) {
    let mapping = Mapping::from_toml(mapping::CN_TAX, &Schema::cn_tax()).expect("a mapping");
    let ingested = authority.ingest(&mapping, sources, day("2026-11-22"), &());
    assert_eq!(ingested.expect("is ingested").0.refused(), 0);
}

fn publish(folder: &Path, days: u64) -> EpochHeader {
    let publication = Publication {
        curves: Curve::ALL.to_vec(),
        layouts: vec![Q16.layout(), Q32.layout()],
        ..Publication::at(NOVEMBER + days * DAY)
    };
    let mut authority = Authority::open(folder).expect("is opened");
    let published = authority.publish(&publication, &());
    published.expect("is published").epoch.header
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).expect("is made");
    for entry in fs::read_dir(from).expect("is read") {
        let path = entry.expect("is read").path();
        let place = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &place);
        } else {
            fs::copy(&path, &place).expect("is copied");
        }
    }
}

#[test]
fn an_unchanged_record_is_salted_afresh_and_not_read_again() {
    let scene = Scene::new(10);
    let first = scene.publish(0);
    let second = scene.publish(1);
    assert_ne!(first.roots, second.roots);
    // Of the ledger, only the index is left.
    for entry in fs::read_dir(scene.bureau().join("ledger/accounts")).expect("is read") {
        let path = entry.expect("is read").path();
        let mut bytes = fs::read(&path).expect("is read");
        bytes[20..2000].fill(0);
        fs::write(&path, bytes).expect("is written");
    }
    publish(&scene.bureau(), 2);
    for holder in &scene.holders {
        assert_eq!(scene.issued(holder).credential.epoch.header.epoch, 3);
    }
    // A new quarter's records are derived anew, for which the accounts are needed.
    let mut authority = scene.open();
    let later = Publication::at(NOVEMBER + 90 * DAY);
    assert!(matches!(
        authority.publish(&later, &()),
        Err(AuthorityError::Damaged { .. })
    ));
}

#[test]
fn amendments_resets_and_newcomers_show_in_the_next_epoch() {
    let mut scene = Scene::new(9);
    scene.publish(0);
    let before = scene.issued(&scene.holders[0]).credential.values;
    let other = scene.issued(&scene.holders[2]).credential.values;
    scene.declare(&scene.holders[0], 900, "2026-11-22", "777.00", "2026-11-22");
    scene.publish(1);
    let after = scene.issued(&scene.holders[0]).credential.values;
    assert_ne!(after, before);
    assert_eq!(scene.issued(&scene.holders[2]).credential.values, other);

    scene.holders[1].secrets = HolderSecrets::random().expect("randomness");
    let mut authority = scene.open();
    let reset = authority.register(scene.holders[1].registration(), day("2026-11-23"));
    assert_eq!(reset.expect("is registered").1, Change::Reset);
    assert!(matches!(
        authority.issue(&scene.holders[1].id),
        Err(AuthorityError::RegisteredSince(_))
    ));
    drop(authority);
    scene.publish(2);
    let since = scene
        .issued(&scene.holders[1])
        .credential
        .values
        .attributes()[1];
    assert_eq!(since, day("2026-11-23").days());
}

/// What is dated after an epoch has not happened in it, and has in the one after that day, although the
/// account is the same.
#[test]
fn a_day_that_comes_changes_the_record() {
    let scene = Scene::new(8);
    let holder = &scene.holders[0];
    scene.declare(holder, 901, "2026-11-22", "500000.00", "2026-11-25");
    let paid = |scene: &Scene| scene.issued(holder).credential.values.rows()[0][2];
    scene.publish(1);
    let unpaid = paid(&scene);
    scene.publish(2);
    assert_eq!(paid(&scene), unpaid);
    scene.publish(3);
    assert_eq!(paid(&scene), unpaid + 50_000_000);
}

#[test]
fn rotated_keys_open_no_later_bundle_until_a_credential_is_issued() {
    let mut scene = Scene::new(8);
    scene.publish(0);
    let old = scene.issued(&scene.holders[0]).refresh;
    let opens = |scene: &Scene, epoch: u64, refresh| {
        let authority = scene.open();
        let path = authority.bundles(epoch).join(file_name(0));
        let bundle = Bundle::decode(&fs::read(path).expect("is there")).expect("reads");
        bundle
            .open(refresh, authority.schema())
            .expect("reads")
            .is_some()
    };
    assert!(opens(&scene, 1, &old));
    scene.publish(1);
    assert!(opens(&scene, 2, &old));
    scene.holders[0].secrets.sk = Secret::random().expect("randomness");
    let mut authority = scene.open();
    let rotated = authority.register(scene.holders[0].registration(), day("2026-11-23"));
    assert_eq!(rotated.expect("is registered").1, Change::Rotated);
    drop(authority);
    scene.publish(2);
    assert!(!opens(&scene, 3, &old));
    let new = scene.issued(&scene.holders[0]).refresh;
    assert!(opens(&scene, 3, &new));
}
