//! A terminal for a command that asks: a pseudoterminal, at whose other end the test types.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// How long a command may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// A command at a terminal.
pub(crate) struct Terminal {
    command: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: Vec<u8>,
    /// Where what was waited for last ends.
    seen: usize,
}

impl Terminal {
    /// Begins a command.
    pub(crate) fn begin(mut command: Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudoterminal");
        grantpt(&ours).expect("is granted");
        unlockpt(&ours).expect("is unlocked");
        let name = ptsname(&ours, Vec::new()).expect("has a name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let theirs = rustix::fs::open(name, flags, Mode::empty()).expect("its other end");
        let end = || Stdio::from(theirs.try_clone().expect("is shared"));
        command.stdin(end()).stdout(end()).stderr(end());
        command.env("TERM", "xterm");
        let keyboard = File::from(ours);
        let screen = watch(keyboard.try_clone().expect("is shared"));
        Self {
            command: command.spawn().expect("runs"),
            keyboard,
            screen,
            shown: Vec::new(),
            seen: 0,
        }
    }

    /// Waits until a text is shown after the one that was waited for last.
    pub(crate) fn shows(&mut self, text: &str) {
        let begin = Instant::now();
        loop {
            let new = String::from_utf8_lossy(&self.shown[self.seen..]);
            if let Some(at) = new.find(text) {
                self.seen += at + text.len();
                return;
            }
            match self.more(PATIENCE.saturating_sub(begin.elapsed())) {
                Ok(more) => self.shown.extend(more),
                Err(why) => panic!("no `{text}` ({why}) in\n{}", self.text()),
            }
        }
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").expect("is typed");
    }

    /// Waits until the command has ended: its exit status, and all that was shown.
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        loop {
            match self.more(PATIENCE) {
                Ok(more) => self.shown.extend(more),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("goes on after\n{}", self.text()),
            }
        }
        let status = self.command.wait().expect("has ended");
        (status.code(), self.text())
    }

    fn more(&self, wait: Duration) -> Result<Vec<u8>, RecvTimeoutError> {
        self.screen.recv_timeout(wait)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }
}

/// What is shown, until nobody has the other end any more.
fn watch(mut terminal: File) -> Receiver<Vec<u8>> {
    let (sender, screen) = channel();
    std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(length @ 1..) = terminal.read(&mut some) {
            if sender.send(some[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    screen
}
