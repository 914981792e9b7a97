//! `.zkey`: a Groth16 proving key, with the matrices A and B of its circuit.
//!
//! C is not in it: where the constraints hold, C·z is what A·z and B·z multiply to. A has, after
//! the constraints, a row for each public wire, which arkworks adds without being told.

mod coefficients;

use ark_groth16::{ProvingKey, VerifyingKey};
use ark_relations::utils::matrix::Matrix;

use crate::container::{self, Cursor, Format, Sections};
use crate::point::Encoding;
use crate::{FormatError, SnarkjsCurve, curve, element, odd_coset};

const FORMAT: Format = Format {
    name: "zkey",
    version: 1,
};
/// The protocol's number in section 1.
const GROTH16: u32 = 1;
/// The sections: protocol, header, IC, coefficients, A, B in G1, B in G2, C, H, contributions.
const IDS: [u32; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/// The circuit's hash and the number of contributions.
const LEAST_CONTRIBUTIONS: usize = 64 + 4;
/// Largest domain: beyond it snarkjs takes another coset on BN254, and no key has that size.
const LARGEST_DOMAIN: u32 = 1 << 27;

/// A proving key as snarkjs holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Zkey<E: SnarkjsCurve> {
    /// The key, but for its H points: `h_query` is empty.
    key: ProvingKey<E>,
    /// One for each element of the domain: see the module `odd_coset`.
    h: Vec<E::G1Affine>,
    /// A and B, a row for each element of the domain, in snarkjs' order of them.
    rows: [Matrix<E::ScalarField>; 2],
    /// The circuit's hash and what the contributors left: opaque here.
    contributions: Vec<u8>,
}

/// What a `.zkey` file says, as arkworks holds it.
#[derive(Debug, Clone)]
pub struct Contents<E: SnarkjsCurve> {
    /// The key.
    pub key: ProvingKey<E>,
    /// A and B: each row a list of (coefficient, wire).
    pub ab: [Matrix<E::ScalarField>; 2],
}

impl<E: SnarkjsCurve> Zkey<E> {
    /// The key of a circuit with these A and B. It names no contributions. Takes n·log n
    /// multiplications in G1.
    ///
    /// # Errors
    /// Key and matrices are not of one circuit, or its domain is larger than 2^27.
    pub fn new(
        key: &ProvingKey<E>,
        [a, b]: [&Matrix<E::ScalarField>; 2],
    ) -> Result<Self, FormatError> {
        let instance = key.vk.gamma_abc_g1.len();
        let domain = (a.len() + instance).next_power_of_two();
        let wires = key.a_query.len();
        let fits = a.len() == b.len()
            && key.h_query.len() + 1 == domain
            && [key.b_g1_query.len(), key.b_g2_query.len()] == [wires; 2]
            && key.l_query.len() + instance == wires
            && [a, b]
                .iter()
                .all(|m| m.iter().flatten().all(|t| t.1 < wires));
        let other = FormatError::Inconsistent("the matrices are not those of the key's circuit");
        if !fits || domain > LARGEST_DOMAIN as usize {
            return Err(other);
        }
        let stride = curve::row_stride::<E::ScalarField>(domain).ok_or(other.clone())?;
        Ok(Self {
            h: odd_coset::from_powers::<E::G1>(&key.h_query, domain).ok_or(other)?,
            rows: coefficients::to_domain([a, b], instance, domain, stride),
            key: ProvingKey {
                h_query: Vec::new(),
                ..key.clone()
            },
            contributions: vec![0; LEAST_CONTRIBUTIONS],
        })
    }

    /// arkworks' key and the circuit's A and B. Takes n·log n multiplications in G1.
    ///
    /// # What is not checked
    /// That the points are those of these matrices: a proof that verifies shows it.
    ///
    /// # Errors
    /// The rows of the public wires are not where arkworks has them. Over BLS12-381 arkworks and
    /// snarkjs number a domain differently, so that this is so of every key that snarkjs made.
    pub fn contents(&self) -> Result<Contents<E>, FormatError> {
        let domain = self.h.len();
        let no_domain = FormatError::Inconsistent("there is no domain of that size");
        let stride = curve::row_stride::<E::ScalarField>(domain).ok_or(no_domain.clone())?;
        let instance = self.key.vk.gamma_abc_g1.len();
        let ab = coefficients::from_domain(&self.rows, instance, stride)?;
        let h_query = odd_coset::to_powers::<E::G1>(&self.h).ok_or(no_domain)?;
        Ok(Contents {
            key: ProvingKey {
                h_query,
                ..self.key.clone()
            },
            ab,
        })
    }

    /// The verifying key.
    pub const fn verifying_key(&self) -> &VerifyingKey<E> {
        &self.key.vk
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        let (g1, g2) = (Encoding::new(), Encoding::new());
        let key = &self.key;
        container::write(
            FORMAT,
            &[
                (1, GROTH16.to_le_bytes().into()),
                (2, self.write_header(&g1, &g2)),
                (3, g1.write_all(&key.vk.gamma_abc_g1)),
                (4, coefficients::write(&self.rows)),
                (5, g1.write_all(&key.a_query)),
                (6, g1.write_all(&key.b_g1_query)),
                (7, g2.write_all(&key.b_g2_query)),
                (8, g1.write_all(&key.l_query)),
                (9, g1.write_all(&self.h)),
                (10, self.contributions.clone()),
            ],
        )
    }

    fn write_header(&self, g1: &Encoding<E::G1Affine>, g2: &Encoding<E::G2Affine>) -> Vec<u8> {
        let (key, mut header) = (&self.key, Vec::new());
        element::write_order::<E::BaseField>(&mut header);
        element::write_order::<E::ScalarField>(&mut header);
        for number in [
            key.a_query.len(),
            key.vk.gamma_abc_g1.len() - 1,
            self.h.len(),
        ] {
            header.extend_from_slice(&(number as u32).to_le_bytes());
        }
        g1.write(&key.vk.alpha_g1, &mut header);
        g1.write(&key.beta_g1, &mut header);
        g2.write(&key.vk.beta_g2, &mut header);
        g2.write(&key.vk.gamma_g2, &mut header);
        g1.write(&key.delta_g1, &mut header);
        g2.write(&key.vk.delta_g2, &mut header);
        header
    }

    /// Reads a file: each point is in its group.
    ///
    /// # What is not checked
    /// What is said of contributions, and all that [`Self::contents`] checks or leaves.
    ///
    /// # Errors
    /// It is no Groth16 key for this curve, or its parts do not fit.
    pub fn read(file: &[u8]) -> Result<Self, FormatError> {
        let sections = Sections::read(file, FORMAT, &IDS)?;
        let mut protocol = sections.cursor(1, "the protocol");
        if protocol.u32()? != GROTH16 {
            return Err(FormatError::Inconsistent("the protocol is not groth16"));
        }
        protocol.finish()?;
        let header = Header::<E>::read(sections.cursor(2, "the header"))?;
        let instance = header.inputs as usize + 1;
        let wires = header.wires as usize;
        let private = wires.checked_sub(instance);
        let private = private.ok_or(FormatError::Inconsistent(
            "there are more public inputs than wires",
        ))?;
        let g1 = |id, place, count| points::<E::G1Affine>(sections.cursor(id, place), count, place);
        let contributions = sections.cursor(10, "the contributions").rest();
        if contributions.len() < LEAST_CONTRIBUTIONS {
            return Err(FormatError::Truncated("the contributions"));
        }
        // The last section but one fixes how much memory the rows may take.
        let h = g1(9, "a point of H", header.domain as usize)?;
        Ok(Self {
            rows: coefficients::read(sections.cursor(4, "the coefficients"), wires, h.len())?,
            h,
            contributions: contributions.to_vec(),
            key: ProvingKey {
                vk: VerifyingKey {
                    gamma_abc_g1: g1(3, "a point of IC", instance)?,
                    ..header.vk
                },
                beta_g1: header.beta_g1,
                delta_g1: header.delta_g1,
                a_query: g1(5, "a point of A", wires)?,
                b_g1_query: g1(6, "a point of B", wires)?,
                b_g2_query: points(
                    sections.cursor(7, "a point of B in G2"),
                    wires,
                    "a point of B in G2",
                )?,
                h_query: Vec::new(),
                l_query: g1(8, "a point of C", private)?,
            },
        })
    }
}

/// Section 2.
struct Header<E: SnarkjsCurve> {
    wires: u32,
    inputs: u32,
    domain: u32,
    /// Without IC.
    vk: VerifyingKey<E>,
    beta_g1: E::G1Affine,
    delta_g1: E::G1Affine,
}

impl<E: SnarkjsCurve> Header<E> {
    fn read(mut cursor: Cursor<'_>) -> Result<Self, FormatError> {
        element::expect_order::<E::BaseField>(&mut cursor, E::NAME)?;
        element::expect_order::<E::ScalarField>(&mut cursor, E::NAME)?;
        let [wires, inputs, domain] = [cursor.u32()?, cursor.u32()?, cursor.u32()?];
        if !domain.is_power_of_two() || domain > LARGEST_DOMAIN {
            return Err(FormatError::Inconsistent(
                "the domain is not a power of two up to 2^27",
            ));
        }
        let alpha_g1 = point(&mut cursor, "alpha")?;
        let beta_g1 = point(&mut cursor, "beta")?;
        let beta_g2 = point(&mut cursor, "beta")?;
        let gamma_g2 = point(&mut cursor, "gamma")?;
        let delta_g1 = point(&mut cursor, "delta")?;
        let delta_g2 = point(&mut cursor, "delta")?;
        cursor.finish()?;
        Ok(Self {
            wires,
            inputs,
            domain,
            vk: VerifyingKey {
                alpha_g1,
                beta_g2,
                gamma_g2,
                delta_g2,
                gamma_abc_g1: Vec::new(),
            },
            beta_g1,
            delta_g1,
        })
    }
}

fn point<G: crate::Coordinates>(
    cursor: &mut Cursor<'_>,
    name: &'static str,
) -> Result<G, FormatError> {
    Encoding::new().read(cursor.take(Encoding::<G>::size())?, name)
}

fn points<G: crate::Coordinates>(
    mut cursor: Cursor<'_>,
    count: usize,
    name: &'static str,
) -> Result<Vec<G>, FormatError> {
    let bytes = cursor.pieces(count, Encoding::<G>::size())?;
    cursor.finish()?;
    Encoding::new().read_all(bytes, name)
}
