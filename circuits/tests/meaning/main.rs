//! What policies and numbers mean, held against a second evaluator that shares no code with ours:
//! `tests/reference`, written in Python from the documents. And what must stay the same when a policy
//! and a record are changed together.
//!
//! `TAXPROOF_CASES=40000` runs so many cases of each kind instead of those of the gate.

mod metamorphic;
mod numbers;
mod policies;
mod reference;
mod statement;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseResult, TestError, TestRunner};

/// Checks so many cases in the gate, or as many as the environment asks for; a case that fails is made
/// as small as it can be, and must say itself what it is.
fn hold<S: Strategy>(cases: u32, drawn: &S, check: impl Fn(S::Value) -> TestCaseResult) {
    match runner(cases).run(drawn, check) {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{}", reason.message()),
        Err(TestError::Abort(reason)) => panic!("given up: {}", reason.message()),
    }
}

fn runner(cases: u32) -> TestRunner {
    let asked = std::env::var("TAXPROOF_CASES").ok();
    let cases = asked.map_or(cases, |n| n.parse().expect("`TAXPROOF_CASES` is a number"));
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 5000,
        ..Config::default()
    })
}
