//! A bureau that commits to one record.

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use taxproof_claims::amount::Value;
use taxproof_claims::credential::{Credential, MembershipPath, Registration};
use taxproof_claims::curve::{Curve, NamedPairing};
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{AuthorityId, EpochHeader, Root, field_to_bytes};
use taxproof_claims::hash::node;
use taxproof_claims::holder::Secret;
use taxproof_claims::period::Period;
use taxproof_claims::record::{Record, Values};
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::{Layout, Q16, Q32, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::signature::SigningKey;
use taxproof_claims::trust::{TrustList, TrustedAuthority};
use taxproof_engine::poseidon2::Poseidon2Field;

pub(crate) const ENTERPRISE: &str = "91330100799655058B";

/// 2026-11-01.
pub(crate) const EPOCH_TIME: u64 = 1_793_491_200;

pub(crate) struct Bureau {
    pub(crate) id: AuthorityId,
    key: SigningKey,
}

impl Bureau {
    pub(crate) fn new() -> Self {
        Self {
            id: "zhejiang".parse().unwrap(),
            key: SigningKey::random(Profile::Sm).unwrap(),
        }
    }

    pub(crate) fn trust(&self) -> TrustList {
        TrustList {
            authorities: vec![TrustedAuthority {
                id: self.id.clone(),
                name: "Zhejiang".to_owned(),
                key: self.key.verifying_key(),
            }],
            banks: vec![],
        }
    }

    /// A credential of epoch `epoch` after the header with digest `previous`.
    pub(crate) fn issue(
        &self,
        registration: &Registration,
        values: &Values,
        epoch: u64,
        previous: Digest,
    ) -> Credential {
        let schema = Schema::cn_tax();
        let salt = Secret::random().unwrap();
        let newest_period = Period::new(2026, 3).unwrap();
        let id = schema.id_scheme.parse(&registration.enterprise).unwrap();
        let mut roots = vec![];
        let mut paths = vec![];
        for layout in [Q16.layout(), Q32.layout()] {
            let record = Record {
                schema: schema.digest(),
                newest_period,
                id: id.clone(),
                values: values.with_layout(layout).unwrap(),
            };
            let grown = [
                grow::<Bn254>(registration, &record, &salt, layout),
                grow::<Bls12_381>(registration, &record, &salt, layout),
            ];
            for (root, path) in grown {
                roots.push(root);
                paths.push(path);
            }
        }
        let header = EpochHeader {
            profile: Profile::Sm,
            authority: self.id.clone(),
            epoch,
            time: EPOCH_TIME + 86_400 * epoch,
            newest_period,
            schema: schema.digest(),
            leaves: 7,
            roots,
            previous,
        };
        Credential {
            epoch: header.sign(&self.key),
            id,
            values: values.clone(),
            salt,
            paths,
        }
    }
}

/// A tree in which only one leaf's path is known.
fn grow<E: NamedPairing>(
    registration: &Registration,
    record: &Record,
    salt: &Secret,
    layout: Layout,
) -> (Root, MembershipPath)
where
    E::ScalarField: Poseidon2Field,
{
    let commitment = registration.commitment::<E::ScalarField>(E::CURVE).unwrap();
    let mut current = record.leaf(&commitment, salt.to_field());
    let mut children = Box::new([[Digest([0; 32]); TREE_ARITY]; TREE_DEPTH]);
    for (level, row) in children.iter_mut().enumerate() {
        let mut nodes: [E::ScalarField; TREE_ARITY] =
            std::array::from_fn(|i| ((level * TREE_ARITY + i + 1) as u64).into());
        nodes[(3 * level + 1) % TREE_ARITY] = current;
        *row = nodes.map(field_to_bytes);
        current = node(&nodes);
    }
    let curve: Curve = E::CURVE;
    (
        Root::new(curve, layout, current),
        MembershipPath {
            curve,
            layout,
            children,
        },
    )
}

/// Fen of the newest quarter's VAT: what must not show anywhere.
pub(crate) const NEWEST_VAT: i64 = 8_765_432_100;

/// Ten quarters of a firm registered in 2024, graded B, in industry 65.
pub(crate) fn record() -> Values {
    let schema = Schema::cn_tax();
    let value = |n: i64| Value::try_from(n).unwrap();
    let attribute = |name: &str| match name {
        "periods_available" => 10,
        "holder_since" | "registered_on" => 19_800,
        "grade" => 2,
        "industry" => 65,
        "status" => 1,
        "last_payment_on" => 20_720,
        _ => 0,
    };
    let attributes: Vec<Value> = schema
        .attributes
        .iter()
        .map(|q| value(attribute(&q.name)))
        .collect();
    let row = |quarter: i64| {
        let field = |name: &str| match name {
            "vat_paid" if quarter == 0 => NEWEST_VAT,
            "vat_paid" => 6_000_000 + quarter * 1_000_000,
            "income_tax_paid" => 2_000_000,
            "sales" => 90_000_000,
            _ => 0,
        };
        schema
            .fields
            .iter()
            .map(|q| value(field(&q.name)))
            .collect::<Vec<_>>()
    };
    let rows: Vec<Vec<Value>> = (0..10).map(row).collect();
    Values::new(Q32.layout(), &attributes, &rows).unwrap()
}
