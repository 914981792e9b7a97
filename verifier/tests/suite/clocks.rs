//! Clocks that jump: nothing that has ended or has not begun is accepted, and no chain breaks.

use std::sync::atomic::Ordering;

use taxproof_verifier::bank::{Bank, Clock, Decision, NewRequest, NotReady, Refusal, Untimely};
use taxproof_verifier::config::Folder;
use taxproof_verifier::presentation::InvalidReason;

use crate::world::{Asked, EPOCH_TIME, NOW, World};

async fn limit(world: &World) -> Asked {
    world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await
}

impl World {
    async fn answer(&self, asked: &Asked) -> Result<Decision, Refusal> {
        self.bank.submit(self.seal(&asked.present()), "").await
    }

    fn set(&self, time: u64) {
        self.now.store(time, Ordering::Relaxed);
    }

    /// The same bank in a process that begins at some time.
    async fn restarted(&self, time: u64) -> std::sync::Arc<Bank> {
        let folder = Folder::open(&self.folder.path().join("bank.toml")).unwrap();
        let bank = Bank::open(folder, Clock::of(move || time)).await;
        std::sync::Arc::new(bank.unwrap())
    }
}

fn reason(decision: Result<Decision, Refusal>) -> InvalidReason {
    match decision {
        Ok(Decision::Invalid { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_decides_nothing_until_it_is_right() {
    let world = World::new().await;
    let (first, second) = (limit(&world).await, limit(&world).await);
    let presentation = first.present();
    world.set(NOW + 600);
    let decided = world.bank.submit(world.seal(&presentation), "").await;
    let decided = decided.unwrap();

    world.set(NOW - 1_000_000);
    let went_back = |refusal: &Refusal| matches!(refusal, Refusal::ClockWentBack { .. });
    assert!(went_back(&world.answer(&second).await.unwrap_err()));
    let new = NewRequest {
        policy: "ccb-limit".to_owned(),
        parameters: [("requested_amount".to_owned(), "500,000".to_owned())].into(),
        purpose: "a loan".to_owned(),
        ..NewRequest::default()
    };
    let refused = world.bank.create_request(new.clone()).await;
    assert!(went_back(&refused.unwrap_err()));
    assert_eq!(world.bank.readiness().await, Err(NotReady::Clock));
    // What was decided stays so, and what would be a replay stays one.
    let again = world.bank.submit(world.seal(&presentation), "").await;
    assert_eq!(again.unwrap(), decided);
    let replay = world.answer(&first).await;
    assert!(matches!(replay, Err(Refusal::NotDecided(_))));

    // As far as clocks differ, time stands still; then it goes on.
    world.set(NOW + 400);
    assert!(matches!(
        world.answer(&second).await,
        Ok(Decision::Decided { .. })
    ));
    world.set(NOW + 700);
    assert_eq!(world.bank.readiness().await, Ok(()));
    world.bank.create_request(new).await.unwrap();
    assert_eq!(world.bank.audit().await.unwrap().unwrap().length(), 2);
}

/// A request that has ended does not come back to life with the clock.
#[tokio::test]
async fn a_request_that_has_ended_stays_so_when_the_clock_goes_back() {
    let world = World::new().await;
    let asked = limit(&world).await;
    world.set(NOW + 1800);
    assert_eq!(reason(world.answer(&asked).await), InvalidReason::Expired);
    for back in [NOW + 1700, NOW + 10] {
        world.set(back);
        match world.answer(&asked).await {
            Ok(decision) => assert_eq!(reason(Ok(decision)), InvalidReason::Expired),
            Err(refusal) => assert!(matches!(refusal, Refusal::ClockWentBack { .. })),
        }
    }
}

#[tokio::test]
async fn a_clock_that_goes_ahead_ends_requests_and_a_restart_takes_the_right_one() {
    let world = World::new().await;
    let asked = limit(&world).await;
    world.set(u64::MAX / 4);
    assert_eq!(reason(world.answer(&asked).await), InvalidReason::Expired);
    assert_eq!(
        world.bank.readiness().await,
        Err(NotReady::Untimely(Untimely::Old))
    );
    // Which time is right, only a person can say: who starts the service again does.
    world.set(NOW + 60);
    assert!(matches!(
        world.answer(&asked).await,
        Err(Refusal::ClockWentBack { .. })
    ));
    let bank = world.restarted(NOW + 60).await;
    let decided = bank.submit(world.seal(&asked.present()), "").await;
    assert!(matches!(decided, Ok(Decision::Decided { .. })));
    assert_eq!(bank.audit().await.unwrap().unwrap().length(), 1);
}

/// A process that begins with a clock that is behind has nothing to compare it with, but what the
/// bank and the authorities said.
#[tokio::test]
async fn what_is_of_the_future_is_not_accepted() {
    let world = World::new().await;
    let asked = limit(&world).await;
    let sealed = || world.seal(&asked.present());
    let before_the_request = world.restarted(EPOCH_TIME + 10).await;
    assert_eq!(
        reason(before_the_request.submit(sealed(), "").await),
        InvalidReason::NotYetValid
    );
    let before_the_epoch = world.restarted(EPOCH_TIME - 1000).await;
    assert_eq!(
        reason(before_the_epoch.submit(sealed(), "").await),
        InvalidReason::EpochInFuture
    );
    assert_eq!(
        before_the_epoch.readiness().await,
        Err(NotReady::Untimely(Untimely::Early))
    );
    let proof = world
        .authority
        .logged(std::slice::from_ref(&world.epoch), 0, 0);
    let added = before_the_epoch
        .add_epoch(&world.epoch.encode(), proof)
        .await;
    assert!(matches!(added, Err(Refusal::Untimely(Untimely::Early))));
    // As far as clocks differ, it is.
    let close = world.restarted(NOW - 200).await;
    let decided = close.submit(sealed(), "").await;
    assert!(
        matches!(decided, Ok(Decision::Decided { .. })),
        "{decided:?}"
    );
}
