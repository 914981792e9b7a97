//! Where a log is read: a folder, or a web server.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use taxproof_log::{FileError, Files, Folder, LogReader};

/// Longest file of a log that is fetched: a full bundle of epoch headers is far shorter.
const LONGEST: u64 = 32 * 1024 * 1024;

/// How long a web server may take for one file.
const PATIENCE: Duration = Duration::from_secs(30);

/// A log's folder, or its address.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Folder(Folder),
    Web { agent: ureq::Agent, url: String },
}

impl Source {
    /// The log that lies there.
    pub(crate) fn log(self) -> LogReader<Self> {
        LogReader::new(self)
    }
}

impl FromStr for Source {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("http://") || text.starts_with("https://") {
            let url = text.trim_end_matches('/').to_owned();
            Ok(Self::Web {
                agent: agent(),
                url,
            })
        } else {
            Ok(Self::Folder(Folder::new(PathBuf::from(text))))
        }
    }
}

impl Files for Source {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let (agent, url) = match self {
            Self::Folder(folder) => return folder.read(path),
            Self::Web { agent, url } => (agent, url),
        };
        let fetched = agent.get(format!("{url}/{path}")).call();
        let body = fetched
            .and_then(|mut answer| answer.body_mut().with_config().limit(LONGEST).read_to_vec());
        body.map_err(|error| match error {
            ureq::Error::StatusCode(404 | 410) => FileError::Absent(path.to_owned()),
            other => FileError::Read {
                path: path.to_owned(),
                why: other.to_string(),
            },
        })
    }
}

/// A client that gives up in time.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}
