//! Who a record is about: enterprise ids and their schemes.

use std::fmt;

use ark_ff::{BigInteger, PrimeField};
use serde::{Deserialize, Serialize};

/// How enterprise ids of a schema are formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdScheme {
    /// China's unified social credit code, GB 32100-2015: 18 characters of a 31-character
    /// alphabet, the last a check character.
    Uscc,
    /// Up to 30 characters of ASCII letters, digits, `-`, `.` and `/`.
    Plain,
}

/// A checked enterprise id: at most 30 bytes, so that it is a field element and can be read back.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EnterpriseId(String);

/// The text is not an id of its scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Wrong length.
    #[error("`{0}` is not an enterprise id: a unified social credit code has 18 characters")]
    Length(String),
    /// A character that the scheme does not use.
    #[error("`{0}` is not an enterprise id: `{1}` is not used in such ids")]
    Character(String, char),
    /// The check character does not fit: most likely mistyped.
    #[error("`{0}` is not a unified social credit code: its check character should be `{1}`")]
    CheckCharacter(String, char),
    /// Empty, or longer than 30 characters.
    #[error("`{0}` is not an enterprise id: 1 to 30 characters")]
    PlainLength(String),
}

const USCC_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const USCC_LENGTH: usize = 18;
const MAX_LENGTH: usize = 30;

impl IdScheme {
    /// Checks an id.
    ///
    /// # Errors
    /// What is wrong with it; whoever entered it must mend it.
    pub fn parse(self, text: &str) -> Result<EnterpriseId, IdError> {
        match self {
            Self::Uscc => check_uscc(text)?,
            Self::Plain => check_plain(text)?,
        }
        Ok(EnterpriseId(text.to_owned()))
    }
}

impl EnterpriseId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id's bytes as a big-endian integer: the field element in leaf and public input.
    pub fn to_field<F: PrimeField>(&self) -> F {
        F::from_be_bytes_mod_order(self.0.as_bytes())
    }

    /// The id whose field element this is, checked by its scheme.
    pub fn from_field<F: PrimeField>(scheme: IdScheme, element: F) -> Option<Self> {
        let bytes = element.into_bigint().to_bytes_be();
        let start = bytes.iter().position(|&b| b != 0)?;
        let text = std::str::from_utf8(&bytes[start..]).ok()?;
        scheme.parse(text).ok()
    }
}

impl fmt::Display for EnterpriseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EnterpriseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The check character of a code's first 17: GB 32100-2015, 31 − (Σ c_i·3^(i−1) mod 31), mod 31.
pub fn uscc_check_character(body: &str) -> Option<char> {
    if body.len() != USCC_LENGTH - 1 {
        return None;
    }
    let mut weight = 1;
    let mut sum = 0;
    for byte in body.bytes() {
        sum += weight * usize::from(USCC_VALUES[usize::from(byte)]?);
        weight = weight * 3 % 31;
    }
    Some(char::from(USCC_ALPHABET[(31 - sum % 31) % 31]))
}

/// The place in the alphabet of each byte that is in it.
const USCC_VALUES: [Option<u8>; 256] = {
    let mut values = [None; 256];
    let mut value = 0;
    while value < USCC_ALPHABET.len() {
        values[USCC_ALPHABET[value] as usize] = Some(value as u8);
        value += 1;
    }
    values
};

fn check_uscc(text: &str) -> Result<(), IdError> {
    if let Some(other) = text
        .chars()
        .find(|c| u8::try_from(*c).map_or(true, |c| USCC_VALUES[usize::from(c)].is_none()))
    {
        return Err(IdError::Character(text.to_owned(), other));
    }
    let check = text
        .get(..USCC_LENGTH - 1)
        .filter(|_| text.len() == USCC_LENGTH)
        .and_then(uscc_check_character)
        .ok_or_else(|| IdError::Length(text.to_owned()))?;
    if text.ends_with(check) {
        Ok(())
    } else {
        Err(IdError::CheckCharacter(text.to_owned(), check))
    }
}

fn check_plain(text: &str) -> Result<(), IdError> {
    if text.is_empty() || text.len() > MAX_LENGTH {
        return Err(IdError::PlainLength(text.to_owned()));
    }
    match text
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"-./".contains(*c))
    {
        Some(other) => Err(IdError::Character(text.to_owned(), other)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn social_credit_codes_are_checked() {
        // Two codes that anybody can look up: Huawei's and Alibaba (China)'s.
        for good in ["914403001922038216", "91330100799655058B"] {
            assert!(IdScheme::Uscc.parse(good).is_ok(), "{good}");
        }
        let error = |text| IdScheme::Uscc.parse(text).unwrap_err();
        assert!(matches!(
            error("914403001922038217"),
            IdError::CheckCharacter(_, '6')
        ));
        assert!(matches!(
            error("914403001922038261"),
            IdError::CheckCharacter(..)
        ));
        assert!(matches!(error("91440300192203821"), IdError::Length(_)));
        assert!(matches!(
            error("91440300192203821I"),
            IdError::Character(_, 'I')
        ));
        assert!(matches!(
            error("91440300192203821６"),
            IdError::Character(..)
        ));
        assert!(matches!(error(""), IdError::Length(_)));
    }

    #[test]
    fn field_elements_read_back() {
        let id = IdScheme::Plain.parse("07526557000100").expect("an id");
        let element: ark_bn254::Fr = id.to_field();
        assert_eq!(EnterpriseId::from_field(IdScheme::Plain, element), Some(id));
        assert_eq!(
            EnterpriseId::from_field(IdScheme::Plain, ark_bn254::Fr::from(0)),
            None
        );
        assert_eq!(
            EnterpriseId::from_field(IdScheme::Plain, -ark_bn254::Fr::from(1)),
            None
        );
        assert!(IdScheme::Plain.parse("a b").is_err());
        assert!(IdScheme::Plain.parse(&"9".repeat(31)).is_err());
    }
}
