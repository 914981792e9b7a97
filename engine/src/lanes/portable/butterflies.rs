//! Butterflies, lane after lane.

use super::field::{add, mul, sub};
use super::{Portable, Vector};
use crate::lanes::{BLOCK, Block, Butterflies, Eight, LaneField, LastFactors};

impl<F: LaneField> Butterflies<F> for Portable {
    type Factor = F;

    fn factor(self, value: F) -> F {
        value
    }

    fn butterfly_down(
        self,
        a: &mut Block<Vector<F>>,
        b: &mut Block<Vector<F>>,
        c: &Block<Vector<F>>,
    ) {
        for k in 0..BLOCK {
            down(&mut a[k], &mut b[k], |lane| &c[k][lane]);
        }
    }

    fn butterfly_up(
        self,
        a: &mut Block<Vector<F>>,
        b: &mut Block<Vector<F>>,
        c: &Block<Vector<F>>,
    ) {
        for k in 0..BLOCK {
            up(&mut a[k], &mut b[k], |lane| &c[k][lane]);
        }
    }

    fn butterfly_down_by(self, a: &mut Block<Vector<F>>, b: &mut Block<Vector<F>>, c: &[F; BLOCK]) {
        for k in 0..BLOCK {
            down(&mut a[k], &mut b[k], |_| &c[k]);
        }
    }

    fn butterfly_up_by(self, a: &mut Block<Vector<F>>, b: &mut Block<Vector<F>>, c: &[F; BLOCK]) {
        for k in 0..BLOCK {
            up(&mut a[k], &mut b[k], |_| &c[k]);
        }
    }

    fn last_down(self, rows: &mut Eight<Vector<F>>, (of_eight, of_four): LastFactors<'_, F>) {
        let [low, high] = rows.as_chunks_mut::<4>().0 else {
            unreachable!("eight are two times four");
        };
        plain(&mut low[0], &mut high[0]);
        for k in 1..4 {
            down(&mut low[k], &mut high[k], |_| &of_eight[k]);
        }
        for [a, b, c, d] in [low, high] {
            plain(a, c);
            down(b, d, |_| &of_four[1]);
            plain(a, b);
            plain(c, d);
        }
    }

    fn first_up(self, rows: &mut Eight<Vector<F>>, (of_eight, of_four): LastFactors<'_, F>) {
        let [low, high] = rows.as_chunks_mut::<4>().0 else {
            unreachable!("eight are two times four");
        };
        for [a, b, c, d] in [&mut *low, &mut *high] {
            plain(a, b);
            plain(c, d);
            plain(a, c);
            up(b, d, |_| &of_four[1]);
        }
        plain(&mut low[0], &mut high[0]);
        for k in 1..4 {
            up(&mut low[k], &mut high[k], |_| &of_eight[k]);
        }
    }
}

/// `(a, b)` to `(a + b, (a - b)·c)`.
fn down<'a, F: LaneField>(a: &mut Vector<F>, b: &mut Vector<F>, c: impl Fn(usize) -> &'a F) {
    for (lane, (a, b)) in a.iter_mut().zip(b).enumerate() {
        let difference = sub(a, b);
        *a = add(a, b);
        *b = mul(&difference, c(lane));
    }
}

/// `(a, b)` to `(a + b·c, a - b·c)`.
fn up<'a, F: LaneField>(a: &mut Vector<F>, b: &mut Vector<F>, c: impl Fn(usize) -> &'a F) {
    for (lane, b) in b.iter_mut().enumerate() {
        *b = mul(b, c(lane));
    }
    plain(a, b);
}

/// `(a, b)` to `(a + b, a - b)`.
fn plain<F: LaneField>(a: &mut Vector<F>, b: &mut Vector<F>) {
    for (a, b) in a.iter_mut().zip(b) {
        let difference = sub(a, b);
        *a = add(a, b);
        *b = difference;
    }
}
