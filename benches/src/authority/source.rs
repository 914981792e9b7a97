//! What an authority is told of made-up enterprises.

use std::io;
use std::path::Path;

use serde::Serialize;
use taxproof_authority::Sources;
use taxproof_authority::mapping::{CN_TAX as FILINGS_MAPPING, Mapping, MappingError};
use taxproof_authority::synthetic::{FILINGS, INVOICES, Plan, TAXPAYERS};
use taxproof_claims::schema::{CN_TAX as FILINGS_SCHEMA, Schema};
use taxproof_claims::subject::EnterpriseId;

use super::quarters;

/// What is ingested of each enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// A row a quarter with all fields, and one of the register.
    Quarters,
    /// Declarations of three taxes with their corrections, invoices, and the register: some hundreds of
    /// rows.
    Filings,
}

impl Source {
    /// Writes the files of some enterprises into a folder that is there.
    pub(super) fn write(self, plan: &Plan, folder: &Path) -> io::Result<Vec<EnterpriseId>> {
        match self {
            Self::Quarters => quarters::write(plan, folder),
            Self::Filings => {
                let enterprises = plan.write(folder)?.into_iter();
                Ok(enterprises.map(|enterprise| enterprise.id).collect())
            }
        }
    }

    /// What records are.
    pub(super) const fn schema(self) -> &'static str {
        match self {
            Self::Quarters => quarters::SCHEMA,
            Self::Filings => FILINGS_SCHEMA,
        }
    }

    /// Which columns of the files mean what.
    pub(super) fn mapping(self, schema: &Schema) -> Result<Mapping, MappingError> {
        let text = match self {
            Self::Quarters => quarters::MAPPING,
            Self::Filings => FILINGS_MAPPING,
        };
        Mapping::from_toml(text, schema)
    }

    /// The files in a folder.
    pub(super) fn files(self, folder: &Path) -> Sources {
        Sources {
            taxpayers: vec![folder.join(TAXPAYERS)],
            filings: vec![folder.join(FILINGS)],
            invoices: match self {
                Self::Quarters => Vec::new(),
                Self::Filings => vec![folder.join(INVOICES)],
            },
        }
    }
}
