//! Who must have cosigned the logs of epochs.

use serde::{Deserialize, Serialize};
use taxproof_log::WitnessKey;

use super::ConfigError;
use crate::epoch_log::Witnessing;

/// The part `log` of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Verifier keys of witnesses, as `taxproof witness init` prints them.
    pub witnesses: Vec<String>,
    /// How many of them must have cosigned the head of an authority's log.
    pub cosignatures: usize,
}

impl LogConfig {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The witnesses, each key once, and at least as many as must cosign.
    pub(super) fn witnessing(&self) -> Result<Witnessing, ConfigError> {
        let witnesses = self.witnesses.iter().map(|text| text.parse());
        let witnesses: Vec<WitnessKey> = witnesses.collect::<Result<_, _>>()?;
        let twice = |(index, key): (usize, &WitnessKey)| {
            let mut earlier = witnesses[..index].iter();
            earlier.any(|other| other.same_key(key))
        };
        if witnesses.iter().enumerate().any(twice) {
            return Err(ConfigError::WitnessTwice);
        }
        if self.cosignatures > witnesses.len() {
            return Err(ConfigError::TooFewWitnesses {
                witnesses: witnesses.len(),
                cosignatures: self.cosignatures,
            });
        }
        Ok(Witnessing {
            witnesses,
            required: self.cosignatures,
        })
    }
}
