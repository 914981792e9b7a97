//! What passes through the folder of an authority's custodians, and what a custodian keeps.

use std::fs;
use std::time::Duration;

use taxproof_authority::custodians::{Approval, Custodian, Exchange, Group, Request};

use crate::Target;
use crate::fixture::{Papers, custodian_papers, folder};
use crate::input::{Input, chosen, text};
use crate::property::settled;

/// What an authority asks for: a header, and a head with its entries' leaves.
pub(super) const CUSTODIAN_REQUEST: Target = Target::new(
    "custodian_request",
    |bytes| {
        let request = settled(text(bytes), Request::from_toml, Request::to_toml);
        if let Some(request) = request {
            assert!(!request.subject.message().is_empty());
            with_custodian(None, |custodian, _| {
                let _ = custodian.check(&request, Some(request.subject.header().digest()));
            });
        }
    },
    || {
        let Papers { request, head, .. } = custodian_papers();
        // The first line is the authority's signature.
        let end = request.iter().position(|byte| *byte == b'\n');
        let unsigned = end.map_or(request, |end| &request[end + 1..]);
        vec![unsigned.to_vec(), head.to_vec()]
    },
)
.mebibytes(24)
.mutations(2000);

/// A file of the exchange folder, or of the custodian's own, is another: nothing that a custodian is sent makes him
/// sign, since the commitment in it is not his, and no bureau takes a key that not all have confirmed.
pub(super) const CUSTODIAN: Target = Target::new(
    "custodian",
    |bytes| {
        let mut input = Input::new(bytes);
        let at = input.below(FILES);
        with_custodian(Some((at, input.rest())), |custodian, exchange| {
            if let Ok(group) = Group::read(exchange) {
                let [confirmed, _] = custodian_papers().confirmed.map(String::from_utf8_lossy);
                let key = group.key().to_string();
                assert!(confirmed.contains(&key), "a bureau took another key");
            }
            let Ok(request) = custodian.request(exchange, None, Duration::ZERO) else {
                return;
            };
            let approved = custodian.approve(exchange, &request, None, Duration::ZERO);
            let signed = matches!(approved, Ok(Approval::Signed));
            assert!(!signed, "a share was given");
        });
    },
    || {
        let files = custodian_papers().files().into_iter().enumerate();
        files
            .map(|(i, (_, bytes))| chosen(i as u8, bytes))
            .collect()
    },
)
.mebibytes(24)
.mutations(500);

/// How many files may be altered.
const FILES: usize = 9;

/// A custodian's folder and the exchange's, one of whose files is another.
fn with_custodian(altered: Option<(usize, &[u8])>, then: impl FnOnce(&mut Custodian, &Exchange)) {
    let home = folder();
    let exchange = home.path().join("exchange");
    fs::create_dir(&exchange).expect("a folder can be made");
    for (i, (name, bytes)) in custodian_papers().files().into_iter().enumerate() {
        let bytes = match altered {
            Some((at, other)) if at == i => other,
            _ => bytes,
        };
        fs::write(home.path().join(name), bytes).expect("a file can be written");
    }
    let exchange = Exchange::open(&exchange).expect("is there");
    if let Ok(mut custodian) = Custodian::open(home.path()) {
        then(&mut custodian, &exchange);
    }
}
