//! SM2 with SM3, held against OpenSSL's signer and verifier: each reads the other's keys and takes the
//! other's signatures, and none of them altered.

use std::path::PathBuf;
use std::process::{Command, Output};

use taxproof_claims::digest::Profile;
use taxproof_claims::signature::{Signature, SigningKey, VerifyingKey};
use tempfile::TempDir;

/// The standard's default (GM/T 0009-2012), as [`SigningKey`] has it.
const IDENTIFIER: &str = "1234567812345678";
/// As many as are likely to have numbers that begin with a zero, or with a set bit.
const SIGNATURES: u32 = 64;

/// A folder in which OpenSSL runs.
struct OpenSsl(TempDir);

impl OpenSsl {
    /// Nothing, where there is no OpenSSL, or one without SM2.
    fn find() -> Option<Self> {
        let openssl = Self(TempDir::new().expect("a folder"));
        let generated = Command::new("openssl")
            .args(["genpkey", "-algorithm", "SM2", "-out"])
            .arg(openssl.path("openssl.pem"))
            .output();
        if generated.is_ok_and(|output| output.status.success()) {
            return Some(openssl);
        }
        // The gate sets this: there, what is not run is an error.
        assert!(
            std::env::var_os("TAXPROOF_ALL_TOOLS").is_none(),
            "there is no `openssl` with SM2: install OpenSSL 3"
        );
        eprintln!("NOT RUN: there is no `openssl` with SM2; OpenSSL 3 has it");
        None
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: &[u8]) {
        std::fs::write(self.path(name), contents).expect("is written");
    }

    fn output(&self, line: &str) -> Output {
        let mut command = Command::new("openssl");
        command.args(line.split(' ')).current_dir(&self.0);
        command.output().expect("runs")
    }

    fn runs(&self, line: &str) {
        let output = self.output(line);
        assert!(output.status.success(), "{line}: {output:?}");
    }

    /// The public key of a key's file, as OpenSSL derives it; written to `public.pem` as well.
    fn public(&self, key: &str) -> VerifyingKey {
        self.runs(&format!("pkey -in {key} -pubout -out public.pem"));
        self.runs(&format!(
            "pkey -in {key} -pubout -outform DER -out public.der"
        ));
        let der = std::fs::read(self.path("public.der")).expect("is there");
        let point = &der[der.len() - 65..];
        VerifyingKey::from_bytes(Profile::Sm, point).expect("a key")
    }

    fn sign(&self, key: &str, message: &[u8], identifier: &str) -> Signature {
        self.write("message", message);
        self.runs(&format!(
            "pkeyutl -sign -inkey {key} -rawin -in message -digest sm3 \
             -pkeyopt distid:{identifier} -out signature"
        ));
        let der = std::fs::read(self.path("signature")).expect("is there");
        of_der(&der).expect("a signature")
    }

    /// Whether OpenSSL takes a signature under `public.pem`.
    fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        self.write("message", message);
        self.write("signature", &to_der(signature));
        let verified = self.output(&format!(
            "pkeyutl -verify -pubin -inkey public.pem -rawin -in message -digest sm3 \
             -pkeyopt distid:{IDENTIFIER} -sigfile signature"
        ));
        let said = String::from_utf8_lossy(&verified.stdout);
        let succeeded = verified.status.success();
        assert_eq!(succeeded, said.contains("Verified Successfully"), "{said}");
        assert!(
            succeeded || said.contains("Verification Failure"),
            "{verified:?}"
        );
        succeeded
    }
}

/// r ‖ s of a DER sequence of two integers.
fn of_der(der: &[u8]) -> Option<Signature> {
    let mut signature = [0; 64];
    let [0x30, length, rest @ ..] = der else {
        return None;
    };
    let mut rest = (usize::from(*length) == rest.len()).then_some(rest)?;
    for half in signature.chunks_mut(32) {
        let [2, length, tail @ ..] = rest else {
            return None;
        };
        let (number, tail) = tail.split_at_checked((*length).into())?;
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = &number[zeros..];
        half.get_mut(32usize.checked_sub(digits.len())?..)?
            .copy_from_slice(digits);
        rest = tail;
    }
    rest.is_empty().then_some(Signature(signature))
}

/// A DER sequence of r and s.
fn to_der(signature: &Signature) -> Vec<u8> {
    let integers = signature.0.chunks(32).flat_map(|half| {
        let zeros = half.iter().take_while(|byte| **byte == 0).count();
        let mut number = half[zeros.min(31)..].to_vec();
        if number[0] >= 0x80 {
            number.insert(0, 0);
        }
        [vec![2, number.len() as u8], number].concat()
    });
    let integers: Vec<u8> = integers.collect();
    [vec![0x30, integers.len() as u8], integers].concat()
}

/// A message for each signature, from the empty one on.
fn messages() -> impl Iterator<Item = Vec<u8>> {
    (0..SIGNATURES).map(|n| vec![0xc3; n as usize])
}

/// The signature with a bit of one of its bytes flipped, another byte each time.
fn flipped(signature: Signature, turn: usize) -> Signature {
    let mut flipped = signature;
    flipped.0[turn % flipped.0.len()] ^= 1;
    flipped
}

#[test]
fn openssl_signs_and_we_verify() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let public = openssl.public("openssl.pem");
    let pem = std::fs::read_to_string(openssl.path("openssl.pem")).expect("is there");
    let secret = SigningKey::from_pem(&pem).expect("a key");
    assert_eq!(secret.verifying_key(), public);
    for (turn, message) in messages().enumerate() {
        let signature = openssl.sign("openssl.pem", &message, IDENTIFIER);
        assert_eq!(public.verify_bytes(&message, &signature), Ok(()));
        let altered = [message.as_slice(), &[0]].concat();
        assert!(public.verify_bytes(&altered, &signature).is_err());
        let altered = flipped(signature, turn);
        assert!(public.verify_bytes(&message, &altered).is_err(), "{turn}");
    }
    let stranger = openssl.sign("openssl.pem", b"a message", "8765432187654321");
    assert!(public.verify_bytes(b"a message", &stranger).is_err());
}

#[test]
fn we_sign_and_openssl_verifies() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let secret = SigningKey::random(Profile::Sm).expect("randomness");
    openssl.write("ours.pem", secret.to_pem().expect("encodes").as_bytes());
    assert_eq!(openssl.public("ours.pem"), secret.verifying_key());
    for (turn, message) in messages().enumerate() {
        let signature = secret.sign_bytes(&message);
        assert!(openssl.verifies(&message, &signature));
        let altered = [message.as_slice(), &[0]].concat();
        assert!(!openssl.verifies(&altered, &signature));
        assert!(
            !openssl.verifies(&message, &flipped(signature, turn)),
            "{turn}"
        );
    }
}
