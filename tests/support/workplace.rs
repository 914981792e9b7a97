//! A folder in which commands of `taxproof` are run, as a user would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder for one test, removed after it.
pub(crate) struct Workplace {
    folder: tempfile::TempDir,
    variable: Option<(&'static str, PathBuf)>,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            variable: None,
        }
    }

    /// The same with a variable of the environment that names a file in it.
    pub(crate) fn with_variable(self, name: &'static str, file: &str) -> Self {
        let variable = Some((name, self.path(file)));
        Self { variable, ..self }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taxproof"));
        command
            .current_dir(self.folder())
            .args(line.split_whitespace())
            .envs(self.variable.clone());
        command
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("is there")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("is written");
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
