//! The numbers that a request adds to a policy.

use num_traits::ToPrimitive;

use super::expression::{ConstantKind, Expression};
use super::rule::{Measure, Parameter};
use crate::request::ParameterValue;
use crate::schema::Schema;

/// The values of a policy's parameters, in the order of their declaration and in whole numbers of
/// their units (fen; hundredths of a per cent).
///
/// Values are checked against a policy where they are used: see [`super::Policy::compile`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters(Vec<i64>);

/// Values that do not fit a policy's parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The request leaves a parameter out.
    #[error("the parameter `{0}` is missing")]
    Missing(String),
    /// The policy has no such parameter.
    #[error("the policy has no parameter `{0}`")]
    Unknown(String),
    /// The same parameter twice.
    #[error("the parameter `{0}` is given twice")]
    Duplicate(String),
    /// Not a number of the parameter's unit.
    #[error("`{text}` is not a value of the parameter `{name}`: {expected}")]
    NotValue {
        /// The parameter.
        name: String,
        /// As written.
        text: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// Outside the policy's bounds.
    #[error("`{0}` is outside the bounds that the policy sets for it")]
    OutOfBounds(String),
    /// Another number of values than the policy has parameters.
    #[error("the policy has {expected} parameters, not {found}")]
    Count {
        /// The policy's.
        expected: usize,
        /// The request's.
        found: usize,
    },
}

/// Most parameters of a policy.
pub(super) const MAX_PARAMETERS: usize = 16;

impl Parameters {
    /// Values in the order of a policy's parameters.
    ///
    /// # Errors
    /// Another number of values, or one out of bounds.
    pub fn new(declared: &[Parameter], values: Vec<i64>) -> Result<Self, ParameterError> {
        let parameters = Self(values);
        parameters.check(declared)?;
        Ok(parameters)
    }

    /// Values by name, as people write them: `requested_amount` with `500,000`.
    ///
    /// # Errors
    /// A parameter that is missing, unknown, given twice, unreadable or out of bounds.
    pub fn parse(
        declared: &[Parameter],
        schema: &Schema,
        given: &[(&str, &str)],
    ) -> Result<Self, ParameterError> {
        for (i, (name, _)) in given.iter().enumerate() {
            if !declared.iter().any(|p| p.name == *name) {
                return Err(ParameterError::Unknown((*name).to_owned()));
            }
            if given[..i].iter().any(|(earlier, _)| earlier == name) {
                return Err(ParameterError::Duplicate((*name).to_owned()));
            }
        }
        let values = declared.iter().map(|parameter| {
            let (_, text) = given
                .iter()
                .find(|(name, _)| *name == parameter.name)
                .ok_or_else(|| ParameterError::Missing(parameter.name.clone()))?;
            parse_value(&parameter.unit.measure(), schema, text).ok_or_else(|| {
                ParameterError::NotValue {
                    name: parameter.name.clone(),
                    text: (*text).to_owned(),
                    expected: expected(&parameter.unit.measure()),
                }
            })
        });
        Self::new(declared, values.collect::<Result<_, _>>()?)
    }

    /// Values as a request names them: every one of a policy, in its order.
    ///
    /// # Errors
    /// Another number of values, another name, or a value out of bounds.
    pub fn from_named(
        declared: &[Parameter],
        given: &[ParameterValue],
    ) -> Result<Self, ParameterError> {
        for (parameter, given) in declared.iter().zip(given) {
            if parameter.name != given.name {
                return Err(ParameterError::Unknown(given.name.clone()));
            }
        }
        Self::new(declared, given.iter().map(|given| given.value).collect())
    }

    /// The values with their names, as a request states them.
    pub fn named(&self, declared: &[Parameter]) -> Vec<ParameterValue> {
        let named = declared.iter().zip(&self.0);
        named
            .map(|(p, &value)| ParameterValue {
                name: p.name.clone(),
                value,
            })
            .collect()
    }

    /// The values, in whole numbers of their units.
    pub fn values(&self) -> &[i64] {
        &self.0
    }

    /// Checks the values against a policy's parameters.
    ///
    /// # Errors
    /// Another number of values, or one out of bounds.
    pub fn check(&self, declared: &[Parameter]) -> Result<(), ParameterError> {
        if declared.len() != self.0.len() {
            return Err(ParameterError::Count {
                expected: declared.len(),
                found: self.0.len(),
            });
        }
        for (parameter, value) in declared.iter().zip(&self.0) {
            if !(parameter.min..=parameter.max).contains(value) {
                return Err(ParameterError::OutOfBounds(parameter.name.clone()));
            }
        }
        Ok(())
    }
}

/// A value as a person writes it, in whole numbers of its unit.
pub(super) fn parse_value(measure: &Measure, schema: &Schema, text: &str) -> Option<i64> {
    let expression = Expression::parse(text).filter(|e| e.terms.is_empty())?;
    let percent = matches!(measure, Measure::Percent);
    let kind = if percent {
        ConstantKind::Percent
    } else {
        ConstantKind::Plain
    };
    let units = expression.constant * measure.units(schema);
    (expression.constant_kind == kind && units.is_integer()).then(|| units.to_i64())?
}

/// What a value of a measure looks like.
pub(super) const fn expected(measure: &Measure) -> &'static str {
    match measure {
        Measure::Money => "an amount such as 50,000.00, with no more digits than the currency has",
        Measure::Percent => "a percentage such as 12.5 %",
        _ => "a whole number such as 12",
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::ParameterUnit;
    use super::*;

    fn declared() -> Vec<Parameter> {
        let parameter = |name: &str, unit, min, max| Parameter {
            name: name.into(),
            unit,
            min,
            max,
        };
        vec![
            parameter(
                "requested_amount",
                ParameterUnit::Money,
                1_000_000,
                300_000_000,
            ),
            parameter("rate", ParameterUnit::Percent, 0, 10_000),
        ]
    }

    #[test]
    fn values_are_read_by_name_and_checked() {
        let parse = |given: &[(&str, &str)]| {
            Parameters::parse(&declared(), &Schema::cn_tax(), given).map(|p| p.0)
        };
        let rate = ("rate", "12.5 %");
        assert_eq!(
            parse(&[rate, ("requested_amount", "500,000.50")]),
            Ok(vec![50_000_050, 1250])
        );
        assert_eq!(
            parse(&[rate]),
            Err(ParameterError::Missing("requested_amount".into()))
        );
        assert_eq!(
            parse(&[rate, rate]),
            Err(ParameterError::Duplicate("rate".into()))
        );
        assert_eq!(
            parse(&[("x", "1")]),
            Err(ParameterError::Unknown("x".into()))
        );
        let out = |text| parse(&[rate, ("requested_amount", text)]);
        assert_eq!(
            out("9,999.99"),
            Err(ParameterError::OutOfBounds("requested_amount".into()))
        );
        for text in ["500,000.001", "5 %", "a lot", ""] {
            assert!(
                matches!(out(text), Err(ParameterError::NotValue { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn a_request_names_them_all_in_their_order() {
        let declared = declared();
        let parameters = Parameters(vec![50_000_000, 5]);
        let named = parameters.named(&declared);
        assert_eq!(Parameters::from_named(&declared, &named), Ok(parameters));
        let swapped = [named[1].clone(), named[0].clone()];
        assert_eq!(
            Parameters::from_named(&declared, &swapped),
            Err(ParameterError::Unknown("rate".into()))
        );
        assert!(matches!(
            Parameters::from_named(&declared, &named[..1]),
            Err(ParameterError::Count {
                expected: 2,
                found: 1
            })
        ));
        let mut low = named;
        low[0].value = 999_999;
        assert_eq!(
            Parameters::from_named(&declared, &low),
            Err(ParameterError::OutOfBounds("requested_amount".into()))
        );
    }
}
