//! Custodians and authority through a folder, honest and not.

mod history;
mod making;
mod signing;
mod strangers;

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use age::x25519::{Identity, Recipient};
use frost_ed25519::keys::dkg::{part1, part2};
use frost_ed25519::round1::SigningCommitments;
use frost_ed25519::round2::SignatureShare;
use frost_ed25519::{SigningPackage, round1, round2};
use rand::rngs::OsRng;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{AuthorityId, EpochHeader, Root, SignedEpochHeader};
use taxproof_claims::hash::PARAMS_ID;
use taxproof_claims::schema::Schema;
use taxproof_claims::signature::{Signature, SigningKey};
use taxproof_log::{Checkpoint, Folder, LogFolder, LogKey, LogReader};
use tempfile::TempDir;

use super::error::{CustodianError, Sender};
use super::exchange::{Exchange, Wait};
use super::founding::{Confirmed, Plan, Round1, confirmed_file, round1_file};
use super::generation::round2_file;
use super::group::{by_identifier, identifier};
use super::history::Refusal;
use super::messages::{Chosen, Share, Signed, file, package_file, read};
use super::sealed::{self, Kind};
use super::session::REQUEST;
use super::{Approval, Custodian, CustodianKey, Group, Place, Request, SessionId, Subject, share};
use crate::error::AuthorityError;

/// Longer than anything takes that comes.
const LONG: Duration = Duration::from_secs(100);
/// For what does not come.
const SHORT: Duration = Duration::from_secs(1);
/// For what comes and something after it that does not, on a machine that is busy.
const BUSY: Duration = Duration::from_secs(5);

/// Two of three custodians, and where they meet.
struct Scene {
    folder: TempDir,
    exchange: Exchange,
    /// Headers that others name as their predecessors.
    known: RefCell<Vec<EpochHeader>>,
    /// The authority's own key.
    bureau: Arc<SigningKey>,
}

type Outcome<T> = Result<T, AuthorityError>;

fn authority() -> AuthorityId {
    "zhejiang".parse().expect("a name")
}

fn place(number: u16, of: u16, threshold: u16) -> Place {
    Place::new(authority(), number, of, threshold).expect("a place")
}

impl Scene {
    /// Without a key.
    fn empty() -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("exchange");
        fs::create_dir(&path).expect("is made");
        let exchange = Exchange::open(&path).expect("is there");
        let known = RefCell::default();
        Self {
            folder,
            exchange,
            known,
            bureau: Arc::new(SigningKey::random(Profile::International).expect("randomness")),
        }
    }

    fn new() -> Self {
        let scene = Self::empty();
        let all = [1, 2, 3].map(|number| scene.create(number, LONG));
        for one in all {
            one.join().expect("no panic").expect("has a share");
        }
        scene
    }

    fn home(&self, number: u16) -> PathBuf {
        self.folder.path().join(format!("custodian{number}"))
    }

    fn create(&self, number: u16, wait: Duration) -> JoinHandle<Outcome<Custodian>> {
        let (home, exchange) = (self.home(number), self.exchange.clone());
        let place = place(number, 3, 2);
        let bureau = self.bureau.verifying_key();
        thread::spawn(move || {
            let mut custodian = Custodian::create(&home, &exchange, &place, wait, &())?;
            custodian.accept(bureau)?;
            Ok(custodian)
        })
    }

    fn open(&self, number: u16) -> Custodian {
        Custodian::open(&self.home(number)).expect("a custodian's")
    }

    fn group(&self) -> Group {
        Group::read(&self.exchange).expect("is made")
    }

    /// The authority asks for a signature.
    fn ask(&self, subject: &Subject, wait: Duration) -> JoinHandle<Outcome<Signature>> {
        let key = CustodianKey::of_exchange(&self.exchange, wait, &authority()).expect("a key");
        let (subject, bureau) = (subject.clone(), Arc::clone(&self.bureau));
        thread::spawn(move || key.sign(&subject.message(), subject, &bureau, &()))
    }

    /// A custodian waits for a request and approves it.
    fn approve(&self, number: u16) -> JoinHandle<Outcome<Approval>> {
        self.approve_instead(number, None)
    }

    fn approve_instead(
        &self,
        number: u16,
        replaces: Option<Digest>,
    ) -> JoinHandle<Outcome<Approval>> {
        let (mut custodian, exchange) = (self.open(number), self.exchange.clone());
        thread::spawn(move || {
            let request = custodian.request(&exchange, None, LONG)?;
            custodian.approve(&exchange, &request, replaces, LONG)
        })
    }

    /// What two custodians sign.
    fn sign(&self, subject: &Subject, by: [u16; 2]) -> Signature {
        let asked = self.ask(subject, LONG);
        for custodian in by.map(|number| self.approve(number)) {
            let approved = custodian.join().expect("no panic").expect("approves");
            assert_eq!(approved, Approval::Signed);
        }
        asked.join().expect("no panic").expect("is signed")
    }

    /// A header after another.
    fn header(&self, before: Option<&EpochHeader>, leaves: u64) -> EpochHeader {
        self.known.borrow_mut().extend(before.cloned());
        EpochHeader {
            profile: Profile::International,
            authority: authority(),
            epoch: before.map_or(0, |before| before.epoch) + 1,
            time: before.map_or(1_700_000_000, |before| before.time + 1000),
            newest_period: "2023Q3".parse().expect("a quarter"),
            schema: Schema::cn_tax().digest(),
            leaves,
            roots: vec![],
            previous: before.map_or(Digest([0; 32]), EpochHeader::digest),
        }
    }

    /// A header with its predecessor, which the custodians have signed.
    fn subject(&self, header: EpochHeader) -> Subject {
        let known = self.known.borrow();
        let before = known.iter().find(|it| it.digest() == header.previous);
        Subject::Header(header, before.map(|before| self.signed(before.clone())))
    }

    fn signed(&self, header: EpochHeader) -> SignedEpochHeader {
        let signature = self.signature(&header.digest().0);
        SignedEpochHeader { header, signature }
    }

    /// What two custodians sign without their folders.
    fn signature(&self, message: &[u8]) -> Signature {
        let group = self.group();
        let keys = [1, 2].map(|number| share::open(&self.home(number), number, &group));
        let keys = keys.map(|key| key.expect("a share"));
        let drawn = keys
            .each_ref()
            .map(|key| round1::commit(key.signing_share(), &mut OsRng));
        let parts = || keys.iter().zip(&drawn);
        let commitments = parts().map(|(key, (_, public))| (*key.identifier(), *public));
        let package = SigningPackage::new(commitments.collect(), message);
        let shares = parts().map(|(key, (nonces, _))| {
            let share = round2::sign(&package, nonces, key).expect("is signed");
            (*key.identifier(), share)
        });
        let signature = frost_ed25519::aggregate(&package, &shares.collect(), group.public());
        let bytes = signature.and_then(|signature| signature.serialize());
        Signature(bytes.expect("is signed").try_into().expect("64 bytes"))
    }

    /// Waits for the request of another thread's authority.
    fn request(&self) -> Request {
        let key = self.bureau.verifying_key();
        let read = || sealed::read_text(&self.exchange, REQUEST, Kind::Request, &key);
        let text = Wait::of(LONG).until(read).expect("is read");
        Request::from_toml(&text.expect("is there")).expect("a request")
    }

    /// Puts a request there as a dishonest authority does.
    fn put(&self, subject: &Subject) -> Request {
        let request = Request::new(self.group().key().clone(), subject.clone());
        self.put_text(&request.to_toml());
        request
    }

    fn put_text(&self, text: &str) {
        let put = sealed::write_text(&self.exchange, REQUEST, Kind::Request, text, &self.bureau);
        put.expect("is written");
    }

    /// Says who signs as a dishonest authority does.
    fn choose(&self, chosen: &Chosen) {
        self.choose_in(&chosen.session, chosen);
    }

    fn choose_in(&self, session: &SessionId, chosen: &Chosen) {
        let name = package_file(session);
        let put = sealed::write(&self.exchange, &name, Kind::Package, chosen, &self.bureau);
        put.expect("is written");
    }

    /// The digest of the package that the authority wrote.
    fn package(&self, session: &SessionId) -> Digest {
        let (name, key) = (package_file(session), self.bureau.verifying_key());
        let read = || sealed::read::<Chosen>(&self.exchange, &name, Kind::Package, &key);
        let found = Wait::of(LONG).until(read).expect("is read");
        found.expect("is there").1
    }

    /// Waits for a custodian's commitment.
    fn commitment(&self, session: &SessionId, number: u16) -> SigningCommitments {
        let found = Wait::of(LONG).until(|| read(&self.exchange, session, number));
        found.expect("is read").expect("is there")
    }

    fn write<T: super::messages::Step>(&self, session: SessionId, number: u16, content: T) {
        let message = Signed {
            session,
            number,
            content,
        };
        let name = file::<T>(&session, number);
        self.exchange.write(&name, &message).expect("is written");
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(self.exchange.path()).expect("a folder");
        let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a name");
        let names = entries.map(|entry| name(entry.expect("an entry")));
        // A file may be renamed or removed meanwhile.
        let read = |name: String| {
            let bytes = fs::read(self.exchange.file(&name)).ok()?;
            Some((name, bytes))
        };
        names.filter_map(read).collect()
    }
}

fn is_refused(outcome: Outcome<Approval>, why: &Refusal) {
    match outcome {
        Err(AuthorityError::Custodians(CustodianError::Refused(found))) => assert_eq!(found, *why),
        other => panic!("{other:?}, not {why:?}"),
    }
}

fn says<T: std::fmt::Debug>(outcome: Outcome<T>, parts: &[&str]) {
    let said = outcome.expect_err("an error").to_string();
    for part in parts {
        assert!(said.contains(part), "`{said}` does not say `{part}`");
    }
}

/// Of a file that reads as another key's.
const OTHER_KEY: &str = "confirmed another key than";
