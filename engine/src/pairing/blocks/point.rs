//! Points of the twist: the formulas of [`super::super::lines`].

use ark_bn254::{Config, Fq, Fq2, G2Affine, g2};
use ark_ec::AffineRepr;
use ark_ec::bn::BnConfig;
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::AdditiveGroup;
use ark_ff::Field;

use super::super::element::Element;
use super::extension::Extension;
use crate::lanes::Arithmetic;

/// The same in every lane.
#[derive(Debug)]
pub(super) struct Constants<A: Arithmetic<Fq>> {
    /// Three times the twist's b.
    three_b: Extension<A>,
    /// Of the Frobenius endomorphism on the twist.
    twist: [Extension<A>; 2],
    one: Extension<A>,
    three_halves: Element<A>,
}

impl<A: Arithmetic<Fq>> Constants<A> {
    pub(super) fn new(arithmetic: A) -> Self {
        let three_halves = Fq::from(3u64) * Fq::from(2u64).inverse().expect("two is not zero");
        let all = |element: Fq2| Extension::pack(arithmetic, |_| element);
        Self {
            three_b: all(g2::Config::COEFF_B * Fq2::from(3u64)),
            twist: [Config::TWIST_MUL_BY_Q_X, Config::TWIST_MUL_BY_Q_Y].map(all),
            one: all(Fq2::ONE),
            three_halves: Element::pack(arithmetic, |_| three_halves),
        }
    }

    pub(super) const fn one(&self) -> &Extension<A> {
        &self.one
    }

    pub(super) const fn three_halves(&self) -> &Element<A> {
        &self.three_halves
    }

    /// ψ(Q).
    pub(super) fn frobenius(&self, q: &Affine<A>) -> Affine<A> {
        Affine {
            x: q.x.conjugate_times(&self.twist[0]),
            y: q.y.conjugate_times(&self.twist[1]),
        }
    }
}

/// Points that are not the identity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Affine<A: Arithmetic<Fq>> {
    pub(super) x: Extension<A>,
    pub(super) y: Extension<A>,
}

impl<A: Arithmetic<Fq>> Affine<A> {
    /// The identity is (0, 0) here, which is on no curve.
    pub(super) fn pack(arithmetic: A, point: impl Fn(usize) -> G2Affine) -> Self {
        let xy = |i| point(i).xy().unwrap_or((Fq2::ZERO, Fq2::ZERO));
        Self {
            x: Extension::pack(arithmetic, |i| xy(i).0),
            y: Extension::pack(arithmetic, |i| xy(i).1),
        }
    }

    pub(super) fn negative(&self) -> Self {
        Self {
            x: self.x,
            y: self.y.negative(),
        }
    }
}

/// Points in homogeneous coordinates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point<A: Arithmetic<Fq>> {
    pub(super) x: Extension<A>,
    pub(super) y: Extension<A>,
    pub(super) z: Extension<A>,
}

impl<A: Arithmetic<Fq>> Point<A> {
    pub(super) const fn new(q: &Affine<A>, constants: &Constants<A>) -> Self {
        Self {
            x: q.x,
            y: q.y,
            z: constants.one,
        }
    }

    /// Doubles the points.
    pub(super) fn double(&mut self, constants: &Constants<A>) {
        let b = self.y.square();
        let c = self.z.square();
        let a = self.x.mul(&self.y);
        let h = self.y.mul(&self.z).double();
        let e = c.mul(&constants.three_b);
        let f = e.double().add(&e);
        let e_square = e.square();
        let three_e_square = e_square.double().add(&e_square);
        let g_square = b.add(&f).square();
        self.x = a.wide_sum(&a).mul(&b.sub(&f));
        self.y = g_square.sub(&three_e_square.double().double());
        self.z = b.wide_sum(&b).mul(&h.double());
    }

    /// Adds points.
    pub(super) fn add(&mut self, q: &Affine<A>) {
        let theta = self.y.sub(&q.y.mul(&self.z));
        let lambda = self.x.sub(&q.x.mul(&self.z));
        let c = theta.square();
        let d = lambda.square();
        let e = lambda.mul(&d);
        let f = self.z.mul(&c);
        let g = self.x.mul(&d);
        let h = e.add(&f).sub_twice(&g, &g);
        self.x = lambda.mul(&h);
        self.y = theta.mul(&g.sub(&h)).sub(&e.mul(&self.y));
        self.z = self.z.mul(&e);
    }
}
