//! Who may call what: one table, and nothing that is not in it.
//!
//! A caller is who its certificate says: a URI or DNS name among the certificate's subject
//! alternative names, which the configuration gives one [`Role`]. Common names are not read
//! (RFC 9525, section 2).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a caller is at the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Hands on what applicants fetch and send.
    ApplicantGateway,
    /// Asks applicants and reads their decisions.
    LoanOfficer,
    /// Reads everything, changes nothing.
    Auditor,
    /// Keeps policies and epochs; sees no applicant.
    Admin,
}

use Role::{Admin, ApplicantGateway, Auditor, LoanOfficer};

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [ApplicantGateway, LoanOfficer, Auditor, Admin];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            ApplicantGateway => "applicant-gateway",
            LoanOfficer => "loan-officer",
            Auditor => "auditor",
            Admin => "admin",
        }
    }

    /// Whether the table lets it call a method, named by its path `/package.Service/Method`.
    pub fn may_call(self, path: &str) -> bool {
        let entry = METHODS.iter().find(|(method, _)| *method == path);
        entry.is_some_and(|(_, roles)| roles.contains(&self))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const APPLICANTS: &[Role] = &[ApplicantGateway, LoanOfficer];
const OFFICERS: &[Role] = &[LoanOfficer];
const READERS: &[Role] = &[LoanOfficer, Auditor];
const STAFF: &[Role] = &[LoanOfficer, Auditor, Admin];
const ADMINS: &[Role] = &[Admin];

/// Every method that the service offers, and who may call it. A method that is not here is refused
/// to everybody.
pub const METHODS: &[(&str, &[Role])] = &[
    ("/taxproof.v1.PolicyService/RegisterPolicy", ADMINS),
    ("/taxproof.v1.PolicyService/RetirePolicy", ADMINS),
    ("/taxproof.v1.PolicyService/GetPolicy", STAFF),
    ("/taxproof.v1.PolicyService/ListPolicies", STAFF),
    ("/taxproof.v1.PolicyService/ExplainPolicy", STAFF),
    ("/taxproof.v1.RequestService/CreateRequest", OFFICERS),
    ("/taxproof.v1.RequestService/CancelRequest", OFFICERS),
    ("/taxproof.v1.RequestService/ListRequests", READERS),
    // A wallet fetches its request; a request is shown to whoever knows its id.
    (
        "/taxproof.v1.RequestService/GetRequest",
        &[ApplicantGateway, LoanOfficer, Auditor],
    ),
    (
        "/taxproof.v1.PresentationService/SubmitPresentation",
        APPLICANTS,
    ),
    (
        "/taxproof.v1.PresentationService/SubmitPresentations",
        APPLICANTS,
    ),
    ("/taxproof.v1.DecisionService/GetDecision", READERS),
    ("/taxproof.v1.DecisionService/ListDecisions", READERS),
    ("/taxproof.v1.DecisionService/WatchDecisions", READERS),
    ("/taxproof.v1.ReceiptService/GetReceipt", READERS),
    ("/taxproof.v1.ReceiptService/ExportEvidence", READERS),
    ("/taxproof.v1.ReceiptService/VerifyEvidence", READERS),
    ("/taxproof.v1.TrustService/GetBank", &Role::ALL),
    ("/taxproof.v1.TrustService/AddEpoch", ADMINS),
    ("/taxproof.v1.TrustService/ListAuthorities", STAFF),
    ("/taxproof.v1.TrustService/ListEpochs", STAFF),
    ("/grpc.health.v1.Health/Check", &Role::ALL),
    ("/grpc.health.v1.Health/Watch", &Role::ALL),
    ("/grpc.health.v1.Health/List", &Role::ALL),
    (
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        STAFF,
    ),
    (
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        STAFF,
    ),
];

/// Which role each certificate name has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roles(BTreeMap<String, Role>);

impl Roles {
    /// The roles of some names.
    pub fn new(names: impl IntoIterator<Item = (String, Role)>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether no name has a role.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any name has a role.
    pub fn has(&self, role: Role) -> bool {
        self.0.values().any(|held| *held == role)
    }

    /// Who presents a certificate with these names. Names of two roles make nobody.
    pub fn caller(&self, names: &[&str]) -> Caller {
        let known: Vec<_> = names.iter().filter_map(|name| self.0.get(*name)).collect();
        let named = names.iter().find(|name| self.0.contains_key(**name));
        let role = match known.split_first() {
            Some((&&role, rest)) if rest.iter().all(|other| **other == role) => Some(role),
            _ => None,
        };
        Caller::Named {
            name: (*named
                .or(names.first())
                .unwrap_or(&"a certificate without names"))
            .into(),
            role,
        }
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Whoever reaches a service without TLS: it may call every method of the table.
    Unasked,
    /// Whoever reaches a service that lets callers without a certificate have a role.
    Anonymous(Role),
    /// Whoever holds the key of a certificate.
    Named {
        /// A name of the certificate.
        name: Arc<str>,
        /// Its role, if the configuration gives it one.
        role: Option<Role>,
    },
}

impl Caller {
    /// Whether the table lets the caller call a method.
    pub fn may_call(&self, path: &str) -> bool {
        match self {
            Self::Unasked => Role::ALL.iter().any(|role| role.may_call(path)),
            Self::Anonymous(role) => role.may_call(path),
            Self::Named { role, .. } => role.is_some_and(|role| role.may_call(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_listed_once() {
        let mut names: Vec<_> = METHODS.iter().map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), METHODS.len());
    }

    #[test]
    fn what_is_not_in_the_table_is_refused_to_everybody() {
        let path = "/taxproof.v1.PolicyService/DropTables";
        assert!(!Caller::Unasked.may_call(path));
        assert!(Role::ALL.iter().all(|role| !role.may_call(path)));
    }

    #[test]
    fn a_certificate_has_one_role_or_none() {
        let roles = Roles::new([
            ("a".to_owned(), Admin),
            ("b".to_owned(), Admin),
            ("c".to_owned(), Auditor),
        ]);
        let role = |names: &[&str]| match roles.caller(names) {
            Caller::Named { role, .. } => role,
            other => panic!("{other:?}"),
        };
        assert_eq!(role(&["x", "a"]), Some(Admin));
        assert_eq!(role(&["a", "b"]), Some(Admin));
        assert_eq!(role(&["a", "c"]), None);
        assert_eq!(role(&["x"]), None);
        assert_eq!(role(&[]), None);
    }
}
