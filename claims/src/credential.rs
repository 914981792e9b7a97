//! Credentials: what an authority hands to an enterprise, and what an enterprise registers there.

use ark_ff::PrimeField;
use serde::{Deserialize, Serialize};
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::curve::Curve;
use crate::digest::Digest;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::epoch::{
    MAX_NAME, MAX_SIGNED_HEADER, SignedEpochHeader, field_from_bytes, field_to_bytes,
};
use crate::hash::node;
use crate::holder::{HolderCommitment, HolderSecrets, Secret};
use crate::record::{Record, Values};
use crate::schema::Schema;
use crate::shape::{Layout, TREE_ARITY, TREE_DEPTH};
use crate::statement::Path;
use crate::subject::EnterpriseId;

/// What an enterprise registers with an authority: no secret among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The enterprise's id.
    pub enterprise: String,
    /// Where credentials are encrypted to: an age recipient (`age1…`).
    pub recipient: String,
    /// The hashes of the holder's secrets, for each curve.
    pub holder: Vec<RegisteredHolder>,
}

/// The hashes of a holder's secrets over one curve's scalar field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredHolder {
    /// The curve.
    pub curve: Curve,
    /// H(sk), 32 big-endian bytes.
    pub authorising: Digest,
    /// H(nk), 32 big-endian bytes.
    pub nullifying: Digest,
}

impl RegisteredHolder {
    /// The hashes of some secrets over each curve.
    pub fn of_each_curve(secrets: &HolderSecrets) -> Vec<Self> {
        vec![
            Self::new::<ark_bn254::Fr>(Curve::Bn254, secrets),
            Self::new::<ark_bls12_381::Fr>(Curve::Bls12_381, secrets),
        ]
    }

    fn new<F: Poseidon2Field>(curve: Curve, secrets: &HolderSecrets) -> Self {
        let commitment = secrets.commitment::<F>();
        Self {
            curve,
            authorising: field_to_bytes(commitment.authorising),
            nullifying: field_to_bytes(commitment.nullifying),
        }
    }
}

impl Registration {
    /// The hashes over a curve's scalar field, if the enterprise registered canonical ones.
    pub fn commitment<F: PrimeField>(&self, curve: Curve) -> Option<HolderCommitment<F>> {
        let registered = self.holder.iter().find(|h| h.curve == curve)?;
        Some(HolderCommitment {
            authorising: field_from_bytes(&registered.authorising)?,
            nullifying: field_from_bytes(&registered.nullifying)?,
        })
    }
}

/// The way from a leaf to one of an epoch's roots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipPath {
    /// The root's curve.
    pub curve: Curve,
    /// The root's layout.
    pub layout: Layout,
    /// The children of each node from the leaf's parent to the root, 32 big-endian bytes each.
    pub children: Box<[[Digest; TREE_ARITY]; TREE_DEPTH]>,
}

/// A record, its salt and its paths, as of one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The epoch.
    pub epoch: SignedEpochHeader,
    /// The enterprise.
    pub id: EnterpriseId,
    /// The values, in the largest layout that the authority commits to.
    pub values: Values,
    /// The leaf's salt in this epoch.
    pub salt: Secret,
    /// One a root.
    pub paths: Vec<MembershipPath>,
}

/// A credential does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The epoch has no such root: the authority does not serve this curve or shape.
    #[error("the authority publishes no root for {curve} and {layout} in this epoch")]
    NoRoot {
        /// As asked.
        curve: Curve,
        /// As asked.
        layout: Layout,
    },
    /// Record, secrets, salt and path do not lead to the root: a credential for other secrets, or
    /// a mistake of the authority's.
    #[error(
        "the credential does not lead to its epoch's root: it was issued for other holder secrets, or is damaged"
    )]
    NotUnderRoot,
    /// The schema is not the header's.
    #[error("the credential's epoch is of another schema than `{0}`")]
    Schema(String),
}

const TAG: &str = "taxproof/credential/1";
const MAX_PATHS: usize = 16;

/// Longest encoding, in bytes.
pub const MAX_CREDENTIAL: usize = 128 * 1024;

impl Credential {
    /// The record that was committed to, in a layout.
    ///
    /// # Errors
    /// The authority has no root for that layout.
    pub fn record(&self, layout: Layout) -> Result<Record, CredentialError> {
        let curve = self.paths.first().map_or(Curve::Bn254, |p| p.curve);
        let values = self
            .values
            .with_layout(layout)
            .map_err(|_| CredentialError::NoRoot { curve, layout })?;
        Ok(Record {
            schema: self.epoch.header.schema,
            newest_period: self.epoch.header.newest_period,
            id: self.id.clone(),
            values,
        })
    }

    /// The path to a root, after checking natively that the record leads along it to the root of
    /// the epoch's header.
    ///
    /// # What is not checked
    /// The authority's signature of the header.
    ///
    /// # Errors
    /// No such root, or the path does not lead there.
    pub fn open<F: Poseidon2Field>(
        &self,
        curve: Curve,
        layout: Layout,
        secrets: &HolderSecrets,
    ) -> Result<(Record, Path<F>), CredentialError> {
        let no_root = || CredentialError::NoRoot { curve, layout };
        let header = &self.epoch.header;
        let root: F = header.root(curve, layout).ok_or_else(no_root)?;
        let path = self
            .paths
            .iter()
            .find(|p| p.curve == curve && p.layout == layout);
        let path = path
            .ok_or_else(no_root)?
            .to_fields()
            .ok_or(CredentialError::NotUnderRoot)?;
        let record = self.record(layout)?;
        let leaf = record.leaf(&secrets.commitment(), self.salt.to_field());
        match climb(leaf, &path) {
            Some(found) if found == root => Ok((record, path)),
            _ => Err(CredentialError::NotUnderRoot),
        }
    }

    /// Checks that a schema is the one of the credential's epoch.
    ///
    /// # Errors
    /// [`CredentialError::Schema`].
    pub fn check_schema(&self, schema: &Schema) -> Result<(), CredentialError> {
        if schema.digest() == self.epoch.header.schema {
            Ok(())
        } else {
            Err(CredentialError::Schema(schema.id.clone()))
        }
    }

    /// The canonical encoding. It holds what the enterprise must keep to itself.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(TAG);
        w.bytes(&self.epoch.encode());
        w.text(self.id.as_str());
        self.values.encode(&mut w);
        w.fixed(self.salt.expose());
        w.count(self.paths.len());
        for path in &self.paths {
            w.u8(path.curve.code());
            for size in [
                path.layout.periods,
                path.layout.fields,
                path.layout.attributes,
            ] {
                w.count(size);
            }
            path.children
                .iter()
                .flatten()
                .for_each(|child| w.fixed(&child.0));
        }
        w.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # What is not checked
    /// The header's signature and the paths: see [`Self::open`]. The id is read by the schema's scheme.
    ///
    /// # Errors
    /// The bytes are not the encoding of a credential of this schema.
    pub fn decode(bytes: &[u8], schema: &Schema) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, TAG)?;
        let credential = Self {
            epoch: SignedEpochHeader::decode(r.bytes(MAX_SIGNED_HEADER)?)?,
            id: schema.id_scheme.parse(r.text(MAX_NAME)?).map_err(|_| {
                DecodeError::Invalid("the enterprise id is not of the schema's scheme")
            })?,
            values: Values::decode(&mut r)?,
            salt: Secret::from_bytes(r.array()?),
            paths: (0..r.count(MAX_PATHS)?)
                .map(|_| decode_path(&mut r))
                .collect::<Result<_, _>>()?,
        };
        r.finish()?;
        Ok(credential)
    }
}

impl MembershipPath {
    fn to_fields<F: PrimeField>(&self) -> Option<Path<F>> {
        let mut path = [[F::zero(); TREE_ARITY]; TREE_DEPTH];
        for (row, children) in path.iter_mut().zip(self.children.iter()) {
            for (element, child) in row.iter_mut().zip(children) {
                *element = field_from_bytes(child)?;
            }
        }
        Some(path)
    }
}

/// The root to which a path leads from a leaf, if each node is among its parent's children.
pub fn climb<F: Poseidon2Field>(leaf: F, path: &Path<F>) -> Option<F> {
    path.iter().try_fold(leaf, |current, children| {
        children.contains(&current).then(|| node(children))
    })
}

fn decode_path(r: &mut Reader<'_>) -> Result<MembershipPath, DecodeError> {
    let curve = Curve::from_code(r.u8()?).ok_or(DecodeError::Invalid("unknown curve"))?;
    let mut size = || r.count(64);
    let layout = Layout {
        periods: size()?,
        fields: size()?,
        attributes: size()?,
    };
    let mut children = Box::new([[Digest([0; 32]); TREE_ARITY]; TREE_DEPTH]);
    for child in children.iter_mut().flatten() {
        *child = Digest(r.array()?);
    }
    Ok(MembershipPath {
        curve,
        layout,
        children,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Value;
    use crate::digest::Profile;
    use crate::epoch::{EpochHeader, Root};
    use crate::period::Period;
    use crate::shape::Q16;
    use crate::signature::SigningKey;
    use ark_bn254::Fr;

    fn credential(secrets: &HolderSecrets) -> Credential {
        let schema = Schema::cn_tax();
        let id = schema.id_scheme.parse("91330100799655058B").expect("an id");
        let values = Values::new(Q16.layout(), &[Value::ZERO], &[]).expect("fits");
        let salt = Secret::from_bytes([5; 31]);
        let newest_period = Period::new(2026, 3).expect("a quarter");
        let record = Record {
            schema: schema.digest(),
            newest_period,
            id: id.clone(),
            values,
        };
        let mut current: Fr = record.leaf(&secrets.commitment(), salt.to_field());
        let mut children = Box::new([[Digest([0; 32]); TREE_ARITY]; TREE_DEPTH]);
        for (level, row) in children.iter_mut().enumerate() {
            let mut nodes = [0u64, 1, 2, 3, 4, 5, 6, 7].map(|n| Fr::from(n + 10 * level as u64));
            nodes[level % TREE_ARITY] = current;
            *row = nodes.map(field_to_bytes);
            current = node(&nodes);
        }
        let key = SigningKey::random(Profile::Sm).expect("randomness");
        let header = EpochHeader {
            profile: Profile::Sm,
            authority: "zhejiang".parse().expect("a name"),
            epoch: 1,
            time: 1_790_000_000,
            newest_period,
            schema: schema.digest(),
            leaves: 1,
            roots: vec![Root::new(Curve::Bn254, Q16.layout(), current)],
            previous: Digest([0; 32]),
        };
        let paths = vec![MembershipPath {
            curve: Curve::Bn254,
            layout: Q16.layout(),
            children,
        }];
        Credential {
            epoch: header.sign(&key),
            id,
            values: record.values,
            salt,
            paths,
        }
    }

    #[test]
    fn credentials_round_trip_and_open() {
        let secrets = HolderSecrets::random().expect("randomness");
        let credential = credential(&secrets);
        let decoded = Credential::decode(&credential.encode(), &Schema::cn_tax());
        assert_eq!(decoded.as_ref(), Ok(&credential));
        assert!(
            credential
                .open::<Fr>(Curve::Bn254, Q16.layout(), &secrets)
                .is_ok()
        );
        assert!(matches!(
            credential.open::<ark_bls12_381::Fr>(Curve::Bls12_381, Q16.layout(), &secrets),
            Err(CredentialError::NoRoot { .. })
        ));
        let others = HolderSecrets::random().expect("randomness");
        let opened = credential.open::<Fr>(Curve::Bn254, Q16.layout(), &others);
        assert_eq!(opened, Err(CredentialError::NotUnderRoot));
        let mut moved = credential;
        moved.paths[0].children[4].swap(0, 1);
        let opened = moved.open::<Fr>(Curve::Bn254, Q16.layout(), &secrets);
        assert_eq!(opened, Err(CredentialError::NotUnderRoot));
    }
}
