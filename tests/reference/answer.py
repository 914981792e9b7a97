"""Answers one JSON object a line with one JSON value a line: what the documents say of a record.

{"ask": "policy", "schema": TOML, "policy": TOML or JSON, "format": "toml" or "json",
 "records": [{"attributes": [...], "rows": [[...]], "parameters": {...}, "as_of": "2026-10-31"}]}
    -> for each record {"passed", "score" (null without one), "band", "failed", "failed_as_multiplied"}
{"ask": "numbers", "shape": "Q16", "numbers": "1 0 ...", "records": [{"attributes", "rows", "consent"}]}
    -> for each record its outcome
"""

import datetime
import functools
import json
import sys
import tomllib
from fractions import Fraction

import statement
from policy import Evaluation
from record import Record, Schema

PARAMETER_SCALES = {"percent": Fraction(1, 10_000), "count": Fraction(1)}


@functools.cache
def schema(text):
    return Schema(tomllib.loads(text))


def parsed(text, form):
    if form == "json":
        return json.loads(text, parse_float=Fraction)
    return tomllib.loads(text, parse_float=Fraction)


def ask_policy(question):
    of = schema(question["schema"])
    policy = parsed(question["policy"], question["format"])
    return [said(policy, of, record) for record in question["records"]]


def said(policy, of, source):
    as_of = datetime.date.fromisoformat(source["as_of"])
    record = Record(of, source["attributes"], source["rows"])
    parameters = scaled(policy, of, source["parameters"])
    evaluation = Evaluation(policy, record, as_of, parameters)
    return evaluation.answer() | {"failed_as_multiplied": evaluation.failed_as_multiplied()}


def scaled(policy, of, values):
    """Parameters arrive as requests carry them: in whole numbers of their units."""
    scales = {"money": of.scales["money"], **PARAMETER_SCALES}
    units = {parameter["name"]: parameter["unit"] for parameter in policy.get("parameter", [])}
    return {name: value * scales[units[name]] for name, value in values.items()}


def ask_numbers(question):
    shape = statement.SHAPES[question["shape"]]
    numbers = [int(number) for number in question["numbers"].split()]
    return [
        statement.outcome(shape, numbers, r["attributes"], r["rows"], r["consent"])
        for r in question["records"]
    ]


ASKED = {"policy": ask_policy, "numbers": ask_numbers}


def main():
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(ASKED[question["ask"]](question)), flush=True)


if __name__ == "__main__":
    main()
