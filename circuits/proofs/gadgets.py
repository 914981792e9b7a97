#!/usr/bin/env python3
"""Proves the gadgets of an exported circuit right over its own field, for all values, with cvc5.

    pip install cvc5-gpl==1.4.2
    taxproof research export --shape Q16 --key keys/Q16-bn254.pk --circuit-only --out files
    python3 circuits/proofs/gadgets.py files/circuit.r1cs

Every row L·(L - 1) = 0 of the circuit has to belong to a comparison that is recognised, and every zero test
and chain of products is looked up in the matrices. What they are recognised as is then proven once
for each width and field:

  bit          b·(b - 1) = 0 leaves b no value but 0 and 1.
  comparison   Where bits b_i and t = (x - sum b_i·2^i)·2^-(m-1) are 0 or 1, x is below 2^m, t says whether
               x is at least 2^(m-1), and (by the same for all smaller widths) no other bits satisfy the
               rows. The gadget compares d by x = d + 2^(m-1).
  zero test    a·i = 1 - z, a·z = 0, i·z = 0 leave z = [a = 0] and i = 1/a or 0.
  chain        w_1 = f_1·f_2, w_k = w_(k-1)·f_(k+1): the last is 0 exactly where some f is.
  choice       known·(member·(2·listed - 1) + 1 - listed) and missing + known·(points - missing) are what
               they are called, for bits.

Limits. The recognition and the sentences above are this file's: they are checked by reading it. That the
gadgets are put together to the statement is not proven here; nor is anything about hashes. The order of
the field is taken from the file and tested for being prime by Fermat only. cvc5 and CoCoA are trusted.
"""

import struct
import sys

import cvc5
from cvc5 import Kind

# --- the file ---------------------------------------------------------------------------------------


def read(path):
    """The prime, and A, B and C of every row as {wire: coefficient}."""
    data = open(path, "rb").read()
    if data[:8] != b"r1cs\x01\0\0\0":
        sys.exit(f"{path} is not circom's r1cs of version 1")
    sections, at = {}, 12
    for _ in range(struct.unpack_from("<I", data, 8)[0]):
        kind, size = struct.unpack_from("<IQ", data, at)
        sections[kind] = data[at + 12 : at + 12 + size]
        at += 12 + size
    head, body = sections[1], sections[2]
    width = struct.unpack_from("<I", head)[0]
    prime = int.from_bytes(head[4 : 4 + width], "little")
    rows, at = [], 0
    for _ in range(struct.unpack_from("<I", head, 4 + width + 24)[0]):
        row = []
        for _ in range(3):
            count, at = struct.unpack_from("<I", body, at)[0], at + 4
            terms = {}
            for _ in range(count):
                wire = struct.unpack_from("<I", body, at)[0]
                terms[wire] = int.from_bytes(body[at + 4 : at + 4 + width], "little")
                at += 4 + width
            row.append(terms)
        rows.append(row)
    return prime, rows


def plus(side, constant, p):
    """A linear combination and a constant (wire 0)."""
    total = dict(side)
    total[0] = (total.get(0, 0) + constant) % p
    return {wire: c for wire, c in total.items() if c}


# --- recognition ------------------------------------------------------------------------------------


def comparisons(rows, p):
    """The number of bits of every decomposition; every row L·(L - 1) = 0 has to be in one."""
    widths, bits = [], []
    for index, (a, b, c) in enumerate(rows):
        if c or b != plus(a, -1, p):
            if bits:
                sys.exit(f"row {index}: bits {bits} are not followed by what they are the bits of")
            continue
        if len(a) == 1 and 0 not in a and list(a.values()) == [1] and not (bits and bits[-1] > max(a)):
            bits += a
            continue
        unit = pow(pow(2, len(bits), p), -1, p)
        if any(a.get(wire) != -(unit << i) % p for i, wire in enumerate(bits)):
            sys.exit(f"row {index}: not the top bit of a decomposition into {bits}")
        widths.append(len(bits) + 1)
        bits = []
    return widths


def zero_tests(rows):
    """For every zero test, what is tested."""
    found = []
    for (a, i, c), (a2, z, none), (i2, z2, none2) in zip(rows, rows[1:], rows[2:]):
        if a == a2 and i == i2 and z == z2 and not none and not none2 and len(i) == len(z) == 1:
            if len(c) == 2 and c.get(0) == 1 and next(iter(z)) in c:
                found.append(a)
    return found


def chains(rows, tested, p):
    """The number of factors of every chain of products that is tested for zero, or made zero."""
    made = {next(iter(c)): index for index, (_, _, c) in enumerate(rows) if list(c.values()) == [1]}

    def factors(wire):
        count = 1
        while wire in made and made[wire] is not None:
            a, b, _ = rows[made[wire]]
            # A chain's factors are differences; anything else that is multiplied ends it.
            if len(b) < 2 or a == b:
                break
            count, (wire, *more) = count + 1, a
            if more or a[wire] != 1:
                break
        return count

    sizes = [factors(next(iter(a))) for a in tested if len(a) == 1]
    ends = [a for a, b, c in rows if not c and len(a) == 1 and len(b) > 1 and b != plus(a, -1, p)]
    sizes += [1 + factors(next(iter(a))) for a in ends]
    return [size for size in sizes if size > 1]


# --- proofs -----------------------------------------------------------------------------------------


class Field:
    """Claims over the field of order p, each refuted or proven."""

    def __init__(self, p):
        self.tm = cvc5.TermManager()
        self.p, self.sort = p, self.tm.mkFiniteFieldSort(str(p))

    def const(self, n):
        return self.tm.mkFiniteFieldElem(str(n % self.p), self.sort)

    def wire(self, name):
        return self.tm.mkConst(self.sort, name)

    def mul(self, *x):
        return self.tm.mkTerm(Kind.FINITE_FIELD_MULT, *x)

    def add(self, *x):
        return self.tm.mkTerm(Kind.FINITE_FIELD_ADD, *x)

    def eq(self, x, y):
        return self.tm.mkTerm(Kind.EQUAL, x, y)

    def no(self, x):
        return self.tm.mkTerm(Kind.NOT, x)

    def minus(self, x, y):
        return self.add(x, self.mul(self.const(-1), y))

    def is_zero(self, x):
        return self.eq(x, self.const(0))

    def is_bit(self, x):
        return self.is_zero(self.mul(x, self.minus(x, self.const(1))))

    def prove(self, name, rows, contrary):
        """No values satisfy the rows and any of the contrary claims."""
        for claim in contrary:
            solver = cvc5.Solver(self.tm)
            solver.setLogic("QF_FF")
            for row in rows:
                solver.assertFormula(row)
            for part in claim:
                solver.assertFormula(part)
            answer = solver.checkSat()
            if not answer.isUnsat():
                sys.exit(f"NOT PROVEN: {name}: {answer}")


def prove_bit(f):
    b = f.wire("b")
    f.prove("bit", [f.is_bit(b)], [[f.no(f.is_zero(b)), f.no(f.eq(b, f.const(1)))]])


def prove_comparison(p, m):
    """In integers: what is congruent modulo p and in these ranges is equal."""
    tm = cvc5.TermManager()
    integer = tm.getIntegerSort()
    n = lambda value: tm.mkInteger(str(value))
    term, wire = tm.mkTerm, lambda name: tm.mkConst(integer, name)
    x, k = wire("x"), wire("k")
    bits = [wire(f"b{i}") for i in range(m)]
    rows = [term(Kind.GEQ, x, n(0)), term(Kind.LT, x, n(p))]
    for bit in bits:
        rows += [term(Kind.GEQ, bit, n(0)), term(Kind.LEQ, bit, n(1))]
    weighted = [term(Kind.MULT, n(1 << i), bit) for i, bit in enumerate(bits)]
    rows.append(term(Kind.EQUAL, x, term(Kind.ADD, *weighted, term(Kind.MULT, n(p), k))))
    half, top = n(1 << (m - 1)), bits[-1]
    contrary = [
        [term(Kind.GEQ, x, n(1 << m))],
        [term(Kind.EQUAL, top, n(1)), term(Kind.LT, x, half)],
        [term(Kind.EQUAL, top, n(0)), term(Kind.GEQ, x, half)],
    ]
    for claim in contrary:
        solver = cvc5.Solver(tm)
        solver.setLogic("QF_LIA")
        for formula in rows + claim:
            solver.assertFormula(formula)
        answer = solver.checkSat()
        if not answer.isUnsat():
            sys.exit(f"NOT PROVEN: comparison of {m} bits: {answer}")


def prove_zero_test(f):
    a, i, z = map(f.wire, "aiz")
    one = f.const(1)
    rows = [f.eq(f.mul(a, i), f.minus(one, z)), f.is_zero(f.mul(a, z)), f.is_zero(f.mul(i, z))]
    zero = f.is_zero(a)
    contrary = [
        [zero, f.no(f.eq(z, one))],
        [zero, f.no(f.is_zero(i))],
        [f.no(zero), f.no(f.is_zero(z))],
        [f.no(zero), f.no(f.eq(f.mul(a, i), one))],
    ]
    f.prove("zero test", rows, contrary)


def prove_chain(f, length):
    factors = [f.wire(f"f{k}") for k in range(length)]
    rows, product = [], factors[0]
    for k, factor in enumerate(factors[1:]):
        wire = f.wire(f"w{k}")
        rows.append(f.eq(f.mul(product, factor), wire))
        product = wire
    contrary = [[f.is_zero(product), *(f.no(f.is_zero(factor)) for factor in factors)]]
    contrary += [[f.is_zero(factor), f.no(f.is_zero(product))] for factor in factors]
    f.prove(f"chain of {length}", rows, contrary)


def prove_choices(f):
    member, listed, known, bit, holds = map(f.wire, ["member", "listed", "known", "bit", "holds"])
    one = f.const(1)
    rows = [f.is_bit(wire) for wire in (member, listed, known)]
    rows += [
        f.eq(holds, f.mul(member, f.minus(f.mul(f.const(2), listed), one))),
        f.eq(bit, f.mul(known, f.add(holds, f.minus(one, listed)))),
    ]
    contrary = [
        [f.is_zero(known), f.no(f.is_zero(bit))],
        [f.eq(known, one), f.eq(member, listed), f.no(f.eq(bit, one))],
        [f.eq(known, one), f.no(f.eq(member, listed)), f.no(f.is_zero(bit))],
    ]
    f.prove("set", rows, contrary)
    missing, points, product = map(f.wire, ["missing", "points", "product"])
    rows = [f.is_bit(known), f.eq(product, f.mul(known, f.minus(points, missing)))]
    chosen = f.add(missing, product)
    contrary = [
        [f.is_zero(known), f.no(f.eq(chosen, missing))],
        [f.eq(known, one), f.no(f.eq(chosen, points))],
    ]
    f.prove("mux", rows, contrary)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    p, rows = read(sys.argv[1])
    if pow(3, p - 1, p) != 1:
        sys.exit("the field's order is not prime")
    widths, tested = comparisons(rows, p), zero_tests(rows)
    lengths = chains(rows, tested, p)
    if max(widths) + 1 >= p.bit_length():
        sys.exit("a decomposition has as many bits as the field's order")
    field = Field(p)
    prove_bit(field)
    for m in range(1, max(widths) + 1):
        prove_comparison(p, m)
    prove_zero_test(field)
    for length in sorted(set(lengths)):
        prove_chain(field, length)
    prove_choices(field)
    print(f"{len(rows)} rows over the field of order {p}")
    print(f"{len(widths)} decompositions into {sorted(set(widths))} bits, proven for every number")
    print(f"{len(tested)} zero tests, {len(lengths)} chains of {sorted(set(lengths))} factors, sets and muxes, likewise")


if __name__ == "__main__":
    main()
