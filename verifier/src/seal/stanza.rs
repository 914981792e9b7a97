//! What of an age file is encrypted to an X25519 recipient: the file's key (C2SP `age`, "The X25519
//! recipient type").

use age::DecryptError;
use age::secrecy::ExposeSecret as _;
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{aead_decrypt, bech32_decode, hkdf};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::agreement::Secret;

const TAG: &str = "X25519";
const LABEL: &[u8] = b"age-encryption.org/v1/X25519";
/// Of an encrypted key of a file: the key and an authentication tag.
const BODY: usize = FILE_KEY_BYTES + 16;

impl Secret {
    /// An identity's.
    pub(super) fn of(identity: &age::x25519::Identity) -> Option<Self> {
        let text = identity.to_string();
        let bytes = bech32_decode(
            text.expose_secret(),
            |_| (),
            |_| Ok(()),
            |_, bytes| Ok(Zeroizing::new(bytes.collect::<Vec<u8>>())),
        );
        let bytes = bytes.ok().filter(|bytes| bytes.len() == 32)?;
        let mut scalar = Zeroizing::new([0; 32]);
        scalar.copy_from_slice(&bytes);
        Some(Self::new(scalar))
    }

    /// A file's key, where it is encrypted to this secret's public point.
    fn unwrap_key(&self, sender: [u8; 32], body: &[u8]) -> Option<Result<FileKey, DecryptError>> {
        let Some(shared) = self.shared(sender) else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        let salt = [sender, *self.public()].concat();
        let key = Zeroizing::new(hkdf(&salt, LABEL, &*shared));
        let file_key = Zeroizing::new(aead_decrypt(&key, FILE_KEY_BYTES, body).ok()?);
        Some(Ok(FileKey::init_with_mut(|key| {
            key.copy_from_slice(&file_key)
        })))
    }
}

impl age::Identity for Secret {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        let sender = match stanza.args.as_slice() {
            [sender] => BASE64_STANDARD_NO_PAD.decode(sender).ok(),
            _ => None,
        };
        match sender.map(<[u8; 32]>::try_from) {
            Some(Ok(sender)) if stanza.body.len() == BODY => self.unwrap_key(sender, &stanza.body),
            _ => Some(Err(DecryptError::InvalidHeader)),
        }
    }
}

#[cfg(test)]
mod tests {
    use age::Identity as _;
    use age_core::primitives::aead_encrypt;

    use super::*;

    /// A file's key of sevens for a secret, from a sender whose secret is known.
    fn stanza(secret: &Secret) -> Stanza {
        let sender = Secret::new(Zeroizing::new([5; 32]));
        let shared = sender.shared(*secret.public()).expect("a shared secret");
        let salt = [*sender.public(), *secret.public()].concat();
        Stanza {
            tag: TAG.to_owned(),
            args: vec![BASE64_STANDARD_NO_PAD.encode(sender.public())],
            body: aead_encrypt(&hkdf(&salt, LABEL, &*shared), &[7; FILE_KEY_BYTES]),
        }
    }

    #[test]
    fn a_stanza_of_another_kind_is_passed_over_and_one_of_another_form_is_refused() {
        let secret = Secret::new(Zeroizing::new([3; 32]));
        let with = |change: fn(&mut Stanza)| {
            let mut stanza = stanza(&secret);
            change(&mut stanza);
            let unwrapped = secret.unwrap_stanza(&stanza);
            unwrapped.map(|key| key.map(|key| *key.expose_secret()).ok())
        };
        assert_eq!(with(|_| ()), Some(Some([7; FILE_KEY_BYTES])));
        // Somebody else's.
        assert_eq!(with(|stanza| stanza.body[0] ^= 1), None);
        assert_eq!(with(|stanza| stanza.tag = "x25519".to_owned()), None);
        let refused: [fn(&mut Stanza); 6] = [
            |stanza| stanza.args.clear(),
            |stanza| stanza.args.push("more".to_owned()),
            |stanza| stanza.args[0].push('='),
            |stanza| stanza.args[0].truncate(42),
            |stanza| stanza.body.push(0),
            |stanza| stanza.args[0] = BASE64_STANDARD_NO_PAD.encode([0; 32]),
        ];
        for change in refused {
            assert_eq!(with(change), Some(None));
        }
    }
}
