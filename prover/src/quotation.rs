//! Words of others, made safe to show.
//!
//! A request carries texts that its bank wrote, and terminals obey what is written to them: escape
//! sequences move the cursor, direction marks turn a line around, line breaks start what looks
//! like the wallet's own words. A [`Quotation`] holds none of these, and [`Quotation::lines`] marks
//! every line as quoted.

use std::fmt;

/// Most characters of one text that are shown.
pub const MAX_SHOWN: usize = 400;
const REPLACEMENT: char = '\u{fffd}';

/// A text of somebody else's without characters that steer a terminal or hide others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotation(String);

impl Quotation {
    /// Takes a text over: line breaks and tabs become spaces, every other character that steers or
    /// hides becomes U+FFFD, and what is longer than [`MAX_SHOWN`] is cut off with an ellipsis.
    pub fn new(text: &str) -> Self {
        let mut shown: String = text.chars().take(MAX_SHOWN).map(tame).collect();
        if text.chars().nth(MAX_SHOWN).is_some() {
            shown.push('…');
        }
        Self(shown)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text in lines of at most `columns` columns, each behind the mark `┃`.
    pub fn lines(&self, columns: usize) -> Vec<String> {
        let mut lines = vec![String::new()];
        let mut used = 0;
        for c in self.0.chars() {
            let width = columns_of(c);
            if used + width > columns.max(2) {
                lines.push(String::new());
                used = 0;
            }
            used += width;
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
        lines.iter().map(|line| format!("┃ {line}")).collect()
    }
}

impl fmt::Display for Quotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn tame(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        // The mark of quoted lines is ours alone.
        '┃' => REPLACEMENT,
        c if steers(c) => REPLACEMENT,
        c => c,
    }
}

/// Control characters, invisible and direction-changing ones, marks that are drawn over their
/// neighbours, and what no font is obliged to show.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(c,
            '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..)
}

/// Columns that a terminal draws a character in: two for East Asian wide ones.
fn columns_of(c: char) -> usize {
    let wide = matches!(c,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{1f000}'..);
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        let attack = "a loan\x1b[2J\x1b]0;title\x07\nThe bank learns nothing.\r\u{202e}txet\u{2066}\
                      \u{200b}\u{feff}\u{9b}31m\u{e0041}\u{336}┃ wallet";
        let quotation = Quotation::new(attack);
        let shown = quotation.as_str();
        assert!(
            !shown
                .chars()
                .any(|c| c.is_control() || steers(c) || c == '┃')
        );
        assert!(shown.starts_with("a loan\u{fffd}[2J") && shown.ends_with(" wallet"));
    }

    #[test]
    fn every_line_is_marked_and_fits() {
        let text = "贷款用途".repeat(30) + &"x".repeat(100);
        let lines = Quotation::new(&text).lines(40);
        assert!(lines.len() > 5);
        for line in lines {
            let columns: usize = line.chars().map(columns_of).sum();
            assert!(line.starts_with("┃ ") && columns <= 42, "{line}");
        }
    }

    #[test]
    fn long_texts_are_cut_and_plain_ones_are_kept() {
        let long = "é".repeat(MAX_SHOWN + 1);
        assert_eq!(
            Quotation::new(&long).as_str().chars().count(),
            MAX_SHOWN + 1
        );
        assert!(Quotation::new(&long).as_str().ends_with('…'));
        for plain in ["云税贷 — up to ¥3,000,000", "Crédito à indústria", ""] {
            assert_eq!(Quotation::new(plain).as_str(), plain);
        }
    }
}
