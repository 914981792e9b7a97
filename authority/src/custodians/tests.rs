//! Custodians and authority through a folder, honest and not.

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
use taxproof_claims::epoch::{EpochHeader, Root, SignedEpochHeader};
use taxproof_claims::hash::PARAMS_ID;
use taxproof_claims::schema::Schema;
use taxproof_claims::signature::{Signature, SigningKey};
use tempfile::TempDir;

use super::error::{CustodianError, Sender};
use super::exchange::{Exchange, Wait};
use super::generation::{Confirmed, Round1, confirmed_file, round1_file, round2_file};
use super::group::{self, by_identifier, identifier};
use super::history::Refusal;
use super::messages::{Chosen, Signed, file, package_file, read};
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
        let place = Place::new(number, 3, 2).expect("a place");
        let bureau = self.bureau.verifying_key();
        thread::spawn(move || {
            let mut custodian = Custodian::create(&home, &exchange, place, wait, &())?;
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
        let key = CustodianKey::of_exchange(&self.exchange, wait).expect("a key");
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
            authority: "zhejiang".parse().expect("a name"),
            epoch: before.map_or(0, |before| before.epoch) + 1,
            time: before.map_or(1_700_000_000, |before| before.time + 1000),
            newest_period: "2026Q3".parse().expect("a quarter"),
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

    /// What two custodians sign without their folders.
    fn signed(&self, header: EpochHeader) -> SignedEpochHeader {
        let group = self.group();
        let keys = [1, 2].map(|number| share::open(&self.home(number), number, &group));
        let keys = keys.map(|key| key.expect("a share"));
        let drawn = keys
            .each_ref()
            .map(|key| round1::commit(key.signing_share(), &mut OsRng));
        let parts = || keys.iter().zip(&drawn);
        let commitments = parts().map(|(key, (_, public))| (*key.identifier(), *public));
        let package = SigningPackage::new(commitments.collect(), &header.digest().0);
        let shares = parts().map(|(key, (nonces, _))| {
            let share = round2::sign(&package, nonces, key).expect("is signed");
            (*key.identifier(), share)
        });
        let signature = frost_ed25519::aggregate(&package, &shares.collect(), group.public());
        let bytes = signature.and_then(|signature| signature.serialize());
        let bytes = bytes.expect("is signed").try_into().expect("64 bytes");
        SignedEpochHeader {
            header,
            signature: Signature(bytes),
        }
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

#[test]
fn any_two_of_three_sign_as_one_key() {
    let scene = Scene::new();
    let group = scene.group();
    assert_eq!((group.threshold(), group.size()), (2, 3));
    let mut before = None;
    for by in [[1, 2], [2, 3], [1, 3]] {
        let header = scene.header(before.as_ref(), 5);
        let signature = scene.sign(&scene.subject(header.clone()), by);
        let signed = SignedEpochHeader { header, signature };
        let header = signed.verify(group.key()).expect("an ordinary signature");
        before = Some(header.clone());
    }
    let sessions = scene.files().into_iter();
    let left: Vec<_> = sessions
        .filter(|(name, _)| name.contains("-commitment-") || name.contains("request"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn one_alone_does_not_sign() {
    let scene = Scene::new();
    let asked = scene.ask(&scene.subject(scene.header(None, 5)), BUSY);
    let alone = scene.approve(3);
    let refused = asked.join().expect("no panic");
    says(
        refused,
        &[
            "1 of the 2 custodians",
            "within 5 s (custodian 3)",
            "nothing was signed",
        ],
    );
    let alone = alone.join().expect("no panic").expect("waits");
    assert_eq!(alone, Approval::NotNeeded);
    assert_eq!(scene.open(3).newest(), None);
}

#[test]
fn who_gives_a_wrong_share_is_named() {
    let scene = Scene::new();
    let asked = scene.ask(&scene.subject(scene.header(None, 5)), LONG);
    let honest = scene.approve(1);
    let request = scene.request();
    let key = share::open(&scene.home(2), 2, &scene.group()).expect("a share");
    let (_, commitments) = round1::commit(key.signing_share(), &mut OsRng);
    scene.write(request.session, 2, commitments);
    honest.join().expect("no panic").expect("signs");
    scene.write(
        request.session,
        2,
        SignatureShare::deserialize(&[1; 32]).expect("a scalar"),
    );
    let refused = asked.join().expect("no panic");
    says(refused, &["custodian 2 gave a wrong share"]);
}

#[test]
fn who_approves_and_gives_no_share_is_named() {
    let scene = Scene::new();
    let asked = scene.ask(&scene.subject(scene.header(None, 5)), BUSY);
    let request = scene.request();
    let key = share::open(&scene.home(2), 2, &scene.group()).expect("a share");
    let (_, commitments) = round1::commit(key.signing_share(), &mut OsRng);
    scene.write(request.session, 2, commitments);
    let honest = scene.approve(1).join().expect("no panic");
    assert_eq!(honest.expect("signs"), Approval::Signed);
    let refused = asked.join().expect("no panic");
    says(
        refused,
        &["custodian 2 did not come within 5 s: shares of the signature"],
    );
}

#[test]
fn nothing_is_signed_but_what_was_shown() {
    let scene = Scene::new();
    let shown = scene.subject(scene.header(None, 5));
    let other = scene.subject(scene.header(None, 6)).message();
    let package = |request: &Request, message: &[u8], spoil: bool| {
        let ours = scene.commitment(&request.session, 1);
        let key = share::open(&scene.home(2), 2, &scene.group()).expect("a share");
        let (_, theirs) = round1::commit(key.signing_share(), &mut OsRng);
        let first = if spoil { theirs } else { ours };
        let all = by_identifier([(1, first), (2, theirs)].into()).expect("numbers");
        let chosen = Chosen {
            session: request.session,
            package: SigningPackage::new(all, message),
        };
        scene.choose(&chosen);
    };
    let request = scene.put(&shown);
    let custodian = scene.approve(1);
    package(&request, &other, false);
    says(
        custodian.join().expect("no panic"),
        &["another message signed than the one that was approved"],
    );
    let request = scene.put(&shown);
    let custodian = scene.approve(1);
    package(&request, &shown.message(), true);
    says(
        custodian.join().expect("no panic"),
        &["changed this custodian's commitment"],
    );
    let shares = |(name, _): &(String, Vec<u8>)| name.contains("-share-");
    assert!(!scene.files().iter().any(shares));
    assert_eq!(scene.open(1).newest(), None);
}

/// The authority's own process dies after both have signed: what they signed could be out.
#[test]
fn a_second_header_of_an_epoch_is_refused_unless_it_replaces_the_first() {
    let scene = Scene::new();
    let first = scene.header(None, 5);
    let second = scene.header(None, 6);
    scene.sign(&scene.subject(first.clone()), [1, 2]);
    let asked = scene.ask(&scene.subject(second.clone()), LONG);
    let approved = first.digest();
    let refusal = Refusal::SecondHeader { epoch: 1, approved };
    is_refused(scene.approve(1).join().expect("no panic"), &refusal);
    is_refused(
        scene
            .approve_instead(1, Some(second.digest()))
            .join()
            .expect("no panic"),
        &refusal,
    );
    let both = [1, 2].map(|number| scene.approve_instead(number, Some(approved)));
    for one in both {
        one.join().expect("no panic").expect("signs");
    }
    let signature = asked.join().expect("no panic").expect("is signed");
    let second = SignedEpochHeader {
        header: second,
        signature,
    };
    // With the log's head it is published, and nothing replaces it.
    scene.sign(&Subject::head(&[second]).expect("an epoch"), [1, 2]);
    let asked = scene.ask(&scene.subject(first), BUSY);
    let refused = scene.approve_instead(1, Some(approved)).join();
    is_refused(refused.expect("no panic"), &Refusal::SecondHistory(1));
    assert!(asked.join().expect("no panic").is_err());
}

#[test]
fn heads_continue_and_hold_what_was_approved() {
    let scene = Scene::new();
    let key = scene.group().key().clone();
    let signed = |header: EpochHeader, by| {
        let signature = scene.sign(&scene.subject(header.clone()), by);
        SignedEpochHeader { header, signature }
    };
    let one = signed(scene.header(None, 5), [1, 2]);
    let head = Subject::head(std::slice::from_ref(&one)).expect("an epoch");
    let signature = scene.sign(&head, [1, 2]);
    key.verify_bytes(&head.message(), &signature)
        .expect("the log's key signed");
    // The third was asked for neither: he takes both from the signed entry.
    scene.sign(&head, [1, 3]);
    assert_eq!(scene.open(3).newest(), Some(1));
    let two = signed(scene.header(Some(&one.header), 6), [2, 3]);
    let request = |subject| Request::new(key.clone(), subject);
    let refused = |number, headers: &[SignedEpochHeader]| {
        let request = request(Subject::head(headers).expect("an epoch"));
        match scene.open(number).check(&request, None) {
            Err(AuthorityError::Custodians(CustodianError::Refused(refusal))) => refusal,
            other => panic!("{other:?}"),
        }
    };
    let mut stranger = one.clone();
    stranger.header.leaves += 1;
    let history = [stranger.clone(), two.clone()];
    assert_eq!(refused(1, &history), Refusal::OtherLog(1));
    assert_eq!(refused(1, &[stranger]), Refusal::UnsignedEntry);
    let mut unsigned = two.clone();
    unsigned.signature.0[3] ^= 1;
    assert_eq!(refused(1, &[one.clone(), unsigned]), Refusal::UnsignedEntry);
    scene.sign(
        &Subject::head(&[one.clone(), two]).expect("two epochs"),
        [1, 2],
    );
    assert_eq!(refused(1, &[one]), Refusal::OtherLog(2));
}

#[test]
fn what_goes_back_is_refused() {
    let scene = Scene::new();
    let first = scene.header(None, 5);
    scene.sign(&scene.subject(first.clone()), [1, 2]);
    let second = scene.header(Some(&first), 5);
    scene.sign(&scene.subject(second.clone()), [1, 2]);
    let key = scene.group().key().clone();
    let custodian = scene.open(1);
    let refused = |change: &dyn Fn(&mut EpochHeader)| {
        let mut header = scene.header(Some(&second), 5);
        change(&mut header);
        let request = Request::new(key.clone(), scene.subject(header));
        match custodian.check(&request, None) {
            Err(AuthorityError::Custodians(CustodianError::Refused(refusal))) => refusal,
            other => panic!("{other:?}"),
        }
    };
    let (asked, approved) = (1, 2);
    let back = Refusal::EpochGoesBack { asked, approved };
    assert_eq!(refused(&|header| header.epoch = 1), back);
    assert_eq!(refused(&|header| header.time = 1), Refusal::TimeGoesBack);
    let before = "2026Q2".parse().expect("a quarter");
    assert_eq!(
        refused(&|header| header.newest_period = before),
        Refusal::PeriodGoesBack(second.newest_period, before)
    );
    let previous = Digest([7; 32]);
    assert_eq!(
        refused(&|header| header.previous = previous),
        Refusal::OtherPending {
            approved: second.digest()
        }
    );
    assert_eq!(
        refused(&|header| header.profile = Profile::Sm),
        Refusal::Profile
    );
    let other = |header: &mut EpochHeader| header.authority = "jiangsu".parse().expect("a name");
    assert!(matches!(refused(&other), Refusal::OtherAuthority(..)));
    // One that was missed may be between.
    let missed = scene.header(Some(&second), 7);
    let fourth = scene.header(Some(&missed), 7);
    let request = Request::new(key.clone(), scene.subject(fourth));
    custodian.check(&request, None).expect("goes on");
    drop(custodian);
    cut_histories_are_noticed(&scene.home(1));
    // Another custodians' authority.
    let foreign = Scene::new();
    let request = foreign.put(&scene.subject(scene.header(Some(&second), 5)));
    scene.put_text(&request.to_toml());
    let custodian = scene.open(1);
    says(
        custodian.request(&scene.exchange, None, SHORT),
        &["the request is for the key"],
    );
}

#[test]
fn far_epochs_foreign_names_and_times_ahead_bind_nobody() {
    let scene = Scene::new();
    let custodian = scene.open(1);
    let first = scene.header(None, 5);
    let check = |subject: Subject| {
        let request = Request::new(scene.group().key().clone(), subject);
        custodian.check(&request, None)
    };
    let second = scene.header(Some(&first), 6);
    check(scene.subject(second.clone())).expect("goes on from what was signed");
    let refused = |change: &dyn Fn(&mut EpochHeader)| {
        let mut header = second.clone();
        change(&mut header);
        says(
            check(scene.subject(header)),
            &["the header before this one is not in the request"],
        );
    };
    refused(&|header| header.epoch = u64::MAX);
    refused(&|header| header.epoch = 1);
    refused(&|header| header.previous = Digest([0; 32]));
    refused(&|header| header.authority = "jiangsu".parse().expect("a name"));
    let mut unsigned = scene.signed(first.clone());
    unsigned.signature.0[5] ^= 1;
    let forged = Subject::Header(second.clone(), Some(unsigned));
    says(check(forged), &["is not signed by the key"]);
    says(
        check(Subject::Header(second.clone(), None)),
        &["the header before this one"],
    );
    let mut ahead = second;
    ahead.time = 250_000_000_000;
    says(check(scene.subject(ahead)), &["more than a day ahead"]);
}

#[test]
fn a_header_that_was_given_up_does_not_block_the_next_epoch() {
    let scene = Scene::new();
    let given_up = scene.header(None, 5);
    scene.sign(&scene.subject(given_up.clone()), [1, 2]);
    // The others agreed on another first epoch without him.
    let first = scene.header(None, 6);
    let second = scene.subject(scene.header(Some(&first), 7));
    let asked = scene.ask(&second, LONG);
    let approved = given_up.digest();
    let refusal = Refusal::OtherPending { approved };
    is_refused(scene.approve(1).join().expect("no panic"), &refusal);
    let both = [1, 2].map(|number| scene.approve_instead(number, Some(approved)));
    for one in both {
        one.join().expect("no panic").expect("signs");
    }
    asked.join().expect("no panic").expect("is signed");
}

/// Anybody who can write to the folder plays the authority.
#[test]
fn requests_and_packages_of_strangers_are_refused() {
    let scene = Scene::new();
    let subject = scene.subject(scene.header(None, 5));
    let stranger = Scene::empty();
    let forged = Request::new(scene.group().key().clone(), subject.clone());
    let text = forged.to_toml();
    let put = scene.exchange.write_bytes(REQUEST, text.as_bytes());
    put.expect("is written");
    let unsigned = ["request.toml", "not signed by the key"];
    says(scene.approve(1).join().expect("no panic"), &unsigned);
    let (exchange, theirs) = (&scene.exchange, &stranger.bureau);
    let put = |kind, key| sealed::write_text(exchange, REQUEST, kind, &text, key);
    put(Kind::Request, theirs).expect("is written");
    says(scene.approve(1).join().expect("no panic"), &unsigned);
    put(Kind::Package, &scene.bureau).expect("is written");
    says(scene.approve(1).join().expect("no panic"), &unsigned);
    let request = scene.put(&subject);
    let custodian = scene.approve(1);
    let ours = scene.commitment(&request.session, 1);
    let both = by_identifier([(1, ours), (2, ours)].into()).expect("numbers");
    let chosen = Chosen {
        session: request.session,
        package: SigningPackage::new(both, &request.subject.message()),
    };
    let name = package_file(&request.session);
    let put = sealed::write(exchange, &name, Kind::Package, &chosen, theirs);
    put.expect("is written");
    says(
        custodian.join().expect("no panic"),
        &["package.toml", "not signed by the key"],
    );
    assert_eq!(scene.open(1).newest(), None);
}

#[test]
fn the_bureaus_key_is_accepted_once() {
    let scene = Scene::new();
    let theirs = Scene::empty().bureau.verifying_key();
    says(
        scene.open(1).accept(theirs),
        &["another key of the bureau was accepted"],
    );
    let ours = scene.bureau.verifying_key();
    scene.open(1).accept(ours.clone()).expect("the same");
    assert_eq!(scene.open(1).bureau(), Some(&ours));
    let path = scene.home(1).join("custodian.toml");
    let text = fs::read_to_string(&path).expect("is there");
    let without = text.lines().filter(|line| !line.starts_with("bureau"));
    fs::write(&path, without.collect::<Vec<_>>().join("\n")).expect("is written");
    says(
        scene.approve(1).join().expect("no panic"),
        &["no key of the bureau is accepted"],
    );
}

#[test]
fn roots_that_forge_what_is_shown_are_refused() {
    let scene = Scene::new();
    let custodian = scene.open(1);
    let check = |layout: &str, params_id: &str| {
        let mut header = scene.header(None, 5);
        header.roots = vec![Root {
            curve: Curve::Bn254,
            params_id: params_id.to_owned(),
            layout: layout.to_owned(),
            root: Digest([5; 32]),
        }];
        let request = Request::new(scene.group().key().clone(), scene.subject(header));
        custodian.check(&request, None)
    };
    check("16x8+12", PARAMS_ID).expect("this software's");
    for (layout, params_id) in [("16x8+12\u{1b}[2A", PARAMS_ID), ("16x8+12", "\u{1b}[8m")] {
        says(
            check(layout, params_id),
            &["the header has a root of other"],
        );
    }
}

#[test]
fn errors_do_not_forge_lines_of_a_terminal() {
    let file = Path::new("request.toml");
    let error = CustodianError::message(file, Sender::Authority, "no `\u{1b}[2A\n`, isn't");
    assert_eq!(
        error.to_string(),
        r"`request.toml`, of the authority: no `\u{1b}[2A\n`, isn't"
    );
}

/// A package that cannot be signed would have him bound to a header that nobody has, and out of the session.
#[test]
fn packages_of_other_signers_bind_nobody_and_shut_nobody_out() {
    let scene = Scene::new();
    let request = scene.put(&scene.subject(scene.header(None, 5)));
    let name = package_file(&request.session);
    for others in [vec![], vec![4], vec![2, 3]] {
        let custodian = scene.approve(1);
        let ours = scene.commitment(&request.session, 1);
        let all = others.into_iter().chain([1]).map(|number| (number, ours));
        let commitments = by_identifier(all.collect()).expect("numbers");
        let chosen = Chosen {
            session: request.session,
            package: SigningPackage::new(commitments, &request.subject.message()),
        };
        scene.choose(&chosen);
        says(
            custodian.join().expect("no panic"),
            &["others than as many custodians as must sign"],
        );
        assert_eq!(scene.open(1).newest(), None);
        let commitment = file::<SigningCommitments>(&request.session, 1);
        assert!(!scene.exchange.has(&commitment));
        scene.exchange.remove(&name).expect("is removed");
    }
}

#[test]
fn a_share_that_somebody_planted_is_replaced() {
    let scene = Scene::new();
    let request = scene.put(&scene.subject(scene.header(None, 5)));
    let session = request.session;
    let planted = file::<SignatureShare>(&session, 1);
    let written = scene.exchange.write_bytes(&planted, b"planted");
    written.expect("is written");
    let custodian = scene.approve(1);
    let ours = scene.commitment(&session, 1);
    let key = share::open(&scene.home(2), 2, &scene.group()).expect("a share");
    let (_, theirs) = round1::commit(key.signing_share(), &mut OsRng);
    let both = by_identifier([(1, ours), (2, theirs)].into()).expect("numbers");
    let package = SigningPackage::new(both, &request.subject.message());
    scene.choose(&Chosen { session, package });
    let approved = custodian.join().expect("no panic").expect("approves");
    assert_eq!(approved, Approval::Signed);
    let share = read::<SignatureShare>(&scene.exchange, &session, 1);
    assert!(share.expect("is read").is_some());
}

#[test]
fn pipes_and_endless_waits_do_not_stop_a_custodian() {
    let scene = Scene::new();
    let pipe = scene.exchange.file(REQUEST);
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("runs").success());
    let custodian = scene.open(1);
    let endless = Duration::from_secs(u64::MAX);
    says(
        custodian.request(&scene.exchange, None, endless),
        &["request.toml", "not a file"],
    );
}

/// What is forgotten would be signed again.
fn cut_histories_are_noticed(home: &Path) {
    let path = home.join("history.toml");
    let whole = fs::read(&path).expect("is there");
    for end in 0..whole.len() - 1 {
        fs::write(&path, &whole[..end]).expect("is written");
        assert!(Custodian::open(home).is_err(), "{end} bytes");
    }
    fs::write(&path, whole).expect("is written");
}

#[test]
fn messages_of_other_sessions_and_numbers_are_named() {
    let scene = Scene::new();
    let asked = scene.ask(&scene.subject(scene.header(None, 5)), BUSY);
    let alone = scene.approve(1);
    let old = scene.request().session;
    let commitment = scene.commitment(&old, 1);
    assert!(asked.join().expect("no panic").is_err());
    alone.join().expect("no panic").expect("ends");
    let plant = |number: u16, session: SessionId, in_name: u16| {
        let asked = scene.ask(&scene.subject(scene.header(None, 5)), LONG);
        let now = scene.request().session;
        let session = if session == old { old } else { now };
        let message = Signed {
            session,
            number,
            content: commitment,
        };
        let name = file::<SigningCommitments>(&now, in_name);
        scene.exchange.write(&name, &message).expect("is written");
        asked.join().expect("no panic")
    };
    let replayed = plant(1, old, 1);
    let from = format!("of custodian 1: from another session, {old}");
    says(replayed, &[&from]);
    let other = Request::new(
        scene.group().key().clone(),
        scene.subject(scene.header(None, 1)),
    );
    says(
        plant(3, other.session, 2),
        &["of custodian 2: written by custodian 3"],
    );
    // A package of another session does not make anybody sign.
    let request = scene.put(&scene.subject(scene.header(None, 5)));
    let custodian = scene.approve(1);
    let ours = scene.commitment(&request.session, 1);
    let chosen = Chosen {
        session: old,
        package: SigningPackage::new(
            by_identifier([(1, ours), (2, ours)].into()).expect("numbers"),
            &request.subject.message(),
        ),
    };
    let name = package_file(&request.session);
    scene.choose_in(&request.session, &chosen);
    says(
        custodian.join().expect("no panic"),
        &["of the authority: from another session"],
    );
    // Another's commitment is in the way.
    let _ = scene.exchange.remove(&name);
    scene.write(request.session, 1, ours);
    says(
        scene.approve(1).join().expect("no panic"),
        &["of custodian 1: there already"],
    );
}

#[test]
fn damaged_files_are_errors_that_name_them() {
    let scene = Scene::new();
    let header = scene.subject(scene.header(None, 5));
    let request = scene.put(&header);
    let key = share::open(&scene.home(2), 2, &scene.group()).expect("a share");
    let (nonces, commitments) = round1::commit(key.signing_share(), &mut OsRng);
    scene.write(request.session, 2, commitments);
    let other = round1::commit(key.signing_share(), &mut OsRng).1;
    let all = by_identifier([(1, other), (2, commitments)].into()).expect("numbers");
    let package = SigningPackage::new(all, &header.message());
    let signed = round2::sign(&package, &nonces, &key).expect("is signed");
    scene.write(request.session, 2, signed);
    let session = request.session;
    let chosen = Chosen { session, package };
    let package_name = package_file(&session);
    scene.choose(&chosen);
    let custodian = scene.open(1);
    let damaged = |name: &str, read: &dyn Fn() -> Outcome<()>| {
        let whole = fs::read(scene.exchange.file(name)).expect("is there");
        let mut spoiled: Vec<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
        spoiled.extend((0..whole.len()).step_by(3).map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x81;
            bytes
        }));
        spoiled.push(vec![b'#'; (1 << 20) + 1]);
        for bytes in spoiled {
            fs::write(scene.exchange.file(name), &bytes).expect("is written");
            if let Err(error) = read() {
                assert!(error.to_string().contains(name), "{error}");
            } else {
                // What ends with a line may be read as less.
                let end = bytes.len();
                let ends_a_line = whole[end] == b'\n' || whole[end - 1] == b'\n';
                assert!(whole.starts_with(&bytes) && ends_a_line, "{name}");
            }
        }
        fs::write(scene.exchange.file(name), whole).expect("is written");
    };
    let request = || custodian.request(&scene.exchange, None, Duration::ZERO);
    damaged(REQUEST, &|| request().map(drop));
    let commitment = file::<SigningCommitments>(&session, 2);
    damaged(&commitment, &|| {
        read::<SigningCommitments>(&scene.exchange, &session, 2).map(drop)
    });
    let share = file::<SignatureShare>(&session, 2);
    damaged(&share, &|| {
        read::<SignatureShare>(&scene.exchange, &session, 2).map(drop)
    });
    damaged(&package_name, &|| {
        let key = scene.bureau.verifying_key();
        sealed::read::<Chosen>(&scene.exchange, &package_name, Kind::Package, &key).map(drop)
    });
    damaged(group::FILE, &|| Group::read(&scene.exchange).map(drop));
}

#[test]
fn nobody_makes_a_key_alone_or_twice() {
    let scene = Scene::empty();
    says(
        Group::read(&scene.exchange),
        &["group.toml", "taxproof custodian create"],
    );
    let two = [1, 2].map(|number| scene.create(number, BUSY));
    for one in two {
        let said = one.join().expect("no panic").map(drop);
        says(said, &["custodian 3 did not come within 5 s: commitments"]);
    }
    // They begin again in another folder.
    let again = scene.create(1, SHORT).join().expect("no panic");
    says(again.map(drop), &["round1-1.toml` is there already"]);
    let scene = Scene::new();
    let home = scene.home(4);
    let place = Place::new(1, 2, 2).expect("a place");
    let again = Custodian::create(&home, &scene.exchange, place, SHORT, &());
    says(again.map(drop), &["group.toml` is there already"]);
    let again = scene.create(1, SHORT).join().expect("no panic");
    says(again.map(drop), &["is not empty"]);
    for (number, of, threshold) in [(0, 3, 2), (4, 3, 2), (1, 3, 1), (1, 3, 4), (1, 33, 2)] {
        assert!(Place::new(number, of, threshold).is_err());
    }
}

#[test]
fn who_wants_another_key_is_named() {
    let scene = Scene::empty();
    let home = scene.home(2);
    let exchange = scene.exchange.clone();
    let place = Place::new(2, 3, 3).expect("a place");
    let other = thread::spawn(move || Custodian::create(&home, &exchange, place, SHORT, &()));
    let first = scene.create(1, LONG).join().expect("no panic");
    says(
        first.map(drop),
        &["round1-2.toml`, of custodian 2: of another number, or for another key"],
    );
    assert!(other.join().expect("no panic").is_err());
}

/// Takes the third's place, and gives the first a part of the key: the right one, or another.
fn third_by_hand(scene: &Scene, part_of_the_first: Option<[u8; 32]>) {
    let us = identifier(3).expect("a number");
    let (secret, package) = part1(us, 3, 2, OsRng).expect("two of three");
    let ours = Round1 {
        number: 3,
        of: 3,
        threshold: 2,
        recipient: Identity::generate().to_public().to_string(),
        package,
    };
    let written = scene.exchange.write(&round1_file(3), &ours);
    written.expect("is written");
    let heard = [1, 2].map(|number| {
        let read = || {
            let from = Sender::Custodian(number);
            scene.exchange.read::<Round1>(&round1_file(number), from)
        };
        let found = Wait::of(LONG).until(read).expect("is read");
        (number, found.expect("is there"))
    });
    let recipients = [&heard[0], &heard[1]].map(|(number, message)| {
        let recipient: Recipient = message.recipient.parse().expect("a recipient");
        (*number, recipient)
    });
    let packages = heard.map(|(number, message)| (number, message.package));
    let packages = by_identifier(packages.into()).expect("numbers");
    let (_, parts) = part2(secret, &packages).expect("fit");
    for (number, recipient) in recipients {
        let id = identifier(number).expect("a number");
        let mut part = parts[&id].signing_share().serialize();
        if let (1, Some(other)) = (number, part_of_the_first) {
            part = other.to_vec();
        }
        let sealed = age::encrypt(&recipient, &part).expect("is encrypted");
        let name = round2_file(3, number);
        let written = scene.exchange.write_bytes(&name, &sealed);
        written.expect("is written");
    }
}

#[test]
fn who_sends_a_wrong_part_is_named() {
    let scene = Scene::empty();
    let [first, second] = [1, 2].map(|number| scene.create(number, BUSY));
    third_by_hand(&scene, Some([1; 32]));
    says(
        first.join().expect("no panic").map(drop),
        &["custodian 3 sent a part of the key that is not what was committed to"],
    );
    says(
        second.join().expect("no panic").map(drop),
        &["custodians 1, 3 did not come within 5 s: confirmations"],
    );
    assert!(!scene.exchange.has(group::FILE));
}

/// As where somebody shows one custodian other files than the rest.
#[test]
fn who_has_another_key_is_named() {
    let scene = Scene::empty();
    let both = [1, 2].map(|number| scene.create(number, LONG));
    third_by_hand(&scene, None);
    let confirmed = || {
        let from = Sender::Custodian(1);
        scene.exchange.read::<Confirmed>(&confirmed_file(1), from)
    };
    let found = Wait::of(LONG).until(confirmed).expect("is read");
    let other = Confirmed {
        number: 3,
        digest: Digest([7; 32]),
        ..found.expect("is there")
    };
    let written = scene.exchange.write(&confirmed_file(3), &other);
    written.expect("is written");
    for one in both {
        says(
            one.join().expect("no panic").map(drop),
            &["custodian 3 made another key than this custodian"],
        );
    }
    assert!(!scene.exchange.has(group::FILE));
}

/// Everything that is ever in the folder.
#[test]
fn nothing_secret_is_in_the_exchange_folder() {
    let scene = Scene::empty();
    let all = [1, 2, 3].map(|number| scene.create(number, LONG));
    let mut seen = std::collections::BTreeSet::new();
    while !all.iter().all(JoinHandle::is_finished) {
        seen.extend(scene.files());
    }
    for one in all {
        one.join().expect("no panic").expect("has a share");
    }
    let asked = scene.ask(&scene.subject(scene.header(None, 5)), LONG);
    let both = [1, 2].map(|number| scene.approve(number));
    while !asked.is_finished() {
        seen.extend(scene.files());
    }
    asked.join().expect("no panic").expect("is signed");
    for one in both {
        one.join().expect("no panic").expect("signs");
    }
    seen.extend(scene.files());
    let names: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
    let sealed = names.iter().filter(|name| name.ends_with(".age"));
    assert!(sealed.count() >= 6, "{names:?}");
    let left = scene.files();
    assert!(!left.iter().any(|(name, _)| name.ends_with(".age")));
    for number in 1..=3 {
        let secret = fs::read(scene.home(number).join(share::FILE)).expect("is there");
        assert_eq!(secret.len(), 32);
        let text = hex::encode(&secret).into_bytes();
        for (name, bytes) in &seen {
            let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            assert!(!has(&secret) && !has(&text), "{name}");
            assert!(
                !name.starts_with("round2") || bytes.starts_with(b"age-encryption.org"),
                "{name}"
            );
        }
    }
}

#[test]
fn a_custodians_folder_is_private_and_checked() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    let home = scene.home(1);
    for name in [share::FILE, "custodian.toml", "history.toml"] {
        let meta = fs::metadata(home.join(name)).expect("is there");
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let custodian = scene.open(1);
    let shown = format!("{custodian:?}");
    let secret = fs::read(home.join(share::FILE)).expect("is there");
    assert!(!shown.contains(&hex::encode(&secret)));
    assert!(matches!(
        Custodian::open(&home),
        Err(AuthorityError::InUse(_))
    ));
    drop(custodian);
    let refuses = |home: &Path, part: &str| {
        says(Custodian::open(home).map(drop), &[part]);
    };
    let other = fs::read(scene.home(2).join(share::FILE)).expect("is there");
    fs::write(home.join(share::FILE), other).expect("is written");
    refuses(&home, "the share of another custodian");
    fs::write(home.join(share::FILE), [0xff; 32]).expect("is written");
    refuses(&home, "no share of a key");
    fs::write(home.join(share::FILE), secret).expect("is written");
    let whole = fs::read_to_string(home.join("history.toml")).expect("is there");
    for damaged in ["", &format!("{whole}pending = \"00\"")] {
        fs::write(home.join("history.toml"), damaged).expect("is written");
        refuses(&home, "no headers that were approved");
    }
    refuses(scene.exchange.path(), "is not a custodian's folder");
    assert!(identifier(0).is_err());
}
