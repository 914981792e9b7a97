//! A folder in which commands of `taxproof` are run, as a user would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder for one test, removed after it.
pub(crate) struct Workplace(tempfile::TempDir);

impl Workplace {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taxproof"));
        command
            .current_dir(self.folder())
            .args(line.split_whitespace());
        command
    }

    pub(crate) fn output(&self, line: &str) -> Output {
        self.command(line).output().expect("runs")
    }

    /// Runs what must succeed, and gives its standard output.
    pub(crate) fn runs(&self, line: &str) -> String {
        let output = self.output(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {errors}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs what must fail, and gives what it says.
    pub(crate) fn fails(&self, line: &str) -> String {
        let output = self.output(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{line}: succeeded");
        errors.into_owned()
    }
}
