//! A bank that keeps requests and receipts, as it is served.

use std::sync::Arc;

use taxproof_claims::digest::Profile;
use taxproof_claims::policy::{Format, Policy};
use taxproof_claims::presentation::Presentation;
use taxproof_claims::schema::Schema;
use taxproof_prover::seal::seal;
use taxproof_verifier::bank::{Bank, Clock, Decision, NewRequest, Refusal};
use taxproof_verifier::config::NewFolder;
use taxproof_verifier::presentation::Question;

use super::ours::{Firm, KEY, NOW, POLICY};

/// A bank that trusts one firm's bureau.
pub(crate) struct Counter {
    bank: Arc<Bank>,
    _folder: tempfile::TempDir,
}

impl Counter {
    pub(crate) async fn open(firm: &Firm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let new = NewFolder {
            id: "bank-of-examples",
            name: "Bank of Examples",
            profile: Profile::Sm,
            listen: ([127, 0, 0, 1], 0).into(),
            keys: &[file("q16.vk", &KEY.files.verifying)],
            allow_dev_keys: true,
            ceremony_keys: &[],
            trust: &file("trust.toml", firm.trust.to_toml().as_bytes()),
            schemas: &[],
        };
        let opened = new.create(&folder.path().join("bank")).unwrap();
        let bank = Bank::open(opened, Clock::of(|| NOW)).await.unwrap();
        let bank = Arc::new(bank);
        let header = firm.epoch.signed().encode();
        bank.add_epoch(&header, firm.logged.clone()).await.unwrap();
        bank.register_policy(POLICY, Format::Toml).await.unwrap();
        Self {
            bank,
            _folder: folder,
        }
    }

    /// A fresh request for [`POLICY`].
    pub(crate) async fn ask(&self) -> Question {
        let new = NewRequest {
            policy: "steady".to_owned(),
            purpose: "a loan".to_owned(),
            ..NewRequest::default()
        };
        let request = self.bank.create_request(new).await.unwrap().signed.request;
        let policy = Policy::decode(&request.policy, &Schema::cn_tax()).unwrap();
        Question::new(request, Arc::new(policy)).unwrap()
    }

    pub(crate) async fn submit(&self, presentation: &Presentation) -> Result<Decision, Refusal> {
        let sealed = seal(&self.bank.recipient(), &presentation.encode()).unwrap();
        self.bank.submit(sealed, "").await
    }
}
