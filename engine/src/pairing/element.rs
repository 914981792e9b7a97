//! Elements of Fq in blocks. They are narrow, but where a name says otherwise.

use std::array::from_fn;

use ark_bn254::Fq;

use crate::lanes::inverses::inverses;
use crate::lanes::{Arithmetic, BLOCK, Block, LANES, Refs};

/// Elements of a block.
pub(super) const WIDTH: usize = BLOCK * LANES;

/// As many elements as a block has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<A: Arithmetic<Fq>> {
    arithmetic: A,
    block: Block<A::Vector>,
}

impl<A: Arithmetic<Fq>> Element<A> {
    pub(super) fn pack(arithmetic: A, value: impl Fn(usize) -> Fq) -> Self {
        let vector = |i: usize| {
            let words = from_fn(|lane| arithmetic.pack(value(i * LANES + lane)));
            arithmetic.vector(words)
        };
        Self {
            arithmetic,
            block: from_fn(vector),
        }
    }

    pub(super) fn unpack(&self) -> [Fq; WIDTH] {
        let words = self
            .block
            .each_ref()
            .map(|vector| self.arithmetic.elements(vector));
        from_fn(|i| self.arithmetic.unpack(words[i / LANES][i % LANES]))
    }

    pub(super) fn mul(&self, other: &Self) -> Self {
        self.with(|k, out| k.mul(self.refs(), other.refs(), out))
    }

    pub(super) fn square(&self) -> Self {
        self.with(|k, out| k.square(self.refs(), out))
    }

    /// `self·b + c·d`, to a place that the caller has.
    pub(super) fn mul_add_into(&self, b: &Self, c: &Self, d: &Self, out: &mut Self) {
        let (a, b, c, d) = (self.refs(), b.refs(), c.refs(), d.refs());
        self.arithmetic.mul_add(a, b, c, d, &mut out.block);
    }

    /// `self·b + c·d`.
    pub(super) fn mul_add(&self, b: &Self, c: &Self, d: &Self) -> Self {
        self.with(|k, out| k.mul_add(self.refs(), b.refs(), c.refs(), d.refs(), out))
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        self.with(|k, out| k.add_narrow(self.refs(), other.refs(), out))
    }

    pub(super) fn add_into(&self, other: &Self, out: &mut Self) {
        let (a, b) = (self.refs(), other.refs());
        self.arithmetic.add_narrow(a, b, &mut out.block);
    }

    pub(super) fn double(&self) -> Self {
        self.add(self)
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        self.with(|k, out| k.sub_narrow(self.refs(), other.refs(), out))
    }

    /// `self - b - c`.
    pub(super) fn sub_twice(&self, b: &Self, c: &Self) -> Self {
        self.with(|k, out| k.sub_twice_narrow(self.refs(), b.refs(), c.refs(), out))
    }

    /// None where one of them is zero.
    pub(super) fn inverse(&self) -> Option<Self> {
        let block = inverses(self.arithmetic, &self.block)?;
        Some(Self { block, ..*self })
    }

    pub(super) fn sub_twice_into(&self, b: &Self, c: &Self, out: &mut Self) {
        let (a, b, c) = (self.refs(), b.refs(), c.refs());
        self.arithmetic.sub_twice_narrow(a, b, c, &mut out.block);
    }

    pub(super) fn wide_sum(&self, other: &Self) -> Self {
        self.with(|k, out| k.add(self.refs(), other.refs(), out))
    }

    pub(super) fn wide_difference(&self, other: &Self) -> Self {
        self.with(|k, out| k.sub(self.refs(), other.refs(), out))
    }

    pub(super) fn wide_negative(&self) -> Self {
        self.with(|k, out| k.negate(self.refs(), out))
    }

    /// Takes another's lanes where the masks have bits.
    pub(super) fn copy(&mut self, masks: &[u8; BLOCK], other: &Self) {
        for (k, mask) in masks.iter().enumerate() {
            self.arithmetic
                .copy(*mask, &other.block[k], &mut self.block[k]);
        }
    }

    fn refs(&self) -> Refs<'_, A::Vector> {
        self.block.each_ref()
    }

    fn with(&self, calculate: impl FnOnce(A, &mut Block<A::Vector>)) -> Self {
        let mut out = *self;
        calculate(self.arithmetic, &mut out.block);
        out
    }
}
