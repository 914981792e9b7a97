"""What a policy says of a record: the "Exact semantics" of docs/policy.md, in fractions.

Nothing here is compiled: every rule is read as written and compared as it stands. The policy is taken
to be one that `taxproof bank policy check` accepts.
"""

import datetime

from amounts import before, number, terms, window

LOWER = {"at_least": lambda a, b: a >= b, "more_than": lambda a, b: a > b}
UPPER = {"at_most": lambda a, b: a <= b, "less_than": lambda a, b: a < b}
COMPARISONS = {**LOWER, **UPPER, "equals": lambda a, b: a == b}


class Evaluation:
    """The policy's meaning for one record, one date and one set of parameters."""

    def __init__(self, policy, record, as_of, parameters):
        self.policy = policy
        self.record = record
        self.as_of = as_of
        self.parameters = parameters
        self.bases_are_left_to_others = False
        self.rules = {rule["name"]: rule for rule in policy.get("rule", [])}
        self.held = {name: self.holds(rule) for name, rule in self.rules.items()}

    def answer(self):
        score = self.score()
        return {
            "passed": self.passed(score),
            "score": score if "score" in self.policy else None,
            "band": sum(score >= threshold for threshold in self.scoring("bands", [])),
            "failed": [name for name in self.rules if not self.held[name]],
        }

    def failed_as_multiplied(self):
        """The rules that fail even where the check of their base is left to another rule."""
        self.bases_are_left_to_others = True
        failed = [name for name, rule in self.rules.items() if not self.holds(rule)]
        self.bases_are_left_to_others = False
        return failed

    def passed(self, score):
        required = [name for name, rule in self.rules.items() if self.required(rule)]
        cut_off = self.scoring("cut_off", score)
        return (
            all(self.held[name] for name in required)
            and all(self.group(group) for group in self.policy.get("group", []))
            and score >= cut_off
        )

    def required(self, rule):
        return rule.get("veto", False) or ("points" not in rule and not self.grouped(rule["name"]))

    def grouped(self, name):
        return any(name in group["any_of"] for group in self.policy.get("group", []))

    def group(self, group):
        return sum(self.held[name] for name in group["any_of"]) >= group.get("at_least", 1)

    def scoring(self, key, default):
        return self.policy.get("score", {}).get(key, default)

    def score(self):
        points = [rule.get("points", 0) for name, rule in self.rules.items() if self.held[name]]
        variables = [self.points(variable) for variable in self.policy.get("variable", [])]
        return self.scoring("base", 0) + sum(points) + sum(variables)

    # Rules.

    def holds(self, rule):
        if "attribute" in rule:
            return self.attribute_holds(rule)
        if "parameter" in rule:
            return self.compares(rule, self.parameters[rule["parameter"]])
        if self.too_young(rule) and rule.get("young_firms", "fail") == "fail":
            return False
        return self.rows_hold(rule)

    def rows_hold(self, rule):
        if "each_quarter" in rule:
            return self.quarters_hold(rule)
        if "total" in rule or "average" in rule:
            return self.compares(rule, self.figure(rule))
        return self.quotient_holds(rule)

    def too_young(self, rule):
        return self.record.quarters_on_record() < max(self.quarters(rule))

    def quarters(self, rule):
        """Every quarter that the rule looks at."""
        return [q for key in ("over", "from", "to", "to_over") for q in self.looks_at(rule, key)]

    def looks_at(self, rule, key):
        if key not in rule or (key == "to" and "growth" not in rule):
            return []
        return window(rule[key])

    def quarters_hold(self, rule):
        quarters = window(rule["over"])
        summed = terms(rule["each_quarter"])
        count = sum(self.compares(rule, self.record.sum(summed, q)) for q in quarters)
        if "in_at_least" not in rule and "in_at_most" not in rule:
            return count == len(quarters)
        return rule.get("in_at_least", 0) <= count <= rule.get("in_at_most", len(quarters))

    def figure(self, rule):
        quarters = window(rule["over"])
        total = self.record.total(terms(rule.get("total") or rule.get("average")), quarters)
        if "total" in rule:
            return total
        return total / len(quarters) * (4 if rule["per"] == "year" else 1)

    def quotient_holds(self, rule):
        numerator, base, shift = self.quotient(rule)
        if base <= 0 and self.base_must_be_positive(rule):
            return False
        return all(
            COMPARISONS[key](numerator, (self.threshold(rule[key]) + shift) * base)
            for key in COMPARISONS
            if key in rule
        )

    def quotient(self, rule):
        """Numerator, base, and what is added to a threshold of the quotient."""
        if "growth" in rule:
            summed = terms(rule["growth"])
            return self.mean(summed, rule["to"]), self.mean(summed, rule["from"]), 1
        base_quarters = window(rule.get("to_over", rule["over"]))
        return (
            self.record.total(terms(rule["ratio"]), window(rule["over"])),
            self.record.total(terms(rule["to"]), base_quarters),
            0,
        )

    def mean(self, summed, quarters):
        quarters = window(quarters)
        return self.record.total(summed, quarters) / len(quarters)

    def base_must_be_positive(self, rule):
        fails = rule.get("base_not_positive", "fail") == "fail"
        return fails and not self.bases_are_left_to_others

    def compares(self, rule, figure):
        return all(
            compare(figure, self.threshold(rule[key]))
            for key, compare in COMPARISONS.items()
            if key in rule
        )

    def threshold(self, written):
        return sum(
            factor * (1 if name is None else self.parameters[name])
            for factor, name in terms(written)
        )

    # Attributes.

    def attribute_holds(self, rule):
        column, value = self.record.attribute(rule["attribute"])
        if value is None:
            return False
        if column["unit"] == "code":
            return self.code_holds(rule, column, value)
        if column["unit"] == "date":
            return self.day_holds(rule, value)
        return self.compares(rule, value)

    def code_holds(self, rule, column, value):
        codes = {
            key: [self.record.schema.code(column, written) for written in listed(rule[key])]
            for key in ("one_of", "none_of", "equals")
            if key in rule
        }
        return value not in codes.pop("none_of", []) and all(value in c for c in codes.values())

    def day_holds(self, rule, day):
        if "at_least_ago" in rule and day > before(self.as_of, rule["at_least_ago"]):
            return False
        if "within" in rule and day < before(self.as_of, rule["within"]):
            return False
        return all(
            compare(day, date(rule[key])) for key, compare in COMPARISONS.items() if key in rule
        )

    # Scorecard.

    def points(self, variable):
        if "attribute" in variable:
            return self.attribute_points(variable)
        if self.too_young(variable) and variable.get("young_firms", "fail") == "fail":
            return variable["missing"]
        if "total" in variable or "average" in variable:
            return self.bin(variable, self.figure(variable))
        numerator, base, shift = self.quotient(variable)
        if base <= 0:
            return variable["missing"]
        return self.bin(variable, numerator / base - shift)

    def bin(self, variable, figure):
        for entry in variable["bins"]:
            if "below" not in entry or figure < number(entry["below"]):
                return entry["points"]
        raise ValueError("the last bin has an end")

    def attribute_points(self, variable):
        column, value = self.record.attribute(variable["attribute"])
        if value is None:
            return variable["missing"]
        if column["unit"] == "code":
            return self.code_bin(variable, column, value)
        if column["unit"] == "date":
            return self.age_bin(variable, value)
        return self.bin(variable, value)

    def code_bin(self, variable, column, value):
        for entry in variable["bins"]:
            codes = [self.record.schema.code(column, written) for written in entry.get("one_of", [])]
            if "one_of" not in entry or value in codes:
                return entry["points"]
        raise ValueError("the last bin is not for all other codes")

    def age_bin(self, variable, day):
        """An age is below "2 years" where the day is less than two years ago."""
        for entry in variable["bins"]:
            if "below" not in entry or day > before(self.as_of, entry["below"]):
                return entry["points"]
        raise ValueError("the last bin has an end")


def listed(written):
    return written if isinstance(written, list) else [written]


def date(written):
    return written if isinstance(written, datetime.date) else datetime.date.fromisoformat(written)
