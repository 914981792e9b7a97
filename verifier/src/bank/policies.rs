//! Registering and finding policies.

use std::sync::Arc;

use taxproof_claims::digest::Digest;
use taxproof_claims::policy::{Explanation, Format, Policy, PolicyErrors, Problem};
use taxproof_claims::schema::Schema;

use super::{Bank, Refusal};
use crate::metrics::Step;
use crate::question::Terms;
use crate::store::{KeptPolicy, Page, StoreError};

impl Bank {
    /// Checks a policy's text and keeps it.
    ///
    /// # Errors
    /// The text is no policy, or the database's.
    pub async fn register_policy(
        self: &Arc<Self>,
        text: &str,
        format: Format,
    ) -> Result<KeptPolicy, Refusal> {
        let (bank, text) = (Arc::clone(self), text.to_owned());
        let parse = move || parse_policy(&text, format, &bank.schemas);
        let policy = self
            .compute(Step::Compile, parse)
            .await?
            .map_err(Refusal::Policy)?;
        let now = self.time.now();
        let kept = self.store.keep_policy(&policy, self.profile(), now).await?;
        tracing::info!(policy = %kept.digest, id = kept.id, "registered");
        Ok(kept)
    }

    /// Policies, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn policies(&self, page: Page) -> Result<Vec<KeptPolicy>, Refusal> {
        Ok(self.store.policies(page).await?)
    }

    /// Retires a policy, by its digest or id: no new requests are made for it.
    ///
    /// # Errors
    /// There is no such policy, or several.
    pub async fn retire_policy(&self, name: &str) -> Result<KeptPolicy, Refusal> {
        let kept = self.find_policy(name).await?;
        let now = self.time.now();
        let new = self.store.retire_policy(kept.digest, now).await?;
        if new {
            self.recorder.note_change(&self.store).await;
        }
        tracing::info!(policy = %kept.digest, id = kept.id, "retired");
        let kept = self.store.policy(kept.digest).await?;
        kept.ok_or(Refusal::UnknownPolicy)
    }

    /// A policy in plain words, by its digest or id.
    ///
    /// # Errors
    /// There is no such policy, or several.
    pub async fn explain_policy(&self, name: &str) -> Result<(KeptPolicy, Explanation), Refusal> {
        let kept = self.find_policy(name).await?;
        let explanation = self.terms(&kept)?.policy().explain(None);
        Ok((kept, explanation))
    }

    /// A policy by its digest, or by its id where one policy that is not retired has it.
    ///
    /// # Errors
    /// There is no such policy, or several.
    pub async fn find_policy(&self, name: &str) -> Result<KeptPolicy, Refusal> {
        if let Ok(digest) = name.parse::<Digest>() {
            let kept = self.store.policy(digest).await?;
            return kept.ok_or(Refusal::UnknownPolicy);
        }
        let mut called = self.store.policies_called(name).await?;
        match (called.pop(), called.is_empty()) {
            (None, _) => Err(Refusal::UnknownPolicy),
            (Some(policy), true) => Ok(policy),
            (Some(_), false) => Err(Refusal::AmbiguousPolicy),
        }
    }

    /// A kept policy, read back.
    pub(super) fn terms(&self, kept: &KeptPolicy) -> Result<Arc<Terms>, Refusal> {
        if let Some(terms) = self.terms.get(kept.digest) {
            return Ok(terms);
        }
        let read = |schema: &Schema| Policy::decode(kept.canonical.as_bytes(), schema).ok();
        let fits = |policy: &Policy| policy.digest(self.profile()) == kept.digest;
        let policy = self.schemas.iter().filter_map(read).find(fits);
        // Its schema was taken away, or it was registered under another profile.
        let policy = policy.ok_or(Refusal::UnknownPolicy)?;
        Ok(self.terms.keep(kept.digest, Terms::new(policy.into())))
    }

    /// The policy of a digest, which a request names.
    pub(super) async fn terms_of(&self, digest: Digest) -> Result<Arc<Terms>, Refusal> {
        if let Some(terms) = self.terms.get(digest) {
            return Ok(terms);
        }
        let kept: Result<_, StoreError> = self.store.policy(digest).await;
        self.terms(&kept?.ok_or(Refusal::UnknownPolicy)?)
    }
}

/// Reads a policy against whichever of some schemas it is written for.
///
/// # Errors
/// What is wrong with the text; where it names none of the schemas, that.
pub fn parse_policy(
    text: &str,
    format: Format,
    schemas: &[Schema],
) -> Result<Policy, PolicyErrors> {
    let wrong_schema = |errors: &PolicyErrors| {
        let is_other = |p: &Problem| matches!(p, Problem::WrongSchema { .. });
        errors.iter().any(|error| is_other(&error.problem))
    };
    let mut first = None;
    for schema in schemas {
        match Policy::parse(text, format, schema) {
            Err(errors) if wrong_schema(&errors) => {
                first.get_or_insert(errors);
            }
            result => return result,
        }
    }
    match first {
        Some(errors) => Err(errors),
        None => Policy::parse(text, format, &Schema::cn_tax()),
    }
}
