//! Trust lists: whose signatures a bank or a wallet accepts. Plain TOML files.

use serde::{Deserialize, Serialize};

use crate::epoch::{AuthorityId, check_name};
use crate::signature::VerifyingKey;

/// An authority whose epochs are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedAuthority {
    /// Its name in headers.
    pub id: AuthorityId,
    /// Its name for people.
    pub name: String,
    /// The key that signs its headers.
    pub key: VerifyingKey,
}

/// A bank whose requests are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedBank {
    /// Its name in requests.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The key that signs its requests.
    pub key: VerifyingKey,
}

/// Authorities and banks that somebody trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustList {
    /// `[[authority]]` entries.
    #[serde(default, rename = "authority", skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<TrustedAuthority>,
    /// `[[bank]]` entries.
    #[serde(default, rename = "bank", skip_serializing_if = "Vec::is_empty")]
    pub banks: Vec<TrustedBank>,
}

/// A trust list is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Not TOML, or an entry has a malformed key or name.
    #[error("the trust list does not parse: {0}")]
    Syntax(String),
    /// One name stands for two keys.
    #[error("the trust list names `{0}` twice")]
    Duplicate(String),
}

impl TrustList {
    /// Reads a trust list.
    ///
    /// # Errors
    /// What is wrong with the file; its owner must mend it.
    pub fn from_toml(text: &str) -> Result<Self, TrustError> {
        let list: Self = toml::from_str(text).map_err(|e| TrustError::Syntax(e.to_string()))?;
        let banks = list.banks.iter().map(|b| b.id.as_str());
        let authorities = list.authorities.iter().map(|a| a.id.as_str());
        for names in [banks.collect::<Vec<_>>(), authorities.collect()] {
            let mut seen = std::collections::BTreeSet::new();
            if let Some(name) = names.into_iter().find(|name| !seen.insert(*name)) {
                return Err(TrustError::Duplicate(name.to_owned()));
            }
        }
        match list.banks.iter().find_map(|b| check_name(&b.id).err()) {
            Some(error) => Err(TrustError::Syntax(error.to_string())),
            None => Ok(list),
        }
    }

    /// The list as a file. Two such files, one after the other, are the list of both.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a trust list has text keys and no mixed arrays")
    }

    /// An authority by its name in headers.
    pub fn authority(&self, id: &AuthorityId) -> Option<&TrustedAuthority> {
        self.authorities.iter().find(|a| a.id == *id)
    }

    /// A bank by its name in requests.
    pub fn bank(&self, id: &str) -> Option<&TrustedBank> {
        self.banks.iter().find(|b| b.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Profile;
    use crate::signature::SigningKey;

    #[test]
    fn one_list_after_another_is_the_list_of_both() {
        let key = |profile| {
            SigningKey::random(profile)
                .expect("randomness")
                .verifying_key()
        };
        let authority = |id: &str, profile| TrustedAuthority {
            id: id.parse().expect("a name"),
            name: id.to_owned(),
            key: key(profile),
        };
        let both = [Profile::Sm, Profile::International].map(|profile| {
            let authorities = vec![authority(&profile.to_string(), profile)];
            let banks = vec![TrustedBank {
                id: format!("bank-{profile}"),
                name: "Bank".to_owned(),
                key: key(profile),
            }];
            let of_bank = TrustList {
                banks,
                ..TrustList::default()
            };
            let of_authority = TrustList {
                authorities,
                ..TrustList::default()
            };
            of_authority.to_toml() + &of_bank.to_toml()
        });
        let read = TrustList::from_toml(&both.concat()).expect("is one list");
        assert_eq!((read.authorities.len(), read.banks.len()), (2, 2));
    }

    #[test]
    fn lists_round_trip_and_refuse_two_keys_for_a_name() {
        let key = || {
            SigningKey::random(Profile::Sm)
                .expect("randomness")
                .verifying_key()
        };
        let bank = |id: &str| TrustedBank {
            id: id.to_owned(),
            name: "Bank".to_owned(),
            key: key(),
        };
        let mut list = TrustList {
            authorities: vec![],
            banks: vec![bank("a"), bank("b")],
        };
        assert_eq!(TrustList::from_toml(&list.to_toml()), Ok(list.clone()));
        list.banks.push(bank("a"));
        assert_eq!(
            TrustList::from_toml(&list.to_toml()),
            Err(TrustError::Duplicate("a".to_owned()))
        );
        list.banks = vec![bank("A")];
        assert!(matches!(
            TrustList::from_toml(&list.to_toml()),
            Err(TrustError::Syntax(_))
        ));
    }
}
