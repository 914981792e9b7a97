//! Requests: fetch, check, consent, prove, send.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use bytesize::ByteSize;
use clap::Args;
use taxproof_claims::curve::Curve;
use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::policy::PolicyResult;
use taxproof_claims::request::MAX_SIGNED_REQUEST;
use taxproof_engine::msm::Budget;
use taxproof_proto::v1::{Decision, InvalidReason, Verdict};
use taxproof_prover::answer::{Answer, AnswerError};
use taxproof_prover::client::Client;
use taxproof_prover::consent::Disclosure;
use taxproof_prover::curve::ProvingCurve;
use taxproof_prover::prover::{Prover, Step, Timings};
use taxproof_prover::question::Question;
use taxproof_prover::quotation::Quotation;
use taxproof_prover::wallet::{Wallet, read_limited, write_private};
use taxproof_verifier::command::reply;

use super::{CLAIM_FALSE, NO_CONSENT, WalletArguments, now};
use crate::setup::spinner;

#[derive(Debug, Args)]
pub(crate) struct FetchArguments {
    /// The bank's service, such as http://127.0.0.1:7480.
    #[arg(long, value_name = "URL")]
    from: String,
    #[command(flatten)]
    trust: CertificateAuthority,
    /// The request's id.
    #[arg(long)]
    id: String,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

/// Whose certificate to trust.
#[derive(Debug, Args)]
struct CertificateAuthority {
    /// The certificate of the certificate authority (CA) that signed the bank's, in PEM: needed for an
    /// address with https.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl CertificateAuthority {
    async fn connect(&self, address: &str) -> anyhow::Result<Client> {
        let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
        let authority = self.ca.as_ref().map(read).transpose()?;
        Ok(Client::connect(address, authority.as_deref()).await?)
    }
}

pub(super) fn fetch(arguments: &FetchArguments) -> anyhow::Result<()> {
    let request = runtime()?.block_on(async {
        let client = arguments.trust.connect(&arguments.from).await?;
        anyhow::Ok(client.request(&arguments.id).await?)
    })?;
    Ok(write_private(&arguments.out, &request)?)
}

/// Which request, and of which record.
#[derive(Debug, Args)]
struct QuestionArguments {
    #[command(flatten)]
    wallet: WalletArguments,
    /// The authority whose credential to use, where the bank accepts several.
    #[arg(long)]
    authority: Option<AuthorityId>,
}

impl QuestionArguments {
    fn read(&self, request: &Path) -> anyhow::Result<(Wallet, Question)> {
        let (wallet, _) = self.wallet.open()?;
        let bytes = read_limited(request, MAX_SIGNED_REQUEST)?;
        let question = Question::read(&wallet, &bytes, self.authority.as_ref(), now()?)
            .with_context(|| request.display().to_string())?;
        Ok((wallet, question))
    }
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    question: QuestionArguments,
    /// The bank's signed request.
    request: PathBuf,
}

pub(super) fn check(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let (_, question) = arguments.question.read(&arguments.request)?;
    let view = question.consent_view(&Disclosure::default(), None);
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", view.render())?;
    write!(stdout, "{}", findings(question.result()))?;
    let code = if question.result().passed {
        0
    } else {
        CLAIM_FALSE
    };
    Ok(ExitCode::from(code))
}

/// What a policy says of the record, with the record's figures.
fn findings(result: &PolicyResult) -> String {
    let mut lines = vec!["Your record, for your eyes only:".to_owned()];
    for rule in &result.rules {
        let holds = if rule.holds { "holds" } else { "fails" };
        lines.push(format!("  {holds}  `{}`: {}", rule.name, rule.why));
    }
    for group in &result.groups {
        let holds = if group.holding >= group.at_least {
            "holds"
        } else {
            "fails"
        };
        let (holding, least) = (group.holding, group.at_least);
        lines.push(format!(
            "  {holds}  `{}`: {holding} of at least {least}",
            group.name
        ));
    }
    let variables = result.variables.iter();
    lines.extend(variables.map(|v| format!("  points `{}`: {}", v.name, v.why)));
    lines.extend(
        result
            .score
            .map(|score| format!("  score {score}, band {}", result.band)),
    );
    let verdict = if result.passed { "true" } else { "false" };
    lines.push(format!("The claim is {verdict}."));
    lines.join("\n") + "\n"
}

#[derive(Debug, Args)]
pub(crate) struct ProveArguments {
    #[command(flatten)]
    question: QuestionArguments,
    /// The proving key that the bank's verifying key belongs to.
    #[arg(long)]
    key: PathBuf,
    /// The bank's signed request.
    #[arg(long)]
    request: PathBuf,
    /// Consents without asking: for scripts whose author has read the request.
    #[arg(long)]
    yes: bool,
    /// If the claim is false, proves that it is, and which of these rules failed: all that the
    /// policy lets an applicant disclose, or those named.
    #[arg(long, value_name = "RULES", num_args = 0..=1, require_equals = true, value_delimiter = ',')]
    disclose_failed: Option<Vec<String>>,
    /// Tells the bank the score's band; if the claim is false, proves that it is, with the band and
    /// without naming a rule.
    #[arg(long)]
    disclose_band: bool,
    /// What the key with tables of multiples may take in memory, and in the wallet, where it is kept
    /// for the next proof; 0 for no tables. As before if not given, 32MiB at first.
    #[arg(long, value_name = "SIZE")]
    table_budget: Option<ByteSize>,
    #[command(flatten)]
    destination: Destination,
    #[command(flatten)]
    trust: CertificateAuthority,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Destination {
    /// Writes the presentation, encrypted to the bank, to a file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Sends it to the bank's service.
    #[arg(long, value_name = "URL")]
    send: Option<String>,
}

impl ProveArguments {
    fn disclosure(&self, question: &Question) -> Disclosure {
        let all = || {
            question
                .policy()
                .disclosable_rules()
                .map(str::to_owned)
                .collect()
        };
        let failed_rules = self.disclose_failed.clone();
        Disclosure {
            failed_rules: failed_rules.map(|named| if named.is_empty() { all() } else { named }),
            band: self.disclose_band,
        }
    }
}

pub(super) fn prove(arguments: &ProveArguments) -> anyhow::Result<ExitCode> {
    let (wallet, question) = arguments.question.read(&arguments.request)?;
    match question.request().curve {
        Curve::Bn254 => prove_over::<Bn254>(arguments, &wallet, &question),
        Curve::Bls12_381 => prove_over::<Bls12_381>(arguments, &wallet, &question),
    }
}

fn prove_over<E: ProvingCurve>(
    arguments: &ProveArguments,
    wallet: &Wallet,
    question: &Question,
) -> anyhow::Result<ExitCode> {
    let disclosure = arguments.disclosure(question);
    match question.consent(&disclosure) {
        Err(AnswerError::ClaimFalse { reasons }) => {
            return Ok(refuse_false_claim(question, &reasons));
        }
        consent => consent?,
    };
    let (prover, loaded) = load::<E>(wallet, &arguments.key)?;
    let view = question.consent_view(&disclosure, Some(prover.header()));
    eprintln!("{}", view.render());
    if !question.result().passed {
        eprintln!("The claim is FALSE of your record. You would prove to the bank that it is.\n");
    }
    let prompt = "Type `yes` to agree to this and to send the answer: ";
    if !arguments.yes && reply(prompt)?.is_none_or(|reply| reply.trim() != "yes") {
        eprintln!("nothing was proven or sent");
        return Ok(ExitCode::from(NO_CONSENT));
    }
    let answer = answer(question, &prover, &disclosure)?;
    report(loaded, &answer.timings);
    // Noted before it leaves: an answer whose receipt is lost on the way was given.
    wallet.note(&answer.answered)?;
    let delivered = deliver(arguments, answer);
    keep(wallet, &prover, arguments.table_budget);
    delivered
}

/// Keeps the prover for the next proof. That it cannot be kept costs time, nothing else.
fn keep<E: ProvingCurve>(wallet: &Wallet, prover: &Prover<E>, budget: Option<ByteSize>) {
    let budget = budget.map(|size| Budget(usize::try_from(size.as_u64()).unwrap_or(usize::MAX)));
    if !Wallet::would_keep_prover(prover, budget) {
        return;
    }
    let progress = spinner("preparing the key for the next proof");
    let kept = wallet.keep_prover(prover, budget);
    progress.finish_and_clear();
    if let Err(error) = kept {
        eprintln!("warning: the key is not kept ready: {error}");
    }
}

fn refuse_false_claim(question: &Question, reasons: &[String]) -> ExitCode {
    eprintln!("the claim is false: nothing was proven or sent");
    reasons
        .iter()
        .for_each(|reason| eprintln!("  {reason} does not hold"));
    eprintln!("hint: `taxproof enterprise check` shows your figures");
    if question.policy().disclosable_rules().next().is_some() {
        eprintln!("hint: `--disclose-failed` proves to the bank which rules failed");
    }
    if question.policy().learns().band {
        eprintln!("hint: `--disclose-band` proves to the bank in which band the score is");
    }
    ExitCode::from(CLAIM_FALSE)
}

fn load<E: ProvingCurve>(wallet: &Wallet, path: &Path) -> anyhow::Result<(Prover<E>, Duration)> {
    let start = Instant::now();
    let progress = spinner("loading the key");
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let prover = wallet
        .prover(file)
        .with_context(|| path.display().to_string())?;
    progress.finish_and_clear();
    Ok((prover, start.elapsed()))
}

fn answer<E: ProvingCurve>(
    question: &Question,
    prover: &Prover<E>,
    disclosure: &Disclosure,
) -> anyhow::Result<Answer> {
    let progress = spinner("proving");
    let answer = question.answer(prover, disclosure, now()?, |step| {
        progress.set_message(match step {
            Step::Witness => "computing the witness",
            Step::Verification => "verifying the proof",
            _ => "proving",
        });
    });
    progress.finish_and_clear();
    Ok(answer?)
}

fn report(loaded: Duration, timings: &Timings) {
    eprintln!(
        "key {:.2} s, witness {:.0} ms, proof {:.2} s, verification {:.1} ms",
        loaded.as_secs_f64(),
        timings.witness.as_secs_f64() * 1e3,
        timings.proof.as_secs_f64(),
        timings.verification.as_secs_f64() * 1e3
    );
}

fn deliver(arguments: &ProveArguments, answer: Answer) -> anyhow::Result<ExitCode> {
    let destination = &arguments.destination;
    if let Some(path) = &destination.out {
        write_private(path, &answer.sealed)?;
        eprintln!("wrote {}", path.display());
    }
    if let Some(address) = &destination.send {
        let decision = runtime()?.block_on(async {
            let client = arguments.trust.connect(address).await?;
            anyhow::Ok(client.submit(answer.sealed).await?)
        })?;
        return print(&decision);
    }
    Ok(ExitCode::SUCCESS)
}

/// The bank's decision, to standard output; its texts are the bank's.
fn print(decision: &Decision) -> anyhow::Result<ExitCode> {
    let verdict = match decision.verdict() {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        _ => invalid(decision.invalid_reason())?,
    };
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "verdict: {verdict}")?;
    writeln!(stdout, "request: {}", Quotation::new(&decision.request_id))?;
    writeln!(stdout, "pseudonym: {}", Quotation::new(&decision.pseudonym))?;
    if let Some(band) = decision.band {
        writeln!(stdout, "band: {band}")?;
    }
    for rule in &decision.failed_rules {
        writeln!(stdout, "failed: {}", Quotation::new(rule))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn invalid(reason: InvalidReason) -> anyhow::Result<&'static str> {
    bail!(
        "the bank could do nothing with the answer: {}",
        reason.as_str_name()
    )
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no network on this machine")
}
