"""The outcome that flattened numbers give for a record: docs/protocol.md, sections 3 and 4."""

from dataclasses import dataclass

ATTRIBUTES = 12
FIELDS = 8
CODES = (32, 8)
GROUPS = 2
BANDS = 3
BIN_THRESHOLDS = 9


@dataclass(frozen=True)
class Shape:
    quarters: int
    linear: int
    counted: int
    ranges: int
    ratio_variables: int = 0
    attribute_variables: int = 0

    @property
    def atoms(self):
        return self.linear + self.counted + self.ranges + len(CODES)


SHAPES = {
    "Q16": Shape(16, 6, 3, 4),
    "Q16S": Shape(16, 6, 3, 4, 10, 6),
    "Q32": Shape(32, 10, 6, 6),
}


class Reader:
    """Takes the numbers from the front, in the order of section 4."""

    def __init__(self, numbers):
        self.numbers = iter(numbers)

    def one(self):
        return next(self.numbers)

    def many(self, count):
        return [self.one() for _ in range(count)]

    def end(self):
        assert next(self.numbers, None) is None, "more numbers than the shape has"


def outcome(shape, numbers, attributes, values, consent):
    """`consent` is the sum of one bit an atom, then the band's."""
    reader = Reader(numbers)
    atoms = read_atoms(shape, reader, attributes, values)
    hard = reader.many(shape.atoms)
    score = dot(reader.many(shape.atoms), atoms)
    cut_off = reader.one()
    groups = [dot(reader.many(shape.atoms), atoms) >= reader.one() for _ in range(GROUPS)]
    bands = reader.many(BANDS)
    reader.one()  # disclose_id
    score += scorecard(shape, reader, attributes, values)
    reader.end()
    required = all(atom for atom, is_hard in zip(atoms, hard) if is_hard)
    passed = required and score >= cut_off and all(groups)
    band = sum(score >= threshold for threshold in bands)
    return combine(shape, passed, band, atoms, consent)


def combine(shape, passed, band, atoms, consent):
    disclosed = [(consent >> i) & 1 for i in range(shape.atoms + 1)]
    failed = sum((1 - atom) * bit << i for i, (atom, bit) in enumerate(zip(atoms, disclosed)))
    return int(passed) + 2 * disclosed[-1] * band + 8 * (1 - int(passed)) * failed


def read_atoms(shape, reader, attributes, values):
    atoms = [linear(shape, reader, attributes, values) for _ in range(shape.linear)]
    atoms += [counted(shape, reader, attributes, values) for _ in range(shape.counted)]
    atoms += [in_range(reader, attributes) for _ in range(shape.ranges)]
    return atoms + [in_set(reader, attributes, count) for count in CODES]


def linear(shape, reader, attributes, values):
    time, weight = reader.many(shape.quarters), reader.many(FIELDS)
    threshold, min_periods = reader.many(2)
    return int(weighed(time, weight, values) >= threshold and attributes[0] >= min_periods)


def counted(shape, reader, attributes, values):
    window, weight = reader.many(shape.quarters), reader.many(FIELDS)
    threshold, at_least, min_periods = reader.many(3)
    reached = sum(flag == 1 and dot(weight, row) >= threshold for flag, row in zip(window, values))
    return int(reached >= at_least and attributes[0] >= min_periods)


def in_range(reader, attributes):
    value = dot(reader.many(ATTRIBUTES), attributes)
    low, high = reader.many(2)
    return int(low <= value <= high)


def in_set(reader, attributes, count):
    value = dot(reader.many(ATTRIBUTES), attributes)
    codes, member = reader.many(count), reader.one()
    return int(value != 0 and (value in codes) == (member == 1))


def scorecard(shape, reader, attributes, values):
    ratios = [ratio(shape, reader, attributes, values) for _ in range(shape.ratio_variables)]
    return sum(ratios) + sum(attribute(reader, attributes) for _ in range(shape.attribute_variables))


def ratio(shape, reader, attributes, values):
    numerator = quantity(shape, reader, values)
    denominator = quantity(shape, reader, values)
    min_periods = reader.one()
    missing = denominator < 1 or attributes[0] < min_periods
    return points(reader, missing, lambda threshold: numerator >= threshold * denominator)


def quantity(shape, reader, values):
    time, weight = reader.many(shape.quarters), reader.many(FIELDS)
    return reader.one() + weighed(time, weight, values)


def attribute(reader, attributes):
    value = dot(reader.many(ATTRIBUTES), attributes)
    missing = value == reader.one()
    return points(reader, missing, lambda threshold: value >= threshold)


def points(reader, missing, reaches):
    thresholds = reader.many(BIN_THRESHOLDS)
    base = reader.one()
    steps = reader.many(BIN_THRESHOLDS)
    missing_points = reader.one()
    if missing:
        return missing_points
    return base + sum(step for step, threshold in zip(steps, thresholds) if reaches(threshold))


def weighed(time, weight, values):
    return sum(t * dot(weight, row) for t, row in zip(time, values))


def dot(left, right):
    return sum(a * b for a, b in zip(left, right, strict=True))
