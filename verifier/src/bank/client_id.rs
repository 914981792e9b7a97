//! Ids that callers choose, so that a call that is repeated is known again.

use std::sync::Arc;

use super::Refusal;
use crate::limits::CLIENT_REQUEST_ID;
use crate::roles::Caller;

/// An id, and whose it is: two callers that count from 1 do not mean the same by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientRequestId {
    /// The caller's name, if it has one. Callers without are one to the service.
    caller: Option<Arc<str>>,
    /// Chosen by the caller; empty for none.
    id: String,
}

impl From<&str> for ClientRequestId {
    /// Chosen by a caller without a name.
    fn from(id: &str) -> Self {
        Self {
            caller: None,
            id: id.to_owned(),
        }
    }
}

impl ClientRequestId {
    /// Chosen by a caller; empty for none.
    pub fn of(caller: &Caller, id: String) -> Self {
        let caller = match caller {
            Caller::Named { name, .. } => Some(Arc::clone(name)),
            Caller::Unasked | Caller::Anonymous(_) => None,
        };
        Self { caller, id }
    }

    /// Checks that it can be one.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let printable = |b: u8| b.is_ascii_graphic() || b == b' ';
        match self.id.len() <= CLIENT_REQUEST_ID && self.id.bytes().all(printable) {
            true => Ok(()),
            false => Err(Refusal::ClientRequestId),
        }
    }

    /// What it is kept under, if there is one: the caller's name and the id in lines of their own,
    /// without a name the id alone. An id has no line's end in it, so that no two are kept as one.
    pub(super) fn key(&self) -> Option<String> {
        let name = self.caller.as_deref().map(|name| format!("{name}\n"));
        let key = || format!("{}{}", name.unwrap_or_default(), self.id);
        (!self.id.is_empty()).then(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, id: &str) -> ClientRequestId {
        let caller = Caller::Named {
            name: name.into(),
            role: None,
        };
        ClientRequestId::of(&caller, id.to_owned())
    }

    #[test]
    fn an_id_is_its_callers_alone() {
        let ids = [of("a", "1"), of("b", "1"), of("a", "b 1"), "1".into()];
        let keys: Vec<_> = ids.iter().map(ClientRequestId::key).collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(key.is_some() && !keys[..i].contains(key), "{key:?}");
        }
        assert_eq!(of("a", "1").key(), of("a", "1").key());
        assert_eq!(
            (of("a", "").key(), ClientRequestId::from("").key()),
            (None, None)
        );
        // Kept by services that knew no callers, and by those without certificates still.
        assert_eq!(ClientRequestId::from("1").key().as_deref(), Some("1"));
    }

    #[test]
    fn no_id_holds_a_callers_name() {
        assert!(ClientRequestId::from("a\n1").check().is_err());
        assert!(ClientRequestId::from("a 1").check().is_ok());
    }
}
