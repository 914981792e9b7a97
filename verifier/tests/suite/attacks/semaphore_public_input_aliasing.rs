//! Semaphore #90 and others: x and x + r are one field element, and two numbers in a database of
//! spent ones. Field elements arrive as 32 bytes and must be below the order.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::{field_from_bytes, field_to_bytes};

#[test]
fn an_element_has_one_encoding() {
    let x = Fr::from(5);
    let mut alias = x.into_bigint();
    alias.add_with_carry(&Fr::MODULUS);
    let alias = alias.to_bytes_be();
    assert_eq!(Fr::from_be_bytes_mod_order(&alias), x, "the alias works");

    assert_eq!(field_from_bytes(&field_to_bytes(x)), Some(x));
    let alias = Digest(alias.try_into().unwrap());
    assert_eq!(field_from_bytes::<Fr>(&alias), None);
}
