//! Shapes: how much of a record and how many rules one circuit holds.
//!
//! A policy is data; a shape is what has a key. Shapes are constants of one type rather than
//! types: a new shape is one line here, one entry in the pinned digests and one key.

use std::fmt;
use std::str::FromStr;

/// Bits of a field or attribute value: |value| < 2^48 (in fen, 2.8 million million yuan).
pub const VALUE_BITS: u32 = 48;
/// Bits of a time weight and of a field weight of a linear rule: |w| < 2^15.
pub const LINEAR_WEIGHT_BITS: u32 = 15;
/// Bits of a field weight of a counted rule: |w| < 2^7.
pub const COUNTED_WEIGHT_BITS: u32 = 7;
/// Bits of a score's point value: |points| < 2^15.
pub const POINTS_BITS: u32 = 15;
/// Depth of the commitment tree; with [`TREE_ARITY`] it holds 2^30 leaves.
pub const TREE_DEPTH: usize = 10;
/// Children of a node of the commitment tree.
pub const TREE_ARITY: usize = 8;
/// Thresholds between score bands; one band more than thresholds.
pub const BAND_THRESHOLDS: usize = 3;
/// Groups ("at least k of these rules") of a policy.
pub const GROUPS: usize = 2;
/// Codes in the two set rules of every shape: the industry list and a short one.
pub const SET_SIZES: [usize; 2] = [32, 8];
/// Thresholds between the bins of a scorecard's variable; one bin more than thresholds.
pub const BIN_THRESHOLDS: usize = 9;

/// The scorecard part of a shape: variables, each in [`BIN_THRESHOLDS`] + 1 bins and a missing bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardShape {
    /// Variables that are a ratio of two linear sums over the rows.
    pub ratios: usize,
    /// Variables that are one attribute.
    pub attributes: usize,
}

/// What a circuit holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The name, as in key files and on the command line.
    pub name: &'static str,
    /// Rows of a record, newest first, one a quarter.
    pub periods: usize,
    /// Values in a row.
    pub fields: usize,
    /// Attributes of a record.
    pub attributes: usize,
    /// Linear rules.
    pub linear: usize,
    /// Counted rules.
    pub counted: usize,
    /// Range rules.
    pub range: usize,
    /// The scorecard, if the shape has one.
    pub card: Option<CardShape>,
}

/// The default: four years of quarters, domain 2^14.
pub const Q16: Shape = Shape {
    name: "Q16",
    periods: 16,
    fields: 8,
    attributes: 12,
    linear: 6,
    counted: 3,
    range: 4,
    card: None,
};

/// Q16 with a scorecard; the same record layout and root, domain 2^15.
pub const Q16S: Shape = Shape {
    name: "Q16S",
    card: Some(CardShape {
        ratios: 10,
        attributes: 6,
    }),
    ..Q16
};

/// Eight years of quarters, domain 2^16.
pub const Q32: Shape = Shape {
    name: "Q32",
    periods: 32,
    fields: 8,
    attributes: 12,
    linear: 10,
    counted: 6,
    range: 6,
    card: None,
};

/// Every shape, smallest first.
pub const SHAPES: [Shape; 3] = [Q16, Q16S, Q32];

impl Shape {
    /// Rules with an outcome bit: linear, counted, range, then the two sets.
    pub const fn atoms(&self) -> usize {
        self.linear + self.counted + self.range + SET_SIZES.len()
    }

    /// `n` such that every linear sum is below 2^n in absolute value.
    pub const fn linear_sum_bits(&self) -> u32 {
        VALUE_BITS + 2 * LINEAR_WEIGHT_BITS + ceil_log2(self.periods * self.fields)
    }

    /// `n` such that every row sum of a counted rule is below 2^n in absolute value.
    pub const fn counted_sum_bits(&self) -> u32 {
        VALUE_BITS + COUNTED_WEIGHT_BITS + ceil_log2(self.fields)
    }

    /// `n` such that every score and cut-off is below 2^n in absolute value.
    pub const fn score_bits(&self) -> u32 {
        let card = match self.card {
            Some(card) => card.ratios + card.attributes,
            None => 0,
        };
        POINTS_BITS + ceil_log2(self.atoms() + card)
    }

    /// `n` such that a count of periods, and any bound on it, is below 2^n.
    pub const fn count_bits(&self) -> u32 {
        ceil_log2(self.periods + 2)
    }

    /// The record layout, which is what a commitment depends on: shapes that share it share roots.
    pub const fn layout(&self) -> Layout {
        Layout {
            periods: self.periods,
            fields: self.fields,
            attributes: self.attributes,
        }
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The name is not that of a shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shape; the shapes are Q16, Q16S and Q32")]
pub struct UnknownShape(pub String);

impl FromStr for Shape {
    type Err = UnknownShape;

    fn from_str(name: &str) -> Result<Self, UnknownShape> {
        SHAPES
            .into_iter()
            .find(|shape| shape.name == name)
            .ok_or_else(|| UnknownShape(name.to_owned()))
    }
}

/// Rows × fields + attributes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Layout {
    /// Rows, one a quarter.
    pub periods: usize,
    /// Values in a row.
    pub fields: usize,
    /// Attributes.
    pub attributes: usize,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}+{}", self.periods, self.fields, self.attributes)
    }
}

const fn ceil_log2(n: usize) -> u32 {
    n.next_power_of_two().trailing_zeros()
}

// Sums, their differences and the offset of a comparison stay far below both scalar fields' orders.
const _: () = {
    let mut i = 0;
    while i < SHAPES.len() {
        let shape = &SHAPES[i];
        assert!(shape.linear_sum_bits() + 2 < 250);
        assert!(3 + shape.atoms() < 64);
        i += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_design() {
        assert_eq!(Q16.linear_sum_bits(), 85);
        assert_eq!(Q32.linear_sum_bits(), 86);
        assert_eq!(Q16.counted_sum_bits(), 58);
        assert_eq!(Q16.atoms(), 15);
        assert_eq!(Q16.count_bits(), 5);
    }

    #[test]
    fn names_round_trip() {
        for shape in SHAPES {
            assert_eq!(shape.name.parse::<Shape>(), Ok(shape));
        }
        assert!("Q17".parse::<Shape>().is_err());
    }
}
