//! How a key is made, and which one a bureau takes.

use super::*;

/// Whoever writes to the folder, after the custodians made their key and before the bureau begins.
#[test]
fn a_bureau_takes_no_key_that_was_not_confirmed_and_no_other_authoritys() {
    let scene = Scene::new();
    assert_eq!(scene.group(), *scene.open(1).group());
    let other = Scene::new();
    let moved = |name: &str| {
        let bytes = fs::read(other.exchange.file(name)).expect("is there");
        let ours = fs::read(scene.exchange.file(name)).expect("is there");
        fs::write(scene.exchange.file(name), bytes).expect("is written");
        says(Group::read(&scene.exchange), &[OTHER_KEY]);
        fs::write(scene.exchange.file(name), ours).expect("is written");
    };
    moved(&round1_file(2));
    moved(&confirmed_file(3));
    let spoiled = |name: &str, from: &str, to: &str, why: &str| {
        let ours = fs::read_to_string(scene.exchange.file(name)).expect("is there");
        assert!(ours.contains(from), "{ours}");
        let text = ours.replace(from, to);
        fs::write(scene.exchange.file(name), text).expect("is written");
        says(Group::read(&scene.exchange), &[name, why]);
        fs::write(scene.exchange.file(name), ours).expect("is written");
    };
    let first = round1_file(1);
    spoiled(
        &first,
        "threshold = 2",
        "threshold = 3",
        "another threshold",
    );
    spoiled(&first, "threshold = 2", "threshold = 1", "for no key");
    spoiled(&first, "of = 3", "of = 4", "");
    spoiled(&round1_file(2), "of = 3", "of = 2", "for another authority");
    spoiled(
        &confirmed_file(2),
        "number = 2",
        "number = 1",
        "of another number",
    );
    let theirs = "jiangsu".parse().expect("a name");
    says(
        CustodianKey::of_exchange(&scene.exchange, SHORT, &theirs).map(drop),
        &["made the key for `zhejiang`, not for `jiangsu`"],
    );
    scene
        .exchange
        .remove(&confirmed_file(3))
        .expect("is removed");
    says(
        Group::read(&scene.exchange),
        &["confirmed-3.toml", "taxproof custodian create"],
    );
}

#[test]
fn nobody_makes_a_key_alone_or_twice() {
    let scene = Scene::empty();
    says(
        Group::read(&scene.exchange),
        &["round1-1.toml", "taxproof custodian create"],
    );
    let two = [1, 2].map(|number| scene.create(number, BUSY));
    for one in two {
        let said = one.join().expect("no panic").map(drop);
        says(said, &["custodian 3 did not come within 5 s: commitments"]);
    }
    // They begin again in other folders.
    says(
        Custodian::open(&scene.home(1)).map(drop),
        &["is not a custodian's folder"],
    );
    let again = scene.create(1, SHORT).join().expect("no panic");
    says(again.map(drop), &["round1-1.toml` is there already"]);
    let scene = Scene::new();
    let home = scene.home(4);
    let again = Custodian::create(&home, &scene.exchange, &place(1, 2, 2), SHORT, &());
    says(again.map(drop), &["round1-1.toml` is there already"]);
    let more = Custodian::create(&home, &scene.exchange, &place(4, 4, 3), SHORT, &());
    says(more.map(drop), &["round1-1.toml", "for another authority"]);
    let again = scene.create(1, SHORT).join().expect("no panic");
    says(again.map(drop), &["is not empty"]);
    // Half of them or fewer could sign two histories.
    for (number, of, threshold) in [
        (0, 3, 2),
        (4, 3, 2),
        (1, 1, 1),
        (1, 3, 1),
        (1, 3, 4),
        (1, 4, 2),
        (1, 33, 17),
        (1, u16::MAX, u16::MAX),
    ] {
        let refused = Place::new(authority(), number, of, threshold);
        let said = refused.expect_err("no place").to_string();
        assert!(said.contains("more than half"), "{said}");
    }
}

#[test]
fn who_wants_another_key_is_named() {
    let scene = Scene::empty();
    let home = scene.home(2);
    let exchange = scene.exchange.clone();
    let place = place(2, 3, 3);
    let other = thread::spawn(move || Custodian::create(&home, &exchange, &place, SHORT, &()));
    let first = scene.create(1, LONG).join().expect("no panic");
    says(
        first.map(drop),
        &[
            "round1-2.toml`, of custodian 2 or",
            "another authority, number or threshold",
        ],
    );
    assert!(other.join().expect("no panic").is_err());
}

/// Takes the third's place, and gives the first a part of the key: the right one, or another.
fn third_by_hand(scene: &Scene, part_of_the_first: Option<[u8; 32]>) {
    let us = identifier(3).expect("a number");
    let (secret, package) = part1(us, 3, 2, OsRng).expect("two of three");
    let ours = Round1 {
        number: 3,
        plan: Plan {
            authority: authority(),
            of: 3,
            threshold: 2,
        },
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
        &["custodian 3, or whoever wrote in that name, sent a part of the key"],
    );
    says(
        second.join().expect("no panic").map(drop),
        &["custodians 1, 3 did not come within 5 s: confirmations"],
    );
    // The second kept a share of a key that not all have.
    says(
        Custodian::open(&scene.home(2)).map(drop),
        &["was not confirmed by all custodians"],
    );
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
            &["custodian 3 confirmed another key than"],
        );
    }
    for number in [1, 2] {
        says(
            Custodian::open(&scene.home(number)).map(drop),
            &["was not confirmed by all custodians"],
        );
    }
}
