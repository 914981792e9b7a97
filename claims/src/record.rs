//! Records: what a tax authority commits to, for one enterprise at one epoch.

use taxproof_engine::poseidon2::Poseidon2Field;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::amount::Value;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::hash::{LEAF, LEAF_WIDTH, Sponge};
use crate::holder::HolderCommitment;
use crate::period::Period;
use crate::schema::{PERIODS_AVAILABLE, Quantity, Schema};
use crate::shape::Layout;
use crate::subject::EnterpriseId;

/// The values of a record: attributes and rows, padded with zeros to a layout.
///
/// Rows are consecutive quarters, newest first; rows before the enterprise existed are zero.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Values {
    attributes: Vec<i64>,
    rows: Vec<Vec<i64>>,
}

/// Values that do not fit their layout or schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValuesError {
    /// More rows, fields or attributes than the layout has.
    #[error("the values do not fit the layout {0}")]
    Layout(Layout),
    /// A value outside its quantity's bounds.
    #[error("{value} is outside the bounds of `{quantity}`")]
    OutOfBounds {
        /// In the unit's whole numbers.
        value: i64,
        /// The quantity's name.
        quantity: String,
    },
    /// `periods_available` says more than there are rows, or a row beyond it is not zero.
    #[error("`periods_available` does not fit the rows: rows beyond it must be zero")]
    PeriodsAvailable,
}

impl Values {
    /// Values of a layout. Missing entries at the ends of lists are zero.
    ///
    /// # Errors
    /// More of anything than the layout holds, or `periods_available` not fitting the rows.
    pub fn new(
        layout: Layout,
        attributes: &[Value],
        rows: &[Vec<Value>],
    ) -> Result<Self, ValuesError> {
        let fits = attributes.len() <= layout.attributes
            && rows.len() <= layout.periods
            && rows.iter().all(|row| row.len() <= layout.fields);
        if !fits {
            return Err(ValuesError::Layout(layout));
        }
        let pad = |values: &[Value], length| {
            let mut padded: Vec<i64> = values.iter().map(|v| v.get()).collect();
            padded.resize(length, 0);
            padded
        };
        let mut padded: Vec<_> = rows.iter().map(|row| pad(row, layout.fields)).collect();
        padded.resize(layout.periods, vec![0; layout.fields]);
        let values = Self {
            attributes: pad(attributes, layout.attributes),
            rows: padded,
        };
        values.check_periods_available()?;
        Ok(values)
    }

    fn check_periods_available(&self) -> Result<(), ValuesError> {
        let available = usize::try_from(self.attributes[PERIODS_AVAILABLE])
            .ok()
            .filter(|&n| n <= self.rows.len())
            .ok_or(ValuesError::PeriodsAvailable)?;
        let beyond_is_zero = self.rows[available..].iter().flatten().all(|&v| v == 0);
        if beyond_is_zero {
            Ok(())
        } else {
            Err(ValuesError::PeriodsAvailable)
        }
    }

    /// Checks every value against its schema's bounds; rows beyond `periods_available` are exempt.
    ///
    /// # Errors
    /// The first value out of bounds.
    pub fn check(&self, schema: &Schema) -> Result<(), ValuesError> {
        if !schema.fits(self.layout()) {
            return Err(ValuesError::Layout(self.layout()));
        }
        let within = |quantity: &Quantity, value: i64| {
            let holds =
                quantity.missing == Some(value) || (quantity.min..=quantity.max).contains(&value);
            let name = || quantity.name.clone();
            if holds {
                Ok(())
            } else {
                Err(ValuesError::OutOfBounds {
                    value,
                    quantity: name(),
                })
            }
        };
        for (quantity, &value) in schema.attributes.iter().zip(&self.attributes) {
            within(quantity, value)?;
        }
        for row in self.rows.iter().take(self.periods_available()) {
            for (quantity, &value) in schema.fields.iter().zip(row) {
                within(quantity, value)?;
            }
        }
        Ok(())
    }

    /// The layout.
    pub fn layout(&self) -> Layout {
        Layout {
            periods: self.rows.len(),
            fields: self.rows.first().map_or(0, Vec::len),
            attributes: self.attributes.len(),
        }
    }

    /// The attributes, in the schema's order and whole units.
    pub fn attributes(&self) -> &[i64] {
        &self.attributes
    }

    /// The rows, newest first, each in the schema's order and whole units.
    pub fn rows(&self) -> &[Vec<i64>] {
        &self.rows
    }

    /// How many rows are real.
    pub fn periods_available(&self) -> usize {
        usize::try_from(self.attributes[PERIODS_AVAILABLE]).map_or(0, |n| n.min(self.rows.len()))
    }

    /// The same values in a layout with other numbers of rows, the oldest cut off or zero.
    ///
    /// # Errors
    /// The layout holds fewer fields or attributes.
    pub fn with_layout(&self, layout: Layout) -> Result<Self, ValuesError> {
        let own = self.layout();
        if layout.fields < own.fields || layout.attributes < own.attributes {
            return Err(ValuesError::Layout(layout));
        }
        let mut values = self.clone();
        values.attributes.resize(layout.attributes, 0);
        values.rows.resize(layout.periods, vec![0; layout.fields]);
        values
            .rows
            .iter_mut()
            .for_each(|row| row.resize(layout.fields, 0));
        let available = values.periods_available() as i64;
        values.attributes[PERIODS_AVAILABLE] = available;
        Ok(values)
    }

    /// Attributes, then values row by row, as field elements in the leaf's order.
    pub fn elements<F: Poseidon2Field>(&self) -> impl Iterator<Item = F> {
        let rows = self.rows.iter().flatten();
        self.attributes.iter().chain(rows).map(|&v| {
            let magnitude = F::from_small(v.unsigned_abs());
            if v < 0 { -magnitude } else { magnitude }
        })
    }
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Values({}, hidden)", self.layout())
    }
}

/// What a leaf commits to, but for the holder's secrets and the salt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The schema.
    pub schema: crate::digest::Digest,
    /// The newest period: the last one whose filing deadline has passed.
    pub newest_period: Period,
    /// Whose record it is.
    pub id: EnterpriseId,
    /// Its values.
    pub values: Values,
}

const TAG: &str = "taxproof/values/1";

impl Values {
    /// Writes the values: the three sizes as four bytes each, then each value as eight.
    pub fn encode(&self, writer: &mut Writer) {
        let layout = self.layout();
        writer.text(TAG);
        for size in [layout.periods, layout.fields, layout.attributes] {
            writer.count(size);
        }
        let rows = self.rows.iter().flatten();
        self.attributes
            .iter()
            .chain(rows)
            .for_each(|&v| writer.i64(v));
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are not the encoding of values.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.text(TAG.len()) != Ok(TAG) {
            return Err(DecodeError::WrongTag { expected: TAG });
        }
        let mut size = || reader.count(64);
        let layout = Layout {
            periods: size()?,
            fields: size()?,
            attributes: size()?,
        };
        Self::decode_of(layout, reader)
    }

    /// Reads the values of a known layout: attributes, then row by row.
    ///
    /// # Errors
    /// The bytes are not the encoding of values.
    pub fn decode_of(layout: Layout, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if layout.attributes == 0 {
            return Err(DecodeError::Invalid("values without attributes"));
        }
        let mut values = |n: usize| -> Result<Vec<Value>, DecodeError> {
            (0..n)
                .map(|_| {
                    Value::try_from(reader.i64()?)
                        .map_err(|_| DecodeError::Invalid("a value is 2^48 or more"))
                })
                .collect()
        };
        let attributes = values(layout.attributes)?;
        let rows = (0..layout.periods)
            .map(|_| values(layout.fields))
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(layout, &attributes, &rows)
            .map_err(|_| DecodeError::Invalid("`periods_available` does not fit the rows"))
    }
}

/// The elements of a leaf besides attributes, values: schema, newest period, id, two hashes, salt.
const LEAF_OVERHEAD: usize = 6;

/// How many field elements the leaf of a layout absorbs.
pub const fn leaf_elements(layout: Layout) -> usize {
    LEAF_OVERHEAD + layout.attributes + layout.periods * layout.fields
}

impl Record {
    /// The leaf's sponge with everything absorbed but the salt, so that the authority can give an
    /// unchanged record a fresh salt for one permutation.
    pub fn unsalted<F: Poseidon2Field>(
        &self,
        holder: &HolderCommitment<F>,
    ) -> Sponge<F, LEAF_WIDTH> {
        let mut sponge = Sponge::new(LEAF, leaf_elements(self.values.layout()));
        sponge.absorb(self.schema.to_field());
        sponge.absorb(F::from(self.newest_period.index()));
        sponge.absorb(self.id.to_field());
        sponge.absorb(holder.authorising);
        sponge.absorb(holder.nullifying);
        self.values
            .elements()
            .for_each(|element| sponge.absorb(element));
        sponge
    }

    /// The leaf.
    pub fn leaf<F: Poseidon2Field>(&self, holder: &HolderCommitment<F>, salt: F) -> F {
        let mut sponge = self.unsalted(holder);
        sponge.absorb(salt);
        sponge.squeeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Q16, Q32};

    fn value(n: i64) -> Value {
        Value::try_from(n).expect("a small value")
    }

    #[test]
    fn values_encode_canonically() {
        let rows = vec![vec![value(-5), value(7)], vec![value(1)]];
        let values = Values::new(Q16.layout(), &[value(2), value(9)], &rows).expect("fits");
        let mut writer = Writer::default();
        values.encode(&mut writer);
        let bytes = writer.finish();
        let read = Values::decode(&mut Reader::new(&bytes));
        assert_eq!(read.as_ref(), Ok(&values));
        assert_eq!(
            values
                .with_layout(Q32.layout())
                .and_then(|v| v.with_layout(Q16.layout())),
            Ok(values)
        );
    }

    #[test]
    fn rows_beyond_the_available_periods_are_zero() {
        let rows = vec![vec![value(1)], vec![value(1)]];
        let new = |n| Values::new(Q16.layout(), &[value(n)], &rows);
        assert_eq!(new(1), Err(ValuesError::PeriodsAvailable));
        assert_eq!(new(17), Err(ValuesError::PeriodsAvailable));
        assert_eq!(new(-1), Err(ValuesError::PeriodsAvailable));
        assert!(new(2).is_ok());
    }

    #[test]
    fn bounds_of_the_schema_hold() {
        let schema = Schema::cn_tax();
        let values = |grade| {
            Values::new(
                Q16.layout(),
                &[value(0), value(0), value(0), value(grade)],
                &[],
            )
            .and_then(|v| v.check(&schema))
        };
        assert!(values(3).is_ok());
        assert!(matches!(
            values(6),
            Err(ValuesError::OutOfBounds { value: 6, .. })
        ));
    }
}
