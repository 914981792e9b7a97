//! Whoever else writes to the exchange folder, and what is written there.

use super::*;

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
fn keys_that_were_pressed_before_do_not_approve() {
    let scene = Scene::new();
    let signed = scene.signed(scene.header(None, 5));
    let header = scene.subject(signed.header.clone());
    let head = Subject::head(std::slice::from_ref(&signed)).expect("an epoch");
    assert_ne!(header.digest(), head.digest());
    for subject in [header, head] {
        let digest = subject.digest().to_string();
        let request = Request::new(scene.group().key().clone(), subject);
        let first = &digest[..20];
        for typed in [first, &digest, &format!(" {}\n", first.to_uppercase())] {
            assert!(request.is_named_by(typed), "{typed}");
        }
        let longer = format!("{digest}0");
        for typed in ["", "\n", "y\n", &first[..19], &digest[1..], &longer] {
            assert!(!request.is_named_by(typed), "{typed}");
        }
    }
}

#[test]
fn errors_do_not_forge_lines_of_a_terminal() {
    let file = Path::new("request.toml");
    let error = CustodianError::message(file, Sender::Authority, "no `\u{1b}[2A\n`, isn't");
    assert_eq!(
        error.to_string(),
        r"`request.toml`, of the authority or whoever wrote in its name: no `\u{1b}[2A\n`, isn't"
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
    let planted = file::<Share>(&session, 1);
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
    let share = read::<Share>(&scene.exchange, &session, 1);
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
    let from = format!("from another session, {old}");
    says(
        replayed,
        &["of custodian 1 or whoever wrote in that name: ", &from],
    );
    let other = Request::new(
        scene.group().key().clone(),
        scene.subject(scene.header(None, 1)),
    );
    says(
        plant(3, other.session, 2),
        &["of custodian 2 or", "written by custodian 3"],
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
        &["of the authority or", "from another session"],
    );
    // Another's commitment is in the way.
    let _ = scene.exchange.remove(&name);
    scene.write(request.session, 1, ours);
    says(
        scene.approve(1).join().expect("no panic"),
        &["of custodian 1 or", "there already"],
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
    let signed = Share {
        package: Digest([7; 32]),
        share: round2::sign(&package, &nonces, &key).expect("is signed"),
    };
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
                let said = error.to_string();
                assert!(said.contains(name) || said.contains(OTHER_KEY), "{said}");
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
    let share = file::<Share>(&session, 2);
    damaged(&share, &|| {
        read::<Share>(&scene.exchange, &session, 2).map(drop)
    });
    damaged(&package_name, &|| {
        let key = scene.bureau.verifying_key();
        sealed::read::<Chosen>(&scene.exchange, &package_name, Kind::Package, &key).map(drop)
    });
    for name in [round1_file(2), confirmed_file(3)] {
        damaged(&name, &|| Group::read(&scene.exchange).map(drop));
    }
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
    let settings = fs::read_to_string(home.join("custodian.toml")).expect("is there");
    let key = scene.group().key().to_string();
    let bureau = scene.bureau.verifying_key().to_string();
    for (from, to, why) in [
        (
            "\nthreshold = 2",
            "\nthreshold = 3",
            "the public shares are not",
        ),
        ("\nof = 3", "\nof = 2", "the public shares are not"),
        (&key, &bureau, "the key is another than"),
    ] {
        assert!(settings.contains(from), "{settings}");
        let spoiled = settings.replace(from, to);
        fs::write(home.join("custodian.toml"), spoiled).expect("is written");
        refuses(&home, why);
    }
    fs::write(home.join("custodian.toml"), settings).expect("is written");
    refuses(scene.exchange.path(), "is not a custodian's folder");
    fs::remove_file(home.join("history.toml")).expect("is removed");
    refuses(&home, "`taxproof custodian restart` begins again");
    assert!(identifier(0).is_err());
}
