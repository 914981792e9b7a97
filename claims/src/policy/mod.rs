//! Policies: what a bank asks, in a language that its officers write and read.
//!
//! [`Policy::parse`] reads TOML or JSON against a [`Schema`] and checks everything that can be
//! checked without a request; [`Policy::compile`] turns it into the numbers of its shape for an
//! epoch's date and a request's parameters; [`Policy::evaluate`] says what it means of a record,
//! rule by rule; [`Policy::explain`] says it in words. A policy travels as its canonical text
//! ([`Policy::encode`]), which the wallet checks all over again ([`Policy::decode`]): bank and wallet each compile for themselves and get the same numbers.
//!
//! The language is described in `docs/policy.md`.

mod atom;
mod canonical;
mod card;
mod compile;
#[cfg(test)]
mod differential;
mod error;
mod evaluate;
mod exact;
mod explain;
mod expression;
mod parameters;
mod plan;
mod read;
mod rule;
mod source;
mod table;
mod words;

pub use compile::{CompileError, Compiled, CompiledRule};
pub use error::{PolicyError, PolicyErrors, Problem};
pub use evaluate::{GroupResult, PolicyResult, RuleResult, VariableResult};
pub use explain::{Explanation, Section};
pub use parameters::{ParameterError, Parameters};
pub use rule::{Learns, Parameter, ParameterUnit};
pub use source::Format;

use crate::digest::{Digest, Profile};
use crate::schema::Schema;
use crate::shape::Shape;
use error::Sink;
use plan::Plan;
use rule::{Group, Rule, Score, Variable};

/// A policy that was checked against a schema and fits a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    schema: Schema,
    id: String,
    version: u32,
    title: String,
    shape: Shape,
    learns: Learns,
    parameters: Vec<Parameter>,
    rules: Vec<Rule>,
    groups: Vec<Group>,
    score: Option<Score>,
    variables: Vec<Variable>,
    plan: Plan,
}

/// Most bytes of a policy as people write it.
pub const MAX_SOURCE: usize = 1 << 16;

/// Most bytes of a policy's canonical text, in which every default is written out.
pub const MAX_CANONICAL: usize = crate::request::MAX_POLICY;

impl Policy {
    /// Reads a policy and checks it against a schema.
    ///
    /// # Errors
    /// Everything that is wrong with the text, with its place; the policy's author must mend it.
    pub fn parse(text: &str, format: Format, schema: &Schema) -> Result<Self, PolicyErrors> {
        let policy = Self::read(text, format, schema, MAX_SOURCE)?;
        let sink = Sink::new(text);
        if policy.canonical().len() > MAX_CANONICAL {
            sink.report(
                &(0..1),
                "",
                Problem::TooLong {
                    limit: MAX_CANONICAL,
                },
            );
        }
        sink.finish().map(|()| policy)
    }

    /// Reads a policy from its canonical encoding, and checks all that [`Self::parse`] checks.
    ///
    /// # Errors
    /// The bytes are no policy for the schema, or not the canonical encoding of one; whoever sent
    /// them is at fault, and nothing may be proven for them.
    pub fn decode(bytes: &[u8], schema: &Schema) -> Result<Self, PolicyErrors> {
        let text = String::from_utf8_lossy(bytes);
        let policy = Self::read(&text, Format::Json, schema, MAX_CANONICAL)?;
        let sink = Sink::new(&text);
        if policy.encode() != bytes {
            sink.report(&(0..1), "", Problem::NotCanonical);
        }
        sink.finish().map(|()| policy)
    }

    /// The canonical encoding: [`Self::canonical`] in UTF-8.
    pub fn encode(&self) -> Vec<u8> {
        self.canonical().into_bytes()
    }

    /// The canonical text: JSON of the same language, with sorted keys and every default written
    /// out, without spaces between its parts.
    pub fn canonical(&self) -> String {
        canonical::write(self)
    }

    /// The digest that stands for the policy in requests and proofs: of the schema's digest and
    /// the canonical text, whatever the layout and comments of the text that a person wrote.
    pub fn digest(&self, profile: Profile) -> Digest {
        let canonical = self.canonical();
        profile.digest(
            "taxproof/policy/1",
            &[&self.schema.digest().0, canonical.as_bytes()],
        )
    }

    /// The schema that the policy was checked against.
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The id: what the bank calls the policy, in a-z, 0-9, `-` and `_`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The version, from 1.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The title, which is the bank's own text: not to be shown as what is asked for.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The shape, of which a proof for this policy must be.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// What the bank learns besides the verdict.
    pub const fn learns(&self) -> &Learns {
        &self.learns
    }

    /// The numbers that a request adds, in their order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The rules' names, in their order.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }

    /// The names of the rules that an applicant may disclose as failed.
    pub fn disclosable_rules(&self) -> impl Iterator<Item = &str> {
        self.learns
            .failed_rules
            .iter()
            .map(|&rule| self.rules[rule].name.as_str())
    }

    /// A request's parameters by name, as people write them.
    ///
    /// # Errors
    /// A parameter that is missing, unknown, given twice, unreadable or out of bounds.
    pub fn parse_parameters(&self, given: &[(&str, &str)]) -> Result<Parameters, ParameterError> {
        Parameters::parse(&self.parameters, &self.schema, given)
    }

    fn read(
        text: &str,
        format: Format,
        schema: &Schema,
        limit: usize,
    ) -> Result<Self, PolicyErrors> {
        let sink = Sink::new(text);
        let mut policy = None;
        if text.len() > limit {
            sink.report(&(0..1), "", Problem::TooLong { limit });
        } else if let Some(root) = source::read(text, format, &sink)
            && sink.is_empty()
        {
            policy = read::policy(&root, schema, &sink);
        }
        if policy.is_none() && sink.is_empty() {
            sink.report(
                &(0..1),
                "",
                Problem::Inconsistent("the policy cannot be read"),
            );
        }
        sink.finish()?;
        Ok(policy.expect("where there is no policy, an error was reported"))
    }
}
