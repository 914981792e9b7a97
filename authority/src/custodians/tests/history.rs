//! What a custodian must not sign after what he signed.

use super::*;

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
    let back = |header: &mut EpochHeader| header.time = second.time - 1;
    assert_eq!(refused(&back), Refusal::TimeGoesBack);
    let before = "2023Q2".parse().expect("a quarter");
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
    let mut foreign = first.clone();
    foreign.authority = "jiangsu".parse().expect("a name");
    says(
        check(Subject::Header(foreign, None)),
        &["of `jiangsu`, and the key was made for `zhejiang`"],
    );
    let mut unsigned = scene.signed(first.clone());
    unsigned.signature.0[5] ^= 1;
    let forged = Subject::Header(second.clone(), Some(unsigned));
    says(check(forged), &["is not signed by the key"]);
    says(
        check(Subject::Header(second.clone(), None)),
        &["the header before this one"],
    );
    let mut early = second.clone();
    early.newest_period = "2023Q4".parse().expect("a quarter");
    says(
        check(scene.subject(early)),
        &["2023Q4, is not over on the day"],
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

/// A log of some entries, with a head over others or the same.
fn log(
    scene: &Scene,
    entries: &[SignedEpochHeader],
    head: &[SignedEpochHeader],
) -> LogReader<Folder> {
    let path = scene.folder.path().join("log");
    let _ = fs::remove_dir_all(&path);
    let bytes: Vec<_> = entries.iter().map(SignedEpochHeader::encode).collect();
    let files = LogFolder::new(path.clone());
    files.append(0, &bytes).expect("is written");
    let Some(Subject::Head(head)) = Subject::head(head) else {
        panic!("no epoch");
    };
    let (size, root) = (head.size(), head.checkpoint().root);
    let key = LogKey::new(&authority().log_origin(), scene.group().key().clone());
    let sign = |text: &[u8]| Ok::<_, ()>(scene.signature(text));
    let note = Checkpoint::sign_with(&key.expect("a name"), size, root, sign);
    files
        .publish(&note.expect("is signed"))
        .expect("is written");
    LogReader::new(Folder::new(path))
}

#[test]
fn a_lost_history_begins_again_from_the_log_and_from_no_other() {
    let scene = Scene::new();
    let one = scene.signed(scene.header(None, 5));
    let two = scene.signed(scene.header(Some(&one.header), 6));
    let other = scene.signed(scene.header(Some(&one.header), 7));
    let mut unsigned = two.clone();
    unsigned.signature.0[3] ^= 1;
    let home = scene.home(1);
    let restart = |log: &LogReader<Folder>| Custodian::restart(&home, log, 2).map(drop);
    let history = [one.clone(), two.clone()];
    says(
        restart(&log(&scene, &history, &history)),
        &["who has a history"],
    );
    fs::remove_file(home.join("history.toml")).expect("is removed");
    let unsigned = [one.clone(), unsigned];
    says(
        restart(&log(&scene, &unsigned, &unsigned)),
        &["has not signed"],
    );
    let old = [one.clone()];
    says(
        restart(&log(&scene, &old, &old)),
        &["the log's head is at epoch 1, and not at 2"],
    );
    let turned = [two.clone(), one.clone()];
    says(restart(&log(&scene, &turned, &turned)), &["has not signed"]);
    let forged = [one.clone(), other.clone()];
    says(
        restart(&log(&scene, &forged, &history)),
        &["not those of the checkpoint"],
    );
    let elsewhere = Scene::new();
    says(restart(&log(&elsewhere, &history, &history)), &["sign"]);
    let nothing = LogReader::new(Folder::new(scene.folder.path().join("no log")));
    says(restart(&nothing), &["the log has 0 entries"]);
    assert!(!home.join("history.toml").exists());

    restart(&log(&scene, &history, &history)).expect("goes on");
    let custodian = scene.open(1);
    assert_eq!(custodian.newest(), Some(2));
    let check = |subject| {
        let request = Request::new(scene.group().key().clone(), subject);
        custodian.check(&request, None)
    };
    says(
        check(scene.subject(other.header)),
        &["another header of epoch 2"],
    );
    says(
        check(Subject::head(&forged).expect("epochs")),
        &["does not continue"],
    );
    let third = scene.header(Some(&two.header), 8);
    check(scene.subject(third)).expect("goes on");
    // Another signature of what is in the log would make another entry of it.
    says(
        check(scene.subject(two.header.clone())),
        &["older backup of the bureau's folder"],
    );
}
