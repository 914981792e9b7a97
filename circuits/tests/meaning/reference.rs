//! The evaluator in `tests/reference`, as a process that answers a line with a line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};
use taxproof_claims::numbers::Numbers;
use taxproof_claims::record::Values;
use taxproof_claims::statement::Consent;

/// A running reference evaluator.
pub(crate) struct Reference {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reference {
    /// Starts it; there is no test without it.
    pub(crate) fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/answer.py");
        let mut child = Command::new("python3")
            .arg("-B")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the reference evaluator needs Python 3.11 or newer as `python3`");
        let questions = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        Self {
            child,
            questions,
            answers,
        }
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, question: &Json) -> Json {
        writeln!(self.questions, "{question}").expect("the reference evaluator listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("an answer");
        serde_json::from_str(&answer)
            .unwrap_or_else(|e| panic!("the reference evaluator gave up on {question}: {e}"))
    }

    /// The outcomes that numbers give for records.
    pub(crate) fn outcomes(
        &mut self,
        numbers: &Numbers,
        records: &[(&Values, Consent)],
    ) -> Vec<u64> {
        let texts: Vec<String> = numbers.flatten().iter().map(i128::to_string).collect();
        let records: Vec<Json> = records
            .iter()
            .map(|(values, consent)| {
                let mut record = record(values);
                record["consent"] = json!(consent.bits());
                record
            })
            .collect();
        let question = json!({
            "ask": "numbers",
            "shape": numbers.shape.name,
            "numbers": texts.join(" "),
            "records": records,
        });
        serde_json::from_value(self.ask(&question)).expect("outcomes")
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A record as the reference evaluator reads it.
pub(crate) fn record(values: &Values) -> Json {
    json!({ "attributes": values.attributes(), "rows": values.rows() })
}
