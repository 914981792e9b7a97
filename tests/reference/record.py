"""A schema and a record of it, with values in the units in which policies speak."""

import datetime
from fractions import Fraction

EPOCH = datetime.date(1970, 1, 1)


class Schema:
    def __init__(self, source):
        self.fields = {field["name"]: i for i, field in enumerate(source["fields"])}
        self.attributes = {a["name"]: i for i, a in enumerate(source["attributes"])}
        self.source = source
        self.scales = {
            "money": Fraction(1, 10 ** source["currency_digits"]),
            "basis_points": Fraction(1, 10_000),
        }

    def scale(self, column):
        return self.scales.get(column["unit"], Fraction(1))

    def code(self, attribute, written):
        """A code by its name or number; "06" is 6."""
        for named in attribute.get("names", []):
            if named["name"] == written:
                return named["code"]
        return int(written)


class Record:
    """`attributes` in the schema's order; `values` a row a quarter, the newest first."""

    def __init__(self, schema, attributes, values):
        self.schema = schema
        self.attributes = attributes
        self.values = values

    def quarters_on_record(self):
        return self.attributes[0]

    def sum(self, terms, quarter):
        """The sum of one quarter, 1 the newest."""
        return sum(factor * self.field(name, quarter) for factor, name in terms)

    def total(self, terms, quarters):
        return sum(self.sum(terms, quarter) for quarter in quarters)

    def field(self, name, quarter):
        index = self.schema.fields[name]
        column = self.schema.source["fields"][index]
        return self.values[quarter - 1][index] * self.schema.scale(column)

    def attribute(self, name):
        """The column and its value: a number, a day or a code; None where it is not known."""
        index = self.schema.attributes[name]
        column = self.schema.source["attributes"][index]
        return column, self.in_unit(column, self.attributes[index])

    def in_unit(self, column, value):
        if value == column.get("missing") or (column["unit"] == "code" and value == 0):
            return None
        if column["unit"] == "date":
            return EPOCH + datetime.timedelta(days=value)
        return value if column["unit"] == "code" else value * self.schema.scale(column)
