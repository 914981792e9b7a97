//! What happens in the demonstration, and what each side sees of it.

use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use ark_bn254::Bn254;
use taxproof_claims::presentation::Presentation;
use taxproof_claims::request::SignedRequest;
use taxproof_proto::v1::{Decision, InvalidReason, Verdict};
use taxproof_prover::answer::AnswerError;
use taxproof_prover::client::{Client, ClientError};
use taxproof_prover::consent::Disclosure;
use taxproof_prover::prover::Prover;
use taxproof_prover::question::Question;
use taxproof_prover::seal::seal;

use super::clock::{Stopwatch, now};
use super::enterprise::Applicant;
use super::{Cast, indented};

/// An honest enterprise for which the policy holds.
pub(super) async fn holds(cast: &Cast, times: &mut Stopwatch) -> anyhow::Result<()> {
    println!("== A policy that holds");
    let (applicant, question) = find(cast, true).await?;
    let prover = times.lap("reading and checking the proving key (first time)", || {
        prover(cast, applicant)
    })?;
    times.lap("preparing it for the next proofs", || {
        applicant.wallet.keep_prover(&prover, None)
    })?;
    let prover = times.lap(
        "reading it again (prepared, its digest is remembered)",
        || self::prover(cast, applicant),
    )?;
    println!("\n{} sees on its screen:\n", applicant.name);
    let view = question.consent_view(&Disclosure::default(), Some(prover.header()));
    println!("{}", indented(&view.render()));

    let answer = question.answer(&prover, &Disclosure::default(), now(), |_| ())?;
    times.note("witness", answer.timings.witness);
    times.note("proof", answer.timings.proof);
    times.note("verifying one's own proof", answer.timings.verification);
    println!(
        "It agrees, proves ({} bytes of proof) and sends {} encrypted bytes. The bank sees:\n",
        answer.presentation.proof.len(),
        answer.sealed.len()
    );
    let client = Client::connect(&cast.bank.url(), None).await?;
    let start = Instant::now();
    let decision = client.submit(answer.sealed.clone()).await?;
    times.note(
        "the bank's decision, over gRPC, stored with its receipt",
        start.elapsed(),
    );
    applicant.wallet.note(&answer.answered)?;
    ensure!(
        decision.verdict() == Verdict::Passed,
        "an honest proof passes"
    );
    show(&decision);
    Ok(())
}

/// An enterprise for which the policy does not hold: once silent, once saying why.
pub(super) async fn does_not_hold(cast: &Cast) -> anyhow::Result<()> {
    println!("\n== A policy that does not hold\n");
    let (applicant, question) = find(cast, false).await?;
    let prover = prover(cast, applicant)?;
    match question.answer(&prover, &Disclosure::default(), now(), |_| ()) {
        Err(error @ AnswerError::ClaimFalse { .. }) => println!("{} sees: {error}", applicant.name),
        other => bail!("a false claim is not proven, but got {other:?}"),
    }
    println!("Nothing was sent, and the bank sees nothing. Its own figures, for its own eyes:\n");
    for rule in question.result().rules.iter().filter(|rule| !rule.holds) {
        println!("    {}: {}", rule.name, rule.why);
    }

    let disclosure = Disclosure {
        failed_rules: Some(
            question
                .policy()
                .disclosable_rules()
                .map(str::to_owned)
                .collect(),
        ),
        band: false,
    };
    let answer = question.answer(&prover, &disclosure, now(), |_| ())?;
    println!("\nIt agrees to disclose which rules fail, and proves that. The bank sees:\n");
    let client = Client::connect(&cast.bank.url(), None).await?;
    let decision = client.submit(answer.sealed).await?;
    applicant.wallet.note(&answer.answered)?;
    ensure!(
        decision.verdict() == Verdict::Failed,
        "a proof of failure is no pass"
    );
    show(&decision);
    Ok(())
}

/// Somebody shows a proof twice, and then to another request.
pub(super) async fn replay(cast: &Cast) -> anyhow::Result<()> {
    println!("\n== A replay\n");
    let (applicant, question) = find(cast, true).await?;
    let prover = prover(cast, applicant)?;
    let answer = question.answer(&prover, &Disclosure::default(), now(), |_| ())?;
    let client = Client::connect(&cast.bank.url(), None).await?;
    let first = client.submit(answer.sealed.clone()).await?;
    let again = client.submit(answer.sealed.clone()).await?;
    ensure!(
        first == again,
        "the same presentation has the same decision"
    );
    println!("The same presentation sent twice has one decision and one receipt.");

    let second = question.answer(&prover, &Disclosure::default(), now(), |_| ())?;
    match client.submit(second.sealed).await {
        Err(ClientError::Refused { code, message }) => {
            println!("Another proof for the same request is refused: {code:?}, {message}");
        }
        other => bail!("a request is answered once, but got {other:?}"),
    }

    let stolen = Presentation {
        request: digest_of(&cast.bank.request().await?)?,
        ..answer.presentation
    };
    let decision = client.submit(seal_to(&question, &stolen)?).await?;
    expect_invalid(&decision, InvalidReason::ProofWrong)?;
    println!("Its proof shown to another request of the same bank:\n");
    show(&decision);
    Ok(())
}

/// Somebody alters a presentation on its way.
pub(super) async fn tampered(cast: &Cast) -> anyhow::Result<()> {
    println!("\n== A tampered proof\n");
    let (applicant, question) = find(cast, true).await?;
    let prover = prover(cast, applicant)?;
    let honest = question
        .answer(&prover, &Disclosure::default(), now(), |_| ())?
        .presentation;
    let client = Client::connect(&cast.bank.url(), None).await?;

    let mut flipped = honest.clone();
    flipped.proof[0] ^= 1;
    let mut other_firm = honest.clone();
    other_firm.disclosed_id = cast
        .applicants
        .iter()
        .find(|other| other.id() != applicant.id())
        .context("there are several enterprises")?
        .id()
        .to_string();
    for (what, presentation) in [
        ("One bit of the proof flipped", flipped),
        ("The same proof in another enterprise's name", other_firm),
    ] {
        let decision = client.submit(seal_to(&question, &presentation)?).await?;
        ensure!(
            decision.verdict() == Verdict::Invalid,
            "an altered presentation shows nothing"
        );
        println!("{what}. The bank sees:\n");
        show(&decision);
    }
    let decision = client.submit(seal_to(&question, &honest)?).await?;
    ensure!(
        decision.verdict() == Verdict::Passed,
        "the honest presentation still counts"
    );
    println!("The request is not used up by that: the honest presentation still passes.");
    Ok(())
}

/// What is left at each side.
pub(super) async fn what_each_side_saw(cast: &Cast) -> anyhow::Result<()> {
    println!("\n== What each side knows now\n");
    println!(
        "bureau      the records, as before; of proofs and banks nothing: nobody asked it anything after"
    );
    println!("            epoch {}", cast.bureau.epoch());
    println!(
        "bank        the decisions above, a signed receipt for each; no amount, no record, no secret"
    );
    for applicant in &cast.applicants {
        for answered in applicant.wallet.history()? {
            println!(
                "enterprise  {} told `{}` that its policy {}",
                applicant.name,
                answered.bank,
                if answered.passed {
                    "holds"
                } else {
                    "does not hold, and which rules failed"
                }
            );
        }
    }
    Ok(())
}

/// An applicant for whom the policy holds, or does not, and a fresh request put to it.
async fn find(cast: &Cast, passes: bool) -> anyhow::Result<(&Applicant, Question)> {
    let request = cast.bank.request().await?;
    for applicant in &cast.applicants {
        let question = applicant.question(&request)?;
        if question.result().passed == passes {
            return Ok((applicant, question));
        }
    }
    bail!("no such enterprise was made up: try another `--seed`")
}

fn prover(cast: &Cast, applicant: &Applicant) -> anyhow::Result<Prover<Bn254>> {
    Ok(applicant.wallet.prover(cast.proving_key.as_slice())?)
}

fn digest_of(signed_request: &[u8]) -> anyhow::Result<taxproof_claims::digest::Digest> {
    Ok(SignedRequest::decode(signed_request)?.request.digest())
}

fn seal_to(question: &Question, presentation: &Presentation) -> anyhow::Result<Vec<u8>> {
    Ok(seal(&question.request().recipient, &presentation.encode())?)
}

fn expect_invalid(decision: &Decision, reason: InvalidReason) -> anyhow::Result<()> {
    ensure!(
        decision.verdict() == Verdict::Invalid && decision.invalid_reason() == reason,
        "expected {reason:?}, but got {decision:?}"
    );
    Ok(())
}

/// A decision as an officer sees it.
fn show(decision: &Decision) {
    let verdict = match decision.verdict() {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Failed => format!("failed: {}", decision.failed_rules.join(", ")),
        Verdict::Invalid => format!("invalid: {}", decision.invalid_reason().as_str_name()),
        Verdict::Unspecified => "none".to_owned(),
    };
    println!("    verdict     {verdict}");
    if decision.verdict() != Verdict::Invalid {
        println!("    enterprise  {}", decision.disclosed_id);
        println!("    pseudonym   {}", decision.pseudonym);
        println!(
            "    epoch       {} of {}",
            decision.epoch, decision.authority
        );
        println!("    receipt     {} signed bytes", decision.receipt.len());
    }
    println!();
}
