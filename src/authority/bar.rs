//! Progress on standard error, where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use taxproof_authority::progress::Progress;

/// A bar for what goes on.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, steps: u64) {
        self.0.reset();
        self.0.set_length(steps);
        self.0.set_message(what.to_owned());
    }

    fn advance(&self) {
        self.0.inc(1);
    }

    fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }
}
