//! Presentations that are handed in one by one and wait for each other: each has its own answer.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::future::join_all;
use taxproof_verifier::bank::{Bank, Decision, Refusal, Standing};
use taxproof_verifier::presentation::InvalidReason;

use crate::world::{Asked, World};

async fn limit(world: &World) -> Asked {
    world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await
}

fn is_decided(answer: &Result<Decision, Refusal>) -> bool {
    matches!(answer, Ok(Decision::Decided { .. }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_have_their_own_answers() {
    let world = World::new().await;
    let mut asked = Vec::new();
    for _ in 0..24 {
        asked.push(limit(&world).await);
    }
    let mut presentations: Vec<_> = asked.iter().map(Asked::present).collect();
    // A proof of something else, and a pseudonym that the proof is not about.
    presentations[5].proof = presentations[6].proof.clone();
    presentations[17].pseudonym.0[31] ^= 1;
    let mut sealed: Vec<_> = presentations.iter().map(|p| world.seal(p)).collect();
    sealed[9] = vec![7; 300];
    // The same again, and a rival.
    sealed.push(world.seal(&presentations[0]));
    sealed.push(world.seal(&asked[1].present()));

    let submit = |sealed: Vec<u8>| {
        let bank: Arc<Bank> = Arc::clone(&world.bank);
        tokio::spawn(async move { bank.submit(sealed, "").await })
    };
    let answers = join_all(sealed.into_iter().map(submit)).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    for (i, answer) in answers.iter().enumerate().take(24) {
        match i {
            5 | 17 => {
                let Ok(Decision::Invalid { request, reason }) = answer else {
                    panic!("{i}: {answer:?}");
                };
                assert_eq!(*request, presentations[i].request);
                assert_eq!(*reason, InvalidReason::ProofWrong);
            }
            9 => assert!(matches!(answer, Err(Refusal::Sealed(_))), "{answer:?}"),
            // One of the rivals decided it.
            1 => assert!(is_decided(answer) != is_decided(&answers[25])),
            _ => {
                let Ok(Decision::Decided { kept, .. }) = answer else {
                    panic!("{i}: {answer:?}");
                };
                assert_eq!(kept.signed.receipt.presentation, presentations[i]);
            }
        }
    }
    assert_eq!(answers[24].as_ref().unwrap(), answers[0].as_ref().unwrap());
    let chain = world.bank.audit().await.unwrap().unwrap();
    assert_eq!(chain.length(), 21);
}

/// A caller who goes before its turn: its presentation decides nothing, and others go on.
#[tokio::test]
async fn what_nobody_waits_for_is_not_begun() {
    let world = World::new().await;
    let (gone, stays) = (limit(&world).await, limit(&world).await);
    let mut call = Box::pin(world.bank.submit(world.seal(&gone.present()), ""));
    let begun = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(begun, Poll::Pending));
    drop(call);
    let decided = world.bank.submit(world.seal(&stays.present()), "").await;
    assert!(is_decided(&decided), "{decided:?}");
    let id = gone.request.digest().to_string();
    let standing = world.bank.standing(&id).await.unwrap();
    assert_eq!(standing, Standing::Open);
}
