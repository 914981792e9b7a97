//! `taxproof research soundness`: which rows it takes. What it finds is in `examination`.

use std::process::{Command, Output};

fn soundness(rows: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_taxproof"))
        .args(["research", "soundness", "--shape", "Q16"])
        .arg(format!("--rows={rows}"))
        .output()
        .unwrap()
}

/// Refused without a panic, and in words that name the option and the right form.
#[track_caller]
fn is_refused(rows: &str, exit: i32, words: &[&str]) {
    let output = soundness(rows);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{rows:?}: {said}");
    assert!(output.stdout.is_empty() && !said.contains("panicked"));
    for word in words {
        assert!(said.contains(word), "{rows:?}: {said}");
    }
}

#[test]
fn rows_that_are_none_are_refused() {
    for rows in [
        "",
        "..",
        "5",
        "5..",
        "..5",
        "5..5",
        "9..5",
        "5...9",
        "5..=9",
        "-5..9",
        "a..b",
        "0..1..2",
        "0..99999999999999999999999",
    ] {
        let form = "two numbers with `..` between them, the second one larger";
        is_refused(rows, 2, &["--rows <FROM..TO>", form]);
    }
    is_refused(
        "20000..20005",
        1,
        &["15765 constraints", "none of 20000..20005"],
    );
}
