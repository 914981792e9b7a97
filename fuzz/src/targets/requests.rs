//! What a bank can make a wallet read: requests that it signs.

use std::path::Path;

use age::secrecy::ExposeSecret as _;
use taxproof_claims::curve::Curve;
use taxproof_claims::epoch::EpochHeader;
use taxproof_claims::policy::Policy;
use taxproof_claims::request::ParameterValue;
use taxproof_claims::shape::SHAPES;
use taxproof_prover::consent::Disclosure;
use taxproof_prover::question::{Question, QuestionError};
use taxproof_prover::wallet::{Wallet, write_private};

use crate::Target;
use crate::fixture::{
    NOW, credential, enterprise, folder, identity, international_key, policies, request, schema,
    secrets, trust,
};
use crate::input::{Input, part, short, text};

/// A request with any policy, parameters and purpose, signed by a bank that the wallet trusts.
pub(super) const QUESTION: Target = Target::new(
    "question",
    |bytes| {
        let Ok(question) = APPLICANT.with(|applicant| applicant.read(Input::new(bytes))) else {
            return;
        };
        question.shortfall();
        let rules: Vec<String> = question
            .policy()
            .disclosable_rules()
            .map(Into::into)
            .collect();
        for failed_rules in [None, Some(rules)] {
            let disclosure = Disclosure {
                band: failed_rules.is_some(),
                failed_rules,
            };
            let _ = question.consent(&disclosure);
            let screen = question.consent_view(&disclosure, None).render();
            let steers = |c: char| c.is_control() && c != '\n';
            assert!(
                !screen.contains(steers),
                "the bank steers the terminal: {screen:?}"
            );
        }
    },
    || {
        let seed = |policy: &String| {
            let policy = Policy::parse(policy, taxproof_claims::policy::Format::Toml, schema());
            let policy = policy.expect("a policy of the repository");
            let shape = SHAPES.iter().position(|shape| *shape == policy.shape());
            let parameters = policy.parameters().iter();
            let parameters: Vec<u8> = parameters.flat_map(|p| p.min.to_be_bytes()).collect();
            [
                vec![shape.unwrap_or(0) as u8],
                short(b"a working-capital loan\x1b[2J"),
                short(&parameters),
                part(&policy.encode()),
            ]
            .concat()
        };
        policies().iter().map(seed).collect()
    },
)
.mebibytes(24)
.mutations(500);

/// A wallet with a credential.
struct Applicant {
    wallet: Wallet,
    epoch: EpochHeader,
    _folder: tempfile::TempDir,
}

thread_local! {
    static APPLICANT: Applicant = Applicant::new();
}

impl Applicant {
    fn new() -> Self {
        let folder = folder();
        let (wallet, epoch) = with_credential(folder.path());
        Self {
            wallet,
            epoch,
            _folder: folder,
        }
    }

    fn read(&self, mut input: Input<'_>) -> Result<Question, QuestionError> {
        let shape = SHAPES[input.below(SHAPES.len())];
        let purpose = text(input.short()).to_owned();
        let values = input.short();
        let policy = input.part().to_vec();
        let declared = Policy::decode(&policy, schema());
        let name = |i: usize| match &declared {
            Ok(policy) => policy.parameters().get(i).map(|p| p.name.clone()),
            Err(_) => None,
        };
        let named = values
            .chunks(8)
            .enumerate()
            .map(|(i, value)| ParameterValue {
                name: name(i).unwrap_or_default(),
                value: Input::new(value).u64() as i64,
            });
        let mut request = request(policy, named.collect(), &self.epoch);
        request.shape = shape;
        request.purpose = purpose;
        if shape != SHAPES[0] {
            request.curve = Curve::Bls12_381;
        }
        let signed = request.sign(international_key()).encode();
        let read = Question::read(&self.wallet, &signed, None, NOW);
        let disagree = matches!(read, Err(QuestionError::Disagreement));
        assert!(!disagree, "rules and numbers disagree");
        read
    }
}

/// Makes a wallet with a credential of the authority's first epoch, and the secrets of the fixtures.
pub(super) fn with_credential(folder: &Path) -> (Wallet, EpochHeader) {
    let made = "a wallet can be made";
    Wallet::create(folder, enterprise(), schema().id_scheme, None).expect(made);
    let holder = secrets();
    let file = format!(
        "authorising = [\"{}\"]\nnullifying = \"{}\"\nidentity = \"{}\"\n",
        hex::encode(holder.sk.expose()),
        hex::encode(holder.nk.expose()),
        identity().to_string().expose_secret(),
    );
    write_private(&folder.join("secrets.toml"), file.as_bytes()).expect(made);
    let mut wallet = Wallet::open(folder, None).expect(made);
    wallet.add_trust(&trust()).expect(made);
    let credential = credential(&wallet.registration());
    wallet.import(&credential.encode(), None).expect(made);
    (wallet, credential.epoch.header)
}
