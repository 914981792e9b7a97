//! A PostgreSQL of a test's own, on a Unix socket in a temporary folder.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A running cluster, which ends with its value.
pub(crate) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    /// Whom the server runs as, where the test is root: PostgreSQL refuses root.
    user: Option<(u32, u32)>,
}

impl Cluster {
    /// # Panics
    /// PostgreSQL is not installed: on Debian, `apt-get install postgresql`.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let user = (number("-u", None) == 0).then(|| {
            (
                number("-u", Some("postgres")),
                number("-g", Some("postgres")),
            )
        });
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let programs = programs().expect("PostgreSQL is needed: `apt-get install postgresql`");
        let cluster = Self {
            folder,
            programs,
            user,
        };
        cluster.run("initdb", &["--no-sync", "--auth=trust", "--username=bank"]);
        cluster.resume();
        cluster
    }

    /// The address of its database.
    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://bank@localhost/postgres?host={}",
            self.folder.path().display()
        )
    }

    /// Ends the server at once, with all its connections.
    pub(crate) fn pause(&self) {
        self.run("pg_ctl", &["stop", "--mode=immediate"]);
    }

    /// Starts it again.
    pub(crate) fn resume(&self) {
        let socket = self.folder.path().display();
        let options = format!("-c listen_addresses= -c unix_socket_directories={socket}");
        let log = self.folder.path().join("log");
        let log = log.to_str().unwrap();
        self.run("pg_ctl", &["start", "--wait", "-l", log, "-o", &options]);
    }

    /// What `pg_dump` says of its database.
    pub(crate) fn dump(&self) -> String {
        let dump = self.folder.path().join("dump.sql");
        let file = dump.to_str().unwrap();
        let arguments = [
            "--dbname",
            &self.url(),
            "--clean",
            "--if-exists",
            "--file",
            file,
        ];
        self.execute("pg_dump", &arguments);
        file.to_owned()
    }

    /// Puts a dump back.
    pub(crate) fn put_back(&self, dump: &str) {
        let url = self.url();
        let stop = "--set=ON_ERROR_STOP=1";
        self.execute(
            "psql",
            &[
                &url,
                "--quiet",
                stop,
                "--single-transaction",
                "--file",
                dump,
            ],
        );
    }

    /// Runs one of the programs that manage the server's data.
    fn run(&self, program: &str, arguments: &[&str]) {
        let data = self.folder.path().join("data");
        let all = ["-D", data.to_str().unwrap()];
        self.execute(program, &[&all, arguments].concat());
    }

    fn execute(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments);
        // Whoever the server runs as need not be able to read where the test began.
        command.current_dir(self.folder.path());
        // The server inherits what it is given, and a pipe that it holds never ends.
        let output = std::fs::File::create(self.folder.path().join(program)).unwrap();
        command.stdout(output.try_clone().unwrap()).stderr(output);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        let status = command.status().unwrap();
        let said = std::fs::read_to_string(self.folder.path().join(program)).unwrap();
        assert!(status.success(), "{program}: {said}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stop = || self.pause();
        // It may be paused already, and a failing test has said enough.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(stop));
    }
}

fn number(which: &str, user: Option<&str>) -> u32 {
    let output = Command::new("id").arg(which).args(user).output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

/// Where Debian has the newest server's programs, or whichever the path has.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
    let versions = versions.into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|v| v.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(found);
    all.filter(|folder: &PathBuf| has_server(folder)).last()
}

fn has_server(folder: &Path) -> bool {
    folder.join("initdb").exists() && folder.join("pg_ctl").exists()
}
