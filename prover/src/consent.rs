//! What an applicant is shown before anything is proven: who asks, why, what exactly, and what the
//! bank learns.
//!
//! The wallet compiles and explains the policy itself. What the bank wrote (its purpose, the
//! policy's title) is shown as a [`Quotation`], and nothing else on the screen is the bank's.

use std::fmt::Write as _;

use taxproof_claims::date::Date;
use taxproof_claims::key::{KeyHeader, Provenance};
use taxproof_claims::period::Period;
use taxproof_claims::policy::Explanation;

use crate::question::Question;
use crate::quotation::Quotation;

/// Columns of a quoted line.
const QUOTED_COLUMNS: usize = 74;
/// Columns of the screen.
const COLUMNS: usize = 100;

/// What the applicant lets the bank learn besides what the policy asks of everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disclosure {
    /// If the claim is false: send a proof that says so, and name those of these rules that failed.
    /// `None`: send nothing.
    pub failed_rules: Option<Vec<String>>,
    /// Tell the score's band; if the claim is false, send a proof that says so, with the band.
    pub band: bool,
}

impl Disclosure {
    /// Whether the bank may learn that the claim is false: each consent says something of those
    /// who fail, and without any nothing is sent.
    pub const fn tells_failure(&self) -> bool {
        self.failed_rules.is_some() || self.band
    }
}

/// Something that is disclosed only by a consent of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionalDisclosure {
    /// In words.
    pub what: String,
    /// The flag by which it is agreed to.
    pub flag: &'static str,
    /// Whether it was agreed to.
    pub agreed: bool,
}

/// The record that an answer would be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordView {
    /// The authority's name in headers.
    pub authority: String,
    /// Its name on the trust list.
    pub authority_name: Quotation,
    /// The epoch.
    pub epoch: u64,
    /// The epoch's day.
    pub date: Option<Date>,
    /// The record's newest quarter.
    pub newest_period: Period,
}

/// The consent screen's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentView {
    /// The bank's name in the trust list.
    pub bank: String,
    /// Its name on the wallet's trust list.
    pub bank_name: Quotation,
    /// The bank's words: what it wants to know it for.
    pub purpose: Quotation,
    /// The bank's words: the policy's title.
    pub title: Quotation,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub expires_at: u64,
    /// Of which record.
    pub record: RecordView,
    /// The policy in the wallet's words, with what the bank learns and what not.
    pub explanation: Explanation,
    /// What is told only by a consent of its own.
    pub optional: Vec<OptionalDisclosure>,
    /// Who could forge proofs under the bank's key, where the proving key is at hand.
    pub provenance: Option<Provenance>,
}

impl Question {
    /// What to show before asking for consent.
    pub fn consent_view(&self, disclosure: &Disclosure, key: Option<&KeyHeader>) -> ConsentView {
        let header = &self.held.credential.epoch.header;
        ConsentView {
            bank: self.bank.id.clone(),
            bank_name: Quotation::new(&self.bank.name),
            purpose: Quotation::new(&self.request.purpose),
            title: Quotation::new(self.policy.title()),
            expires_at: self.request.expires_at,
            record: RecordView {
                authority: header.authority.to_string(),
                authority_name: self.authority.clone(),
                epoch: header.epoch,
                date: header.date(),
                newest_period: header.newest_period,
            },
            explanation: self.policy.explain(Some(&self.parameters)),
            optional: self.optional(disclosure),
            provenance: key.map(|key| key.provenance),
        }
    }

    fn optional(&self, disclosure: &Disclosure) -> Vec<OptionalDisclosure> {
        let mut optional = Vec::new();
        let rules: Vec<String> = self
            .policy
            .disclosable_rules()
            .map(|r| format!("`{r}`"))
            .collect();
        if !rules.is_empty() {
            optional.push(OptionalDisclosure {
                what: match &disclosure.failed_rules {
                    Some(chosen) => format!(
                        "if the claim is false: that it is, and which of these rules failed: {}",
                        chosen
                            .iter()
                            .map(|r| format!("`{r}`"))
                            .collect::<Vec<_>>()
                            .join(", ")
                    ),
                    None => format!(
                        "if the claim is false: that it is, and which of these rules failed: {}",
                        rules.join(", ")
                    ),
                },
                flag: "--disclose-failed",
                agreed: disclosure.failed_rules.is_some(),
            });
        }
        if self.policy.learns().band {
            optional.push(OptionalDisclosure {
                what: "the band of your score; if the claim is false: that it is, with the band"
                    .to_owned(),
                flag: "--disclose-band",
                agreed: disclosure.band,
            });
        }
        optional
    }
}

impl ConsentView {
    /// The screen as text.
    pub fn render(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut out);
        out.lines().map(wrapped).collect()
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "{} (`{}`) asks you to prove something.",
            self.bank_name, self.bank
        )?;
        writeln!(
            out,
            "Its key is on your trust list, and it signed this request.\n"
        )?;
        writeln!(out, "The bank's purpose, in the bank's words:")?;
        quote(out, &self.purpose)?;
        writeln!(out, "The policy's title, in the bank's words:")?;
        quote(out, &self.title)?;
        writeln!(
            out,
            "\nAll that follows is your own wallet's reading of the request.\n"
        )?;
        let record = &self.record;
        writeln!(out, "Your record:")?;
        writeln!(
            out,
            "  - committed to by {} (`{}`) in epoch {}{}, up to {}: the bank learns this",
            record.authority_name,
            record.authority,
            record.epoch,
            record
                .date
                .map_or_else(String::new, |date| format!(" of {date}")),
            record.newest_period
        )?;
        writeln!(out, "\n{}", self.explanation)?;
        if !self.optional.is_empty() {
            writeln!(
                out,
                "Told only if you agree to it by itself; if the claim is false and you do not, nothing is sent:"
            )?;
            for optional in &self.optional {
                let agreed = if optional.agreed {
                    "you agree"
                } else {
                    "you do not agree"
                };
                writeln!(out, "  - {} ({agreed}; `{}`)", optional.what, optional.flag)?;
            }
            writeln!(out)?;
        }
        writeln!(
            out,
            "The request can be answered until {}.",
            utc(self.expires_at)
        )?;
        if self.provenance == Some(Provenance::Dev) {
            writeln!(
                out,
                "The key is a development key: whoever made it can forge proofs under it. It does not \
                 make yours tell more."
            )?;
        }
        Ok(())
    }
}

fn quote(out: &mut String, quotation: &Quotation) -> std::fmt::Result {
    let mut lines = quotation.lines(QUOTED_COLUMNS).into_iter();
    lines.try_for_each(|line| writeln!(out, "  {line}"))
}

/// A line broken between words, its continuation further in.
fn wrapped(line: &str) -> String {
    let indent = line.len() - line.trim_start_matches([' ', '-']).len();
    let mut out = String::new();
    let mut columns = 0;
    for word in line.split_inclusive(' ') {
        let width = word.chars().count();
        if columns > indent && columns + width > COLUMNS {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            columns = indent;
        }
        out.push_str(word);
        columns += width;
    }
    out.push('\n');
    out
}

/// `2026-11-02 08:05:00 UTC`.
pub fn utc(seconds: u64) -> String {
    let Some(date) = Date::of_unix_seconds(seconds) else {
        return format!("{seconds} seconds after 1970-01-01");
    };
    let [hours, minutes] = [seconds / 3600 % 24, seconds / 60 % 60];
    format!("{date} {hours:02}:{minutes:02}:{:02} UTC", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, utc, wrapped};

    #[test]
    fn lines_are_broken_between_words_only() {
        let line = format!("  - {}end", "a word; ".repeat(40));
        let broken = wrapped(&line);
        assert!(broken.lines().count() > 3);
        assert!(broken.lines().all(|l| l.chars().count() <= COLUMNS));
        assert!(
            broken
                .lines()
                .skip(1)
                .all(|l| l.starts_with("    a") || l.starts_with("    w"))
        );
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&broken), words(&line));
        assert_eq!(wrapped("short"), "short\n");
        assert_eq!(wrapped(""), "\n");
    }

    #[test]
    fn moments_are_those_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(1_793_491_200 + 3_723), "2026-11-01 01:02:03 UTC");
        assert!(utc(u64::MAX).starts_with(&u64::MAX.to_string()));
    }
}
