//! The quadratic extension of Fq by u, with u² = -1, in blocks.

use std::array::from_fn;

use ark_bn254::{Fq, Fq2};

use super::super::element::Element;
use super::WIDTH;
use crate::lanes::{Arithmetic, BLOCK};

/// As many elements as a block has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extension<A: Arithmetic<Fq>> {
    re: Element<A>,
    im: Element<A>,
}

impl<A: Arithmetic<Fq>> Extension<A> {
    pub(super) fn pack(arithmetic: A, value: impl Fn(usize) -> Fq2) -> Self {
        Self {
            re: Element::pack(arithmetic, |i| value(i).c0),
            im: Element::pack(arithmetic, |i| value(i).c1),
        }
    }

    pub(super) fn unpack(&self) -> [Fq2; WIDTH] {
        let (re, im) = (self.re.unpack(), self.im.unpack());
        from_fn(|i| Fq2::new(re[i], im[i]))
    }

    /// The first factor may be wide.
    pub(super) fn mul(&self, other: &Self) -> Self {
        let mut out = *self;
        self.mul_into(other, &mut out);
        out
    }

    /// The same, to a place that the caller has.
    pub(super) fn mul_into(&self, other: &Self, out: &mut Self) {
        let minus = other.im.wide_negative();
        let (re, im) = (&self.re, &self.im);
        re.mul_add_into(&other.re, im, &minus, &mut out.re);
        re.mul_add_into(&other.im, im, &other.re, &mut out.im);
    }

    /// The conjugate, which is the power to p, times another.
    pub(super) fn conjugate_times(&self, other: &Self) -> Self {
        let minus = other.re.wide_negative();
        Self {
            re: self.re.mul_add(&other.re, &self.im, &other.im),
            im: self.re.mul_add(&other.im, &self.im, &minus),
        }
    }

    /// As (re + im)·(re - im) and 2·re·im.
    pub(super) fn square(&self) -> Self {
        let (sum, rest) = (
            self.re.wide_sum(&self.im),
            self.re.wide_difference(&self.im),
        );
        Self {
            re: sum.mul(&rest),
            im: self.re.wide_sum(&self.re).mul(&self.im),
        }
    }

    /// None where one of them is zero.
    pub(super) fn inverse(&self) -> Option<Self> {
        let norm = self.re.mul_add(&self.re, &self.im, &self.im);
        let inverse = norm.inverse()?;
        Some(Self {
            re: self.re.mul(&inverse),
            im: self.im.wide_negative().mul(&inverse),
        })
    }

    /// Times elements of the base field.
    pub(super) fn scale(&self, by: &Element<A>) -> Self {
        self.each(|part| part.mul(by))
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        self.zip(other, Element::add)
    }

    pub(super) fn add_into(&self, other: &Self, out: &mut Self) {
        self.re.add_into(&other.re, &mut out.re);
        self.im.add_into(&other.im, &mut out.im);
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        self.zip(other, Element::sub)
    }

    /// `self - b - c`.
    pub(super) fn sub_twice(&self, b: &Self, c: &Self) -> Self {
        Self {
            re: self.re.sub_twice(&b.re, &c.re),
            im: self.im.sub_twice(&b.im, &c.im),
        }
    }

    pub(super) fn sub_twice_into(&self, b: &Self, c: &Self, out: &mut Self) {
        self.re.sub_twice_into(&b.re, &c.re, &mut out.re);
        self.im.sub_twice_into(&b.im, &c.im, &mut out.im);
    }

    pub(super) fn wide_sum(&self, other: &Self) -> Self {
        self.zip(other, Element::wide_sum)
    }

    pub(super) fn double(&self) -> Self {
        self.add(self)
    }

    pub(super) fn negative(&self) -> Self {
        self.sub(self).sub(self)
    }

    /// Times ξ = 9 + u.
    pub(super) fn times_xi(&self) -> Self {
        let nine = self.double().double().double().add(self);
        Self {
            re: nine.re.sub(&self.im),
            im: nine.im.add(&self.re),
        }
    }

    /// Takes another's lanes where the masks have bits.
    pub(super) fn copy(&mut self, masks: &[u8; BLOCK], other: &Self) {
        self.re.copy(masks, &other.re);
        self.im.copy(masks, &other.im);
    }

    fn each(&self, calculate: impl Fn(&Element<A>) -> Element<A>) -> Self {
        Self {
            re: calculate(&self.re),
            im: calculate(&self.im),
        }
    }

    fn zip(
        &self,
        other: &Self,
        calculate: impl Fn(&Element<A>, &Element<A>) -> Element<A>,
    ) -> Self {
        Self {
            re: calculate(&self.re, &other.re),
            im: calculate(&self.im, &other.im),
        }
    }
}
