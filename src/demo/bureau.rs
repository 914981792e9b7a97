//! The tax authority of the demonstration.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use taxproof_authority::mapping::Mapping;
use taxproof_authority::synthetic::{Enterprise, FILINGS, INVOICES, Plan, TAXPAYERS};
use taxproof_authority::{Authority, Publication, Settings, Sources};
use taxproof_claims::date::Date;
use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::EpochHeader;
use taxproof_claims::period::Period;
use taxproof_claims::schema::{CN_TAX, Schema};
use taxproof_claims::subject::EnterpriseId;
use taxproof_claims::trust::TrustList;
use taxproof_proto::v1::AddEpochRequest;

use super::clock::now;
use super::enterprise::Applicant;
use crate::bank::follow;

const MAPPING: &str = include_str!("../../mappings/cn-tax.toml");

/// A provincial bureau and the folder of what it was sent.
pub(super) struct Bureau {
    authority: Authority,
    filings: PathBuf,
    today: Date,
    newest: Period,
}

impl Bureau {
    /// Begins a bureau in a folder.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let settings = Settings {
            id: "zhejiang".parse()?,
            name: "Zhejiang provincial tax bureau".to_owned(),
            profile: Profile::Sm,
        };
        let authority = Authority::init(folder, &settings, CN_TAX)?;
        let filings = folder.join("filings");
        std::fs::create_dir_all(&filings)?;
        let today = Date::of_unix_seconds(now()).context("this machine's clock is far off")?;
        // Half a year ago every deadline of the quarter has passed, whatever the day.
        let newest = Period::of(today)?
            .back(2)
            .context("this machine's clock is far off")?;
        Ok(Self {
            authority,
            filings,
            today,
            newest,
        })
    }

    /// Makes up enterprises and what they filed.
    pub(super) fn generate(&self, enterprises: u32, seed: u64) -> anyhow::Result<Vec<Enterprise>> {
        Ok(Plan::new(enterprises, seed, self.newest).write(&self.filings)?)
    }

    /// Takes an enterprise's registration: hashes of its secrets, nothing secret.
    pub(super) fn register(&mut self, applicant: &Applicant) -> anyhow::Result<()> {
        self.authority
            .register(applicant.registration(), self.today)?;
        Ok(())
    }

    /// Reads what was filed; what came of it in a line.
    pub(super) fn ingest(&mut self) -> anyhow::Result<String> {
        let mapping = Mapping::from_toml(MAPPING, &Schema::cn_tax())?;
        let sources = Sources {
            taxpayers: vec![self.filings.join(TAXPAYERS)],
            filings: vec![self.filings.join(FILINGS)],
            invoices: vec![self.filings.join(INVOICES)],
        };
        let (report, _) = self.authority.ingest(&mapping, &sources, self.today, &())?;
        let rows: u64 = report.files.iter().map(|file| file.rows).sum();
        Ok(format!(
            "read {rows} rows of filings, register and invoices, refused {}",
            report.refused()
        ))
    }

    /// Commits to every record and signs the epoch.
    pub(super) fn publish(&mut self) -> anyhow::Result<EpochHeader> {
        let publication = Publication {
            newest_period: Some(self.newest),
            ..Publication::at(now())
        };
        Ok(self.authority.publish(&publication, &())?.epoch.header)
    }

    /// The entry of a trust list.
    pub(super) fn trust(&self) -> TrustList {
        TrustList {
            authorities: vec![self.authority.trusted()],
            banks: vec![],
        }
    }

    /// The newest epoch as a bank takes it that has seen none: the header, and that it is in the log.
    pub(super) fn newest_epoch(&self) -> anyhow::Result<AddEpochRequest> {
        let log = self.authority.log().files();
        let note = log.checkpoint()?.context("no epoch is published")?;
        follow::request(log, &note, self.epoch() as u64 - 1, 0)
    }

    /// The newest epoch's number.
    pub(super) fn epoch(&self) -> usize {
        self.authority.headers().len()
    }

    /// The newest credential of an enterprise, encrypted to it.
    pub(super) fn credential(&self, id: &EnterpriseId) -> anyhow::Result<Vec<u8>> {
        Ok(self.authority.issue(id)?)
    }
}
