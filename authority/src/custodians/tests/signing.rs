//! What is signed, and by whom.

use super::*;

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
            "the bureau has no signature",
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
    let package = scene.package(&request.session);
    let share = SignatureShare::deserialize(&[1; 32]).expect("a scalar");
    scene.write(request.session, 2, Share { package, share });
    let refused = asked.join().expect("no panic");
    says(
        refused,
        &["custodian 2, or whoever wrote in that name, gave a wrong share"],
    );
}

/// Whoever has the bureau's own key sends honest custodians other packages: they are not to blame.
#[test]
fn a_share_for_another_package_is_not_taken_for_a_wrong_one() {
    let scene = Scene::new();
    let asked = scene.ask(&scene.subject(scene.header(None, 5)), LONG);
    let honest = scene.approve(1);
    let request = scene.request();
    let key = share::open(&scene.home(2), 2, &scene.group()).expect("a share");
    let (_, commitments) = round1::commit(key.signing_share(), &mut OsRng);
    scene.write(request.session, 2, commitments);
    honest.join().expect("no panic").expect("signs");
    let share = SignatureShare::deserialize(&[1; 32]).expect("a scalar");
    let package = Digest([7; 32]);
    scene.write(request.session, 2, Share { package, share });
    says(
        asked.join().expect("no panic"),
        &["of custodian 2 or", "for a package that was not sent"],
    );
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
