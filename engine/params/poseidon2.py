#!/usr/bin/env python3
"""Generates the Poseidon2 constants of `engine/src/poseidon2/{bn254,bls12_381}.rs`.

    python3 poseidon2.py <folder>           writes both files
    python3 poseidon2.py --check <folder>   exits with 1 if a file there differs

The procedure is that of the Poseidon2 paper (eprint 2023/323) and of its authors' script
`poseidon2_rust_params.sage`: a Grain LFSR in self-shrinking mode, seeded with the instance, gives
the round constants by rejection (external rounds of the first half, internal rounds, external
rounds of the second half), then diagonals of the internal matrix, reduced modulo the field's
order, until one passes the condition on minimal polynomials.
"""

import sys
from itertools import islice
from math import ceil, comb, floor, log
from pathlib import Path

FIELDS = {
    "bn254": (
        "ark_bn254",
        "BN254",
        0x30644E72E131A029B85045B68181585D2833E84879B9709143E1F593F0000001,
    ),
    "bls12_381": (
        "ark_bls12_381",
        "BLS12-381",
        0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001,
    ),
}
# Width to number of internal rounds.
INTERNAL_ROUNDS = {4: 56, 8: 57, 16: 57}
EXTERNAL_ROUNDS = 8
ALPHA = 5
SECURITY = 128


def enough_rounds(p, t, external, internal):
    """The bounds of the paper and of eprint 2023/537, before the security margin."""
    n, bits, m = log(p, 2), p.bit_length(), SECURITY
    per_bit = log(2, ALPHA)
    bounds = [
        6 if m <= floor(n - (ALPHA - 1) / 2) * (t + 1) else 10,
        1 + ceil(per_bit * min(m, bits)) + ceil(log(t, ALPHA)) - internal,
        per_bit * min(m, n) - internal,
        t - 1 + per_bit * min(m / (t + 1), n / 2) - internal,
        (t - 2 + m / (2 * log(ALPHA, 2)) - internal) / (t - 1),
    ]
    r = t // 3
    under = r * (external // 2) + internal + ALPHA
    over = (external - 1) * t + internal + r + under
    return external >= max(map(ceil, bounds)) and ceil(2 * log(comb(over, under), 2)) >= m


def rounds(p, t):
    """The cheapest numbers of rounds in S-boxes, with the margin: two external rounds, 7.5 %."""
    best = None
    for internal in range(1, 100):
        for external in range(4, 30, 2):
            if enough_rounds(p, t, external, internal):
                choice = (external + 2, ceil(internal * 1.075))
                cost = (t * choice[0] + choice[1], choice[0])
                if best is None or cost < best[0]:
                    best = (cost, choice)
    return best[1]


def grain(p, t, external, internal):
    """The bits of the self-shrinking Grain LFSR of a prime field's instance."""
    state = []
    for value, width in [
        (1, 2),  # a prime field
        (0, 4),  # the S-box is a power
        (p.bit_length(), 12),
        (t, 12),
        (external, 10),
        (internal, 10),
        ((1 << 30) - 1, 30),
    ]:
        state += [value >> i & 1 for i in reversed(range(width))]

    def clock():
        bit = state[62] ^ state[51] ^ state[38] ^ state[23] ^ state[13] ^ state[0]
        state.pop(0)
        state.append(bit)
        return bit

    for _ in range(160):
        clock()
    while True:
        keep = clock()
        bit = clock()
        if keep:
            yield bit


def integers(bits, n):
    """Integers of n bits, the most significant first."""
    while True:
        yield int("".join(map(str, islice(bits, n))), 2)


class Polynomials:
    """Polynomials modulo the monic f of degree t, over GF(p), lowest coefficient first."""

    def __init__(self, p, f):
        self.p, self.f, self.t = p, f, len(f) - 1

    def times(self, a, b):
        p, t = self.p, self.t
        out = [0] * (2 * t - 1)
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                out[i + j] += x * y
        for k in range(2 * t - 2, t - 1, -1):
            top = out[k] % p
            for i in range(t):
                out[k - t + i] -= top * self.f[i]
        return [x % p for x in out[:t]]

    def power(self, a, e):
        out = [1] + [0] * (self.t - 1)
        for bit in bin(e)[2:]:
            out = self.times(out, out)
            if bit == "1":
                out = self.times(out, a)
        return out

    def coprime(self, a):
        """Whether gcd(a, f) = 1."""
        p, x, y = self.p, self.f, strip(a)
        while y:
            inverse = pow(y[-1], -1, p)
            x = x[:]
            while len(x) >= len(y):
                factor, shift = x[-1] * inverse % p, len(x) - len(y)
                for i, c in enumerate(y):
                    x[shift + i] = (x[shift + i] - factor * c) % p
                x = strip(x)
            x, y = y, x
        return len(x) == 1

    def irreducible(self):
        """Rabin's test for a degree that is a power of two."""
        p, t = self.p, self.t
        x = [0, 1] + [0] * (t - 2)
        frobenius = self.power(x, p)
        # a(x)^p = a(x^p): one more Frobenius is a composition.
        powers = [[1] + [0] * (t - 1)]
        for _ in range(t - 1):
            powers.append(self.times(powers[-1], frobenius))
        a = x
        for k in range(1, t + 1):
            a = [sum(c * power[i] for c, power in zip(a, powers)) % p for i in range(t)]
            less_x = [(c - d) % p for c, d in zip(a, x)]
            # k = 1 is not needed but rejects most candidates at once.
            if k in (1, t // 2) and not self.coprime(less_x):
                return False
        return a == x


def strip(a):
    while a and a[-1] == 0:
        a = a[:-1]
    return a


def apply(diagonal_minus_one, v, p):
    total = sum(v)
    return [(d * x + total) % p for d, x in zip(diagonal_minus_one, v)]


def solve(rows, p):
    """Gauss-Jordan on t rows of t + 1; None where the rank is below t."""
    t = len(rows)
    rows = [row[:] for row in rows]
    for column in range(t):
        pivot = next((r for r in range(column, t) if rows[r][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        inverse = pow(rows[column][column], -1, p)
        rows[column] = [x * inverse % p for x in rows[column]]
        for r in range(t):
            if r != column and rows[r][column]:
                factor = rows[r][column]
                rows[r] = [(x - factor * y) % p for x, y in zip(rows[r], rows[column])]
    return [row[t] for row in rows]


def sequence(diagonal_minus_one, step, p):
    """e_0, M^step e_0, ..., M^(step t) e_0."""
    t = len(diagonal_minus_one)
    out = [[1] + [0] * (t - 1)]
    for _ in range(t):
        v = out[-1]
        for _ in range(step):
            v = apply(diagonal_minus_one, v, p)
        out.append(v)
    return out


def minimal_polynomials_are_irreducible(diagonal_minus_one, p):
    """Whether M, ..., M^(2t) all have an irreducible minimal polynomial of degree t.

    If M's is, then GF(p)[M] is a field, so that a power's is irreducible and only its degree is
    left to check: it is t if and only if t consecutive vectors of the power are independent.
    """
    t = len(diagonal_minus_one)
    vectors = sequence(diagonal_minus_one, 1, p)
    relation = solve([[vectors[j][i] for j in range(t + 1)] for i in range(t)], p)
    if relation is None:
        return False
    f = [-c % p for c in relation] + [1]
    if not Polynomials(p, f).irreducible():
        return False
    for step in range(2, 2 * t + 1):
        vectors = sequence(diagonal_minus_one, step, p)
        if solve([[vectors[j][i] for j in range(t + 1)] for i in range(t)], p) is None:
            return False
    return True


def constants(p, t):
    internal = INTERNAL_ROUNDS[t]
    assert rounds(p, t) == (EXTERNAL_ROUNDS, internal), "the rounds are not the paper's"
    stream = integers(grain(p, t, EXTERNAL_ROUNDS, internal), p.bit_length())
    accepted = (x for x in stream if x < p)
    half = EXTERNAL_ROUNDS // 2 * t
    first = list(islice(accepted, half))
    middle = list(islice(accepted, internal))
    last = list(islice(accepted, half))
    while True:
        diagonal = [(x - 1) % p for x in islice(stream, t)]
        if minimal_polynomials_are_irreducible(diagonal, p):
            return first + last, middle, diagonal


def source(name):
    crate, curve, p = FIELDS[name]
    out = [
        f"//! The constants over {curve}'s scalar field.",
        "//!",
        "//! Generated by `engine/params/poseidon2.py`; do not edit.",
        "",
        f"use {crate}::Fr;",
        "use ark_ff::MontFp;",
        "",
        "use super::Constants;",
    ]
    for t in INTERNAL_ROUNDS:
        external, internal, diagonal = constants(p, t)
        out += ["", f"pub(super) static WIDTH_{t}: Constants<Fr> = Constants {{"]
        parts = [
            ("external", external),
            ("internal", internal),
            ("diagonal_minus_one", diagonal),
        ]
        for field, values in parts:
            out.append(f"    {field}: &[")
            out += [f'        MontFp!("{value}"),' for value in values]
            out.append("    ],")
        out.append("};")
    return "\n".join(out) + "\n"


def main():
    check = sys.argv[1] == "--check"
    folder = Path(sys.argv[2 if check else 1])
    for name in FIELDS:
        file = folder / f"{name}.rs"
        if not check:
            file.write_text(source(name))
        elif file.read_text() != source(name):
            sys.exit(f"{file} differs")


if __name__ == "__main__":
    main()
