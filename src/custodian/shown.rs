//! What a custodian sees before he approves.

use std::fmt::Write as _;

use taxproof_authority::custodians::{Custodian, Head, Subject};
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::EpochHeader;

/// A request in words.
pub(super) fn request(subject: &Subject, custodian: &Custodian) -> String {
    let mut text = String::new();
    match subject {
        Subject::Header(header, _) => {
            line(&mut text, "to sign", "the header of an epoch");
            epoch(&mut text, header);
        }
        Subject::Head(head) => {
            line(&mut text, "to sign", "the head of the log of epochs");
            log(&mut text, head, subject.digest());
            if !custodian.knows(subject) {
                // Others signed it: this custodian judges it now.
                line(&mut text, "newest", "an epoch that others approved");
                epoch(&mut text, &head.entry().header);
            }
        }
    }
    let before = match custodian.newest() {
        None => "nothing: of what went before, only that the key signed it is checked".to_owned(),
        Some(newest) => format!("epochs up to {newest}"),
    };
    line(&mut text, "approved", &before);
    text
}

fn epoch(text: &mut String, header: &EpochHeader) {
    line(text, "authority", header.authority.as_str());
    line(text, "epoch", &header.epoch.to_string());
    let time = i64::try_from(header.time).ok();
    let time = time.and_then(|time| jiff::Timestamp::from_second(time).ok());
    let time = time.map_or_else(|| header.time.to_string(), |time| time.to_string());
    line(text, "time", &time);
    line(text, "newest", &header.newest_period.to_string());
    line(text, "enterprises", &header.leaves.to_string());
    for root in &header.roots {
        let of = [&root.layout, &root.params_id].map(|text| text.escape_debug().to_string());
        let of = format!("{} {} {}", root.root, root.curve, of.join(" "));
        line(text, "root", &of);
    }
    line(text, "schema", &header.schema.to_string());
    line(text, "previous", &header.previous.to_string());
    line(text, "digest", &header.digest().to_string());
}

fn log(text: &mut String, head: &Head, root: Digest) {
    let checkpoint = head.checkpoint();
    line(text, "origin", &checkpoint.origin);
    line(text, "size", &checkpoint.size.to_string());
    line(text, "root", &root.to_string());
    line(
        text,
        "last epoch",
        &head.entry().header.digest().to_string(),
    );
}

fn line(text: &mut String, name: &str, value: &str) {
    writeln!(text, "{name:<11} {value}").expect("a text takes everything");
}
