//! Making files durable while more is written.
//!
//! What is written waits in memory until somebody asks for it to be on disk, and whoever does waits until it
//! is. So a thread asks all along, while others compute, and little is left to wait for in the end.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

/// Bytes after which a file is made durable as far as it is.
const STEP: usize = 8 << 20;
/// Files that wait to be made durable: each is open.
const WAITING: usize = 16;

/// A file that is made durable while it is written.
#[derive(Debug)]
pub(crate) struct SyncedFile {
    file: File,
    /// Written since the thread was last told.
    since: usize,
    /// None before there is much to make durable.
    thread: Option<Thread<()>>,
}

/// Files that are written already and made durable one after the other, and then forgotten: nobody here
/// reads them, and what the system keeps of them in memory takes the place of what is read.
#[derive(Debug)]
pub(crate) struct SyncedFiles(Thread<File>);

/// The thread, and what it is told by.
#[derive(Debug)]
struct Thread<T> {
    tell: SyncSender<T>,
    thread: JoinHandle<io::Result<()>>,
}

impl<T: Send + 'static> Thread<T> {
    /// Begins a thread that does something of each thing it is told, with so many waiting.
    fn begin(
        waiting: usize,
        each: impl Fn(T) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (tell, told) = sync_channel(waiting);
        let thread = thread::Builder::new().spawn(move || told.iter().try_for_each(each))?;
        Ok(Self { tell, thread })
    }

    /// Tells it that nothing follows, and waits.
    fn finish(self) -> io::Result<()> {
        drop(self.tell);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(stopped()))
    }
}

fn stopped() -> io::Error {
    io::Error::other("what was written could not be made durable")
}

impl SyncedFile {
    pub(crate) const fn new(file: File) -> Self {
        Self {
            file,
            since: 0,
            thread: None,
        }
    }

    /// Makes durable what was written. The system tells of an error once, so the thread is asked first.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.thread.take().map_or(Ok(()), Thread::finish)?;
        self.file.sync_data()
    }

    /// Makes all of it durable.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.sync()?;
        self.file.sync_all()
    }

    fn tell(&mut self) -> io::Result<()> {
        let thread = match &self.thread {
            Some(thread) => thread,
            None => {
                let same = self.file.try_clone()?;
                let begun = Thread::begin(1, move |()| same.sync_data())?;
                self.thread.insert(begun)
            }
        };
        match thread.tell.try_send(()) {
            // If it has not begun with what it was told before, that will do.
            Ok(()) | Err(TrySendError::Full(())) => Ok(()),
            Err(TrySendError::Disconnected(())) => Err(stopped()),
        }
    }
}

impl Write for SyncedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.since += written;
        if self.since >= STEP {
            self.since = 0;
            self.tell()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl SyncedFiles {
    pub(crate) fn new() -> io::Result<Self> {
        let each = |file: File| {
            file.sync_all()?;
            #[cfg(target_os = "linux")]
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
            Ok(())
        };
        Thread::begin(WAITING, each).map(Self)
    }

    /// Takes a file that is written; waits where many are waiting.
    pub(crate) fn take(&self, file: File) -> io::Result<()> {
        self.0.tell.send(file).map_err(|_| stopped())
    }

    /// Waits until every file is durable.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn all_that_was_written_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let mut file = SyncedFile::new(File::create(&path).expect("is made"));
        let part = vec![7; STEP / 3];
        (0..10).for_each(|_| file.write_all(&part).expect("is written"));
        file.finish().expect("is durable");
        assert_eq!(std::fs::read(&path).expect("is there"), part.repeat(10));
    }

    /// A socket is written to, and never on disk.
    fn socket() -> (File, UnixDatagram) {
        let (ours, theirs) = UnixDatagram::pair().expect("sockets");
        (File::from(OwnedFd::from(ours)), theirs)
    }

    #[test]
    fn what_cannot_be_made_durable_is_an_error() {
        let (file, _theirs) = socket();
        assert!(SyncedFile::new(file).finish().is_err());
        let (file, theirs) = socket();
        let mut file = SyncedFile::new(file);
        file.since = STEP;
        file.write_all(b"x").expect("is written");
        drop(theirs);
        let thread = file.thread.take().expect("is told of much");
        assert!(thread.finish().is_err());
        let files = SyncedFiles::new().expect("is begun");
        let (file, _theirs) = socket();
        files.take(file).expect("is taken");
        assert!(files.finish().is_err());
    }
}
