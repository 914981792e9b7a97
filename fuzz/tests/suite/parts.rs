//! How inputs are taken apart and mutated.

use std::collections::HashSet;

use taxproof_fuzz::input::{Input, chosen, part, short, text};
use taxproof_fuzz::mutation::{Numbers, mutate};

use crate::alone;

#[test]
fn inputs_are_taken_apart_as_they_were_put_together() {
    let _alone = alone();
    let bytes = chosen(7, [part(b"long"), short(b"s"), b"rest".to_vec()].concat());
    let mut input = Input::new(&bytes);
    let begun = (input.byte(), input.part(), input.short());
    assert_eq!(begun, (7, &b"long"[..], &b"s"[..]));
    assert_eq!(input.rest(), b"rest");
    let mut input = Input::new(&[1]);
    let ended = (input.u64(), input.byte(), input.is_empty());
    assert_eq!(ended, (1 << 56, 0, true));
    assert_eq!(text(b"ab\xffcd"), "ab");
}

#[test]
fn choices_are_bytes_or_large() {
    let _alone = alone();
    let mut choices = Input::new(&[3, 255, 0, 1, 0, 0, 9]).choices();
    assert_eq!(choices.below(10), 3);
    assert_eq!(choices.below(1 << 20), 1 << 16);
    assert_eq!(choices.below(10), 9);
}

#[test]
fn mutations_are_many_and_the_same_each_time() {
    let _alone = alone();
    let inputs = [
        (0..100).collect(),
        b"an input of some length".to_vec(),
        Vec::new(),
    ];
    let run = || -> Vec<Vec<u8>> {
        let mut numbers = Numbers::new(1);
        (0..1000).map(|_| mutate(&inputs, &mut numbers)).collect()
    };
    let mutated = run();
    assert_eq!(mutated, run());
    let different: HashSet<_> = mutated.iter().collect();
    assert!(different.len() > 700, "{}", different.len());
}

#[test]
fn nothing_to_begin_with_is_enough() {
    let _alone = alone();
    let mut numbers = Numbers::new(2);
    for _ in 0..100 {
        assert!(mutate(&[], &mut numbers).len() < 1000);
    }
}
