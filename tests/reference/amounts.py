"""Exact numbers, sums, windows and lengths of time, as docs/policy.md words them."""

import datetime
import re
from fractions import Fraction

QUARTERS_IN = {"quarter": 1, "year": 4}
MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}


def number(value):
    """A decimal as written: 50000, "50,000.00", "-20 %"."""
    if isinstance(value, (int, Fraction)):
        return Fraction(value)
    text = value.replace(",", "").strip()
    if text.endswith("%"):
        return Fraction(text[:-1].strip()) / 100
    return Fraction(text)


def terms(value):
    """A sum as a list of (factor, name); the name of a plain number is None."""
    if not isinstance(value, str):
        return [(number(value), None)]
    spaced = re.sub(r"\s*([+-])\s*", r" \1 ", value.strip())
    pieces = re.findall(r"([+-]?)\s*([^+-]+)", spaced)
    return [signed(sign, piece.strip()) for sign, piece in pieces if piece.strip()]


def signed(sign, piece):
    factor, name = term(piece)
    return (-factor if sign == "-" else factor, name)


def term(piece):
    if "*" in piece:
        factor, name = piece.split("*")
        return number(factor), name.strip()
    if re.match(r"[a-z]", piece):
        return Fraction(1), piece
    return number(piece), None


def window(text):
    """The quarters that a window names, 1 the newest."""
    single = re.fullmatch(r"quarter (\d+)", text)
    if single:
        return [int(single[1])]
    span = re.fullmatch(r"quarters (\d+) to (\d+)", text)
    if span:
        return list(range(int(span[1]), int(span[2]) + 1))
    last = re.fullmatch(r"last (?:(\d+) )?(month|quarter|year)s?", text)
    count = int(last[1] or 1)
    if last[2] == "month":
        assert count % 3 == 0, f"{text}: no whole quarters"
        return list(range(1, count // 3 + 1))
    return list(range(1, count * QUARTERS_IN[last[2]] + 1))


def before(day, length):
    """The day that lies `length` before `day`."""
    count, unit = re.fullmatch(r"(\d+) (day|month|quarter|year)s?", length).groups()
    if unit == "day":
        return day - datetime.timedelta(days=int(count))
    months = day.year * 12 + day.month - 1 - int(count) * MONTHS_IN[unit]
    return month_day(months, day.day)


def month_day(months, day):
    """The day of the month counted from year 0, or the last day that it has."""
    while True:
        try:
            return datetime.date(months // 12, months % 12 + 1, day)
        except ValueError:
            day -= 1
