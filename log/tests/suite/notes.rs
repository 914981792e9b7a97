//! Notes and keys: one form, and nothing that was not signed.

use proptest::prelude::*;
use taxproof_claims::digest::Profile;
use taxproof_claims::signature::SigningKey;
use taxproof_log::{
    Checkpoint, CheckpointError, Fork, InclusionProof, LogKey, MAX_NOTE, Note, NoteError, Quorum,
    Submission, WitnessKey,
};

use crate::{Log, entries};

#[test]
fn keys_have_one_text() {
    for profile in Profile::ALL {
        let key = LogKey::new(
            "bureau.example/log",
            SigningKey::random(profile).unwrap().verifying_key(),
        );
        let text = key.clone().unwrap().to_string();
        assert_eq!(text.parse(), key);
        assert!(
            text.parse::<WitnessKey>().is_err(),
            "a log's key is no witness's"
        );
        for bad in [
            text.replacen("bureau", "buro", 1),
            text.replacen('+', "++", 1),
            text.to_uppercase(),
            format!("{text}="),
            format!(" {text}"),
        ] {
            assert!(bad.parse::<LogKey>().is_err(), "{bad}");
        }
    }
    let sm2 = SigningKey::random(Profile::Sm).unwrap().verifying_key();
    assert!(WitnessKey::new("witness", sm2).is_err());
    let ed25519 = SigningKey::random(Profile::International)
        .unwrap()
        .verifying_key();
    for name in ["", "a b", "a+b", "a\u{2003}b", "a\nb"] {
        assert!(LogKey::new(name, ed25519.clone()).is_err(), "{name}");
    }
}

#[test]
fn every_flipped_bit_of_a_checkpoint_is_noticed() {
    for profile in Profile::ALL {
        let mut log = Log::new(profile);
        let note = log.grow(&entries(0..3)).to_string();
        let quorum = Quorum::of(log.key.clone());
        for bit in 0..note.len() * 8 {
            let mut bytes = note.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let accepted = String::from_utf8(bytes).ok().and_then(|text| {
                let note: Note = text.parse().ok()?;
                quorum.accept(&note).ok()
            });
            assert_eq!(accepted, None, "{profile} bit {bit}");
        }
    }
}

#[test]
fn a_forged_line_refuses_the_note_and_a_strange_one_does_not() {
    let mut log = Log::new(Profile::International);
    let mut note = log.grow(&entries(0..3));
    let quorum = Quorum::of(log.key.clone());
    let mut line = note.signatures()[0].clone();
    line.name = "stranger.example".to_owned();
    note.add(line);
    assert!(quorum.accept(&note).is_ok());
    let mut forged = note.signatures()[0].clone();
    forged.signature[0] ^= 1;
    note.add(forged);
    assert_eq!(
        quorum.accept(&note),
        Err(CheckpointError::Forged(crate::ORIGIN.to_owned()))
    );
}

#[test]
fn one_key_does_not_speak_for_another_log() {
    let mut log = Log::new(Profile::Sm);
    let note = log.grow(&entries(0..3));
    let text = note.text().replace("zhejiang", "jiangsu");
    // Signed by the right key, under the right name, about another log.
    let other = Note::new(&text, log.key.sign(&log.secret, &text)).unwrap();
    let refused = Quorum::of(log.key.clone()).accept(&other);
    assert!(
        matches!(refused, Err(CheckpointError::Origin { .. })),
        "{refused:?}"
    );
}

#[test]
fn what_is_no_note_is_refused() {
    let line = "\u{2014} name AAAAAAAA\n";
    let control = format!("text\t\n\n{line}");
    assert_eq!(control.parse::<Note>(), Err(NoteError::Control));
    let long = format!("{}\n\n{line}", "x".repeat(MAX_NOTE));
    assert_eq!(long.parse::<Note>(), Err(NoteError::Long));
    let many = format!("text\n\n{}", line.repeat(65));
    assert_eq!(many.parse::<Note>(), Err(NoteError::Long));
    for parts in [
        "",
        "\n\n",
        "text\n",
        "text\n\n",
        &format!("\n\n{line}"),
        &format!("text\n\n{}", line.trim_end()),
    ] {
        assert_eq!(parts.parse::<Note>(), Err(NoteError::Parts), "{parts:?}");
    }
    for bad in [
        "\u{2014} name AAAAAAA",
        "\u{2014}  AAAAAAAA",
        "\u{2014} name AAAA",
        "\u{2014} na+me AAAAAAAA",
        "name AAAAAAAA",
    ] {
        let refused = format!("text\n\n{bad}\n").parse::<Note>();
        assert!(
            matches!(refused, Err(NoteError::Signature(_))),
            "{bad}: {refused:?}"
        );
    }
}

#[test]
fn checkpoints_have_one_text() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let good = format!("example.com/log\n20\n{root}\n");
    assert_eq!(good.parse::<Checkpoint>().unwrap().to_string(), good);
    let extended = format!("{good}more\n");
    assert_eq!(extended.parse::<Checkpoint>().unwrap().extension, "more\n");
    for bad in [
        format!("\n20\n{root}\n"),
        format!("log\n020\n{root}\n"),
        format!("log\n+20\n{root}\n"),
        format!("log\n20 \n{root}\n"),
        format!("log\n20\n{root}"),
        format!("log\n20\n{}\n", &root[..40]),
        format!("log\n20\n{root}\n\n"),
        format!("log\n20\n{root}\nmore"),
        format!("log\n20\n{root}\n\nmore\n"),
    ] {
        assert!(bad.parse::<Checkpoint>().is_err(), "{bad:?}");
    }
}

proptest! {
    /// Whatever is read is written as it was read.
    #[test]
    fn readers_take_one_form(text in "(c2sp.org/tlog-proof@v1\nindex |old |taxproof.log/fork@v1\n)?[0-9A-Za-z \n\u{2014}+/=]{0,120}") {
        if let Ok(note) = text.parse::<Note>() {
            prop_assert_eq!(note.to_string(), text.clone());
        }
        if let Ok(proof) = text.parse::<InclusionProof>() {
            prop_assert_eq!(proof.to_string(), text.clone());
        }
        if let Ok(submission) = text.parse::<Submission>() {
            prop_assert_eq!(submission.to_string(), text.clone());
        }
        if let Ok(fork) = text.parse::<Fork>() {
            prop_assert_eq!(fork.to_string(), text);
        }
    }
}
