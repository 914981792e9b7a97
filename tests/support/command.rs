//! The command in a folder, and a bank's service that it runs.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A folder in which commands run; their words are separated by blanks.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
        std::os::unix::fs::symlink(mappings, folder.path("mappings")).expect("is linked");
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("is there")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("is written");
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taxproof"));
        command.current_dir(&self.0).args(line.split_whitespace());
        command.stdin(Stdio::null());
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf"));
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
        assert!(!output.status.success(), "{line}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

/// The service of the folder `bank`, until it is dropped.
pub(crate) struct Serving {
    child: Child,
    /// Where it is.
    pub(crate) url: String,
}

impl Serving {
    /// Serves a bank that listens on a port of the system's choice.
    pub(crate) fn bank(folder: &Folder) -> Self {
        let mut command = folder.command("bank serve --dir bank");
        let mut child = command.stderr(Stdio::piped()).spawn().expect("runs");
        let mut lines = BufReader::new(child.stderr.take().expect("is piped")).lines();
        let mut said = lines.by_ref().map_while(Result::ok);
        let address = said.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        let url = format!("http://{}", address.expect("an address"));
        // What it still has to say must not fill a pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().expect("runs");
        self.child.wait().expect("ran");
    }
}
