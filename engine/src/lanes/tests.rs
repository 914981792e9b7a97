//! Each operation against arkworks on random and edge values, for both arithmetics and fields.

use std::array::from_fn;

use ark_bn254::{Fq, Fr};
#[cfg(target_arch = "x86_64")]
use ark_ff::BigInt;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

/// Zero, one, the largest, both ends of a limb, and random elements.
fn values<F: LaneField>(rng: &mut StdRng) -> Vec<F> {
    let edges = [
        F::zero(),
        F::one(),
        -F::one(),
        -F::from(2u64),
        F::from(2u64).inverse().unwrap(),
        F::from((1u64 << 52) - 1),
        F::from(1u64 << 52),
        F::from_montgomery([1, 0, 0, 0]),
        F::from_montgomery([u64::MAX, u64::MAX, u64::MAX, 0]),
        // The largest words there are.
        F::from_montgomery([
            F::MODULUS.0[0] - 1,
            F::MODULUS.0[1],
            F::MODULUS.0[2],
            F::MODULUS.0[3],
        ]),
    ];
    edges
        .into_iter()
        .chain((0..22).map(|_| F::rand(rng)))
        .collect()
}

fn block<F: LaneField, A: Arithmetic<F>>(arithmetic: A, values: &[F; 32]) -> Block<A::Vector> {
    from_fn(|k| arithmetic.vector(from_fn(|lane| arithmetic.pack(values[8 * k + lane]))))
}

fn unblock<F: LaneField, A: Arithmetic<F>>(arithmetic: A, block: &Block<A::Vector>) -> [F; 32] {
    from_fn(|i| arithmetic.unpack(arithmetic.elements(&block[i / 8])[i % 8]))
}

fn check_operations<F: LaneField, A: Butterflies<F>>(arithmetic: A) {
    let mut rng = StdRng::seed_from_u64(1);
    let pool = values::<F>(&mut rng);
    for round in 0..200usize {
        // Every edge value meets every other in the first rounds.
        let a: [F; 32] = from_fn(|i| pool[i]);
        let b: [F; 32] = from_fn(|i| pool[(i + round) % 32]);
        let c: [F; 32] = from_fn(|_| F::rand(&mut rng));
        let d: [F; 32] = from_fn(|i| pool[(i * 7 + round) % 32]);
        let [va, vb, vc, vd] = [&a, &b, &c, &d].map(|values| block(arithmetic, values));
        let [ra, rb, rc, rd] = [&va, &vb, &vc, &vd].map(|block| block.each_ref());
        let open = |result: Block<A::Vector>| unblock(arithmetic, &result);
        let place = |operation: &dyn Fn(&mut Block<A::Vector>)| {
            let mut out = va;
            operation(&mut out);
            out
        };
        let closed = |operation: &dyn Fn(&mut Block<A::Vector>)| open(place(operation));

        let product = closed(&|out| arithmetic.mul(ra, rb, out));
        assert_eq!(product, from_fn(|i| a[i] * b[i]));
        let square = closed(&|out| arithmetic.square(rd, out));
        assert_eq!(square, from_fn(|i| d[i].square()));
        let sum = closed(&|out| arithmetic.mul_add(ra, rb, rc, rd, out));
        assert_eq!(sum, from_fn(|i| a[i] * b[i] + c[i] * d[i]));
        let sum = closed(&|out| arithmetic.add_narrow(ra, rb, out));
        assert_eq!(sum, from_fn(|i| a[i] + b[i]));
        let difference = closed(&|out| arithmetic.sub_narrow(ra, rb, out));
        assert_eq!(difference, from_fn(|i| a[i] - b[i]));
        let twice = closed(&|out| arithmetic.sub_twice_narrow(ra, rb, rd, out));
        assert_eq!(twice, from_fn(|i| a[i] - b[i] - d[i]));

        let (mut low, mut high) = (va, vb);
        arithmetic.butterfly_down(&mut low, &mut high, &vd);
        assert_eq!(open(low), from_fn(|i| a[i] + b[i]));
        assert_eq!(open(high), from_fn(|i| (a[i] - b[i]) * d[i]));
        let (mut low, mut high) = (va, vb);
        arithmetic.butterfly_up(&mut low, &mut high, &vd);
        assert_eq!(open(low), from_fn(|i| a[i] + b[i] * d[i]));
        assert_eq!(open(high), from_fn(|i| a[i] - b[i] * d[i]));

        let factors: [A::Factor; BLOCK] = from_fn(|k| arithmetic.factor(d[8 * k]));
        let (mut low, mut high) = (va, vb);
        arithmetic.butterfly_down_by(&mut low, &mut high, &factors);
        assert_eq!(open(low), from_fn(|i| a[i] + b[i]));
        assert_eq!(open(high), from_fn(|i| (a[i] - b[i]) * d[i / 8 * 8]));
        let (mut low, mut high) = (va, vb);
        arithmetic.butterfly_up_by(&mut low, &mut high, &factors);
        assert_eq!(open(low), from_fn(|i| a[i] + b[i] * d[i / 8 * 8]));
        assert_eq!(open(high), from_fn(|i| a[i] - b[i] * d[i / 8 * 8]));

        let scaled = a.map(|a| arithmetic.pack_scaled(a));
        let scale = arithmetic.scale();
        assert_eq!(scaled.map(|words| arithmetic.unpack(words) * scale), a);
        assert_eq!(scaled.map(|words| arithmetic.unpack_scaled(words)), a);

        // Wide results through a product of two of them.
        let plus = place(&|out| arithmetic.add(ra, rb, out));
        let minus = place(&|out| arithmetic.sub(rc, rd, out));
        let (rplus, rminus) = (plus.each_ref(), minus.each_ref());
        let product = closed(&|out| arithmetic.mul(rplus, rminus, out));
        assert_eq!(product, from_fn(|i| (a[i] + b[i]) * (c[i] - d[i])));
        let square = closed(&|out| arithmetic.square(rminus, out));
        assert_eq!(square, from_fn(|i| (c[i] - d[i]).square()));
        let negated = place(&|out| arithmetic.negate(ra, out));
        let product = closed(&|out| arithmetic.mul(negated.each_ref(), rplus, out));
        assert_eq!(product, from_fn(|i| -a[i] * (a[i] + b[i])));
        let minus = place(&|out| arithmetic.sub(ra, rb, out));
        let rminus = minus.each_ref();
        let sum = place(&|out| arithmetic.mul_add(rminus, rminus, rminus, rplus, out));
        assert_eq!(
            open(sum),
            from_fn(|i| (a[i] - b[i]).square() + (a[i] - b[i]) * (a[i] + b[i]))
        );
        for k in 0..BLOCK {
            let zeros = (0..8).fold(0, |m, l| m | u8::from(a[8 * k + l] == b[8 * k + l]) << l);
            assert_eq!(arithmetic.zeros(&minus[k]), zeros);
        }
    }
}

/// Long chains stay in range: a value that leaves it shows in a later product.
fn check_chains<F: LaneField, A: Butterflies<F>>(arithmetic: A) {
    let mut rng = StdRng::seed_from_u64(2);
    let mut a: [F; 32] = values(&mut rng).try_into().unwrap();
    let mut b: [F; 32] = from_fn(|i| -a[31 - i]);
    let (mut va, mut vb) = (block(arithmetic, &a), block(arithmetic, &b));
    for _ in 0..500 {
        let (ra, rb) = (va.each_ref(), vb.each_ref());
        let (mut differences, mut sums, mut next) = (va, va, va);
        arithmetic.sub_twice_narrow(ra, rb, rb, &mut differences);
        arithmetic.add_narrow(ra, rb, &mut sums);
        let (rd, rs) = (differences.each_ref(), sums.each_ref());
        arithmetic.sub_narrow(rd, rs, &mut next);
        arithmetic.mul(rs, rd, &mut vb);
        va = next;
        (a, b) = (
            from_fn(|i| a[i] - b[i] - b[i] - (a[i] + b[i])),
            from_fn(|i| (a[i] + b[i]) * (a[i] - b[i] - b[i])),
        );
        assert_eq!(unblock(arithmetic, &va), a);
        assert_eq!(unblock(arithmetic, &vb), b);
    }
}

fn check_memory<F: LaneField, A: Arithmetic<F>>(arithmetic: A) {
    let mut rng = StdRng::seed_from_u64(3);
    let pool = values::<F>(&mut rng);
    for round in 0..4 {
        let a: [F; 8] = from_fn(|lane| pool[8 * round + lane]);
        let b: [F; 8] = from_fn(|_| F::rand(&mut rng));
        let pairs: [Pair; 8] = from_fn(|lane| {
            let mut words = [0; 8];
            words[..4].copy_from_slice(&arithmetic.pack(a[lane]));
            words[4..].copy_from_slice(&arithmetic.pack(b[lane]));
            Pair(words)
        });
        let zero = arithmetic.vector([[0; 4]; 8]);
        let (mut va, mut vb) = (zero, zero);
        arithmetic.load_pairs(pairs.each_ref(), &mut va, &mut vb);
        let open = |v: &A::Vector| arithmetic.elements(v).map(|words| arithmetic.unpack(words));
        assert_eq!((open(&va), open(&vb)), (a, b));
        let rows: [_; 8] =
            from_fn(|i| arithmetic.vector(from_fn(|j| arithmetic.pack(a[i] * b[j]))));
        let mut columns = rows;
        arithmetic.transpose(rows.each_ref(), &mut columns);
        for i in 0..8 {
            assert_eq!(open(&columns[i]), from_fn(|j| a[j] * b[i]));
        }
        let mask = 0b1010_0110;
        let selected = arithmetic.select(mask, &va, &vb);
        let mut negated = vb;
        arithmetic.negate_if(mask, &mut negated);
        for lane in 0..8 {
            let bit = mask >> lane & 1 == 1;
            assert_eq!(open(&selected)[lane], if bit { b[lane] } else { a[lane] });
            assert_eq!(open(&negated)[lane], if bit { -b[lane] } else { b[lane] });
        }
    }
}

/// Wide elements all of whose bits are set: no column overflows, and products are narrow.
#[cfg(target_arch = "x86_64")]
fn check_widest<F: LaneField, A: Arithmetic<F>>(arithmetic: A) {
    let words = [u64::MAX; 4];
    let value = arithmetic.unpack(words);
    let widest = [arithmetic.vector([words; LANES]); BLOCK];
    let [mut product, mut square, mut sum] = [widest; 3];
    let refs = widest.each_ref();
    arithmetic.mul(refs, refs, &mut product);
    arithmetic.square(refs, &mut square);
    arithmetic.mul_add(refs, refs, refs, refs, &mut sum);
    let thrice = num_bigint::BigUint::from(F::MODULUS) * 3u8;
    for (found, expected) in [
        (product, value * value),
        (square, value.square()),
        (sum, (value * value).double()),
    ] {
        for words in found.iter().flat_map(|vector| arithmetic.elements(vector)) {
            assert_eq!(arithmetic.unpack(words), expected);
            assert!(num_bigint::BigUint::from(BigInt(words)) < thrice);
        }
    }
}

fn check<F: LaneField, A: Butterflies<F>>(arithmetic: A) {
    check_operations(arithmetic);
    check_chains(arithmetic);
}

#[test]
fn portable_lanes_agree_with_arkworks() {
    check::<Fq, _>(Portable);
    check::<Fr, _>(Portable);
}

#[test]
fn portable_lanes_are_moved_to_their_places() {
    check_memory::<Fq, _>(Portable);
    check_memory::<Fr, _>(Portable);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn avx2_lanes_agree_with_arkworks() {
    let Some(avx2) = Avx2::detect() else {
        eprintln!("skipped: this processor has no AVX2");
        return;
    };
    check::<Fq, _>(avx2);
    check::<Fr, _>(avx2);
    check_widest::<Fq, _>(avx2);
    check_widest::<Fr, _>(avx2);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn avx2_lanes_are_moved_to_their_places() {
    let Some(avx2) = Avx2::detect() else {
        eprintln!("skipped: this processor has no AVX2");
        return;
    };
    check_memory::<Fq, _>(avx2);
    check_memory::<Fr, _>(avx2);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn ifma_lanes_agree_with_arkworks() {
    let Some(ifma) = Ifma::detect() else {
        eprintln!("skipped: this processor has no AVX512-IFMA");
        return;
    };
    check::<Fq, _>(ifma);
    check::<Fr, _>(ifma);
    check_widest::<Fq, _>(ifma);
    check_widest::<Fr, _>(ifma);
}

/// Everything but products, of which Miri does not know the instruction: docs/supply-chain.md.
#[cfg(target_arch = "x86_64")]
#[test]
fn ifma_lanes_are_moved_to_their_places() {
    let Some(ifma) = Ifma::detect() else {
        eprintln!("skipped: this processor has no AVX512-IFMA");
        return;
    };
    check_memory::<Fq, _>(ifma);
    check_memory::<Fr, _>(ifma);
}
